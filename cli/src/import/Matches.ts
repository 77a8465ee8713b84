// Finds rows that the service will merge into one contact although they have different names.
import type { ContactUpsert } from "effect-growthhub/Schema"

/** A row that has the email or phone of an earlier row under another name. */
export interface Match {
  readonly line: number
  /** The line of the earlier row. */
  readonly earlier: number
  readonly by: "email" | "phone"
}

/** The values by which the service may match a contact: its email, and the digits of its phone. */
const identitiesOf = ({ email, phone }: ContactUpsert): ReadonlyArray<string> =>
  [
    ...(typeof email === "string" ? [email.trim().toLowerCase()] : []),
    ...(typeof phone === "string" ? [phone.replace(/\D/g, "")] : [])
  ].filter((identity) => identity !== "")

/** The number of emails and phones that are remembered. They take at most 64 MB. */
const capacity = 2_000_000

/** A map from positive numbers to numbers, in a fifth of the memory of a `Map`. */
class NumberMap {
  private keys = new Float64Array(1024)
  private values = new Float64Array(1024)
  size = 0

  /** The index of a key, or the free index for it. */
  private placeOf(key: number): number {
    const last = this.keys.length - 1
    // Linear probing: the length is a power of two, and the keys are hashes.
    for (let place = key % this.keys.length; ; place = (place + 1) & last) {
      if (this.keys[place] === key || this.keys[place] === 0) return place
    }
  }

  get(key: number): number | undefined {
    const place = this.placeOf(key)
    return this.keys[place] === 0 ? undefined : this.values[place]
  }

  set(key: number, value: number): void {
    if (this.size * 2 >= this.keys.length) this.grow()
    const place = this.placeOf(key)
    if (this.keys[place] === 0) this.size += 1
    this.keys[place] = key
    this.values[place] = value
  }

  private grow(): void {
    const { keys, values } = this
    this.keys = new Float64Array(keys.length * 2)
    this.values = new Float64Array(keys.length * 2)
    this.size = 0
    keys.forEach((key, place) => {
      if (key !== 0) this.set(key, values[place]!)
    })
  }
}

const nameBits = 2 ** 20

/** A hash of a text below `most`: 53 bits made of two products of 32 bits, mixed at the end (cyrb53). */
const hashOf = (text: string, most: number): number => {
  let [a, b] = [0xdeadbeef, 0x41c6ce57]
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (4294967296 * (2097151 & b) + (a >>> 0)) % most
}

/** The name of a contact, without case, accents, blanks and punctuation. */
const nameOf = ({ name, firstName, lastName }: ContactUpsert): string =>
  [firstName, lastName, firstName == null && lastName == null ? name : undefined]
    .flatMap((part) => (typeof part === "string" ? [part] : []))
    .join(" ")
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")

/**
 * Returns a function that compares each row with the rows before it. It remembers only hashes, and only of the first two
 * million emails and phones. One match in a million is missed, because two names share a hash.
 */
export const makeMatches = (): ((line: number, contact: ContactUpsert) => Match | undefined) => {
  // A value holds the line and the hash of the name in one number.
  const seen = new NumberMap()
  return (line, contact) => {
    const name = nameOf(contact)
    if (name === "") return undefined
    const nameHash = hashOf(name, nameBits)
    let match: Match | undefined
    for (const identity of identitiesOf(contact)) {
      const key = 1 + hashOf(`${contact.locationId}\n${identity}`, 2 ** 48)
      const first = seen.get(key)
      if (first === undefined) {
        if (seen.size < capacity) seen.set(key, line * nameBits + nameHash)
      } else if (first % nameBits !== nameHash) {
        match ??= { line, earlier: Math.floor(first / nameBits), by: identity.includes("@") ? "email" : "phone" }
      }
    }
    return match
  }
}

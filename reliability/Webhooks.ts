// R20: webhooks that are accepted although they are forged, altered, replayed, too old or of another key; and valid ones that
// are refused.
import * as Effect from "effect/Effect"
import * as Webhooks from "effect-growthhub/Webhooks"
import * as WebhookStore from "effect-growthhub/WebhookStore"
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import { type Figure, worst } from "./Figure.js"

/** The counts of one run. */
export interface Run {
  /** Hostile webhooks that were sent. */
  readonly hostile: number
  /** Hostile webhooks that were accepted, of each kind. */
  readonly accepted: { readonly [kind in Kind]: number }
  /** Valid webhooks that were refused. */
  readonly refused: number
}

const kinds = ["forged", "altered", "replayed", "tooOld", "otherKey"] as const

type Kind = (typeof kinds)[number]

const signatureOf = (body: Uint8Array, key: KeyObject) => sign(null, body, key).toString("base64")

const requestOf = (body: Uint8Array, signature: string): Webhooks.Request => ({
  body,
  headers: { "x-ghl-signature": signature }
})

const types = ["ContactCreate", "ContactUpdate", "NoteCreate", "TaskCreate", "OpportunityCreate"]

const bodyOf = (number: number, webhookId: string, sentAt: number) =>
  Buffer.from(
    JSON.stringify({
      type: types[number % types.length],
      id: `contact${number}`,
      locationId: "location",
      email: `${number}@example.com`,
      timestamp: new Date(sentAt).toISOString(),
      webhookId
    })
  )

/** Flips one bit, in a byte that moves on with each webhook. */
const alter = (body: Uint8Array, number: number) => {
  const altered = Uint8Array.from(body)
  altered[number % altered.length]! ^= 1 << (number % 8)
  return altered
}

/** Each webhook is sent as it is, and once in each hostile way. */
export const run = (count: number, seed: number): Effect.Effect<Run> =>
  Effect.gen(function* () {
    const [own, other] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")]
    const key = own.publicKey.export({ type: "spki", format: "der" }).toString("base64")
    const store = yield* WebhookStore.makeMemory()
    const { verify } = yield* Effect.orDie(Webhooks.make({ keys: [key] }, store))
    const isAccepted = (request: Webhooks.Request) =>
      Effect.match(verify(request), { onFailure: () => 0, onSuccess: () => 1 })
    const accepted = { forged: 0, altered: 0, replayed: 0, tooOld: 0, otherKey: 0 }
    let valid = 0
    for (let number = 0; number < count; number += 1) {
      const now = Date.now()
      const body = bodyOf(number, `${seed}-${number}`, now)
      const signature = signatureOf(body, own.privateKey)
      const old = bodyOf(number, `${seed}-${number}-old`, now - 301_000 - number)
      accepted.forged += yield* isAccepted(requestOf(body, randomBytes(64).toString("base64")))
      accepted.altered += yield* isAccepted(requestOf(alter(body, number + seed), signature))
      accepted.otherKey += yield* isAccepted(requestOf(body, signatureOf(body, other.privateKey)))
      accepted.tooOld += yield* isAccepted(requestOf(old, signatureOf(old, own.privateKey)))
      valid += yield* isAccepted(requestOf(body, signature))
      accepted.replayed += yield* isAccepted(requestOf(body, signature))
    }
    return { hostile: count * kinds.length, accepted, refused: count - valid }
  })

const total = ({ accepted }: Run) => kinds.reduce((sum, kind) => sum + accepted[kind], 0)

export const figure = (runs: ReadonlyArray<Run>, count: number): Figure => {
  const accepted = worst(runs.map(total))
  const refused = worst(runs.map((run) => run.refused))
  return {
    id: "R20",
    what: `${count * kinds.length} hostile webhooks that are accepted; ${count} valid ones that are refused`,
    aim: "0; 0",
    measured: `${accepted}; ${refused}`,
    isMet: accepted === 0 && refused === 0,
    values: {
      accepted,
      refused,
      ...Object.fromEntries(kinds.map((kind) => [kind, worst(runs.map((run) => run.accepted[kind]))]))
    }
  }
}

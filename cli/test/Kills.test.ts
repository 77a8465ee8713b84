import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import { cpSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { json, serving } from "../../test/servers.js"
import { directory, fileOf, growthhub, read } from "./command.js"

/** The rate limit headers of a service that allows more requests than a test sends. */
const unlimited = {
  "x-ratelimit-max": "10000",
  "x-ratelimit-remaining": "9999",
  "x-ratelimit-interval-milliseconds": "10000"
}

/** A service that stores contacts. At a given request it stops responding, to simulate a kill of the import then. */
const service = Effect.gen(function* () {
  const contacts: Array<{ readonly id: string; email?: string; firstName?: string; tags?: ReadonlyArray<string> }> = []
  /** The simulated kill: the number of the request, whether the request is not applied, and a callback. */
  let kill: { at: number; readonly isBefore: boolean; readonly happens: () => void } | undefined
  const apply = (method: string, url: string, body: string) => {
    const fields = JSON.parse(body) as { readonly email?: string; readonly tags?: ReadonlyArray<string> }
    const id = method === "PUT" ? url.split("/").at(-1) : undefined
    const found = contacts.find((one) => one.id === id || (fields.email !== undefined && one.email === fields.email))
    const contact = found ?? { id: `contact${contacts.length}`, tags: [] }
    if (found === undefined) contacts.push(contact)
    Object.assign(contact, fields)
    return { succeeded: true, new: found === undefined, contact: { ...contact } }
  }
  const { url } = yield* serving(({ method, url, body }, response) => {
    if (kill !== undefined && --kill.at <= 0) {
      if (kill.at < 0) return
      if (!kill.isBefore) apply(method, url, body)
      return kill.happens()
    }
    json(response, 200, apply(method, url, body), unlimited)
  })
  return { url, contacts, killing: (next: typeof kill) => void (kill = next) }
})

const persons = 40
const nameless = 12

describe("an import", () => {
  it.scopedLive("loses no row and creates no contact twice if it is killed at random moments and resumed", () =>
    Effect.gen(function* () {
      const { url, contacts, killing } = yield* service
      const env = { GROWTHHUB_TOKEN: "pit-x", GROWTHHUB_BASE_URL: url, GROWTHHUB_LOCATION_ID: "abc" }
      const rows = [
        ...Array.from({ length: persons }, (_, index) => `Person ${index},${index}@example.com,tag${index % 7}`),
        ...Array.from({ length: nameless }, (_, index) => `Nameless ${index},,`),
        "Broken,nobody,"
      ].sort((a, b) => a.charCodeAt(7) - b.charCodeAt(7))
      let file = yield* fileOf("leads.csv", ["firstName,email,tags", ...rows])
      for (let kills = 0; kills < 8; kills += 1) {
        const next = yield* directory
        // All runs together send fewer requests than the import needs.
        const at = yield* Random.nextIntBetween(1, 11)
        const isBefore = yield* Random.nextBoolean
        const killed = yield* Deferred.make<void>()
        killing({
          at,
          isBefore,
          happens: () => {
            // The copy holds the files as a process that is killed at this moment leaves them.
            cpSync(join(file, ".."), next, { recursive: true })
            Deferred.unsafeDone(killed, Effect.void)
          }
        })
        const running = yield* Effect.fork(growthhub(["import", file, "--resume"], env))
        yield* Deferred.await(killed)
        yield* Fiber.interrupt(running)
        file = join(next, basename(file))
      }
      killing(undefined)
      const ended = yield* growthhub(["import", file, "--resume", "--json"], env)
      const summary = JSON.parse(ended.out) as { readonly [count: string]: number }
      expect(summary).toMatchObject({ rejected: 1, isComplete: true })
      const made = (name: string) => contacts.filter(({ firstName = "" }) => firstName.startsWith(name))
      expect(made("Person")).toHaveLength(persons)
      expect(new Set(contacts.map(({ firstName }) => firstName)).size).toBe(contacts.length)
      for (const { email = "", tags } of made("Person")) expect(tags).toEqual([`tag${Number.parseInt(email) % 7}`])
      // A row without an email or phone is sent once: its contact exists, or the report lists it as unknown.
      const report = yield* read(file.replace(".csv", ".rejected.csv"))
      for (let index = 0; index < nameless; index += 1) {
        const isThere = contacts.some(({ firstName }) => firstName === `Nameless ${index}`)
        expect(isThere || report.includes(`Nameless ${index},,,`), `Nameless ${index}`).toBe(true)
      }
      expect(summary["unknown"]).toBe(report.split("Unknown,").length - 1)
      expect(summary["created"]! + summary["updated"]! + summary["unknown"]!).toBe(persons + nameless)
      expect(yield* Effect.promise(() => readdir(`${file}.checkpoint`))).not.toContain("lock")
    }).pipe(Effect.withRandom(Random.make("kills")))
  )
})

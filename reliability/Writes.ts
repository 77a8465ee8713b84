// R1: ten thousand writes under nine kinds of faults.
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId, type Contact } from "effect-growthhub/Schema"
import { faults } from "./faults.js"
import { type Figure, rounded, worst } from "./Figure.js"
import { client, type Judge, type Transport } from "./Judge.js"

/** The default policy with a timeout shorter than the stall, so that a stall is a lost response and not just a slow one. */
const policy = RetryPolicy.make({ attemptTimeout: "1 second" })

/** `create`: a new lead; `match`: an existing one; `update`: the same by its id; `nameless`: one without email and phone. */
interface Write {
  readonly kind: "create" | "match" | "update" | "nameless"
  readonly key: string
  readonly result: Either.Either<Contact & { readonly new?: boolean }, ContactsError>
}

export interface Tally {
  readonly false: number
  readonly lost: number
  readonly duplicated: number
  readonly unknown: number
  readonly failed: number
}

const kindOf = (index: number): Write["kind"] =>
  (["create", "match", "update", "create", "create"] as const)[index % 5]!

const writing = (judge: Judge, kind: Write["kind"], key: string) =>
  Effect.gen(function* () {
    const contacts = yield* ContactsService
    const { locationId } = judge
    const email = `${key}@example.com`
    switch (kind) {
      case "create":
      case "match":
        return yield* contacts.upsertContact({ locationId, email, city: key })
      case "update":
        return yield* contacts.updateContact(ContactId.make(key), { city: key })
      case "nameless":
        return yield* contacts.upsertContact({ locationId, city: key })
    }
  }).pipe(
    Effect.either,
    Effect.map((result): Write => ({ kind, key, result }))
  )

const judged = (writes: ReadonlyArray<Write>, stored: ReadonlyArray<{ readonly [field: string]: unknown }>): Tally => {
  const byCity = Arr.groupBy(stored, ({ city }) => String(city))
  const tally = { false: 0, lost: 0, duplicated: 0, unknown: 0, failed: 0 }
  for (const { kind, key, result } of writes) {
    const applied = byCity[key] ?? []
    if (applied.length > 1) tally.duplicated += 1
    if (Either.isRight(result)) {
      const { id, city, new: isNew } = result.right
      if (applied.length === 0) tally.lost += 1
      else if (!applied.some((contact) => contact["id"] === id) || city !== key) tally.false += 1
      else if (kind !== "update" && isNew !== (kind !== "match")) tally.false += 1
    } else if (result.left.outcome === "Unknown") tally.unknown += 1
    else if (applied.length > 0) tally.false += 1
    else tally.failed += 1
  }
  return tally
}

export const run = (
  judge: Judge,
  options: { readonly writes: number; readonly nameless: number; readonly seed: number; readonly transport: Transport }
) =>
  Effect.gen(function* () {
    yield* judge.reset
    const kinds = Array.from({ length: options.writes }, (_, index) => ({ kind: kindOf(index), key: `lead-${index}` }))
    yield* judge.seed(
      kinds
        .filter(({ kind }) => kind !== "create")
        .map(({ key }) => ({ id: key, email: `${key}@example.com`, dateAdded: "2020-01-01T00:00:00.000Z" }))
    )
    yield* judge.setFaults(faults(0.02, options.seed))
    const nameless = Array.from({ length: options.nameless }, (_, index) => ({
      kind: "nameless" as const,
      key: `nameless-${index}`
    }))
    const all = yield* Effect.forEach([...kinds, ...nameless], ({ kind, key }) => writing(judge, kind, key), {
      concurrency: 32
    }).pipe(Effect.provide(client(judge, options.transport, policy)))
    yield* judge.setFaults({})
    const stored = yield* judge.contacts
    return {
      identified: judged(all.slice(0, options.writes), stored),
      nameless: judged(all.slice(options.writes), stored)
    }
  })

export const figure = (runs: ReadonlyArray<Effect.Effect.Success<ReturnType<typeof run>>>, writes: number): Figure => {
  const of = (name: keyof Tally) => worst(runs.map(({ identified }) => identified[name]))
  const inAll = (name: "false" | "lost" | "duplicated") => of(name) + worst(runs.map(({ nameless }) => nameless[name]))
  const unknown = (of("unknown") / writes) * 100
  const failed = (of("failed") / writes) * 100
  const unnamed = worst(runs.map(({ nameless }) => nameless.unknown))
  return {
    id: "R1",
    what: `${writes} writes, nine kinds of faults, 2 % each`,
    aim: "0 false, 0 lost, 0 duplicated, unknown and failed < 0.1 %",
    measured: `${inAll("false")} false, ${inAll("lost")} lost, ${inAll("duplicated")} duplicated, unknown ${rounded(unknown, 3)} %, failed ${rounded(failed, 3)} %`,
    isMet: inAll("false") + inAll("lost") + inAll("duplicated") === 0 && unknown < 0.1 && failed < 0.1,
    values: {
      false: inAll("false"),
      lost: inAll("lost"),
      duplicated: inAll("duplicated"),
      unknownPercent: rounded(unknown, 3),
      failedPercent: rounded(failed, 3),
      unknownOfThoseWithNothingToFindThemBy: unnamed
    }
  }
}

// R13: ids that try to reach another path.
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import type { ContactId } from "effect-growthhub/Schema"
import { type Figure, worst } from "./Figure.js"
import { client, type Judge, type Transport } from "./Judge.js"

const known = [
  "",
  ".",
  "..",
  "../upsert",
  "..%2Fupsert",
  "%2e%2e",
  "x/../upsert",
  "x?y=1",
  "x#y",
  "/",
  "\\",
  "..\\upsert"
]
const pieces = [
  ".",
  "..",
  "/",
  "\\",
  "%",
  "%2f",
  "%2e",
  "?",
  "#",
  ";",
  ":",
  "@",
  "//",
  "upsert",
  "a",
  " ",
  "\n",
  "\0",
  "é",
  "\ud800",
  "😀"
]

const hostile = (count: number) =>
  Effect.gen(function* () {
    const made = yield* Effect.replicateEffect(
      Effect.flatMap(Random.nextIntBetween(1, 7), (length) =>
        Effect.map(Effect.replicateEffect(Random.nextIntBetween(0, pieces.length), length), (indices) =>
          indices.map((index) => pieces[index]).join("")
        )
      ),
      count - known.length
    )
    return [...known, ...made]
  })

export interface PathCounts {
  readonly sent: number
  readonly elsewhere: number
}

export const run = (
  judge: Judge,
  options: { readonly ids: number; readonly seed: number; readonly transport: Transport }
) =>
  Effect.gen(function* () {
    yield* judge.reset
    const ids = yield* Effect.withRandom(hostile(options.ids), Random.make(options.seed))
    const contacts = yield* ContactsService
    // An app that trusts its input can pass any text as an id.
    const forced = (id: string) => id as ContactId
    yield* Effect.forEach(ids, (id) => Effect.either(contacts.getContact(forced(id))), { concurrency: 8 })
    const { requests } = yield* judge.ledger
    const expected = new Set(
      ids.filter((id) => !/\p{Surrogate}/u.test(id)).map((id) => `/contacts/${encodeURIComponent(id)}`)
    )
    const elsewhere = requests.filter(({ method, url }) => {
      const isOneSegment = /^\/contacts\/[^/?#]+$/.test(url) && !/^\/contacts\/(?:\.|%2e){1,2}$/i.test(url)
      return method !== "GET" || !isOneSegment || !expected.has(url)
    })
    return { sent: requests.length, elsewhere: elsewhere.length }
  }).pipe(Effect.provide(client(judge, options.transport, RetryPolicy.none)))

export const figure = (runs: ReadonlyArray<PathCounts>, ids: number): Figure => {
  const elsewhere = worst(runs.map((run) => run.elsewhere))
  const sent = worst(runs.map((run) => run.sent))
  return {
    id: "R13",
    what: `${ids} hostile ids: requests that reached another path`,
    aim: "0",
    measured: `${elsewhere} (${sent} sent, encoded; the rest refused)`,
    isMet: elsewhere === 0 && sent > 0,
    values: { elsewhere, sent }
  }
}

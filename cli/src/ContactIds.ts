// Contact ids as arguments, and a call for each of them.
import * as Args from "@effect/cli/Args"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { ContactsError } from "effect-growthhub/Errors"
import type { ContactId } from "effect-growthhub/Schema"
import { CliExit, codes, fromError, usageError } from "./CliExit.js"
import { idOf } from "./ContactOptions.js"
import * as Layout from "./Layout.js"
import * as StandardInput from "./StandardInput.js"

/** Arguments: one or more ids, or `-` for ids from standard input. */
export const several = Args.text({ name: "contact-id" }).pipe(
  Args.atLeast(1),
  Args.withDescription("Ids of contacts; - reads them from standard input")
)

/** An argument: one id, or `-` for ids from standard input. */
export const oneOrInput = Args.text({ name: "contact-id" }).pipe(
  Args.withDescription("The id of a contact; - reads ids from standard input")
)

/** An argument: one id. */
export const one = Args.text({ name: "contact-id" }).pipe(Args.withDescription("The id of a contact"))

/** The ids without duplicates, from the arguments or standard input. `isSingle`: whether one id was given as an argument. */
export const idsOf = (
  given: ReadonlyArray<string>
): Effect.Effect<{ readonly ids: ReadonlyArray<ContactId>; readonly isSingle: boolean }, CliExit> =>
  Effect.gen(function* () {
    const isInput = given.length === 1 && StandardInput.isMark(given[0])
    const words = isInput ? (yield* StandardInput.text).split(/\s+/).filter((word) => word !== "") : given
    const option = words.find((word) => word.startsWith("-"))
    if (option !== undefined) return yield* usageError(`Unknown option ${option}: --help shows the options`)
    if (words.length === 0) return yield* usageError("Standard input has no ids")
    const ids = yield* Effect.forEach(words, idOf)
    return { ids: Array.from(new Set(ids)), isSingle: given.length === 1 && !isInput }
  })

/** The number of concurrent calls. It is small because other apps share the rate limit. */
const concurrency = 5

/** Whether the calls for all other contacts would fail in the same way. */
const affectsAllContacts = ({ code }: CliExit) => code === codes.credentials || code === codes.unavailable

/**
 * Makes a call for each contact, and prints each result as `show` formats it, in the order of the ids. A failure of one
 * contact does not stop the others; refused credentials and an outage do.
 */
export const forEach = <A, R>(
  ids: ReadonlyArray<ContactId>,
  call: (id: ContactId) => Effect.Effect<A, ContactsError, R>,
  show: (id: ContactId, result: A) => string
): Effect.Effect<void, CliExit, R> =>
  Effect.gen(function* () {
    const [first] = ids
    if (ids.length === 1 && first !== undefined) {
      return yield* Console.log(show(first, yield* Effect.mapError(call(first), fromError)))
    }
    let failed: CliExit | undefined
    let failures = 0
    const results = Stream.mapEffect(
      Stream.fromIterable(ids),
      (id) => Effect.map(Effect.either(Effect.mapError(call(id), fromError)), (result) => ({ id, result })),
      { concurrency }
    )
    yield* Stream.runForEach(results, ({ id, result }) => {
      if (Either.isRight(result)) return Console.log(show(id, result.right))
      if (affectsAllContacts(result.left)) return Effect.fail(result.left)
      failed ??= result.left
      failures += 1
      return Console.error(`${id}: ${Layout.plain(result.left.message)}`)
    })
    if (failed !== undefined) {
      return yield* new CliExit({ code: failed.code, message: `${failures} of ${ids.length} failed` })
    }
  })

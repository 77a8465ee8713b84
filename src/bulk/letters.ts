// Dead letters: what is kept of a contact that was not applied, as JSON.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as S from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Errors from "../Errors.js"
import { isTooDeep, parse, stringifyOption } from "../internal/json.js"
import * as Schema from "../Schema.js"
import * as journal from "./journal.js"
import { type Failure, Outcome } from "./outcome.js"

const Letter = S.Struct({
  index: S.NonNegativeInt,
  outcome: S.Literal("Rejected", "Unknown"),
  input: S.Unknown,
  error: Errors.ContactsError
})

const encodeLetter = S.encodeSync(Letter)

const decodeLetter = S.decodeUnknownEither(Letter)

const encodeUpsert = S.encodeUnknownOption(Schema.ContactUpsert, { onExcessProperty: "error" })

const decodeUpsert = S.decodeUnknownOption(Schema.ContactUpsert)

/** The contact as JSON: as it would be sent, or as it is if it cannot be sent, or null if it has no JSON. */
const jsonOf = (input: Schema.ContactUpsert): unknown => {
  if (isTooDeep(input)) return null
  const sendable = Option.getOrElse(encodeUpsert(input), (): unknown => input)
  const json = Option.getOrElse(stringifyOption(sendable), () => undefined)
  return json === undefined ? null : parse(json)
}

export const encode = ({ _tag, index, input, error }: Failure): unknown =>
  encodeLetter({ index, outcome: _tag, input: jsonOf(input), error })

/** All dead letters of a checkpoint. */
export const all = (checkpoint: journal.Checkpoint): Stream.Stream<Failure, journal.CheckpointError> =>
  Stream.mapEffect(journal.letters(checkpoint), (json) =>
    Either.match(decodeLetter(json), {
      onLeft: () =>
        Effect.fail(
          new journal.CheckpointError({
            reason: "Unreadable",
            message: `A dead letter of ${checkpoint.name} cannot be read`
          })
        ),
      onRight: ({ outcome, index, input, error }) =>
        // `never`: what could not be sent is what it was, and no type can say what that is.
        Effect.succeed(
          Outcome[outcome]({
            index,
            input: isTooDeep(input) ? (null as never) : Option.getOrElse(decodeUpsert(input), () => input as never),
            error
          })
        )
    })
  )

// Dead letters: contacts that were not applied, with their errors, as JSON.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as S from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Errors from "../Errors.js"
import { isTooDeep, stringifyJson } from "../runtime/json.js"
import * as Schema from "../Schema.js"
import * as checkpoints from "./checkpoint.js"
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

/** The contact as JSON: its request body if it can be encoded, else the unchanged input, or null if that is not JSON. */
const jsonOf = (input: Schema.ContactUpsert): unknown => {
  if (isTooDeep(input)) return null
  const sendable = Option.getOrElse(encodeUpsert(input), (): unknown => input)
  const json = stringifyJson(sendable)
  return json === undefined ? null : JSON.parse(json)
}

export const encode = ({ _tag, index, input, error }: Failure): unknown =>
  encodeLetter({ index, outcome: _tag, input: jsonOf(input), error })

/** All dead letters of a checkpoint. */
export const all = (checkpoint: checkpoints.Checkpoint): Stream.Stream<Failure, checkpoints.CheckpointError> =>
  Stream.mapEffect(checkpoints.letters(checkpoint), (json) =>
    Either.match(decodeLetter(json), {
      onLeft: () =>
        Effect.fail(
          new checkpoints.CheckpointError({
            reason: "Unreadable",
            message: `A dead letter of ${checkpoint.name} cannot be read`
          })
        ),
      onRight: ({ outcome, index, input, error }) =>
        // A contact that could not be encoded is stored as it was given, so its type is not known.
        Effect.succeed(
          Outcome[outcome]({
            index,
            input: isTooDeep(input) ? (null as never) : Option.getOrElse(decodeUpsert(input), () => input as never),
            error
          })
        )
    })
  )

// Why a webhook is not accepted.
import * as Schema from "effect/Schema"

/**
 * The request was not signed by the vendor for this app. Respond with 401.
 *
 * @since 0.2.0
 * @category errors
 */
export class InvalidSignature extends Schema.TaggedError<InvalidSignature>("effect-growthhub/InvalidSignature")(
  "InvalidSignature",
  {
    /**
     * `Missing`: no header with a signature that the app accepts. `Mismatch`: the signature is not that of this body by one of
     * the keys. `OtherApp`: the vendor signed it for another `appId`.
     */
    reason: Schema.Literal("Missing", "Mismatch", "OtherApp"),
    /** What happened, and what to look for. */
    message: Schema.String
  }
) {}

/**
 * The vendor signed the webhook, but too long ago, or it is from the future. Respond with 400.
 *
 * @since 0.2.0
 * @category errors
 */
export class Stale extends Schema.TaggedError<Stale>("effect-growthhub/Stale")("Stale", {
  /** When the vendor sent the webhook. */
  timestamp: Schema.DateTimeUtc,
  /** How far that is away, and what to look for. */
  message: Schema.String
}) {}

/**
 * A webhook with this id was accepted before: the vendor sent it again, or somebody replays it. Respond with 200, so that the
 * vendor does not send it once more.
 *
 * @since 0.2.0
 * @category errors
 */
export class Replayed extends Schema.TaggedError<Replayed>("effect-growthhub/Replayed")("Replayed", {
  /** The id of the webhook. */
  webhookId: Schema.String,
  /** What happened. */
  message: Schema.String
}) {}

/**
 * The body is too large, or the vendor signed a body that is no event. Respond with 413 or 400.
 *
 * @since 0.2.0
 * @category errors
 */
export class Malformed extends Schema.TaggedError<Malformed>("effect-growthhub/Malformed")("Malformed", {
  /** Whether the body is larger than allowed: its signature was not checked then. */
  isTooLarge: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  /** What is wrong. It names fields, never their values. */
  message: Schema.String
}) {}

/**
 * Why a webhook is not accepted.
 *
 * @since 0.2.0
 * @category errors
 */
export type Rejection = InvalidSignature | Stale | Replayed | Malformed

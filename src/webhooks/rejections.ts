// The errors of a webhook that is not accepted.
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
     * `Missing`: no header has a signature that the app accepts. `Mismatch`: none of the keys made the signature for this
     * body. `OtherApp`: the vendor signed the webhook for another `appId`.
     */
    reason: Schema.Literal("Missing", "Mismatch", "OtherApp"),
    /** A description of the failure, with a hint at its cause. */
    message: Schema.String
  }
) {}

/**
 * The vendor signed the webhook, but its timestamp is too far in the past or in the future. Respond with 400.
 *
 * @since 0.2.0
 * @category errors
 */
export class StaleWebhook extends Schema.TaggedError<StaleWebhook>("effect-growthhub/StaleWebhook")("StaleWebhook", {
  /** The time at which the vendor sent the webhook. */
  timestamp: Schema.DateTimeUtc,
  /** A description with the age of the webhook and a hint at the cause. */
  message: Schema.String
}) {}

/**
 * A webhook with this id was accepted before: the vendor sent it again, or an attacker replays it. Respond with 200, so that
 * the vendor does not send it once more.
 *
 * @since 0.2.0
 * @category errors
 */
export class ReplayedWebhook extends Schema.TaggedError<ReplayedWebhook>("effect-growthhub/ReplayedWebhook")(
  "ReplayedWebhook",
  {
    /** The id of the webhook. */
    webhookId: Schema.String,
    /** A description of the failure. */
    message: Schema.String
  }
) {}

/**
 * The body is too large (respond with 413), or the vendor signed a body that is not an event (respond with 400).
 *
 * @since 0.2.0
 * @category errors
 */
export class MalformedWebhook extends Schema.TaggedError<MalformedWebhook>("effect-growthhub/MalformedWebhook")(
  "MalformedWebhook",
  {
    /** Whether the body is larger than allowed. If so, its signature was not checked. */
    isTooLarge: Schema.optionalWith(Schema.Boolean, { default: () => false }),
    /** A description of the faults. It names fields, but never their values. */
    message: Schema.String
  }
) {}

/**
 * The error of a webhook that is not accepted.
 *
 * @since 0.2.0
 * @category errors
 */
export type Rejection = InvalidSignature | StaleWebhook | ReplayedWebhook | MalformedWebhook

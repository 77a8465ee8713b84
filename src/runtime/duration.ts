// Formats durations for messages.
import * as Duration from "effect/Duration"

/** A duration in words, rounded up to whole seconds. */
export const inSeconds = (time: Duration.Duration): string =>
  Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(time))))

// How long something takes, as a person is told.
import * as Duration from "effect/Duration"

/** In whole seconds, and never too few. */
export const inSeconds = (time: Duration.Duration): string =>
  Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(time))))

// Shows the progress of an import.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { inSeconds } from "../Layout.js"

export type Counts = ContactsBulk.Progress["counts"]

/** The counter of each outcome. */
export const kinds = { Created: "created", Updated: "updated", Rejected: "rejected", Unknown: "unknown" } as const

const sumOf = ({ created, updated, rejected, unknown }: Counts) => created + updated + rejected + unknown

export const countsOf = (progress: Option.Option<ContactsBulk.Progress>): Counts =>
  Option.match(progress, {
    onNone: () => ({ created: 0, updated: 0, rejected: 0, unknown: 0 }),
    onSome: ({ counts }) => counts
  })

export const summary = ({ created, updated, rejected, unknown }: Counts): string =>
  [
    `${created.toLocaleString("en")} created`,
    `${updated.toLocaleString("en")} updated`,
    `${rejected.toLocaleString("en")} rejected`,
    ...(unknown > 0 ? [`${unknown.toLocaleString("en")} unknown`] : [])
  ].join(", ")

const isTerminal = () => process.stderr.isTTY

/** The interval at which progress is shown: in place on a terminal, and as lines of a log elsewhere. */
const period = () => Duration.seconds(isTerminal() ? 0.2 : 10)

/** The period over which the speed is measured, in milliseconds. */
const speedWindow = Duration.toMillis("20 seconds")

export const makeProgress = (counts: Counts, rows: number) =>
  Effect.map(Clock.currentTimeMillis, (began) => {
    const seen: Array<readonly [at: number, done: number]> = [[began, sumOf(counts)]]
    const line = (now: number) => {
      const done = sumOf(counts)
      seen.push([now, done])
      while (seen.length > 2 && now - seen[0]![0] > speedWindow) seen.shift()
      const [from, before] = seen[0]!
      const rate = now > from ? ((done - before) * 1000) / (now - from) : 0
      const left = rate > 0 ? `, ${inSeconds(Duration.seconds((rows - done) / rate))} left` : ""
      const share = rows === 0 ? 100 : Math.floor((done / rows) * 100)
      return `${done.toLocaleString("en")} of ${rows.toLocaleString("en")} (${share} %): ${summary(counts)}; ${rate.toFixed(1)}/s${left}`
    }
    const show = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.sync(() => process.stderr.write(isTerminal() ? `\r\x1b[2K${line(now)}` : `${line(now)}\n`))
    )
    return {
      showing: Effect.forever(Effect.delay(show, period())),
      end: Effect.sync(() => void (isTerminal() && process.stderr.write("\r\x1b[2K")))
    }
  })

/** A count with its noun: `1 row`, `2,000 rows`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`

// Parses points in time from arguments.
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type CliExit, usageError } from "./CliExit.js"

const iso = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))?$/

const distance = /^(\d{1,5})([dh])$/

const units = { d: "days", h: "hours" } as const

const parse = (text: string, now: DateTime.Utc, direction: 1 | -1): Option.Option<DateTime.Utc> => {
  const [, count, unit] = distance.exec(text) ?? []
  if (count !== undefined) {
    return Option.some(DateTime.add(now, { [units[unit as "d" | "h"]]: direction * Number(count) }))
  }
  return iso.test(text) ? DateTime.make(text) : Option.none()
}

const read = (option: string, text: string, direction: 1 | -1, what: string) =>
  Effect.flatMap(DateTime.now, (now) =>
    Option.match(parse(text.trim(), now, direction), {
      onNone: () =>
        Effect.fail(
          usageError(`${option} takes a day (2026-11-26), a time with its zone (2026-11-26T08:00:00Z), or ${what}`)
        ),
      onSome: Effect.succeed
    })
  )

/** Parses a point in time, or a distance into the past: `7d`, `12h`. A day begins at midnight UTC. */
export const past = (option: string, text: string): Effect.Effect<DateTime.Utc, CliExit> =>
  read(option, text, -1, "how long ago (7d, 12h)")

/** Parses a point in time, or a distance into the future: `7d`, `12h`. A day begins at midnight UTC. */
export const future = (option: string, text: string): Effect.Effect<DateTime.Utc, CliExit> =>
  read(option, text, 1, "in how long (7d, 12h)")

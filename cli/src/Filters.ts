// The options that select contacts: by common fields, and by any filter of the search API.
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Filter from "effect-growthhub/Filter"
import { type CliExit, usageError } from "./CliExit.js"
import { faultsOf } from "./Faults.js"
import { isArray, parseOption } from "./Json.js"
import * as Moment from "./Moment.js"
import * as StandardInput from "./StandardInput.js"

const text = (name: string, description: string) =>
  Options.text(name).pipe(Options.optional, Options.withDescription(description))

/** The filter options. A contact has to match all that are given. */
export const options = {
  email: text("email", "Contacts with this email"),
  phone: text("phone", "Contacts with this phone, with its country code"),
  tags: Options.text("tag").pipe(
    Options.repeated,
    Options.withDescription("Contacts with this tag; with several, those that have all of them")
  ),
  updatedSince: text(
    "updated-since",
    "Contacts that were changed at this time or later: 2026-11-26, 2026-11-26T08:00:00Z, or 7d for the last seven days (h: hours)"
  ),
  filter: text(
    "filter",
    "A filter of the API as JSON, or an array of filters that all have to match; - reads standard input"
  )
}

/** The parsed filter options. */
export interface FilterOptions {
  readonly email: Option.Option<string>
  readonly phone: Option.Option<string>
  readonly tags: ReadonlyArray<string>
  readonly updatedSince: Option.Option<string>
  readonly filter: Option.Option<string>
}

const none: ReadonlyArray<Filter.Filter> = []

/** Filters by email, both as given and in lower case: the service stores most emails in lower case, but not all. */
const byEmail = (email: string): ReadonlyArray<Filter.Filter> => {
  const written = Array.from(new Set([email.trim(), email.trim().toLowerCase()]))
  return [written.length === 1 ? Filter.equals("email", written[0] ?? "") : Filter.equalsAny("email", written)]
}

const byPhone = (phone: string): Effect.Effect<ReadonlyArray<Filter.Filter>, CliExit> =>
  Effect.gen(function* () {
    // The module is loaded on demand, because its tables are large.
    const { readPhone } = yield* Effect.promise(() => import("./import/Phone.js"))
    const result = readPhone(phone.trim(), undefined)
    return "phone" in result ? [Filter.equals("phone", result.phone)] : yield* usageError(`--phone ${result.fault}`)
  })

const since = (text: string): Effect.Effect<ReadonlyArray<Filter.Filter>, CliExit> =>
  Effect.map(Moment.past("--updated-since", text), (gte) => [Filter.range("dateUpdated", { gte })])

const decode = Schema.decodeUnknownEither(Schema.Array(Filter.Filter), { errors: "all", onExcessProperty: "error" })

const byJson = (given: string): Effect.Effect<ReadonlyArray<Filter.Filter>, CliExit> =>
  Effect.gen(function* () {
    const json = StandardInput.isMark(given) ? yield* StandardInput.text : given
    const value = Option.getOrUndefined(parseOption(json))
    if (typeof value !== "object" || value === null) {
      return yield* usageError(`--filter takes JSON such as {"field":"city","operator":"eq","value":"Berlin"}`)
    }
    return yield* Either.match(decode(isArray(value) ? value : [value]), {
      onLeft: ({ issue }) =>
        Effect.fail(
          usageError(
            faultsOf(issue)
              .map((fault) => `--filter: ${fault}`)
              .join("\n")
          )
        ),
      onRight: Effect.succeed
    })
  })

const ifGiven = <A, E>(option: Option.Option<string>, read: (text: string) => Effect.Effect<ReadonlyArray<A>, E>) =>
  Option.match(option, { onNone: () => Effect.succeed<ReadonlyArray<A>>([]), onSome: read })

/** Reads the filters of a search. A contact has to match all of them. */
export const read = (given: FilterOptions): Effect.Effect<ReadonlyArray<Filter.Filter>, CliExit> =>
  Effect.gen(function* () {
    return [
      ...Option.match(given.email, { onNone: () => none, onSome: byEmail }),
      ...(yield* ifGiven(given.phone, byPhone)),
      ...given.tags.map((tag) => Filter.equals("tags", tag)),
      ...(yield* ifGiven(given.updatedSince, since)),
      ...(yield* ifGiven(given.filter, byJson))
    ]
  })

// The checks of `growthhub doctor`: Node.js, location, service, clock, scopes and quota. Each failed check suggests a fix.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RateLimit from "effect-growthhub/RateLimit"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import { CliExit, codes, fromError } from "./CliExit.js"
import { Session } from "./Connection.js"
import { inSeconds, jsonLineOf, plain } from "./Layout.js"

interface Finding {
  readonly name: string
  /** Whether the check passed; undefined if that is not known. */
  readonly passed: boolean | undefined
  readonly detail: string
  readonly fix?: string | undefined
  /** The exit code of the command if this is the first check that failed. */
  readonly code?: number
}

/** The oldest Node that this package runs on. */
const oldestNode = 20

const node: Finding = {
  name: "Node.js",
  passed: Number(process.versions.node.split(".")[0]) >= oldestNode,
  detail: process.versions.node,
  fix: `Install Node.js ${oldestNode} or later.`,
  code: codes.usage
}

/** The tolerated difference between the `Date` header of the service, which counts whole seconds, and the local clock. */
const tolerated = Duration.seconds(30)

const reached = (url: string): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const answered = yield* client.get(url).pipe(Effect.scoped, Effect.timeout("10 seconds"), Effect.either)
    if (Either.isLeft(answered)) {
      return [
        {
          name: "service",
          passed: false,
          detail: `${url} does not respond`,
          fix: "Check the network, the proxy and --base-url.",
          code: codes.unavailable
        }
      ]
    }
    const date = Date.parse(answered.right.headers["date"] ?? "")
    const ahead = (yield* Clock.currentTimeMillis) - date
    const passed = Number.isNaN(date) || Math.abs(ahead) <= Duration.toMillis(tolerated)
    const difference = Duration.format(Duration.seconds(Math.round(Math.abs(ahead) / 1000)))
    return [
      { name: "service", passed: true, detail: `${url} responds` },
      {
        name: "clock",
        passed,
        detail: Number.isNaN(date) ? "the service does not send its time" : passed ? "right" : `wrong by ${difference}`,
        fix: "Set the clock: it decides whether a grant has expired.",
        code: codes.unexpected
      }
    ]
  }).pipe(Effect.provide(FetchHttpClient.layer))

/** The id of a contact that does not exist. If the service reports it as not found, it has accepted the token. */
const missingContactId = ContactId.make("doctor00000000000000")

const advice = (error: ContactsError, scope: string): string => {
  if (error._tag === "Forbidden") return "Use a token of the location that the contacts are in."
  if (error._tag !== "Unauthorized") return "Try again in a while."
  if (/version/i.test(error.message)) return "The service wants another Version header: update growthhub."
  if (/scope|authclass/i.test(error.message)) return `Give the token the scope ${scope}.`
  return "Set GROWTHHUB_TOKEN to a private integration token of the location that has not been revoked."
}

const allowed = (scope: string, call: Effect.Effect<unknown, ContactsError>): Effect.Effect<Finding> =>
  Effect.map(Effect.either(call), (result): Finding => {
    const isAccepted =
      Either.isRight(result) ||
      result.left._tag === "BadRequest" ||
      (result.left._tag === "Unprocessable" && result.left.attempts > 0)
    return isAccepted
      ? { name: scope, passed: true, detail: "the token has it" }
      : {
          name: scope,
          passed: false,
          detail: result.left.message,
          fix: advice(result.left, scope),
          code: fromError(result.left).code
        }
  })

const searchContacts = HttpLayer.endpoint({
  name: "searchContacts",
  method: "POST",
  path: "/contacts/search",
  version: "2021-07-28",
  versions: { "2021-07-28": (body) => body },
  body: Schema.Struct({ locationId: LocationId, pageLimit: Schema.Number }),
  answer: Schema.Struct({}),
  errors: [400, 401],
  isSafeToRetry: () => true
})

/** Whether an error refuses the location rather than the request. */
const isOfLocation = (error: ContactsError): boolean =>
  error._tag === "Forbidden" ||
  ((error._tag === "BadRequest" || error._tag === "Unprocessable") &&
    error.attempts > 0 &&
    /\b(?:locations?|sub-?accounts?|accounts?|token)\b/i.test(error.message))

/** Checks the location by a search: a search only reads, so nothing changes if the location is not the token's. */
const location = (locationId: LocationId): Effect.Effect<Finding, never, HttpLayer.ContactsHttp> =>
  Effect.flatMap(HttpLayer.ContactsHttp, (http) =>
    Effect.match(http.perform(searchContacts, { body: { locationId, pageLimit: 1 } }), {
      onSuccess: (): Finding => ({ name: "location", passed: true, detail: locationId }),
      onFailure: (error): Finding =>
        isOfLocation(error)
          ? {
              name: "location",
              passed: false,
              detail: `${locationId}: ${error.message}`,
              fix: "Give the location of the token with --location, or use a token of this location.",
              code: codes.credentials
            }
          : { name: "location", passed: undefined, detail: `${locationId}, not checked: ${error.message}` }
    })
  )

const quota = ({ limit, interval, free, day }: RateLimit.State): ReadonlyArray<Finding> => [
  {
    name: "requests",
    passed: true,
    detail: `${free} of ${limit} in ${Duration.format(interval)} are free`
  },
  Option.match(day, {
    onNone: (): Finding => ({ name: "day", passed: true, detail: "the service does not send its quota" }),
    onSome: ({ left, limit, endsIn }): Finding => ({
      name: "day",
      passed: left > 0,
      detail: `${left.toLocaleString("en")} of ${limit.toLocaleString("en")} are left; it resets in ${inSeconds(endsIn)}`,
      fix: `Continue in ${inSeconds(endsIn)}.`,
      code: codes.unavailable
    })
  })
]

const asJson = ({ name, passed, detail, fix }: Finding) =>
  Console.log(jsonLineOf({ name, ok: passed ?? null, detail, ...(passed === false ? { fix } : {}) }))

const asLine = ({ name, passed, detail, fix }: Finding) =>
  Console.log(
    `${passed === undefined ? "?   " : passed ? "ok  " : "FAIL"}  ${name.padEnd(18)}  ${plain(detail)}` +
      (passed === false && fix !== undefined ? `\n      → ${fix}` : "")
  )

const isWrong = ({ passed }: Finding) => passed === false

/** Runs the checks, and shows each result as it comes. Fails with the exit code of the first failed check. */
export const run = (
  isJson: boolean
): Effect.Effect<void, CliExit, ContactsService | HttpLayer.ContactsHttp | Session | RateLimit.RateLimit> =>
  Effect.gen(function* () {
    const show = isJson ? asJson : asLine
    const { url, locationId } = yield* Session
    const { getContact, updateContact } = yield* ContactsService
    const rateLimit = yield* RateLimit.RateLimit
    const found: Array<Finding> = []
    const tell = (findings: ReadonlyArray<Finding>) =>
      Effect.forEach(
        findings,
        (finding) => {
          found.push(finding)
          return show(finding)
        },
        { discard: true }
      )
    yield* tell([node])
    if (locationId === undefined) {
      const detail = "none: imports and upserts need --location or a column of it"
      yield* tell([{ name: "location", passed: true, detail }])
    }
    yield* tell(yield* reached(url))
    if (!found.some((finding) => finding.name === "service" && isWrong(finding))) {
      yield* tell([yield* allowed("contacts.readonly", getContact(missingContactId))])
      if (locationId !== undefined) yield* tell([yield* location(locationId)])
      // The update changes nothing, because the contact does not exist.
      yield* tell([yield* allowed("contacts.write", updateContact(missingContactId, {}))])
      yield* tell((yield* rateLimit.states).flatMap(quota))
    }
    const wrong = found.filter(isWrong)
    if (wrong[0] !== undefined) {
      return yield* new CliExit({
        code: wrong[0].code ?? codes.unexpected,
        message: `${wrong.length} of ${found.length} checks failed`
      })
    }
  })

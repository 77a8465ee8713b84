import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import { operations } from "../../reliability/calls.js"
import type { AnyEndpoint } from "../../src/api/endpoint.js"
import { rows } from "../../src/api/rows.js"

interface Recorded {
  readonly method: string
  readonly path: string
  /** The `version` header of the request. */
  readonly version: string | null
  readonly status: number
  readonly body: unknown
}

interface Document {
  readonly paths: {
    readonly [path: string]: {
      readonly [method: string]: {
        readonly operationId: string
        readonly parameters: ReadonlyArray<{ readonly name: string }>
        readonly responses: { readonly [status: string]: object }
      }
    }
  }
  readonly components: { readonly schemas: object }
}

/** A `fetch` that records each response. */
const recording = (recorded: Array<Recorded>) => async (input: string | URL | Request, init?: RequestInit) => {
  const response = await fetch(input, init)
  const url = new URL(input instanceof Request ? input.url : input)
  recorded.push({
    method: (init?.method ?? "GET").toLowerCase(),
    path: url.pathname,
    version: new Headers(init?.headers).get("version"),
    status: response.status,
    body: await response.clone().json()
  })
  return response
}

const documentOf = (url: string) =>
  Effect.promise(async () => (await (await fetch(`${url}/openapi.json`)).json()) as Document)

/** The path template of a request. If several match, the one with the fewest parameters is taken. */
const templateOf = ({ paths }: Document, { method, path }: Recorded): string | undefined =>
  Object.keys(paths)
    .filter((template) => new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`).test(path))
    .filter((template) => paths[template]?.[method] !== undefined)
    .sort((one, other) => one.split("{").length - other.split("{").length)[0]

/** Returns a function that lists how a response differs from the document. */
const faultsOf = (document: Document) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajv.addSchema({ $id: "document", ...document })
  const pointer = (text: string) => encodeURIComponent(text.replace(/~/g, "~0").replace(/\//g, "~1"))
  return (response: Recorded): ReadonlyArray<string> => {
    const template = templateOf(document, response)
    if (template === undefined) return [`${response.method} ${response.path} is not in the document`]
    const { method, status } = response
    const validate = ajv.getSchema(
      `document#/paths/${pointer(template)}/${method}/responses/${status}/content/${pointer("application/json")}/schema`
    )
    if (validate === undefined) return [`${method} ${template} has no ${status}`]
    const isValid = validate(response.body)
    return isValid === true ? [] : [`${method} ${template} ${status}: ${ajv.errorsText(validate.errors)}`]
  }
}

const id = ContactId.make("jane")

const every = Object.entries(operations)

const versionsOf = (name: string) =>
  Object.keys((rows as { readonly [name: string]: AnyEndpoint })[name]!.versions).sort()

describe("the OpenAPI document of the sandbox", () => {
  it.live("matches the success response of every operation, in each of its Versions", () =>
    Effect.gen(function* () {
      const { url, token } = yield* Sandbox
      const document = yield* documentOf(url)
      const faults = faultsOf(document)
      const recorded: Array<Recorded> = []
      for (const [name, { call, prepare }] of every) {
        for (const version of versionsOf(name)) {
          const services = GrowthHub.layer({ token, baseUrl: url, versions: { [name]: version } }).pipe(
            Layer.provide(FetchHttpClient.layer),
            Layer.provide(Layer.succeed(FetchHttpClient.Fetch, recording(recorded)))
          )
          yield* (yield* Sandbox).reset
          yield* (yield* Sandbox).seed([{ id, firstName: "Jane", email: "roe@example.com", tags: ["vip"] }])
          yield* Effect.gen(function* () {
            yield* call(id, yield* prepare?.(id) ?? Effect.void)
          }).pipe(Effect.provide(services))
        }
      }
      expect(recorded.flatMap(faults)).toEqual([])
      const succeeded = recorded.flatMap((response) => {
        const id = document.paths[templateOf(document, response)!]?.[response.method]?.operationId
        // An operation whose path differs between Versions has a second id, which ends with a digit.
        return response.status < 300 ? [`${id?.replace(/\d$/, "")} ${response.version}`] : []
      })
      const expected = every.flatMap(([name]) => versionsOf(name).map((version) => `${name} ${version}`))
      expect([...new Set(succeeded)].sort()).toEqual(expected.sort())
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.live("describes the server, the required headers and the spellings of v3", () =>
    Effect.gen(function* () {
      const { url } = yield* Sandbox
      const document = yield* documentOf(url)
      expect(document).toMatchObject({ servers: [{ url: "/" }] })
      const described = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.values(methods).map(({ parameters }) => ({ path, parameters }))
      )
      for (const { path, parameters } of described.filter(({ path }) => path !== "/oauth/token")) {
        expect([path, parameters]).toEqual([
          path,
          expect.arrayContaining([
            expect.objectContaining({ name: "version", in: "header", required: true })
          ]) as unknown
        ])
      }
      const byBusiness = document.paths["/contacts/business/{businessId}"]?.["get"]?.parameters
      expect(byBusiness?.map(({ name }) => name)).toContain("startAfter")
      const update = JSON.stringify(document.paths["/contacts/{contactId}"]?.["put"])
      for (const channel of ["WhatsApp", "whatsApp", "Call", "call"]) expect(update).toContain(`"${channel}":{`)
    }).pipe(Effect.provide(Sandbox.layer()))
  )

  it.live("matches the error responses and the token responses of OAuth", () =>
    Effect.gen(function* () {
      const sandbox = yield* Sandbox
      const { url, token } = sandbox
      const faults = faultsOf(yield* documentOf(url))
      const recorded: Array<Recorded> = []
      const send = recording(recorded)
      const asking = (path: string, init: RequestInit & { readonly headers?: object } = {}) =>
        Effect.promise(() => {
          const headers = { version: "2021-07-28", authorization: `Bearer ${Redacted.value(token)}`, ...init.headers }
          return send(url + path, {
            ...init,
            headers: Object.fromEntries(Object.entries(headers)) as Record<string, string>
          })
        })
      yield* sandbox.seed([{ id, email: "jane@example.com" }])
      const post = (path: string, body: unknown) => asking(path, { method: "POST", body: JSON.stringify(body) })
      yield* asking("/contacts/nobody")
      yield* asking("/contacts/jane", { headers: { version: "1999-01-01" } })
      yield* asking("/contacts/jane", { headers: { authorization: "Bearer pit-other" } })
      yield* asking("/contacts/jane?x=1")
      yield* post("/contacts/", { locationId: "elsewhere" })
      yield* post("/contacts/", { locationId: sandbox.locationId, email: "jane@example.com" })
      yield* asking("/contacts/", { method: "POST", body: "{" })
      yield* post("/oauth/token", {})
      yield* asking("/oauth/locationToken", { method: "POST" })
      const form = (path: string, body: Record<string, string>, headers = {}) =>
        asking(path, { method: "POST", body: new URLSearchParams(body), headers })
      const { clientId, clientSecret } = sandbox.app
      const app = { client_id: clientId, client_secret: Redacted.value(clientSecret) }
      const code = Redacted.value(yield* sandbox.install({ companyId: "company" }))
      const granted = yield* form("/oauth/token", { ...app, grant_type: "authorization_code", code })
      const company = (yield* Effect.promise(() => granted.json())) as Record<string, string>
      const refresh = { ...app, grant_type: "refresh_token", refresh_token: company["refresh_token"] ?? "" }
      yield* form("/oauth/token", refresh)
      const location = { companyId: "company", locationId: sandbox.locationId }
      yield* form("/oauth/locationToken", location, { authorization: `Bearer ${company["access_token"]}` })
      expect(recorded.slice(-3).map(({ status }) => status)).toEqual([200, 200, 200])
      yield* sandbox.setLimits({ max: 1 })
      yield* asking("/contacts/jane")
      yield* asking("/contacts/jane")
      expect(recorded.flatMap(faults)).toEqual([])
      expect(new Set(recorded.map(({ status }) => status))).toEqual(new Set([400, 401, 403, 422, 200, 429]))
    }).pipe(Effect.provide(Sandbox.layer()))
  )
})

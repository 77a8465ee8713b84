/**
 * The three endpoints of the sandbox as an `HttpApi`: their routes, and their OpenAPI document.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as S from "effect/Schema"
import { ContactWire } from "../api/contact.js"
import { isArray, isObject, type JsonObject, objectsIn } from "../internal/json.js"
import * as Schema from "../Schema.js"
import * as Directory from "./Directory.js"
import * as Faults from "./Faults.js"
import { Ledger } from "./Ledger.js"
import * as Quota from "./Quota.js"

const contactId = HttpApiSchema.param("contactId", S.String.annotations({ description: "Contact Id" }))

const version = (documented: string) =>
  S.Struct({
    version: S.optional(
      S.String.annotations({
        description: "API Version",
        jsonSchema: { type: "string", enum: ["2021-04-15", "2021-07-28", "2023-02-21", "v3"], default: documented }
      })
    )
  })

const traceId = S.String

const refusal = (status: number, description: string, message: S.Schema<string> | S.Array$<typeof S.String>) =>
  S.Struct({ statusCode: S.Literal(status), message, error: S.optional(S.String), traceId }).annotations(
    HttpApiSchema.annotations({ status, description })
  )

const errors = {
  badRequest: refusal(400, "Unknown contact, or a duplicate", S.String),
  unauthorized: refusal(401, "Token, scope or Version refused", S.String),
  forbidden: refusal(403, "Another location's contact", S.String),
  unprocessable: refusal(422, "Unknown property, or a wrong type", S.Array(S.String)),
  tooManyRequests: refusal(429, "Quota used up", S.String)
}

const Contact = ContactWire

/** A custom field as the service documents it for writing; `fieldValue` is for Version v3. */
const customFields = S.optional(
  S.Array(
    S.Struct({
      id: S.String,
      key: S.optional(S.String),
      field_value: S.optional(Schema.CustomFieldValue),
      fieldValue: S.optional(
        Schema.CustomFieldValue.annotations({ description: "instead of field_value, with Version v3" })
      )
    })
  )
)

/** What an `HttpApi` adds by itself and this service never answers. */
const foreign = ["HttpApiDecodeError", "Issue", "PropertyKey"]

/** The operation as its page should show it: with the bearer, with a body to start from, and only with its own errors. */
const shown =
  (example?: JsonObject) =>
  (operation: JsonObject): JsonObject => ({
    ...dropForeign(operation),
    security: [{ bearer: [] }],
    ...(example === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { ...contentOf(operation["requestBody"]), example } }
          }
        })
  })

const contentOf = (body: unknown): JsonObject =>
  // The generated operation has one JSON body: see setPayload below.
  (body as { readonly content: { readonly "application/json": JsonObject } }).content["application/json"]

const dropForeign = (operation: JsonObject): JsonObject =>
  mapped(operation, (value) => {
    if (!isObject(value) || !isArray(value["anyOf"])) return value
    const isForeign = (schema: JsonObject) => foreign.some((name) => schema["$ref"] === `#/components/schemas/${name}`)
    return { anyOf: objectsIn(value["anyOf"]).filter((schema) => !isForeign(schema)) }
  })

/** The same JSON, each value in it mapped. */
const mapped = (json: JsonObject, f: (value: unknown) => unknown): JsonObject =>
  // What was an object before is one after: f answers an object for it.
  JSON.parse(JSON.stringify(json), (_, value: unknown) => f(value)) as JsonObject

/** Without ids of JSON Schema, which OpenAPI does not know, and without what this service never answers. */
const finished = (document: JsonObject): JsonObject => {
  const text = JSON.stringify(document, (key, value: unknown) => (key === "$id" ? undefined : value))
  const { components, ...rest } = JSON.parse(text) as { readonly components: { readonly schemas: JsonObject } }
  // What controls the sandbox does answer them.
  const isForeign = !JSON.stringify(rest).includes("HttpApiDecodeError")
  const schemas = Object.entries(components.schemas).filter(([name]) => !isForeign || !foreign.includes(name))
  return {
    ...rest,
    components: {
      schemas: Object.fromEntries(schemas),
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } }
    }
  }
}

const contacts = HttpApiGroup.make("contacts")
  .add(
    HttpApiEndpoint.get("getContact")`/contacts/${contactId}`
      .setHeaders(version("2021-07-28"))
      .addSuccess(S.Struct({ contact: Contact, traceId }))
      .annotate(OpenApi.Summary, "Get Contact")
      .annotate(OpenApi.Description, "Scope: contacts.readonly.")
      .annotate(OpenApi.Transform, shown())
  )
  .add(
    HttpApiEndpoint.put("updateContact")`/contacts/${contactId}`
      .setHeaders(version("2021-07-28"))
      .setPayload(S.encodedSchema(S.Struct({ ...Schema.ContactUpdate.fields, customFields })))
      .addSuccess(S.Struct({ succeded: S.Boolean, succeeded: S.Boolean, contact: Contact, traceId }))
      .annotate(OpenApi.Summary, "Update Contact")
      .annotate(OpenApi.Description, "Scope: contacts.write. `tags` overwrites all tags; `locationId` is not taken.")
      .annotate(OpenApi.Transform, shown({ firstName: "Rosan", tags: ["vip"] }))
  )
  .add(
    HttpApiEndpoint.post("upsertContact", "/contacts/upsert")
      .setHeaders(version("2023-02-21"))
      .setPayload(S.encodedSchema(S.Struct({ ...Schema.ContactUpsert.fields, customFields })))
      .addSuccess(S.Struct({ new: S.Boolean, succeded: S.Boolean, succeeded: S.Boolean, contact: Contact, traceId }))
      .annotate(OpenApi.Summary, "Upsert Contact")
      .annotate(
        OpenApi.Description,
        "Scope: contacts.write. Updates the contact with this email or phone, or creates one."
      )
      .annotate(
        OpenApi.Transform,
        shown({
          locationId: "ve9EPM428h8vShlRW1KT",
          firstName: "Rosan",
          lastName: "Deo",
          email: "rosan@example.com"
        })
      )
  )
  .addError(errors.badRequest)
  .addError(errors.unauthorized)
  .addError(errors.forbidden)
  .addError(errors.unprocessable)
  .addError(errors.tooManyRequests)

const appFields = { client_id: S.String, client_secret: S.String }

const GrantAnswer = S.Struct({
  access_token: S.String,
  token_type: S.String,
  expires_in: S.Number,
  refresh_token: S.optional(S.String),
  scope: S.String,
  userType: S.String,
  locationId: S.optional(S.String),
  companyId: S.String,
  userId: S.String
})

const urlParams = { kind: "UrlParams" } as const

const oauth = HttpApiGroup.make("oauth")
  .add(
    HttpApiEndpoint.post("token", "/oauth/token")
      .setPayload(
        HttpApiSchema.withEncoding(
          S.Struct({
            ...appFields,
            grant_type: S.Literal("authorization_code", "refresh_token"),
            code: S.optional(S.String),
            refresh_token: S.optional(S.String),
            user_type: S.optional(S.Literal("Company", "Location")),
            redirect_uri: S.optional(S.String)
          }),
          urlParams
        )
      )
      .addSuccess(GrantAnswer)
      .annotate(OpenApi.Summary, "Get Access Token")
      .annotate(OpenApi.Transform, dropForeign)
  )
  .add(
    HttpApiEndpoint.post("locationToken", "/oauth/locationToken")
      .setPayload(HttpApiSchema.withEncoding(S.Struct({ companyId: S.String, locationId: S.String }), urlParams))
      .addSuccess(GrantAnswer)
      .annotate(OpenApi.Summary, "Get Location Access Token from Agency Token")
      .annotate(OpenApi.Transform, shown())
  )
  .addError(
    S.Struct({ error: S.String, error_description: S.String }).annotations(
      HttpApiSchema.annotations({ status: 400, description: "Grant refused" })
    )
  )
  .addError(errors.unauthorized)
  .addError(errors.unprocessable)

/**
 * @since 0.1.0
 * @category api
 */
export const Api = HttpApi.make("sandbox")
  .add(contacts)
  .add(oauth)
  .annotate(OpenApi.Title, "GrowthHub Contacts, the sandbox of effect-growthhub")
  .annotate(OpenApi.Version, "0.1.0")
  .annotate(
    OpenApi.Description,
    "Authorize with the token of the sandbox: `pit-sandbox`, unless it was started with others."
  )
  .annotate(OpenApi.Transform, finished)

// --- what is not the service's own -------------------------------------------------------------------------------------

const control = HttpApiGroup.make("control")
  .add(
    HttpApiEndpoint.put("setFaults", "/faults")
      .setPayload(Faults.Plan)
      .annotate(OpenApi.Summary, "What goes wrong from now on")
  )
  .add(
    HttpApiEndpoint.put("outage", "/outage")
      .setPayload(Faults.Fault)
      .annotate(OpenApi.Summary, "Every request meets this")
  )
  .add(HttpApiEndpoint.del("recover", "/outage").annotate(OpenApi.Summary, "The outage is over"))
  .add(
    HttpApiEndpoint.put("setLimits", "/limits")
      .setPayload(Quota.Limits)
      .annotate(OpenApi.Summary, "What a location may ask for from now on; its counts begin anew")
  )
  .add(HttpApiEndpoint.post("startDay", "/day").annotate(OpenApi.Summary, "The day of the daily quota begins anew"))
  .add(HttpApiEndpoint.post("reset", "/reset").annotate(OpenApi.Summary, "Everything as it was at the start"))
  .add(
    HttpApiEndpoint.post("seed", "/contacts")
      .setPayload(S.Array(Schema.Contact.annotations({ jsonSchema: { type: "object", required: ["id"] } })))
      .annotate(OpenApi.Summary, "Add contacts")
  )
  .add(HttpApiEndpoint.get("ledger", "/ledger").addSuccess(Ledger).annotate(OpenApi.Summary, "What happened"))
  .add(
    HttpApiEndpoint.get("exportDirectory", "/directory")
      .addSuccess(Directory.Snapshot)
      .annotate(OpenApi.Summary, "All locations and contacts")
  )
  .add(
    HttpApiEndpoint.put("importDirectory", "/directory")
      .setPayload(Directory.Snapshot)
      .annotate(OpenApi.Summary, "Other locations and contacts instead")
  )
  .add(
    HttpApiEndpoint.post("install", "/installations")
      .setPayload(S.Struct({ locationId: S.optional(Schema.LocationId), companyId: S.optional(S.NonEmptyString) }))
      .addSuccess(S.Struct({ code: S.String }))
      .annotate(OpenApi.Summary, "Install the app: the code that its consent page would send")
  )
  .add(HttpApiEndpoint.del("expireTokens", "/tokens").annotate(OpenApi.Summary, "All access tokens end now"))
  .prefix("/_sandbox")

/**
 * The same with what controls the sandbox, under `/_sandbox`.
 *
 * @since 0.1.0
 * @category api
 */
export const ControlledApi = Api.add(control)

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
import * as Schema from "../Schema.js"

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

const refusal = (status: number, message: S.Schema<string> | S.Array$<typeof S.String>) =>
  S.Struct({ statusCode: S.Literal(status), message, error: S.optional(S.String), traceId }).annotations(
    HttpApiSchema.annotations({ status })
  )

const errors = {
  badRequest: refusal(400, S.String),
  unauthorized: refusal(401, S.String),
  forbidden: refusal(403, S.String),
  unprocessable: refusal(422, S.Array(S.String)),
  tooManyRequests: refusal(429, S.String)
}

const Contact = Schema.ContactWire

/** What an `HttpApi` adds by itself and this service never answers. */
const foreign = ["HttpApiDecodeError", "Issue", "PropertyKey"]

type Json = { readonly [key: string]: unknown }

/** The operation as its page should show it: with the bearer, with a body to start from, and only with its own errors. */
const shown =
  (example?: Json) =>
  (operation: Json): Json => ({
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

const contentOf = (body: unknown): Json =>
  // The generated operation has one JSON body: see setPayload below.
  (body as { readonly content: { readonly "application/json": Json } }).content["application/json"]

const dropForeign = (operation: Json): Json =>
  JSON.parse(JSON.stringify(operation), (_, value) =>
    Array.isArray(value?.anyOf)
      ? { anyOf: value.anyOf.filter((schema: Json) => !foreign.some((name) => String(schema["$ref"]).endsWith(name))) }
      : value
  )

/** Component names of OpenAPI have no slash. */
const finished = (document: Json): Json => {
  const renamed = JSON.parse(
    JSON.stringify(document).replaceAll("effect-growthhub/", "").replaceAll("effect-growthhub~1", "")
  )
  for (const name of foreign) delete renamed.components.schemas[name]
  renamed.components.securitySchemes = { bearer: { type: "http", scheme: "bearer" } }
  return renamed
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
      .setPayload(S.encodedSchema(Schema.ContactUpdate))
      .addSuccess(S.Struct({ succeded: S.Boolean, succeeded: S.Boolean, contact: Contact, traceId }))
      .annotate(OpenApi.Summary, "Update Contact")
      .annotate(OpenApi.Description, "Scope: contacts.write. `tags` overwrites all tags; `locationId` is not taken.")
      .annotate(OpenApi.Transform, shown({ firstName: "Rosan", tags: ["vip"] }))
  )
  .add(
    HttpApiEndpoint.post("upsertContact", "/contacts/upsert")
      .setHeaders(version("2023-02-21"))
      .setPayload(S.encodedSchema(Schema.ContactUpsert))
      .addSuccess(S.Struct({ new: S.Boolean, succeded: S.Boolean, succeeded: S.Boolean, contact: Contact, traceId }))
      .annotate(OpenApi.Summary, "Upsert Contact")
      .annotate(OpenApi.Description, "Scope: contacts.write. Updates the contact with this email or phone, or creates one.")
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

/**
 * @since 0.1.0
 * @category api
 */
export const Api = HttpApi.make("sandbox")
  .add(contacts)
  .annotate(OpenApi.Title, "GrowthHub Contacts, the sandbox of effect-growthhub")
  .annotate(OpenApi.Version, "0.1.0")
  .annotate(OpenApi.Transform, finished)

/**
 * The OpenAPI document of the sandbox. Each endpoint is described from its row, its definition in `src/api`.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as OpenApi from "@effect/platform/OpenApi"
import * as JsonSchema from "@effect/platform/OpenApiJsonSchema"
import * as S from "effect/Schema"
import type { AnyEndpoint } from "../api/endpoint.js"
import { type RowName, rows } from "../api/rows.js"
import { isArray, isObject, type JsonObject } from "../runtime/json.js"
import * as Schema from "../Schema.js"
import * as ControlApi from "./ControlApi.js"

type Codec = S.Schema.AnyNoContext

/** Returns the JSON Schema of the encoded side of a schema, and adds named schemas to the document's definitions. */
type Describe = (schema: Codec) => JsonObject

const describing =
  (definitions: Record<string, unknown>): Describe =>
  (schema) =>
    JsonSchema.makeWithDefs(S.encodedSchema(schema), {
      defs: definitions,
      additionalPropertiesStrategy: "allow"
    }) as unknown as JsonObject

const json = (schema: JsonObject, example?: JsonObject) => ({
  "application/json": { schema, ...(example === undefined ? {} : { example }) }
})

// --- refusals ----------------------------------------------------------------------------------------------------------

const refusal = (message: Codec) =>
  S.Struct({
    statusCode: S.Number,
    message,
    error: S.optional(S.String),
    meta: S.optional(S.Struct({ contactId: S.String, contactName: S.optional(S.String), matchingField: S.String })),
    traceId: S.String
  })

const Refusal = refusal(S.Union(S.String, S.Array(S.String)))

/** The body of a 401. The refusal of an unknown `Version` has another shape, with `status` instead of `statusCode`. */
const Unauthorized = S.Union(
  refusal(S.String),
  S.Struct({ status: S.Number, message: S.String, error: S.String, traceId: S.String })
)

const refusals: { readonly [status: number]: readonly [description: string, schema: Codec] } = {
  400: ["The contact is unknown, or a duplicate, or the body is no JSON", Refusal],
  401: ["The token, its scope or the Version is refused", Unauthorized],
  403: ["It belongs to another location", Refusal],
  404: ["There is no such path in this Version", Refusal],
  413: ["The body is too large", Refusal],
  422: ["An unknown property, or a wrong type", Refusal],
  429: ["The quota is used up", Refusal]
}

const refusalResponses = (describe: Describe, statuses: ReadonlyArray<string>) =>
  Object.fromEntries(
    statuses.map((status) => {
      const [description, schema] = refusals[Number(status)]!
      return [status, { description, content: json(describe(schema)) }]
    })
  )

// --- the endpoints of the rows -----------------------------------------------------------------------------------------

/** The example request bodies of the document. */
const examples: { readonly [name in RowName]?: JsonObject } = {
  updateContact: { firstName: "Rosan", tags: ["vip"] },
  upsertContact: {
    locationId: "ve9EPM428h8vShlRW1KT",
    firstName: "Rosan",
    lastName: "Deo",
    email: "rosan@example.com"
  },
  createContact: { locationId: "ve9EPM428h8vShlRW1KT", firstName: "Rosan", email: "rosan@example.com" },
  createNote: { body: "Called, wants an offer" },
  createCustomField: { name: "Budget", dataType: "NUMERICAL" },
  createLocationTag: { name: "vip" },
  createTask: { title: "Call back", dueDate: "2026-07-20T10:00:00Z", completed: false },
  updateTaskCompleted: { completed: true },
  addTags: { tags: ["vip"] },
  removeTags: { tags: ["vip"] },
  updateTagsInBulk: { locationId: "ve9EPM428h8vShlRW1KT", contacts: ["seD4PfOuKoVMLkEZqohJ"], tags: ["vip"] },
  setBusinessInBulk: { locationId: "ve9EPM428h8vShlRW1KT", ids: ["seD4PfOuKoVMLkEZqohJ"], businessId: null }
}

/** The custom fields of a request body, as the service documents them. */
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

const channel = S.Struct({
  status: S.Literal("active", "inactive", "permanent"),
  message: S.optional(S.String),
  code: S.optional(S.String)
})

const channels = ["Call", "Email", "SMS", "WhatsApp", "GMB", "FB"]

const channelsOfV3 = ["call", "email", "sms", "whatsApp", "gmb", "fb"]

/** The do-not-disturb settings of a request body, with the channel names of every Version. */
const dndSettings = S.optional(
  S.Struct({
    ...Object.fromEntries(channels.map((name) => [name, S.optional(channel)])),
    ...Object.fromEntries(
      channelsOfV3.map((name, index) => [
        name,
        S.optional(channel.annotations({ description: `instead of ${channels[index]}, with Version v3` }))
      ])
    )
  })
)

const fieldsOf = (schema: unknown): S.Struct.Fields =>
  (schema as { readonly fields?: S.Struct.Fields } | undefined)?.fields ?? {}

const bodyOf = (body: Codec): Codec =>
  "customFields" in fieldsOf(body)
    ? (S.Struct({ ...fieldsOf(body), customFields, dndSettings }) as never as Codec)
    : body

/** The summary of an endpoint, such as "Get All Notes" for `getAllNotes`. */
const titleOf = (name: string) => name.replace(/([A-Z])/g, " $1").replace(/^./, (first) => first.toUpperCase())

const versionParameter = (documented: string) => ({
  name: "version",
  in: "header",
  required: true,
  description: "API Version",
  schema: { type: "string", enum: ["2021-04-15", "2021-07-28", "2023-02-21", "v3"], default: documented }
})

const queryParameters = (row: AnyEndpoint, describe: Describe) => {
  if (row.query === undefined) return []
  const { properties, required } = describe(row.query as Codec)
  return Object.entries(isObject(properties) ? properties : {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: (required as ReadonlyArray<string>).includes(name),
    schema
  }))
}

/** The functions that describe the schemas of requests and of responses. */
interface Described {
  readonly describe: Describe
  readonly describeAnswer: Describe
}

const operationOf = (
  row: AnyEndpoint,
  path: string,
  operationId: string,
  { describe, describeAnswer }: Described
): JsonObject => ({
  tags: [(row.service ?? "").replace("Service", "")],
  operationId,
  summary: titleOf(row.name),
  description: `Scope: ${row.scope}.`,
  externalDocs: { url: row.page },
  security: [{ bearer: [] }],
  parameters: [
    versionParameter(String(row.version)),
    ...Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" }
    })),
    ...queryParameters(row, describe)
  ],
  ...(row.body === undefined
    ? {}
    : {
        requestBody: {
          required: true,
          content: json(describe(bodyOf(row.body as Codec)), examples[row.name as RowName])
        }
      }),
  responses: {
    [row.success ?? 200]: { description: "Success", content: json(describeAnswer(row.answer as Codec)) },
    ...refusalResponses(describe, Object.keys(refusals))
  }
})

const pathsOf = (row: AnyEndpoint): ReadonlyArray<string> =>
  typeof row.path === "string" ? [row.path] : Array.from(new Set(Object.values(row.path)))

// --- the endpoints of OAuth --------------------------------------------------------------------------------------------

const Grant = S.Struct({
  access_token: S.String,
  token_type: S.String,
  expires_in: S.Number,
  refresh_token: S.optional(S.String),
  scope: S.String,
  userType: S.String,
  locationId: S.optional(S.String),
  companyId: S.String,
  userId: S.String,
  traceId: S.String
})

const GrantRefusal = S.Union(Refusal, S.Struct({ error: S.String, error_description: S.String, traceId: S.String }))

const TokenForm = S.Struct({
  client_id: S.String,
  client_secret: S.String,
  grant_type: S.Literal("authorization_code", "refresh_token"),
  code: S.optional(S.String),
  refresh_token: S.optional(S.String),
  user_type: S.optional(S.Literal("Company", "Location")),
  redirect_uri: S.optional(S.String)
})

const grantOf = (describe: Describe, name: string, summary: string, form: Codec, more: JsonObject): JsonObject => ({
  tags: ["OAuth"],
  operationId: name,
  summary,
  ...more,
  requestBody: { required: true, content: { "application/x-www-form-urlencoded": { schema: describe(form) } } },
  responses: {
    200: { description: "The tokens", content: json(describe(Grant)) },
    ...Object.fromEntries(
      [400, 401, 422].map((status) => [
        status,
        { description: "The grant is refused", content: json(describe(GrantRefusal)) }
      ])
    )
  }
})

const oauthPaths = (describe: Describe): JsonObject => ({
  "/oauth/token": { post: grantOf(describe, "token", "Get Access Token", TokenForm, {}) },
  "/oauth/locationToken": {
    post: grantOf(
      describe,
      "locationToken",
      "Get Location Access Token from Agency Token",
      S.Struct({ companyId: S.String, locationId: S.String }),
      { security: [{ bearer: [] }], parameters: [versionParameter("2021-07-28")] }
    )
  }
})

// --- the document ------------------------------------------------------------------------------------------------------

const rowPaths = (described: Described): JsonObject => {
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const row of Object.values<AnyEndpoint>(rows)) {
    pathsOf(row).forEach((path, index) => {
      const operationId = index === 0 ? row.name : `${row.name}${index + 1}`
      paths[path] = { ...paths[path], [row.method.toLowerCase()]: operationOf(row, path, operationId, described) }
    })
  }
  return paths
}

/** Removes the `$id`s of JSON Schema, which OpenAPI does not have. */
const withoutIds = (document: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(document, (key, value: unknown) => (key === "$id" ? undefined : value))) as JsonObject

/** Allows null for each field that is not required, at any depth, because responses may hold null for unset fields. */
const withNulls = (schema: unknown): unknown => {
  if (isArray(schema)) return schema.map(withNulls)
  if (!isObject(schema)) return schema
  const required = isArray(schema["required"]) ? schema["required"] : []
  const entries = Object.entries(schema).map(([key, value]): readonly [string, unknown] =>
    key === "properties" && isObject(value)
      ? [key, Object.fromEntries(Object.entries(value).map((entry) => fieldWithNull(entry, required)))]
      : [key, withNulls(value)]
  )
  return Object.fromEntries(entries)
}

const fieldWithNull = (
  [name, schema]: readonly [string, unknown],
  required: ReadonlyArray<unknown>
): readonly [string, unknown] => [
  name,
  required.includes(name) ? withNulls(schema) : { anyOf: [withNulls(schema), { type: "null" }] }
]

/** Adds the endpoints of the service to a document that has the control endpoints of the sandbox, or no endpoints. */
const complete = ({ paths, components, tags: _, ...document }: JsonObject): JsonObject => {
  const definitions: Record<string, unknown> = {}
  const answers: Record<string, unknown> = {}
  const describe = describing(definitions)
  const describeAnswer: Describe = (schema) => withNulls(describing(answers)(schema)) as JsonObject
  const all = { ...rowPaths({ describe, describeAnswer }), ...oauthPaths(describe), ...(paths as JsonObject) }
  const { schemas } = components as { readonly schemas: JsonObject }
  return withoutIds({
    ...document,
    servers: [{ url: "/", description: "This sandbox" }],
    paths: all,
    components: {
      schemas: { ...schemas, ...(withNulls(answers) as JsonObject), ...definitions },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } }
    }
  })
}

/**
 * The API of a sandbox, as `/openapi.json` and `/docs` describe it. `isControlled`: whether it has the control endpoints.
 *
 * @since 0.2.0
 * @category api
 */
export const describedApi = (isControlled: boolean) => {
  const bare = HttpApi.make("sandbox")
  return (isControlled ? bare.add(ControlApi.group) : bare)
    .annotate(OpenApi.Title, "GrowthHub Contacts, the sandbox of effect-growthhub")
    .annotate(OpenApi.Version, "0.2.0")
    .annotate(OpenApi.License, { name: "MIT" })
    .annotate(
      OpenApi.Description,
      "Authorize with the token of the sandbox: `pit-sandbox`, unless it was started with others."
    )
    .annotate(OpenApi.Transform, complete)
}

// The tags of a location: their models and endpoints.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../runtime/json.js"
import { Id } from "../fields/ids.js"
import { field, id, model, text } from "../fields/model.js"
import { normalizeId } from "../fields/lenient.js"
import * as Input from "../fields/schemas.js"
import {
  always,
  Done,
  LocationPath,
  locationPageOf,
  never,
  deletionVerification,
  traceId,
  endpointDefaults
} from "./common.js"
import { endpoint } from "./endpoint.js"

const tag = model(
  "LocationTag",
  {
    /** The id of the tag. A contact refers to a tag by name, not by id. */
    id: field(Schema.String, normalizeId)
  },
  {
    /** The name, usually in lower case. The `tags` of a contact have this name. */
    name: text,
    /** The id of the location of the tag. */
    locationId: id
  }
)

/**
 * A tag of a location in a response. Fields that are not described here are kept.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-tag-by-id
 *
 * @since 0.2.0
 * @category location tags
 */
export interface LocationTag extends Schema.Schema.Type<typeof tag.struct> {}

/**
 * The codec of {@link LocationTag}.
 *
 * @since 0.2.0
 * @category location tags
 */
export const LocationTag: Schema.Schema<LocationTag, JsonObject> = tag.schema

/**
 * The fields of a tag in a request.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/create-tag
 *
 * @since 0.2.0
 * @category location tags
 */
export const LocationTagInput = Schema.Struct({
  /** The name. The service may save it in lower case. */
  name: Input.nonEmptyText
}).annotations({ ...Input.named("LocationTagInput"), ...Input.anObject })

/**
 * @since 0.2.0
 * @category location tags
 */
export interface LocationTagInput extends Schema.Schema.Type<typeof LocationTagInput> {}

// --- the endpoints -----------------------------------------------------------------------------------------------------

const service = "LocationTagsService"
const readScope = "locations/tags.readonly"
const writeScope = "locations/tags.write"

const TagPath = Schema.Struct({ ...LocationPath.fields, tagId: Id })

const TagAnswer = Schema.Struct({ tag: LocationTag, traceId })

const normalized = (name: string | undefined) => name?.trim().toLowerCase()

const hasName = (found: LocationTag, sent: LocationTagInput): boolean =>
  normalized(found.name) === normalized(sent.name)

/** `GET /locations/{locationId}/tags` */
export const getLocationTags = endpoint({
  name: "getLocationTags",
  service,
  scope: readScope,
  page: locationPageOf("get-location-tags"),
  method: "GET",
  path: "/locations/{locationId}/tags",
  ...endpointDefaults,
  params: LocationPath,
  answer: Schema.Struct({ tags: Schema.Array(LocationTag), traceId }),
  isSafeToRetry: always
})

/** `POST /locations/{locationId}/tags` */
export const createLocationTag = endpoint({
  name: "createLocationTag",
  service,
  scope: writeScope,
  page: locationPageOf("create-tag"),
  method: "POST",
  path: "/locations/{locationId}/tags",
  ...endpointDefaults,
  params: LocationPath,
  body: LocationTagInput,
  answer: TagAnswer,
  isSafeToRetry: never,
  // A tag has no creation time. Its name is unique in the location, so a tag with this name is taken for the created one.
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getLocationTags, { params }), ({ answer: { tags } }) =>
      Option.map(Option.fromNullable(tags.find((one) => hasName(one, body))), (tag) => ({ tag }))
    )
})

/** `GET /locations/{locationId}/tags/{tagId}` */
export const getLocationTag = endpoint({
  name: "getLocationTag",
  service,
  scope: readScope,
  page: locationPageOf("get-tag-by-id"),
  method: "GET",
  path: "/locations/{locationId}/tags/{tagId}",
  ...endpointDefaults,
  params: TagPath,
  answer: TagAnswer,
  isSafeToRetry: always
})

/** `PUT /locations/{locationId}/tags/{tagId}` */
export const updateLocationTag = endpoint({
  name: "updateLocationTag",
  service,
  scope: writeScope,
  page: locationPageOf("update-tag"),
  method: "PUT",
  path: "/locations/{locationId}/tags/{tagId}",
  ...endpointDefaults,
  params: TagPath,
  body: LocationTagInput,
  answer: TagAnswer,
  isSafeToRetry: always,
  verify: (lookup, { params, body }) =>
    Effect.map(lookup(getLocationTag, { params }), ({ answer: { tag } }) =>
      hasName(tag, body) ? Option.some({ tag }) : Option.none()
    )
})

/** `DELETE /locations/{locationId}/tags/{tagId}` */
export const deleteLocationTag = endpoint({
  name: "deleteLocationTag",
  service,
  scope: writeScope,
  page: locationPageOf("delete-tag"),
  method: "DELETE",
  path: "/locations/{locationId}/tags/{tagId}",
  ...endpointDefaults,
  params: TagPath,
  answer: Done,
  ...deletionVerification(getLocationTag)
})

/** The endpoints of location tags, by name. */
export const locationTagRows = {
  getLocationTags,
  createLocationTag,
  getLocationTag,
  updateLocationTag,
  deleteLocationTag
}

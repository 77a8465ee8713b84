/**
 * The tags of a location: what can be chosen for its contacts.
 *
 * @module
 * @since 0.2.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { locationTagRows as rows } from "./api/locationTags.js"
import type { ContactsError } from "./Errors.js"
import * as HttpLayer from "./HttpLayer.js"
import type { LocationId, LocationTag, LocationTagInput } from "./Schema.js"

/**
 * What can be done to the tags of a location.
 *
 * @since 0.2.0
 * @category models
 */
export interface Service {
  /**
   * All tags of a location, in one answer: the API has no pages here. Repeating it is safe.
   *
   * Fails with `Unauthorized` where the token lacks the scope `locations/tags.readonly`.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-location-tags
   *
   * @since 0.2.0
   */
  readonly getLocationTags: (locationId: LocationId) => Effect.Effect<ReadonlyArray<LocationTag>, ContactsError>

  /**
   * Adds a tag to a location, so that people can choose it; a contact can be given a new tag without that. Needs the scope
   * `locations/tags.write`.
   *
   * It is never sent again once it may have been applied. If its outcome is unknown in the end, the tags are listed, and the one
   * with this name, in any case, is the answer: a location has only one of a name, so that nothing tells whether it was there
   * before.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/create-tag
   *
   * @since 0.2.0
   */
  readonly createLocationTag: (
    locationId: LocationId,
    tag: LocationTagInput
  ) => Effect.Effect<LocationTag, ContactsError>

  /**
   * Gets a tag by its id. Repeating it is safe.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-tag-by-id
   *
   * @since 0.2.0
   */
  readonly getLocationTag: (locationId: LocationId, tagId: string) => Effect.Effect<LocationTag, ContactsError>

  /**
   * Renames a tag. Repeating it is safe.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/update-tag
   *
   * @since 0.2.0
   */
  readonly updateLocationTag: (
    locationId: LocationId,
    tagId: string,
    tag: LocationTagInput
  ) => Effect.Effect<LocationTag, ContactsError>

  /**
   * Deletes a tag. Repeating it is safe: a retry that finds it gone is a success.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/delete-tag
   *
   * @since 0.2.0
   */
  readonly deleteLocationTag: (locationId: LocationId, tagId: string) => Effect.Effect<void, ContactsError>
}

const makeService = ({ perform }: HttpLayer.Service): Service => ({
  getLocationTags: (locationId) =>
    Effect.map(perform(rows.getLocationTags, { params: { locationId } }), ({ tags }) => tags),
  createLocationTag: (locationId, body) =>
    Effect.map(perform(rows.createLocationTag, { params: { locationId }, body }), tagOf),
  getLocationTag: (locationId, tagId) =>
    Effect.map(perform(rows.getLocationTag, { params: { locationId, tagId } }), tagOf),
  updateLocationTag: (locationId, tagId, body) =>
    Effect.map(perform(rows.updateLocationTag, { params: { locationId, tagId }, body }), tagOf),
  deleteLocationTag: (locationId, tagId) =>
    Effect.asVoid(perform(rows.deleteLocationTag, { params: { locationId, tagId } }))
})

const tagOf = ({ tag }: { readonly tag: LocationTag }): LocationTag => tag

/**
 * The tags of locations. The tags of a contact are on the contact: `updateContact` and `upsertContact` write them.
 *
 * @example
 * import { Effect } from "effect"
 * import { LocationTagsService } from "effect-growthhub/LocationTagsService"
 * import { LocationId } from "effect-growthhub/Schema"
 *
 * export const tags = Effect.flatMap(LocationTagsService, (tags) =>
 *   tags.getLocationTags(LocationId.make("ve9EPM428h8vShlRW1KT"))
 * )
 *
 * @since 0.2.0
 * @category tags
 */
export class LocationTagsService extends Context.Tag("effect-growthhub/LocationTagsService")<
  LocationTagsService,
  Service
>() {
  /**
   * The service on the app's own `HttpClient`, with a token and a rate limit of its own. For several services over one token,
   * see `GrowthHub.layer`.
   *
   * @since 0.2.0
   */
  static layer(options: HttpLayer.ServiceOptions): Layer.Layer<LocationTagsService, never, HttpClient.HttpClient> {
    return Layer.provide(LocationTagsService.layerHttp, HttpLayer.layer(options))
  }

  /**
   * The service as the app's configuration says: see `HttpLayer.layerConfig`.
   *
   * @since 0.2.0
   */
  static layerConfig(
    config: HttpLayer.ServiceConfigOptions = {}
  ): Layer.Layer<LocationTagsService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.provide(LocationTagsService.layerHttp, HttpLayer.layerConfig(config))
  }

  /**
   * The service on a `ContactsHttp` of the app's own. It is built anew wherever it is used.
   *
   * @since 0.2.0
   */
  static readonly layerHttp: Layer.Layer<LocationTagsService, never, HttpLayer.ContactsHttp> = Layer.fresh(
    Layer.effect(LocationTagsService, Effect.map(HttpLayer.ContactsHttp, makeService))
  )
}

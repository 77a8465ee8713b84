/**
 * The service for the tags of a location, from which people choose the tags of contacts.
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
 * The operations on the tags of a location.
 *
 * @since 0.2.0
 * @category models
 */
export interface Service {
  /**
   * Gets all tags of a location in one response: this endpoint has no pages. Safe to retry.
   *
   * Fails with `Unauthorized` if the token lacks the scope `locations/tags.readonly`.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-location-tags
   *
   * @since 0.2.0
   */
  readonly getLocationTags: (locationId: LocationId) => Effect.Effect<ReadonlyArray<LocationTag>, ContactsError>

  /**
   * Adds a tag to a location, so that people can choose it. A contact can also be given a tag that the location does not
   * have. Needs the scope `locations/tags.write`.
   *
   * The call is not retried once it may have been applied. To verify an unknown outcome, the client lists the tags and
   * returns the one with this name, regardless of case. Tag names are unique in a location, so the returned tag may be older
   * than the call.
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
   * Gets a tag by its id. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-tag-by-id
   *
   * @since 0.2.0
   */
  readonly getLocationTag: (locationId: LocationId, tagId: string) => Effect.Effect<LocationTag, ContactsError>

  /**
   * Renames a tag. Safe to retry.
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
   * Deletes a tag. Safe to retry: a retry that finds the tag gone succeeds.
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
 * The service for the tags of locations. `addTags`, `removeTags`, `updateContact` and `upsertContact` of `ContactsService`
 * change the tags of a contact.
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
   * The service on the app's own `HttpClient`, with a token and a rate limit of its own. For several services over one
   * token, see `GrowthHub.layer`.
   *
   * @since 0.2.0
   */
  static layer(options: HttpLayer.ServiceOptions): Layer.Layer<LocationTagsService, never, HttpClient.HttpClient> {
    return Layer.provide(LocationTagsService.layerHttp, HttpLayer.layer(options))
  }

  /**
   * The service with the options of the app's configuration; see `HttpLayer.layerConfig`.
   *
   * @since 0.2.0
   */
  static layerConfig(
    config: HttpLayer.ServiceConfigOptions = {}
  ): Layer.Layer<LocationTagsService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.provide(LocationTagsService.layerHttp, HttpLayer.layerConfig(config))
  }

  /**
   * The service on a `ContactsHttp` of the app's own. Each use of the layer builds a new service.
   *
   * @since 0.2.0
   */
  static readonly layerHttp: Layer.Layer<LocationTagsService, never, HttpLayer.ContactsHttp> = Layer.fresh(
    Layer.effect(LocationTagsService, Effect.map(HttpLayer.ContactsHttp, makeService))
  )
}

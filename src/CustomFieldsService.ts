/**
 * The service for the definitions of a location's custom fields, which give the name and type for each id in a contact.
 *
 * @module
 * @since 0.2.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { customFieldRows as rows } from "./api/customFieldDefinitions.js"
import type { ContactsError } from "./Errors.js"
import * as HttpLayer from "./HttpLayer.js"
import type { CustomFieldCreate, CustomFieldDefinition, CustomFieldUpdate, LocationId } from "./Schema.js"

/**
 * The operations on the custom fields of a location.
 *
 * @since 0.2.0
 * @category models
 */
export interface Service {
  /**
   * Gets all custom fields of a location in one response: this endpoint has no pages. `model` selects the fields of
   * contacts, of opportunities, or `all`; the service decides if absent. Safe to retry.
   *
   * Fails with `Unauthorized` if the token lacks the scope `locations/customFields.readonly`.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-custom-fields
   *
   * @since 0.2.0
   */
  readonly getCustomFields: (
    locationId: LocationId,
    options?: {
      /** The model whose fields to get: contacts, opportunities, or all. */
      readonly model?: "contact" | "opportunity" | "all" | undefined
    }
  ) => Effect.Effect<ReadonlyArray<CustomFieldDefinition>, ContactsError>

  /**
   * Gets a custom field by its id, or by its key, such as `contact.pincode`. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-custom-field
   *
   * @since 0.2.0
   */
  readonly getCustomField: (locationId: LocationId, id: string) => Effect.Effect<CustomFieldDefinition, ContactsError>

  /**
   * Adds a custom field to a location. Needs the scope `locations/customFields.write`.
   *
   * The call is not retried once it may have been applied, because a retry would create a second field of the same name. To
   * verify an unknown outcome, the client lists the fields; a field with the same name and `dataType` that was created since
   * the first attempt counts as the new one. If the service does not return creation times, the outcome stays unknown.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/create-custom-field
   *
   * @since 0.2.0
   */
  readonly createCustomField: (
    locationId: LocationId,
    customField: CustomFieldCreate
  ) => Effect.Effect<CustomFieldDefinition, ContactsError>

  /**
   * Changes a custom field and returns its whole definition. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/update-custom-field
   *
   * @since 0.2.0
   */
  readonly updateCustomField: (
    locationId: LocationId,
    id: string,
    changes: CustomFieldUpdate
  ) => Effect.Effect<CustomFieldDefinition, ContactsError>

  /**
   * Deletes a custom field. The effect on its values in contacts is not documented. Safe to retry: a retry that finds the
   * field gone succeeds.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/delete-custom-field
   *
   * @since 0.2.0
   */
  readonly deleteCustomField: (locationId: LocationId, id: string) => Effect.Effect<void, ContactsError>
}

const makeService = ({ perform }: HttpLayer.Service): Service => ({
  getCustomFields: (locationId, query = {}) =>
    Effect.map(perform(rows.getCustomFields, { params: { locationId }, query }), ({ customFields }) => customFields),
  getCustomField: (locationId, id) =>
    Effect.map(perform(rows.getCustomField, { params: { locationId, id } }), customFieldOf),
  createCustomField: (locationId, body) =>
    Effect.map(perform(rows.createCustomField, { params: { locationId }, body }), customFieldOf),
  updateCustomField: (locationId, id, body) =>
    Effect.map(perform(rows.updateCustomField, { params: { locationId, id }, body }), customFieldOf),
  deleteCustomField: (locationId, id) => Effect.asVoid(perform(rows.deleteCustomField, { params: { locationId, id } }))
})

const customFieldOf = ({ customField }: { readonly customField: CustomFieldDefinition }): CustomFieldDefinition =>
  customField

/**
 * The service for the custom fields of locations. To access values of contacts by field name, see `CustomFields`.
 *
 * @example
 * import { Effect } from "effect"
 * import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
 * import { LocationId } from "effect-growthhub/Schema"
 *
 * export const budget = Effect.flatMap(CustomFieldsService, (customFields) =>
 *   customFields.createCustomField(LocationId.make("ve9EPM428h8vShlRW1KT"), { name: "Budget", dataType: "NUMERICAL" })
 * )
 *
 * @since 0.2.0
 * @category tags
 */
export class CustomFieldsService extends Context.Tag("effect-growthhub/CustomFieldsService")<
  CustomFieldsService,
  Service
>() {
  /**
   * The service on the app's own `HttpClient`, with a token and a rate limit of its own. For several services over one
   * token, see `GrowthHub.layer`.
   *
   * @since 0.2.0
   */
  static layer(options: HttpLayer.ServiceOptions): Layer.Layer<CustomFieldsService, never, HttpClient.HttpClient> {
    return Layer.provide(CustomFieldsService.layerHttp, HttpLayer.layer(options))
  }

  /**
   * The service with the options of the app's configuration; see `HttpLayer.layerConfig`.
   *
   * @since 0.2.0
   */
  static layerConfig(
    config: HttpLayer.ServiceConfigOptions = {}
  ): Layer.Layer<CustomFieldsService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.provide(CustomFieldsService.layerHttp, HttpLayer.layerConfig(config))
  }

  /**
   * The service on a `ContactsHttp` of the app's own. Each use of the layer builds a new service.
   *
   * @since 0.2.0
   */
  static readonly layerHttp: Layer.Layer<CustomFieldsService, never, HttpLayer.ContactsHttp> = Layer.fresh(
    Layer.effect(CustomFieldsService, Effect.map(HttpLayer.ContactsHttp, makeService))
  )
}

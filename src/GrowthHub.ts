/**
 * All services over one token and one rate limit.
 *
 * @module
 * @since 0.2.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Layer from "effect/Layer"
import { ContactsService } from "./ContactsService.js"
import { CustomFieldsService } from "./CustomFieldsService.js"
import * as HttpLayer from "./HttpLayer.js"
import { LocationTagsService } from "./LocationTagsService.js"
import { NotesService } from "./NotesService.js"
import { TasksService } from "./TasksService.js"

/**
 * All services of this library, and the `ContactsHttp` that they share, which also performs endpoints of your own.
 *
 * @since 0.2.0
 * @category models
 */
export type Services =
  ContactsService | CustomFieldsService | LocationTagsService | NotesService | TasksService | HttpLayer.ContactsHttp

/**
 * All services on a `ContactsHttp` of the app's own. Each use of the layer builds new services: Effect would otherwise build
 * them once for each memo map, and a second account would get the services of the first.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerHttp: Layer.Layer<
  Exclude<Services, HttpLayer.ContactsHttp>,
  never,
  HttpLayer.ContactsHttp
> = Layer.fresh(
  Layer.mergeAll(
    ContactsService.layerHttp,
    CustomFieldsService.layerHttp,
    LocationTagsService.layerHttp,
    NotesService.layerHttp,
    TasksService.layerHttp
  )
)

/**
 * All services on the app's own `HttpClient`, over one token and one rate limit. Each use is a separate account.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { Effect, Layer, Redacted } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as GrowthHub from "effect-growthhub/GrowthHub"
 * import { NotesService } from "effect-growthhub/NotesService"
 * import { ContactId } from "effect-growthhub/Schema"
 *
 * const program = Effect.gen(function* () {
 *   const contact = yield* (yield* ContactsService).getContact(ContactId.make("seD4PfOuKoVMLkEZqohJ"))
 *   yield* (yield* NotesService).createNote(contact.id, { body: "Called" })
 * })
 *
 * const token = Redacted.make("pit-…")
 *
 * export const main = program.pipe(
 *   Effect.provide(GrowthHub.layer({ token }).pipe(Layer.provide(FetchHttpClient.layer)))
 * )
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: HttpLayer.ServiceOptions): Layer.Layer<Services, never, HttpClient.HttpClient> =>
  Layer.provideMerge(layerHttp, HttpLayer.layer(options))

/**
 * {@link layer} with the options of the app's configuration: `GROWTHHUB_TOKEN` (redacted) and `GROWTHHUB_BASE_URL` (the
 * vendor's host if absent), or the `Config` that is given for an option. If the token or base URL is missing or cannot be
 * used, it fails with a `ConfigError` that does not repeat the token.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  config: HttpLayer.ServiceConfigOptions = {}
): Layer.Layer<Services, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.provideMerge(layerHttp, HttpLayer.layerConfig(config))

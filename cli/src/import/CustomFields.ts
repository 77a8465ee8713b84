// Looks up the custom fields of a location by the names, keys or ids that the columns of a list use.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as CustomFields from "effect-growthhub/CustomFields"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import type { ContactsHttp } from "effect-growthhub/HttpLayer"
import type { CustomFieldDefinition, LocationId } from "effect-growthhub/Schema"

/** The result of looking up one name among the custom fields of the location. */
export type Found =
  | { readonly _tag: "Found"; readonly definition: CustomFieldDefinition }
  | { readonly _tag: "Unknown" }
  /** Several fields have the name; the message lists them. */
  | { readonly _tag: "Several"; readonly message: string }

/** The result for each name; or the reason why no field can be looked up: a sentence, or undefined without a token. */
export type LookupResult = Either.Either<ReadonlyMap<string, Found>, string | undefined>

/** The function that looks up names among the custom fields. */
export type Find<R = never> = (names: ReadonlyArray<string>) => Effect.Effect<LookupResult, never, R>

const folded = (name: string | undefined) => name?.trim().toLowerCase()

const hasName = (name: string) => (definition: CustomFieldDefinition) => folded(definition.name) === folded(name)

const foundOf = (fields: CustomFields.CustomFields, definitions: ReadonlyArray<CustomFieldDefinition>, name: string) =>
  Effect.match(fields.definition(name), {
    onSuccess: (definition): Found => ({ _tag: "Found", definition }),
    onFailure: ({ message }): Found =>
      definitions.some(hasName(name)) ? { _tag: "Several", message } : { _tag: "Unknown" }
  })

/** Returns a function that reads the custom fields of a location once per call and looks up names among them. */
export const find =
  (locationId: LocationId | undefined): Find<ContactsHttp> =>
  (names) => {
    if (locationId === undefined) {
      return Effect.succeed(Either.left("Custom fields belong to a location: give --location or GROWTHHUB_LOCATION_ID"))
    }
    return Effect.gen(function* () {
      const fields = yield* CustomFields.forLocation(locationId)
      const definitions = yield* fields.definitions
      const found = yield* Effect.forEach(names, (name) =>
        Effect.map(foundOf(fields, definitions, name), (one) => [name, one] as const)
      )
      return new Map(found)
    }).pipe(
      Effect.mapError(({ message }) => message),
      Effect.either,
      Effect.provide(CustomFieldsService.layerHttp)
    )
  }

/** The kind of a custom field. It decides how its cells are read. */
export type Kind = "text" | "number" | "date" | "options" | "option" | "phone" | "email" | "boxes" | "files"

const kinds: { readonly [dataType: string]: Kind } = {
  NUMERICAL: "number",
  FLOAT: "number",
  MONETORY: "number",
  MONETARY: "number",
  DATE: "date",
  CHECKBOX: "options",
  MULTIPLE_OPTIONS: "options",
  SINGLE_OPTIONS: "option",
  RADIO: "option",
  PHONE: "phone",
  EMAIL: "email",
  TEXTBOX_LIST: "boxes",
  FILE_UPLOAD: "files"
}

/** The kind of a custom field by its `dataType`; text for any type that is not listed. */
export const kindOf = ({ dataType = "" }: CustomFieldDefinition): Kind =>
  Object.hasOwn(kinds, dataType) ? kinds[dataType]! : "text"

/** The texts that are allowed as a value of the field; empty if any text is. */
export const choicesOf = ({
  isAllowedCustomOption,
  picklistOptions = []
}: CustomFieldDefinition): ReadonlyArray<string> => (isAllowedCustomOption === true ? [] : picklistOptions)

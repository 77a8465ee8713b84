// The custom fields that the columns of a list name: by their names, keys or ids, as the location defines them.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as CustomFields from "effect-growthhub/CustomFields"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import type { ContactsHttp } from "effect-growthhub/HttpLayer"
import type { CustomFieldDefinition, LocationId } from "effect-growthhub/Schema"

/** What a name means among the custom fields of the location. */
export type Found =
  | { readonly _tag: "Found"; readonly definition: CustomFieldDefinition }
  | { readonly _tag: "Unknown" }
  /** Several fields have the name; the sentence says which. */
  | { readonly _tag: "Several"; readonly message: string }

/** What each of the names means, or why the custom fields cannot be looked up: a sentence, or nothing without a token. */
export type Answer = Either.Either<ReadonlyMap<string, Found>, string | undefined>

/** Looks names up. */
export type Find<R = never> = (names: ReadonlyArray<string>) => Effect.Effect<Answer, never, R>

const folded = (name: string | undefined) => name?.trim().toLowerCase()

const hasName = (name: string) => (definition: CustomFieldDefinition) => folded(definition.name) === folded(name)

const foundOf = (fields: CustomFields.CustomFields, definitions: ReadonlyArray<CustomFieldDefinition>, name: string) =>
  Effect.match(fields.definition(name), {
    onSuccess: (definition): Found => ({ _tag: "Found", definition }),
    onFailure: ({ message }): Found =>
      definitions.some(hasName(name)) ? { _tag: "Several", message } : { _tag: "Unknown" }
  })

/** Reads the custom fields of a location once, and says what names mean among them. */
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

/** How the cells of a custom field are read. */
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

/** How the cells of a field are read, by its `dataType`: as text where there is no better way. */
export const kindOf = ({ dataType = "" }: CustomFieldDefinition): Kind =>
  Object.hasOwn(kinds, dataType) ? kinds[dataType]! : "text"

/** The texts that a value of the field must be of; none if it may be any. */
export const choicesOf = ({
  isAllowedCustomOption,
  picklistOptions = []
}: CustomFieldDefinition): ReadonlyArray<string> => (isAllowedCustomOption === true ? [] : picklistOptions)

/**
 * Reads and writes the custom fields of contacts by name. A contact in a response has only `{ id, value }` for each field;
 * the location's definitions give the name and type for each id.
 *
 * @module
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Rules from "./api/customFieldValues.js"
import { CustomFieldsService } from "./CustomFieldsService.js"
import { type ContactsError, Unauthorized, type Unprocessable } from "./Errors.js"
import * as Failure from "./http/failure.js"
import type { Contact, CustomField, CustomFieldDefinition, CustomFieldValue, LocationId } from "./Schema.js"

/**
 * The options of {@link forLocation}.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The time for which the definitions are cached; 5 minutes by default. */
  readonly timeToLive?: Duration.DurationInput | undefined
  /**
   * The minimum age of the cached definitions before they are read again because a name or an id is not among them, and the
   * time for which a missing scope is cached; 10 seconds by default.
   */
  readonly refreshAfter?: Duration.DurationInput | undefined
}

/**
 * The value of a custom field of a contact, with the name and key of the field.
 *
 * @since 0.2.0
 * @category models
 */
export interface NamedCustomField {
  /** The displayed name; absent if the location no longer has the field. */
  readonly name?: string
  /** The key without `contact.`, such as `pincode`; absent if the location no longer has the field. */
  readonly key?: string
  /** The id of the field. */
  readonly id: string
  /** The value of the field in the contact. */
  readonly value: CustomFieldValue
}

/**
 * The values to write, by the name, the key (`contact.pincode` or `pincode`) or the id of their field. A value that is
 * undefined is not written. A day can be a `DateTime`.
 *
 * @since 0.2.0
 * @category models
 */
export interface Values {
  readonly [name: string]: CustomFieldValue | DateTime.DateTime | undefined
}

/**
 * The custom fields of the contacts of one location.
 *
 * @since 0.2.0
 * @category models
 */
export interface CustomFields {
  /**
   * The definitions, read on first use and then cached. Fails as `getCustomFields` does; if the token lacks the scope
   * `locations/customFields.readonly`, the message of the `Unauthorized` names the scope.
   *
   * @since 0.2.0
   */
  readonly definitions: Effect.Effect<ReadonlyArray<CustomFieldDefinition>, ContactsError>

  /**
   * Returns the definition that a name, a key (`contact.pincode` or `pincode`) or an id identifies. Names are compared
   * exactly first, and regardless of case if none is equal. If no definition matches and the definitions are older than
   * `refreshAfter`, they are read again.
   *
   * Fails with `Unprocessable` (`attempts` is 0) for a name that matches no field, or several; then the message has their
   * ids.
   *
   * @since 0.2.0
   */
  readonly definition: (name: string) => Effect.Effect<CustomFieldDefinition, ContactsError>

  /**
   * Returns the `customFields` for an update or an upsert, each checked by its `dataType`: a number, also as text, for `NUMERICAL`,
   * `FLOAT` and `MONETORY`, a day for `DATE`, one of the options for `SINGLE_OPTIONS` and `RADIO`, a list of options for `CHECKBOX`
   * and `MULTIPLE_OPTIONS`, texts by the id of their box for `TEXTBOX_LIST`, files by their uuid for `FILE_UPLOAD`, text for
   * other types. Empty text is accepted for every field, to clear it. Nothing is sent: pass the result to `updateContact` or `upsertContact`, for example.
   *
   * Fails with `Unprocessable` (`attempts` is 0), with a line for each name that matches no field, or several, and for each
   * value that its field does not accept. If the token lacks the scope to read the definitions, ids of 20 letters and digits
   * are accepted with unchecked values, and any other name fails with an `Unauthorized` that names the missing scope.
   *
   * @since 0.2.0
   */
  readonly write: (values: Values) => Effect.Effect<ReadonlyArray<CustomField>, ContactsError>

  /**
   * Returns the custom fields of a contact with their names and keys, in the order of the contact; an empty list if the
   * contact has none. If an id is not among the definitions and these are older than `refreshAfter`, they are read again.
   *
   * Fails as `definitions` does; the ids and values remain available in `contact.customFields`.
   *
   * @since 0.2.0
   */
  readonly read: (
    contact: Pick<Contact, "customFields">
  ) => Effect.Effect<ReadonlyArray<NamedCustomField>, ContactsError>
}

// --- the definitions ---------------------------------------------------------------------------------------------------

const scope = "locations/customFields.readonly"

/**
 * Whether the token lacks the scope: the service responds with 401, and only the message differs from an invalid token's.
 */
const isMissingScope = (error: ContactsError): error is Unauthorized =>
  error._tag === "Unauthorized" && /not authorized for this scope/i.test(error.message)

const withScope = (error: Unauthorized): Unauthorized =>
  new Unauthorized({
    ...error,
    message: `The token lacks the scope \`${scope}\`: add it to the private integration or to the app. Until then, custom fields can be written by their ids only`
  })

type Definitions = ReadonlyArray<CustomFieldDefinition>

/** The cached result of a read: the definitions, or the error for the missing scope. */
type CachedResult = Either.Either<Definitions, Unauthorized>

/**
 * Returns the cached result if it is younger than `maxAge` (milliseconds), and reads again otherwise. Other failures are not
 * cached.
 */
type ReadDefinitions = (maxAge: number) => Effect.Effect<CachedResult, ContactsError>

const makeRead = (fetch: Effect.Effect<Definitions, ContactsError>): ReadDefinitions => {
  const semaphore = Effect.unsafeMakeSemaphore(1)
  let known: { readonly at: number; readonly result: CachedResult } | undefined
  const cached = (maxAge: number) =>
    Effect.map(Clock.currentTimeMillis, (now) =>
      known !== undefined && now - known.at < maxAge ? known.result : undefined
    )
  const fetched = fetch.pipe(
    Effect.map((definitions): CachedResult => Either.right(Rules.ofContacts(definitions))),
    Effect.catchIf(isMissingScope, (error) => Effect.succeed<CachedResult>(Either.left(withScope(error)))),
    Effect.tap((result) => Effect.map(Clock.currentTimeMillis, (at) => void (known = { at, result })))
  )
  const orElse = (maxAge: number, other: Effect.Effect<CachedResult, ContactsError>) =>
    Effect.flatMap(cached(maxAge), (result) => (result === undefined ? other : Effect.succeed(result)))
  // A caller that has waited for the permit uses the result of the caller before it. If that caller was interrupted, the
  // next one reads.
  return (maxAge) => orElse(maxAge, semaphore.withPermits(1)(orElse(maxAge, fetched)))
}

/** Whether a name has the form of a custom field's id. Without definitions, only the form distinguishes ids from names. */
const isPlainId = (name: string): boolean => /^[A-Za-z0-9]{20}$/.test(name)

// --- writing and reading -----------------------------------------------------------------------------------------------

const refused = (operation: string, lines: ReadonlyArray<string>): Unprocessable => Failure.fromFaults(operation, lines)

type Given = readonly [name: string, value: CustomFieldValue | DateTime.DateTime]

const givenOf = (values: Values): ReadonlyArray<Given> =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))

/** Returns the fields to write, or one line for each fault. */
const fieldsOf = (
  definitions: Definitions,
  given: ReadonlyArray<Given>
): Either.Either<ReadonlyArray<CustomField>, ReadonlyArray<string>> => {
  const faults: Array<string> = []
  const fields = new Map<string, CustomField>()
  const names = new Map<string, string>()
  for (const [name, value] of given) {
    const definition = Rules.resolve(definitions, name)
    if (Either.isLeft(definition)) {
      faults.push(definition.left.message)
      continue
    }
    const { id } = definition.right
    const checked = Rules.checkValue(value, definition.right)
    if (names.has(id)) faults.push(`"${names.get(id)}" and "${name}" are the same custom field`)
    else if (Either.isLeft(checked)) faults.push(`"${name}" ${checked.left}`)
    else fields.set(id, { id, value: checked.right })
    names.set(id, name)
  }
  return faults.length > 0 ? Either.left(faults) : Either.right(Array.from(fields.values()))
}

/** Returns the fields by their ids, unchecked, if the definitions cannot be read because the scope is missing. */
const uncheckedFields = (
  given: ReadonlyArray<Given>,
  missing: Unauthorized
): Effect.Effect<ReadonlyArray<CustomField>, ContactsError> => {
  if (!given.every(([name]) => isPlainId(name))) return Effect.fail(missing)
  const fields = given.map(([id, value]) => ({ id, value: Rules.uncheckedValue(value) }))
  const faults = fields.flatMap(({ id, value }) => (Either.isLeft(value) ? [`"${id}" ${value.left}`] : []))
  return faults.length > 0
    ? Effect.fail(refused("CustomFields.write", faults))
    : Effect.succeed(fields.flatMap(({ id, value }) => (Either.isRight(value) ? [{ id, value: value.right }] : [])))
}

const named = (definitions: Definitions, { id, value }: CustomField): NamedCustomField => {
  const definition = definitions.find((one) => one.id === id)
  const key = definition && Rules.keyOf(definition)
  return {
    ...(definition?.name === undefined ? {} : { name: definition.name }),
    ...(key === undefined ? {} : { key }),
    id,
    value
  }
}

const makeCustomFields = (
  read: ReadDefinitions,
  { timeToLive, refreshAfter }: { readonly [name in keyof Options]-?: number }
): CustomFields => {
  /**
   * Returns the cached definitions. If they are incomplete, or the scope was missing, reads again unless the cached result
   * is younger than `refreshAfter`.
   */
  const definitionsWith = (
    isComplete: (definitions: Definitions) => boolean
  ): Effect.Effect<CachedResult, ContactsError> =>
    Effect.flatMap(read(timeToLive), (known) => {
      const isEnough = Either.isRight(known) && isComplete(known.right)
      return isEnough ? Effect.succeed(known) : read(Math.min(timeToLive, refreshAfter))
    })
  const isKnown = (definitions: Definitions, name: string) =>
    Either.match(Rules.resolve(definitions, name), { onLeft: ({ isUnknown }) => !isUnknown, onRight: () => true })
  return {
    definitions: Effect.flatten(definitionsWith(() => true)),
    definition: (name) =>
      Effect.flatMap(Effect.flatten(definitionsWith((definitions) => isKnown(definitions, name))), (definitions) =>
        Either.mapLeft(Rules.resolve(definitions, name), ({ message }) => refused("CustomFields.definition", [message]))
      ),
    write: (values) => {
      const given = givenOf(values)
      if (given.length === 0) return Effect.succeed([])
      return Effect.flatMap(
        definitionsWith((definitions) => given.every(([name]) => isKnown(definitions, name))),
        (known) =>
          Either.isLeft(known)
            ? uncheckedFields(given, known.left)
            : Either.mapLeft(fieldsOf(known.right, given), (faults) => refused("CustomFields.write", faults))
      )
    },
    read: ({ customFields = [] }) => {
      if (customFields.length === 0) return Effect.succeed([])
      const hasAll = (definitions: Definitions) =>
        customFields.every(({ id }) => definitions.some((definition) => definition.id === id))
      return Effect.map(Effect.flatten(definitionsWith(hasAll)), (definitions) =>
        customFields.map((field) => named(definitions, field))
      )
    }
  }
}

/**
 * Reads and writes the custom fields of a location's contacts by name. The definitions are read on first use and cached for
 * `timeToLive`; concurrent uses share one read. Keep the returned value: each call of `forLocation` has its own cache.
 *
 * Source: https://marketplace.gohighlevel.com/docs/ghl/locations/get-custom-fields
 *
 * @example
 * import { Effect } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import * as CustomFields from "effect-growthhub/CustomFields"
 * import { ContactId, LocationId } from "effect-growthhub/Schema"
 *
 * export const program = Effect.gen(function* () {
 *   const contacts = yield* ContactsService
 *   const fields = yield* CustomFields.forLocation(LocationId.make("ve9EPM428h8vShlRW1KT"))
 *   const customFields = yield* fields.write({ Budget: 3000, "contact.color": "red" })
 *   const updated = yield* contacts.updateContact(ContactId.make("seD4PfOuKoVMLkEZqohJ"), { customFields })
 *   return yield* fields.read(updated) // [{ name: "Budget", key: "budget", id: "…", value: 3000 }, …]
 * })
 *
 * @since 0.2.0
 * @category constructors
 */
export const forLocation = (
  locationId: LocationId,
  { timeToLive = "5 minutes", refreshAfter = "10 seconds" }: Options = {}
): Effect.Effect<CustomFields, never, CustomFieldsService> =>
  Effect.map(CustomFieldsService, ({ getCustomFields }) =>
    makeCustomFields(makeRead(getCustomFields(locationId, { model: "contact" })), {
      timeToLive: Duration.toMillis(timeToLive),
      refreshAfter: Duration.toMillis(refreshAfter)
    })
  )

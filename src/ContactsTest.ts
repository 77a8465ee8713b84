/**
 * `ContactsService` in memory, for the tests of apps: the same rules as the sandbox, without HTTP.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as S from "effect/Schema"
import { ContactsService } from "./ContactsService.js"
import * as HttpLayer from "./HttpLayer.js"
import { parse } from "./internal/json.js"
import { unlimited } from "./limiter/service.js"
import * as RetryPolicy from "./RetryPolicy.js"
import { Contact, type LocationId } from "./Schema.js"
import * as Directory from "./sandbox/Directory.js"
import type { Setting } from "./sandbox/Duplicates.js"
import { operations, traceId } from "./sandbox/Operations.js"

/**
 * - `contacts`: what is there at the start. One without a `locationId` belongs to `locationId`.
 * - `locationId`: the location that the app's token would open, by default the sandbox's own.
 * - `duplicates`: its "Allow Duplicate Contact" setting, by default not allowed, email before phone.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly contacts?: ReadonlyArray<Contact> | undefined
  readonly locationId?: LocationId | undefined
  readonly duplicates?: Setting | undefined
}

/**
 * What a test looks at besides the answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly locationId: LocationId
  readonly contacts: Effect.Effect<ReadonlyArray<Contact>>
}

/**
 * The contacts behind the in-memory `ContactsService`.
 *
 * @example
 * import { Effect } from "effect"
 * import { ContactsService } from "effect-growthhub/ContactsService"
 * import { ContactsTest } from "effect-growthhub/ContactsTest"
 * import { ContactId } from "effect-growthhub/Schema"
 *
 * const id = ContactId.make("seD4PfOuKoVMLkEZqohJ")
 *
 * export const test = Effect.gen(function* () {
 *   const contacts = yield* ContactsService
 *   const updated = yield* contacts.updateContact(id, { tags: ["VIP"] })
 *   return updated.tags // ["vip"]
 * }).pipe(Effect.provide(ContactsTest.layer({ contacts: [{ id, firstName: "Rosan" }] })))
 *
 * @since 0.1.0
 * @category tags
 */
export class ContactsTest extends Context.Tag("effect-growthhub/ContactsTest")<ContactsTest, Service>() {
  /**
   * A fresh directory each time the layer is built.
   *
   * @since 0.1.0
   */
  static layer(options: Options = {}): Layer.Layer<ContactsService | ContactsTest> {
    return Layer.unwrapEffect(Effect.map(makeMemory(options), (memory) => over(memory)))
  }
}

interface Memory {
  readonly locationId: LocationId
  readonly directory: Ref.Ref<Directory.Directory>
  readonly answers: Ref.Ref<number>
}

const makeMemory = ({ contacts, locationId, duplicates }: Options): Effect.Effect<Memory> =>
  Effect.gen(function* () {
    const location: Directory.Location = {
      id: locationId ?? Directory.defaultLocation.id,
      duplicates: duplicates ?? Directory.defaultLocation.duplicates
    }
    const directory = Directory.make({ locations: [location], contacts, now: yield* DateTime.now })
    return { locationId: location.id, directory: yield* Ref.make(directory), answers: yield* Ref.make(0) }
  })

const decodeContact = S.decodeUnknownSync(Contact)

const over = ({ directory, locationId, answers }: Memory): Layer.Layer<ContactsService | ContactsTest> => {
  const http = HttpLayer.make({
    retryPolicy: RetryPolicy.none,
    limiter: unlimited,
    bearer: { get: () => Effect.succeed(Redacted.make("in-memory")) },
    transmit: ({ name, params, version, body }, _, __, watch) =>
      Effect.gen(function* () {
        // ContactsService has these three endpoints and no other.
        const operation = operations[name as keyof typeof operations]
        const caller = { locationId, version, now: yield* DateTime.now }
        const contactId = params["contactId"] ?? ""
        const { status, body: answer } = yield* Ref.modify(directory, (before) => {
          const { reply, directory } = operation.perform(before, caller, {
            contactId,
            body: body === undefined ? undefined : parse(body)
          })
          return [reply, directory]
        })
        const answered = { ...answer, traceId: traceId(yield* Ref.updateAndGet(answers, (count) => count + 1)) }
        watch.onHead({ status, headers: {} })
        return { status, headers: {}, body: JSON.stringify(answered) }
      })
  })
  return Layer.merge(
    Layer.provide(ContactsService.layerHttp, Layer.succeed(HttpLayer.ContactsHttp, http)),
    Layer.succeed(ContactsTest, {
      locationId,
      contacts: Effect.map(Ref.get(directory), (current) =>
        Directory.contacts(current).map((stored) => decodeContact(stored))
      )
    })
  )
}

import { describe, expect, it } from "@effect/vitest"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import * as RateLimit from "effect-growthhub/RateLimit"
import { Sandbox } from "effect-growthhub/Sandbox"
import { ContactId } from "effect-growthhub/Schema"
import * as Accounts from "../reliability/Accounts.js"

describe.each([2, 50])("%d accounts in one app", (accounts) => {
  it.live.each(Accounts.casesOf(accounts))(
    "send each call with their own token, host, limit and Version: $credentials credentials in $place",
    (one) => Effect.map(Accounts.run(one), (measured) => expect(measured).toMatchObject({ strayed: 0, failed: 0 }))
  )
})

const First = Context.GenericTag<ContactsService["Type"]>("app/First")
const Second = Context.GenericTag<ContactsService["Type"]>("app/Second")
const id = ContactId.make("jane")

/** The first names that the two services return for the same contact id. */
const firstNames = Effect.gen(function* () {
  const [first, second] = [yield* First, yield* Second]
  const contacts = yield* Effect.all([first.getContact(id), second.getContact(id)])
  return contacts.map(({ firstName }) => firstName)
})

/** Two `ContactsService`s in one layer graph. */
const both = <E, R>(first: Layer.Layer<ContactsService, E, R>, second: Layer.Layer<ContactsService, E, R>) =>
  Layer.merge(
    Layer.provide(Layer.effect(First, ContactsService), first),
    Layer.provide(Layer.effect(Second, ContactsService), second)
  )

it.effect("two ContactsTest layers in one layer graph have separate contacts", () => {
  const service = (firstName: string) => ContactsTest.layer({ contacts: [{ id, firstName }] })
  return Effect.gen(function* () {
    expect(yield* firstNames).toEqual(["Jane", "Janet"])
  }).pipe(Effect.provide(both(service("Jane"), service("Janet"))))
})

it.live("two sandboxes in one layer graph have separate contacts", () => {
  const service = (firstName: string) =>
    Layer.unwrapEffect(Effect.map(Sandbox, ({ url, token }) => ContactsService.layer({ baseUrl: url, token }))).pipe(
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Sandbox.layer({ contacts: [{ id, firstName }] }))
    )
  return Effect.gen(function* () {
    expect(yield* firstNames).toEqual(["Jane", "Janet"])
  }).pipe(Effect.provide(both(service("Jane"), service("Janet"))))
})

it.live("two services over one HttpLayer.layer share its rate limit", () =>
  Effect.gen(function* () {
    const { url, token } = yield* Sandbox
    const http = HttpLayer.layer({ token, baseUrl: url })
    const services = Layer.merge(
      Layer.provide(Layer.effect(First, ContactsService), ContactsService.layerHttp),
      Layer.provide(Layer.effect(Second, ContactsService), ContactsService.layerHttp)
    ).pipe(Layer.provide(http), Layer.provideMerge(RateLimit.layer()), Layer.provide(FetchHttpClient.layer))
    const states = yield* Effect.zipRight(
      firstNames,
      Effect.flatMap(RateLimit.RateLimit, ({ states }) => states)
    ).pipe(Effect.provide(services))
    expect(states.map(({ used }) => used)).toEqual([2])
  }).pipe(Effect.provide(Sandbox.layer({ contacts: [{ id, firstName: "Jane" }] })))
)

// R18: many accounts in one app. Every call has to leave with the token, host, limit and Version of its own account.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as LayerMap from "effect/LayerMap"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as Credentials from "effect-growthhub/Credentials"
import * as RateLimit from "effect-growthhub/RateLimit"
import { Sandbox, type Token } from "effect-growthhub/Sandbox"
import { ContactId, LocationId } from "effect-growthhub/Schema"
import * as TokenStore from "effect-growthhub/TokenStore"
import { type Figure, worst } from "./Figure.js"

/** The ways an account gets its bearer: a private token, an OAuth grant, or a private token from the configuration. */
export const credentials = ["private", "oauth", "config"] as const

/** The ways the services of all accounts are built. */
export const places = ["one layer graph", "one ManagedRuntime", "one LayerMap"] as const

export interface Case {
  readonly accounts: number
  readonly credentials: (typeof credentials)[number]
  readonly place: (typeof places)[number]
}

/** All combinations of credentials and places, for a number of accounts. */
export const casesOf = (accounts: number): ReadonlyArray<Case> =>
  credentials.flatMap((credentials) => places.map((place) => ({ accounts, credentials, place })))

/** `strayed`: requests with the token, host, limit or Version of another account; `failed`: calls that did not succeed. */
export interface Measured {
  readonly sent: number
  readonly strayed: number
  readonly failed: number
}

/** Two reads and a write for each account. */
const callsEach = 3

interface Account {
  readonly index: number
  readonly locationId: LocationId
  readonly contactId: ContactId
  readonly token: string
  readonly version: "2021-07-28" | "v3"
}

/** Every second account uses another Version. */
const accountOf = (index: number): Account => ({
  index,
  locationId: LocationId.make(`location-${index}`),
  contactId: ContactId.make(`contact-of-${index}`),
  token: `pit-account-${index}`,
  version: index % 2 === 0 ? "2021-07-28" : "v3"
})

/** The app's own tags, for the service of an account and for its limit. */
const contactsOf = ({ index }: Account) => Context.GenericTag<ContactsService["Type"]>(`app/Contacts/${index}`)
const limitOf = ({ index }: Account) => Context.GenericTag<RateLimit.Service>(`app/RateLimit/${index}`)

type Services = ContactsService["Type"] | RateLimit.Service

/** A sandbox with these accounts. */
const sandboxOf = (accounts: ReadonlyArray<Account>) =>
  Sandbox.layer({
    locations: accounts.map(({ locationId }) => ({ id: locationId, duplicates: { allow: false, check: ["email"] } })),
    contacts: accounts.map(({ contactId, locationId }) => ({ id: contactId, locationId })),
    tokens: accounts.map(({ token, locationId }): Token => ({
      token,
      locationId,
      scopes: ["contacts.readonly", "contacts.write"]
    }))
  })

/** The service of an account, as an app builds it, with its limit. */
const layerOf = (
  account: Account,
  how: Case["credentials"],
  { app, url }: Sandbox["Type"],
  store: TokenStore.Service
): Layer.Layer<Services> => {
  const { locationId, version } = account
  const token = Redacted.make(account.token)
  const versions = { getContact: version, updateContact: version }
  const service =
    how === "config"
      ? ContactsService.layerConfig({
          token: Config.succeed(token),
          baseUrl: Config.succeed(url),
          versions: Config.succeed(versions)
        }).pipe(Layer.orDie)
      : ContactsService.layer({
          token: how === "private" ? token : Credentials.oauth({ ...app, locationId, store }),
          baseUrl: url,
          versions
        })
  return Layer.merge(
    Layer.provide(Layer.effect(contactsOf(account), ContactsService), service),
    Layer.effect(limitOf(account), RateLimit.RateLimit)
  ).pipe(Layer.provide(RateLimit.layer()), Layer.provide(FetchHttpClient.layer))
}

/** Makes the calls of an account; returns the number of failures, and of requests that its own limit has counted. */
const calling = (account: Account) =>
  Effect.gen(function* () {
    const { getContact, updateContact } = yield* contactsOf(account)
    const { states } = yield* limitOf(account)
    const { contactId } = account
    const calls = [getContact(contactId), updateContact(contactId, { city: "Austin" }), getContact(contactId)]
    const results = yield* Effect.forEach(calls, Effect.either)
    const counted = (yield* states).reduce((sum, { used }) => sum + used, 0)
    return { failed: results.filter(Either.isLeft).length, counted }
  })

/** Builds the services of all accounts in one place, and calls each. */
const inPlace = (
  place: Case["place"],
  accounts: ReadonlyArray<Account>,
  layerOf: (account: Account) => Layer.Layer<Services>
) => {
  const [first, ...others] = accounts.map(layerOf)
  const all = Layer.mergeAll(first!, ...others)
  const calls = Effect.forEach(accounts, calling, { concurrency: "unbounded" })
  switch (place) {
    case "one layer graph":
      return Effect.provide(calls, all)
    case "one ManagedRuntime":
      return Effect.acquireUseRelease(
        Effect.sync(() => ManagedRuntime.make(all)),
        (runtime) => Effect.promise(() => runtime.runPromise(calls)),
        (runtime) => Effect.promise(() => runtime.dispose())
      )
    case "one LayerMap":
      return Effect.scoped(
        Effect.flatMap(
          LayerMap.make((index: number) => layerOf(accounts[index]!)),
          (services) =>
            Effect.forEach(accounts, (account) => Effect.provide(calling(account), services.get(account.index)), {
              concurrency: "unbounded"
            })
        )
      )
  }
}

/** Whether a request has the Version and the token of its account, which the contact in its URL identifies. */
const isOwn =
  (accounts: ReadonlyArray<Account>, how: Case["credentials"]) =>
  ({ url, headers, status }: { readonly url: string; readonly headers: object; readonly status: number }): boolean => {
    const account = accounts.find(({ contactId }) => url === `/contacts/${contactId}`)
    if (account === undefined || status !== 200) return false
    const { authorization, version } = headers as { readonly [name: string]: string | undefined }
    return version === account.version && (how === "oauth" || authorization === `Bearer ${account.token}`)
  }

/** Runs one case. Each of two sandboxes knows half of the accounts, so their ledgers show the strayed requests. */
export const run = ({ accounts: count, credentials, place }: Case): Effect.Effect<Measured> =>
  Effect.gen(function* () {
    const accounts = Array.from({ length: count }, (_, index) => accountOf(index))
    const sides = [0, 1].map((side) => accounts.filter(({ index }) => index % 2 === side))
    const sandboxes = yield* Effect.forEach(sides, (side) =>
      Effect.map(Layer.build(sandboxOf(side)), Context.get(Sandbox))
    )
    const store = yield* TokenStore.makeMemory()
    const sandboxAt = ({ index }: Account) => sandboxes[index % 2]!
    if (credentials === "oauth") {
      yield* Effect.forEach(accounts, (account) => {
        const { app, install, url } = sandboxAt(account)
        return Effect.flatMap(install({ locationId: account.locationId }), (code) =>
          Credentials.authorizationCode({ ...app, code, store, baseUrl: url })
        )
      })
    }
    const results = yield* inPlace(place, accounts, (account) =>
      layerOf(account, credentials, sandboxAt(account), store)
    )
    const requests = yield* Effect.forEach(sandboxes, ({ ledger }) => ledger)
    const strayedAt = (side: number) =>
      requests[side]!.requests.filter(({ url }) => !url.startsWith("/oauth/")).filter(
        (request) => !isOwn(sides[side]!, credentials)(request)
      ).length
    const overLimit = results.reduce((sum, { counted }) => sum + Math.abs(counted - callsEach), 0)
    return {
      sent: count * callsEach,
      strayed: strayedAt(0) + strayedAt(1) + overLimit,
      failed: results.reduce((sum, { failed }) => sum + failed, 0)
    }
  }).pipe(Effect.provide(FetchHttpClient.layer), Effect.scoped, Effect.orDie)

export const figure = (runs: ReadonlyArray<Measured>): Figure => {
  const strayed = worst(runs.map(({ strayed }) => strayed))
  const failed = worst(runs.map(({ failed }) => failed))
  const sent = runs.reduce((sum, { sent }) => sum + sent, 0)
  return {
    id: "R18",
    what: "two and fifty accounts in one app: requests with something of another account's; failed calls",
    aim: "0; 0",
    measured: `${strayed}; ${failed} (of ${sent} calls)`,
    isMet: strayed === 0 && failed === 0,
    values: { strayed, failed, sent }
  }
}

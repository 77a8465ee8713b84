/**
 * Test cases for a token store of your own, with the behaviour that every token store must have.
 *
 * @module
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TokenStore from "./TokenStore.js"

/**
 * A store violates a case of the contract.
 *
 * @since 0.2.0
 * @category errors
 */
export class ContractViolation extends Schema.TaggedError<ContractViolation>("effect-growthhub/ContractViolation")(
  "ContractViolation",
  {
    /** The expected and the actual behaviour of the store. */
    message: Schema.String
  }
) {}

/**
 * One case of the contract.
 *
 * @since 0.2.0
 * @category models
 */
export interface Case<E> {
  /** The required behaviour, as a predicate that follows "a token store". */
  readonly name: string
  /** The test. Fails with {@link ContractViolation} or with the store's own error. Uses the real clock. */
  readonly test: Effect.Effect<void, E | ContractViolation | TokenStore.TokenStoreError>
}

type Pair = readonly [TokenStore.Service, TokenStore.Service]

const grant: TokenStore.Grant = {
  accessToken: Redacted.make("access-token"),
  refreshToken: Redacted.make("refresh-token"),
  issuedAt: DateTime.unsafeMake("2026-11-20T10:00:00.123Z"),
  expiresAt: DateTime.unsafeMake("2026-11-21T10:00:00Z"),
  clockSkew: -1500,
  scope: "contacts.readonly contacts.write",
  userType: "Location",
  locationId: "location"
}

/** Keys in the forms of `Credentials.grantKey` and version 0.1, and keys with special characters of paths and patterns. */
const keys = ["app:location", "location", "../location", "a/b", "app%3A1:ü", "100%", "*", "[a]?"]

const expectEqual = (what: string, actual: unknown, expected: unknown) =>
  Equal.equals(actual, expected)
    ? Effect.void
    : new ContractViolation({ message: `${what}: expected ${String(expected)}, got ${String(actual)}` })

const textOf = (found: Option.Option<TokenStore.Grant>) =>
  Option.getOrElse(Option.map(found, TokenStore.encode), () => "none")

const scopeOf = (found: Option.Option<TokenStore.Grant>) =>
  Option.getOrElse(
    Option.flatMapNullable(found, ({ scope }) => scope),
    () => "none"
  )

const expectGrant = (what: string, found: Option.Option<TokenStore.Grant>, expected: Option.Option<TokenStore.Grant>) =>
  expectEqual(what, textOf(found), textOf(expected))

const scoped = (scope: string): TokenStore.Grant => ({ ...grant, scope })

const write = (store: TokenStore.Service, key: string, scope = "contacts.readonly") =>
  store.withLock(key, ({ set }) => set(scoped(scope)))

/** A fiber that holds the lock of a key until it is interrupted. */
const holding = (store: TokenStore.Service, key: string) =>
  Effect.gen(function* () {
    const inside = yield* Deferred.make<void>()
    const holder = yield* Effect.fork(
      store.withLock(key, () => Effect.zipRight(Deferred.succeed(inside, undefined), Effect.never))
    )
    yield* Effect.raceFirst(Deferred.await(inside), Fiber.join(holder))
    return holder
  })

const keepsGrants = ([one, other]: Pair) =>
  Effect.gen(function* () {
    yield* expectGrant("a key without a grant", yield* one.get("location"), Option.none())
    for (const key of keys) {
      yield* one.withLock(key, ({ set }) => set(scoped(key)))
      const inside = yield* other.withLock(key, ({ get }) => get)
      yield* expectGrant(`the grant of ${key}, read by another process with its lock`, inside, Option.some(scoped(key)))
    }
    for (const key of keys) {
      yield* expectGrant(`the grant of ${key}`, yield* other.get(key), Option.some(scoped(key)))
    }
  })

const showsAtOnce = ([one, other]: Pair) =>
  one.withLock("location", ({ set, get }) =>
    Effect.gen(function* () {
      for (const scope of ["first", "second"]) {
        yield* set(scoped(scope))
        yield* expectEqual("the grant, for the holder of the lock", scopeOf(yield* get), scope)
        yield* expectEqual(
          "the grant, for another process before the lock is released",
          scopeOf(yield* other.get("location")),
          scope
        )
      }
    })
  )

const excludes = (both: Pair) =>
  Effect.gen(function* () {
    const count = 10
    yield* write(both[0], "location", "0")
    const increment = (store: TokenStore.Service) =>
      store.withLock("location", ({ get, set }) =>
        Effect.gen(function* () {
          const scope = scopeOf(yield* get)
          yield* Effect.sleep("2 millis")
          yield* set(scoped(String(Number(scope) + 1)))
        })
      )
    const increments = Array.from({ length: count }, (_, index) => increment(both[index % 2]!))
    yield* Effect.all(increments, { concurrency: "unbounded" })
    yield* expectEqual("increments under the lock", scopeOf(yield* both[1].get("location")), String(count))
  })

const letsWaitersGo = ([one, other]: Pair) =>
  Effect.gen(function* () {
    const holder = yield* holding(one, "location")
    const waiting = yield* Effect.fork(write(other, "location"))
    yield* Effect.sleep("5 millis")
    const ended = yield* Effect.timeoutOption(Fiber.interrupt(waiting), "20 seconds")
    yield* expectEqual("whether the waiting fiber was interrupted", Option.isSome(ended), true)
    yield* expectGrant("the grant that nobody wrote", yield* one.get("location"), Option.none())
    yield* Fiber.interrupt(holder)
  })

const freesLocks = ([one, other]: Pair) =>
  Effect.gen(function* () {
    const holder = yield* holding(one, "location")
    yield* write(other, "another")
    yield* Fiber.interrupt(holder)
    const failed = yield* Effect.either(one.withLock("location", () => Effect.fail("no")))
    yield* expectEqual("the failure under the lock, for its caller", failed, Either.left("no"))
    yield* write(other, "location", "after")
    yield* expectEqual("the grant after a failure and an interruption", scopeOf(yield* one.get("location")), "after")
  })

const listsAndRemoves = ([one, other]: Pair) =>
  Effect.gen(function* () {
    yield* expectEqual("the keys of an empty store", (yield* one.list).length, 0)
    for (const key of keys) yield* write(one, key)
    yield* expectEqual("the keys", [...(yield* other.list)].sort().join(" "), [...keys].sort().join(" "))
    for (const key of yield* other.list) {
      yield* other.remove(key)
      yield* expectGrant(`the grant of ${key} after its removal`, yield* one.get(key), Option.none())
      yield* other.remove(key)
    }
    yield* expectEqual("the keys after their removal", (yield* one.list).join(" "), "")
    yield* write(other, "location", "again")
    yield* expectEqual("the grant of a customer who connected again", scopeOf(yield* one.get("location")), "again")
  })

const removesAfterHolder = ([one, other]: Pair) =>
  Effect.gen(function* () {
    yield* write(one, "location", "before")
    const inside = yield* Deferred.make<void>()
    const finish = yield* Deferred.make<void>()
    const exchange = yield* Effect.fork(
      one.withLock("location", ({ set }) =>
        Deferred.succeed(inside, undefined).pipe(
          Effect.zipRight(Deferred.await(finish)),
          Effect.zipRight(set(scoped("exchanged")))
        )
      )
    )
    yield* Deferred.await(inside)
    const removing = yield* Effect.fork(other.remove("location"))
    yield* Effect.sleep("5 millis")
    yield* expectEqual("the grant while its lock is held", scopeOf(yield* other.get("location")), "before")
    yield* Deferred.succeed(finish, undefined)
    yield* Fiber.join(exchange)
    yield* Fiber.join(removing)
    yield* expectGrant("the grant after its removal", yield* one.get("location"), Option.none())
  })

const contract: ReadonlyArray<
  readonly [name: string, test: (both: Pair) => Effect.Effect<void, ContractViolation | TokenStore.TokenStoreError>]
> = [
  ["stores one grant per key, which all processes can read", keepsGrants],
  ["shows a grant that is set under a lock to other processes at once", showsAtOnce],
  ["gives the lock of a key to one holder at a time, who reads the last written grant", excludes],
  ["stops waiting for a lock when the waiting fiber is interrupted", letsWaitersGo],
  ["locks each key separately, and releases the lock when its holder fails or is interrupted", freesLocks],
  ["lists the keys of its grants, and removes a grant for everyone", listsAndRemoves],
  ["waits for the holder of the lock before it removes a grant", removesAfterHolder]
]

/**
 * The cases that a store must pass. `make` returns two stores, which stand for two processes: they share their grants, and
 * their locks exclude each other. It runs for each case, in a scope of its own, and must return empty stores.
 *
 * @example
 * import { it } from "@effect/vitest"
 * import { Effect } from "effect"
 * import * as TokenStore from "effect-growthhub/TokenStore"
 * import * as TokenStoreTest from "effect-growthhub/TokenStoreTest"
 *
 * // Two connections to one database, in a store of your own.
 * const stores = Effect.map(TokenStore.makeMemory(), (store) => [store, store] as const)
 *
 * for (const { name, test } of TokenStoreTest.cases(stores)) it.live(name, () => test)
 *
 * @since 0.2.0
 * @category testing
 */
export const cases = <E>(
  make: Effect.Effect<readonly [TokenStore.Service, TokenStore.Service], E, Scope.Scope>
): ReadonlyArray<Case<E>> =>
  contract.map(([name, test]) => ({ name, test: Effect.scoped(Effect.flatMap(make, (both) => test(both))) }))

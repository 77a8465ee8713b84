import { describe, expect, it, vi } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import * as TokenStoreRedis from "effect-growthhub/TokenStoreRedis"
import type { Redis } from "ioredis"
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import * as RedisServer from "./redis.js"

const grant: TokenStore.Grant = {
  accessToken: Redacted.make("canary-access"),
  refreshToken: Redacted.make("canary-refresh"),
  expiresAt: DateTime.unsafeMake("2026-11-21T10:00:00Z"),
  scope: "contacts.readonly",
  locationId: "location"
}

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "growthhub-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

/** Two stores, as two processes see them. */
type Stores = Effect.Effect<readonly [TokenStore.Service, TokenStore.Service], TokenStore.TokenStoreError, Scope.Scope>

const stores: { readonly [name: string]: Stores } = {
  memory: Effect.map(TokenStore.makeMemory(), (store) => [store, store] as const),
  files: Effect.flatMap(directory, (path) =>
    Effect.all([TokenStoreFile.make({ directory: path }), TokenStoreFile.make({ directory: path })])
  ),
  Redis: Effect.gen(function* () {
    const { client } = yield* RedisServer.make(yield* directory)
    return [TokenStoreRedis.make({ client }), TokenStoreRedis.make({ client })] as const
  })
}

describe.each(Object.entries(stores))("a token store of %s", (name, make) => {
  const test = name === "Redis" && !RedisServer.isThere ? it.scopedLive.skip : it.scopedLive

  test("keeps a grant for each key, for everyone who shares it", () =>
    Effect.gen(function* () {
      const [one, other] = yield* make
      expect(yield* one.get("location")).toEqual(Option.none())
      yield* one.withLock("location", ({ set }) => set(grant))
      const kept = Option.getOrThrow(yield* other.get("location"))
      expect(TokenStore.encode(kept)).toBe(TokenStore.encode(grant))
      expect(yield* other.get("../location")).toEqual(Option.none())
      expect(yield* other.withLock("location", ({ get }) => get)).toEqual(yield* other.get("location"))
    }))

  test("lets one at a time change a grant, and the others see what became of it", () =>
    Effect.gen(function* () {
      const both = yield* make
      const numbered = (count: number) => ({ ...grant, scope: String(count) })
      yield* both[0].withLock("location", ({ set }) => set(numbered(0)))
      const increment = (store: TokenStore.Service) =>
        store.withLock("location", ({ get, set }) =>
          Effect.gen(function* () {
            const { scope } = Option.getOrThrow(yield* get)
            yield* Effect.sleep("2 millis")
            yield* set(numbered(Number(scope) + 1))
          })
        )
      yield* Effect.all(
        Array.from({ length: 10 }, (_, index) => increment(both[index % 2]!)),
        { concurrency: "unbounded" }
      )
      expect(Option.getOrThrow(yield* both[1].get("location")).scope).toBe("10")
    }))

  test("lets go whoever waits for a key and gives up, at once", () =>
    Effect.gen(function* () {
      const [one, other] = yield* make
      const inside = yield* Deferred.make<void>()
      yield* Effect.fork(
        one.withLock("location", () => Effect.zipRight(Deferred.succeed(inside, undefined), Effect.never))
      )
      yield* Deferred.await(inside)
      const waiting = yield* Effect.fork(other.withLock("location", ({ set }) => set(grant)))
      yield* Effect.sleep("5 millis")
      const [time] = yield* Effect.timed(Fiber.interrupt(waiting))
      expect(Duration.toSeconds(time)).toBeLessThan(5)
      expect(Option.isNone(yield* one.get("location"))).toBe(true)
    }))

  test("does not hold one key up for another, and frees it when its holder fails or is interrupted", () =>
    Effect.gen(function* () {
      const [one, other] = yield* make
      const inside = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(
        one.withLock("location", () => Effect.zipRight(Deferred.succeed(inside, undefined), Effect.never))
      )
      yield* Deferred.await(inside)
      yield* other.withLock("another", ({ set }) => set(grant))
      yield* Fiber.interrupt(holder)
      yield* Effect.flip(one.withLock("location", () => Effect.fail("no")))
      yield* other.withLock("location", ({ set }) => set(grant))
      expect(Option.isSome(yield* one.get("location"))).toBe(true)
    }))
})

describe("a token store of files", () => {
  const only = Effect.gen(function* () {
    const path = yield* directory
    const store = yield* TokenStoreFile.make({ directory: path })
    yield* store.withLock("location", ({ set }) => set(grant))
    return { path, store, file: join(path, "location.json") }
  })

  it.scopedLive("is for its owner's eyes only, and leaves nothing else behind", () =>
    Effect.gen(function* () {
      const { path, file } = yield* only
      const mode = yield* Effect.promise(() => stat(file).then((stats) => stats.mode & 0o777))
      expect(mode).toBe(0o600)
      expect(yield* Effect.promise(() => readdir(path))).toEqual(["location.json"])
    })
  )

  it.scopedLive("refuses a file that others can read, and says what to do", () =>
    Effect.gen(function* () {
      const { store, file } = yield* only
      yield* Effect.promise(() => chmod(file, 0o644))
      const error = yield* Effect.flip(store.get("location"))
      expect(error._tag).toBe("TokenStoreError")
      expect(error.message).toContain("chmod 600")
      expect(inspect(error)).not.toContain("canary")
    })
  )

  it.scopedLive("never overwrites what is no grant", () =>
    Effect.gen(function* () {
      const { store, file } = yield* only
      yield* Effect.promise(() => writeFile(file, '{"accessToken":"canary'))
      const error = yield* Effect.flip(store.get("location"))
      expect(error.message).toBe("What is kept in the token store is not a grant")
      expect(yield* Effect.promise(() => readFile(file, "utf8"))).toContain("canary")
    })
  )

  it.scopedLive("says that it cannot be written", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const file = join(path, "file")
      yield* Effect.promise(() => writeFile(file, ""))
      const error = yield* Effect.flip(TokenStoreFile.make({ directory: file }))
      expect(error.message).toMatch(/^The token store could not be made \(E\w+\)$/)
    })
  )
})

describe("a token store of Redis", () => {
  const live = RedisServer.isThere ? it.scopedLive : it.scopedLive.skip

  live("writes nothing for who has lost its lock, however late that comes", () =>
    Effect.gen(function* () {
      const { client } = yield* RedisServer.make(yield* directory)
      const [one, other] = [TokenStoreRedis.make({ client }), TokenStoreRedis.make({ client })]
      const theirs = { ...grant, scope: "theirs" }
      const error = yield* one.withLock("location", ({ set }) =>
        Effect.gen(function* () {
          // As if it had not been renewed in time.
          const locks = yield* Effect.promise(() => client.keys("*:lock"))
          expect(locks).toEqual(["{growthhub:location}:lock"])
          yield* Effect.promise(() => client.del(locks))
          return yield* other.withLock("location", (section) =>
            Effect.zipRight(section.set(theirs), Effect.flip(set(grant)))
          )
        })
      )
      expect(error.message).toBe("The lock of the token store has been lost")
      expect(Option.getOrThrow(yield* one.get("location")).scope).toBe("theirs")
      // Nor does it take the lock of who has it now with it.
      expect(yield* Effect.promise(() => client.keys("*:lock"))).toEqual([])
    })
  )

  it.live("renews its lock while it is held, whatever becomes of a renewal", () =>
    Effect.gen(function* () {
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
      const asked: Array<string> = []
      const client = {
        set: () => Promise.resolve("OK"),
        eval: (script: string) => {
          asked.push(/pexpire|del/.exec(script)?.[0] ?? "set")
          return asked.length === 1 ? Promise.reject(new Error("Connection is closed")) : Promise.resolve(1)
        }
      }
      const store = TokenStoreRedis.make({ client: client as unknown as Redis })
      yield* store.withLock("location", () => Effect.sync(() => vi.advanceTimersByTime(5000)))
      expect(asked).toEqual(["pexpire", "pexpire", "pexpire", "pexpire", "del"])
      vi.advanceTimersByTime(60_000)
      expect(asked).toHaveLength(5)
    }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())))
  )
})

it.skipIf(!RedisServer.isThere)("a token store of Redis that is away says so, without the grant", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { client } = yield* RedisServer.make(yield* directory)
        const store = TokenStoreRedis.make({ client })
        client.disconnect()
        const error = yield* Effect.flip(store.withLock("location", ({ set }) => set(grant)))
        expect(error.message).toBe("The token store could not be locked: is Redis there?")
        expect(inspect(error)).not.toContain("canary")
      })
    )
  )
)

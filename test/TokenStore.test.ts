import { describe, expect, it, vi } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import * as TokenStoreRedis from "effect-growthhub/TokenStoreRedis"
import * as TokenStoreTest from "effect-growthhub/TokenStoreTest"
import { Redis as Client, type Redis } from "ioredis"
import promises, { chmod, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"
import { inspect } from "node:util"
import { withTimeout } from "../src/runtime/timeout.js"
import { directory } from "./directory.js"
import * as RedisServer from "./redis.js"

const grant: TokenStore.Grant = {
  accessToken: Redacted.make("canary-access"),
  refreshToken: Redacted.make("canary-refresh"),
  expiresAt: DateTime.unsafeMake("2026-11-21T10:00:00Z"),
  scope: "contacts.readonly",
  locationId: "location"
}

/** Two stores on the same data, as in two processes. */
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
  const test = name === "Redis" && !RedisServer.isThere ? it.live.skip : it.live
  for (const one of TokenStoreTest.cases(make)) test(one.name, () => one.test)
})

/** Replaces a function of `node:fs/promises` until the scope closes. */
const replacing = <Name extends "readdir" | "stat">(
  name: Name,
  replacement: (original: (typeof promises)[Name]) => (path: string) => Promise<unknown>
) => {
  const original = promises[name]
  const set = (value: unknown) =>
    Effect.sync(() => {
      Object.assign(promises, { [name]: value })
      syncBuiltinESMExports()
    })
  return Effect.acquireRelease(set(replacement(original)), () => set(original))
}

describe("a token store of files", () => {
  const only = Effect.gen(function* () {
    const path = yield* directory
    const store = yield* TokenStoreFile.make({ directory: path })
    yield* store.withLock("location", ({ set }) => set(grant))
    return { path, store, file: join(path, "location.json") }
  })

  it.scopedLive("writes a grant with mode 600 and leaves no temporary files", () =>
    Effect.gen(function* () {
      const { path, file } = yield* only
      const mode = yield* Effect.promise(() => stat(file).then((stats) => stats.mode & 0o777))
      expect(mode).toBe(0o600)
      expect(yield* Effect.promise(() => readdir(path))).toEqual(["location.json"])
    })
  )

  it.scopedLive("does not overwrite a grant that another process wrote while this process was suspended", () =>
    Effect.gen(function* () {
      const { store, file } = yield* only
      const newer = TokenStore.encode({ ...grant, scope: "newer" })
      const error = yield* Effect.flip(
        store.withLock("location", ({ get, set }) =>
          Effect.gen(function* () {
            yield* get
            // Another process has taken the lock and written, and this process has not noticed it yet.
            yield* Effect.promise(() => writeFile(file, newer, { mode: 0o600 }))
            yield* set(grant)
          })
        )
      )
      expect(error.message).toBe("Another process has taken the lock of the token store; nothing was written")
      expect(yield* Effect.promise(() => readFile(file, "utf8"))).toBe(newer)
    })
  )

  it.scopedLive("does not remove a grant that another process wrote while this process was suspended", () =>
    Effect.gen(function* () {
      const { store, file } = yield* only
      const newer = TokenStore.encode({ ...grant, scope: "newer" })
      yield* replacing("readdir", (readdir) => async (path) => {
        // Another process has taken the lock and written, and this process has not noticed it yet.
        await writeFile(file, newer, { mode: 0o600 })
        return readdir(path)
      })
      const error = yield* Effect.flip(store.remove("location"))
      expect(error.message).toBe("Another process has taken the lock of the token store; nothing was written")
      expect(yield* Effect.promise(() => readFile(file, "utf8"))).toBe(newer)
    })
  )

  it.scopedLive("does not remove the lock of another process that has replaced its own", () =>
    Effect.gen(function* () {
      const { path, store } = yield* only
      const lock = join(path, "location.json.lock")
      yield* store.withLock("location", () =>
        Effect.promise(async () => {
          // The first lock is renamed and not removed, so that the new lock cannot get the same inode.
          await rename(lock, `${lock}.before`)
          await mkdir(lock)
        })
      )
      expect(yield* Effect.promise(() => readdir(path))).toContain("location.json.lock")
    })
  )

  it.scopedLive("releases a lock whose file cannot be examined", () =>
    Effect.gen(function* () {
      const { path, store } = yield* only
      yield* replacing(
        "stat",
        (stat) => (path) =>
          path.endsWith(".lock") ? Promise.reject(Object.assign(new Error(), { code: "EIO" })) : stat(path)
      )
      yield* store.withLock("location", ({ set }) => set(grant))
      expect(yield* Effect.promise(() => readdir(path))).toEqual(["location.json"])
    })
  )

  it.scopedLive("lists only the files of grants, and removes the temporary files of a removed grant", () =>
    Effect.gen(function* () {
      const { path, store } = yield* only
      for (const other of ["notes.txt", "location.json.1.tmp", "%zz.json", "a b.json"]) {
        yield* Effect.promise(() => writeFile(join(path, other), "canary"))
      }
      expect(yield* store.withLock("location", () => store.list)).toEqual(["location"])
      yield* store.remove("location")
      expect((yield* Effect.promise(() => readdir(path))).sort()).toEqual(["%zz.json", "a b.json", "notes.txt"])
    })
  )

  it.scopedLive("removes the temporary files of killed processes when it writes the same grant", () =>
    Effect.gen(function* () {
      const { path, store } = yield* only
      for (const left of ["location.json.3219876543", "location.json.0b1c-4f.tmp", "another.json.1.tmp"]) {
        yield* Effect.promise(() => writeFile(join(path, left), "canary"))
      }
      yield* store.withLock("location", ({ set }) => set(grant))
      expect(yield* Effect.promise(() => readdir(path))).toEqual(["another.json.1.tmp", "location.json"])
    })
  )

  it.scopedLive("treats a lock file with a time in the future as new, and logs a warning", () =>
    Effect.gen(function* () {
      const { path, store } = yield* only
      const lock = join(path, "location.json.lock")
      const future = new Date(Date.now() + 3_600_000)
      yield* Effect.promise(() => mkdir(lock).then(() => utimes(lock, future, future)))
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(inspect(message)))
      yield* store
        .withLock("location", ({ set }) => set({ ...grant, scope: "next" }))
        .pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      expect(Option.getOrThrow(yield* store.get("location")).scope).toBe("next")
      expect(lines).toHaveLength(1)
      expect(lines[0]).toContain("had a time in the future")
    })
  )

  it.scopedLive("accepts a file that its group can read only with allowGroup; the error names that option", () =>
    Effect.gen(function* () {
      const { path, store, file } = yield* only
      yield* Effect.promise(() => chmod(file, 0o660))
      const error = yield* Effect.flip(store.get("location"))
      expect(error.message).toContain("can be read by its group (mode 660)")
      expect(error.message).toContain("`allowGroup: true`")
      const shared = yield* TokenStoreFile.make({ directory: path, allowGroup: true })
      expect(Option.isSome(yield* shared.get("location"))).toBe(true)
      yield* shared.withLock("location", ({ set }) => set(grant))
      const mode = yield* Effect.promise(() => stat(file).then((stats) => stats.mode & 0o777))
      expect(mode, "for the next process of the group, whoever it runs as").toBe(0o660)
      yield* Effect.promise(() => chmod(file, 0o664))
      expect((yield* Effect.flip(shared.get("location"))).message).toContain("can be read by others (mode 664)")
    })
  )

  it.scopedLive("refuses a file that others can read; the error says what to do", () =>
    Effect.gen(function* () {
      const { store, file } = yield* only
      yield* Effect.promise(() => chmod(file, 0o644))
      const error = yield* Effect.flip(store.get("location"))
      expect(error._tag).toBe("TokenStoreError")
      expect(error.message).toContain("chmod 600")
      expect(inspect(error)).not.toContain("canary")
    })
  )

  it.scopedLive("fails to read a file that is not a grant, and replaces it only with a grant that is set", () =>
    Effect.gen(function* () {
      const { path, store, file } = yield* only
      yield* Effect.promise(() => writeFile(file, '{"accessToken":"canary'))
      const readThenSet = store.withLock("location", ({ get, set }) => Effect.zipRight(get, set(grant)))
      for (const failing of [store.get("location"), readThenSet]) {
        expect((yield* Effect.flip(failing)).message).toBe("The token store holds a value that is not a grant")
        expect(yield* Effect.promise(() => readFile(file, "utf8"))).toBe('{"accessToken":"canary')
      }
      expect(yield* Effect.promise(() => readdir(path))).toEqual(["location.json"])
      // A reconnect of the customer sets the new grant without reading the old one.
      yield* store.withLock("location", ({ set }) => set({ ...grant, scope: "reconnected" }))
      expect(Option.getOrThrow(yield* store.get("location")).scope).toBe("reconnected")
    })
  )

  it.scopedLive("fails with the system's error code if its directory cannot be created", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const file = join(path, "file")
      yield* Effect.promise(() => writeFile(file, ""))
      const error = yield* Effect.flip(TokenStoreFile.make({ directory: file }))
      expect(error.message).toMatch(/^The token store could not be created \(E\w+\)$/)
    })
  )
})

describe("an operation of a token store", () => {
  const later = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

  it.live("does not time out if it ended while its process was suspended", () =>
    Effect.gen(function* () {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
      let end = (_: string) => {}
      const ended = withTimeout(new Promise<string>((resolve) => (end = resolve)))
      // The timer fires 45 seconds late, before the result of the disk operation is read.
      const clock = vi.spyOn(performance, "now").mockReturnValue(55_000)
      vi.advanceTimersByTime(10_000)
      yield* later
      clock.mockRestore()
      end("done")
      expect(yield* Effect.promise(() => ended)).toBe("done")
    }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())))
  )

  it.live("times out if it does not end", () =>
    Effect.gen(function* () {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
      const ended = Effect.exit(Effect.tryPromise(() => withTimeout(new Promise<never>(() => {}))))
      const fiber = yield* Effect.fork(ended)
      yield* later
      vi.advanceTimersByTime(10_000)
      expect((yield* Fiber.join(fiber))._tag).toBe("Failure")
    }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())))
  )
})

describe("a token store of Redis", () => {
  const live = RedisServer.isThere ? it.scopedLive : it.scopedLive.skip

  live("writes nothing for a process that has lost its lock", () =>
    Effect.gen(function* () {
      const { client } = yield* RedisServer.make(yield* directory)
      const [one, other] = [TokenStoreRedis.make({ client }), TokenStoreRedis.make({ client })]
      const theirs = { ...grant, scope: "theirs" }
      const error = yield* one.withLock("location", ({ set }) =>
        Effect.gen(function* () {
          // The lock is removed, as if it had expired because it was not renewed in time.
          const locks = yield* Effect.promise(() => client.keys("*:lock"))
          expect(locks).toEqual(["{growthhub:location}:lock"])
          yield* Effect.promise(() => client.del(locks))
          return yield* other.withLock("location", (section) =>
            Effect.zipRight(section.set(theirs), Effect.flip(set(grant)))
          )
        })
      )
      expect(error.message).toBe("Another process has taken the lock of the token store; nothing was written")
      expect(Option.getOrThrow(yield* one.get("location")).scope).toBe("theirs")
      // No lock is left.
      expect(yield* Effect.promise(() => client.keys("*:lock"))).toEqual([])
    })
  )

  it.live("keeps a grant and its lock in one slot of a cluster, whatever the prefix and the key", () =>
    Effect.gen(function* () {
      const hashed = (key: string) => /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key
      for (const prefix of [undefined, "{app}:", "app}", "{app", "{}", "a{b}c{d}"]) {
        for (const key of ["location", "a{b}", "}{", "{}"]) {
          const keys: Array<string> = []
          const client = {
            set: (lock: string) => Promise.resolve(keys.push(lock) > 0 ? "OK" : null),
            eval: (_: string, count: number, ...args: Array<string>) =>
              Promise.resolve(keys.push(...args.slice(0, count)) && 1)
          }
          const store = TokenStoreRedis.make({ client: client as unknown as Redis, prefix })
          yield* store.withLock(key, ({ set }) => set(grant))
          expect(new Set(keys).size).toBe(2)
          expect(new Set(keys.map(hashed)).size, keys.join()).toBe(1)
        }
      }
    })
  )

  live("fails to read a value that is not a grant, and replaces it only with a grant that is set", () =>
    Effect.gen(function* () {
      const { client } = yield* RedisServer.make(yield* directory)
      const store = TokenStoreRedis.make({ client })
      yield* Effect.promise(() => client.set("growthhub:location", "canary"))
      const readThenSet = store.withLock("location", ({ get, set }) => Effect.zipRight(get, set(grant)))
      for (const failing of [store.get("location"), readThenSet]) {
        expect((yield* Effect.flip(failing)).message).toBe("The token store holds a value that is not a grant")
        expect(yield* Effect.promise(() => client.get("growthhub:location"))).toBe("canary")
      }
      yield* store.withLock("location", ({ set }) => set(grant))
      expect(Option.isSome(yield* store.get("location"))).toBe(true)
    })
  )

  live("lists only its grants, without locks, rate limits and the keys of other prefixes", () =>
    Effect.gen(function* () {
      const { client, socket } = yield* RedisServer.make(yield* directory)
      const prefixed = yield* Effect.acquireRelease(
        Effect.sync(() => new Client(socket, { keyPrefix: "app[1]:" })),
        (client) => Effect.sync(() => client.disconnect())
      )
      yield* Effect.promise(() => client.hset("growthhub:limit:{location}", "version", "1"))
      const stores = [
        TokenStoreRedis.make({ client }),
        TokenStoreRedis.make({ client, prefix: "{growthhub}:" }),
        TokenStoreRedis.make({ client, prefix: "growth*b:" }),
        TokenStoreRedis.make({ client: prefixed })
      ]
      for (const [index, store] of stores.entries()) {
        yield* store.withLock(`location${index}`, ({ set }) => Effect.zipRight(set(grant), store.list))
      }
      for (const [index, store] of stores.entries()) {
        const listed = yield* store.withLock("another", () => store.list)
        expect(listed).toEqual([`location${index}`])
      }
    })
  )

  live("removes nothing for a process that has lost its lock", () =>
    Effect.gen(function* () {
      const { client } = yield* RedisServer.make(yield* directory)
      const store = TokenStoreRedis.make({ client })
      yield* store.withLock("location", ({ set }) => set(grant))
      // Another process takes the lock between its acquisition and the removal.
      const robbed = new Proxy(client, {
        get: (target, name) =>
          name === "set"
            ? async (...args: Parameters<Redis["set"]>) => {
                const reply = await target.set(...args)
                await target.set(args[0], "another")
                return reply
              }
            : (Reflect.get(target, name, target) as unknown)
      })
      const error = yield* Effect.flip(TokenStoreRedis.make({ client: robbed }).remove("location"))
      expect(error.message).toBe("Another process has taken the lock of the token store; nothing was written")
      expect(Option.isSome(yield* store.get("location"))).toBe(true)
    })
  )

  live("fails with Redis's error code if Redis rejects a write", () =>
    Effect.gen(function* () {
      const { client } = yield* RedisServer.make(yield* directory)
      const store = TokenStoreRedis.make({ client })
      const write = store.withLock("location", ({ set }) =>
        Effect.zipRight(
          Effect.promise(() => client.config("SET", "maxmemory", "1")),
          set(grant)
        )
      )
      expect((yield* Effect.flip(write)).message).toBe("The token store could not be written: Redis responded OOM")
      yield* Effect.promise(() => client.config("SET", "maxmemory", "0"))
    })
  )

  it.live("renews its lock while it is held, even after a failed renewal", () =>
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

it.skipIf(!RedisServer.isThere)(
  "a token store of Redis fails without the grant in the error if Redis is unreachable",
  () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const { client } = yield* RedisServer.make(yield* directory)
          const store = TokenStoreRedis.make({ client })
          client.disconnect()
          const error = yield* Effect.flip(store.withLock("location", ({ set }) => set(grant)))
          expect(error.message).toBe("The token store could not be locked: Redis is unreachable or did not respond")
          expect(inspect(error)).not.toContain("canary")
        })
      )
    )
)

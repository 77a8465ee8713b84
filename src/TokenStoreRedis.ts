/**
 * A token store in Redis, for many machines.
 *
 * Needs `ioredis`.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Cluster, Redis } from "ioredis"
import { randomUUID } from "node:crypto"
import { type Lock, lockLost, removeLocked, withLock } from "./credentials/lock.js"
import { withTimeout } from "./runtime/timeout.js"
import * as TokenStore from "./TokenStore.js"

type Client = Redis | Cluster

/** The code at the start of a Redis error, such as `OOM` or `READONLY`. */
const codeOf = (error: unknown) =>
  error instanceof Error && error.name === "ReplyError" ? /^[A-Z]+(?= )/.exec(error.message)?.[0] : undefined

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: () => withTimeout(evaluate()),
    catch: (error) => {
      // The message has only the error's code, because the whole error may contain the command and thus the grant.
      const code = codeOf(error)
      const reason = code === undefined ? ": Redis is unreachable or did not respond" : `: Redis responded ${code}`
      return new TokenStore.TokenStoreError({ message: `The token store could not be ${what}${reason}` })
    }
  })

const read = (client: Client, key: string) =>
  Effect.flatMap(
    attempt("read", () => client.get(key)),
    (text) => (text === null ? Effect.succeedNone : Effect.map(TokenStore.decode(text), Option.some))
  )

/** The hash tag of a key, the text between its first braces: keys with the same hash tag are in the same cluster slot. */
const hashTag = /^[^{]*\{[^}]+\}/

/** The key of a lock, in the same cluster slot as the key of the grant. */
const lockKeyOf = (key: string) => (hashTag.test(key) ? `${key}:lock` : `{${key}}:lock`)

/** Encodes braces, because a part of a hash tag in a key would put the grant and its lock into different slots. */
const withoutBraces = (text: string) => text.replace(/[{}]/g, encodeURIComponent)

/** The expiry of a lock in milliseconds. Its process renews it four times in this time. */
const lockTimeout = 5000

/** A script that runs a command only if this holder still has the lock; a late command does nothing. */
const byHolder = (command: string) => `if redis.call('get', KEYS[1]) == ARGV[1] then ${command} end return 0`

const renewal = byHolder("return redis.call('pexpire', KEYS[1], ARGV[2])")
const release = byHolder("return redis.call('del', KEYS[1])")
const writing = byHolder("redis.call('set', KEYS[2], ARGV[2]) return 1")
const removal = byHolder("redis.call('del', KEYS[2]) return 1")

const ifHeld = (isDone: unknown) => (isDone === 1 ? Effect.void : Effect.fail(lockLost()))

const tryLock = (client: Client, key: string): Effect.Effect<Option.Option<Lock>, TokenStore.TokenStoreError> =>
  Effect.suspend(() => {
    const lock = lockKeyOf(key)
    const holder = randomUUID()
    const held = (): Lock => {
      // A failed renewal is ignored: the next one may succeed, and a write checks the lock.
      const renewing = setInterval(() => {
        client.eval(renewal, 1, lock, holder, lockTimeout).catch(() => undefined)
      }, lockTimeout / 4)
      return {
        grant: {
          get: read(client, key),
          set: (grant) =>
            Effect.flatMap(
              attempt("written", () => client.eval(writing, 2, lock, key, holder, TokenStore.encode(grant))),
              ifHeld
            ),
          remove: Effect.flatMap(
            attempt("written", () => client.eval(removal, 2, lock, key, holder)),
            ifHeld
          )
        },
        release: Effect.suspend(() => {
          clearInterval(renewing)
          // If the release fails, the lock expires.
          return Effect.ignore(attempt("unlocked", () => client.eval(release, 1, lock, holder)))
        })
      }
    }
    // A lock that is acquired after the timeout is not renewed and expires.
    return Effect.map(
      attempt("locked", () => client.set(lock, holder, "PX", lockTimeout, "NX")),
      (isLocked) => (isLocked === null ? Option.none() : Option.some(held()))
    )
  })

// --- listing -----------------------------------------------------------------------------------------------------------

/** Finds all keys that begin with a text, on every node. */
const keysFrom = async (client: Client, start: string): Promise<ReadonlySet<string>> => {
  // ioredis does not add the connection's `keyPrefix` to the pattern of SCAN.
  const own = client.options.keyPrefix ?? ""
  const pattern = `${(own + start).replace(/[\\*?[\]]/g, "\\$&")}*`
  const found = new Set<string>()
  for (const node of "nodes" in client ? client.nodes("master") : [client]) {
    let cursor = "0"
    do {
      const [next, keys] = await node.scan(cursor, "MATCH", pattern, "COUNT", 1000)
      for (const key of keys) found.add(key.slice(own.length))
      cursor = next
    } while (cursor !== "0")
  }
  return found
}

/** Whether a key is that of a grant. Other keys have braces after `start`, or end with `:lock` if `start` has a hash tag. */
const isGrantKey = (key: string, start: string) =>
  !/[{}]/.test(key.slice(start.length)) && !(hashTag.test(start) && key.endsWith(":lock"))

/**
 * The options of {@link layer}: the connection to Redis and the prefix of the keys.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The app's own connection to a Redis server or a cluster. The store does not close it. */
  readonly client: Client
  /** The prefix of all keys, `growthhub:` by default. It may contain a hash tag for a cluster, such as `{my-app}:`. */
  readonly prefix?: string | undefined
}

/**
 * A store over the app's own connection to Redis. Configure Redis to persist its data (`appendfsync always` or `everysec`) and
 * not to evict keys: a lost grant means that the customer must reconnect the app. In a cluster, a grant and its lock are in the
 * same slot.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): TokenStore.Service => {
  const { client, prefix = "growthhub:" } = options
  const start = hashTag.test(prefix) ? prefix : withoutBraces(prefix)
  const keyOf = (key: string) => start + withoutBraces(key)
  return {
    get: (key) => read(client, keyOf(key)),
    withLock: (key, use) => withLock(tryLock(client, keyOf(key)), use),
    list: Effect.map(
      attempt("read", () => keysFrom(client, start)),
      (keys) => [...keys].flatMap((key) => (isGrantKey(key, start) ? [key.slice(start.length)] : []))
    ),
    remove: (key) => removeLocked(tryLock(client, keyOf(key)))
  }
}

/**
 * {@link make} as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TokenStore.TokenStore> =>
  Layer.succeed(TokenStore.TokenStore, make(options))

/**
 * A token store in Redis, for many machines.
 *
 * Needs `ioredis`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Cluster, Redis } from "ioredis"
import { randomUUID } from "node:crypto"
import { type Lock, lockLost, removeLocked, withLock } from "./credentials/lock.js"
import { inTime } from "./internal/lock.js"
import * as TokenStore from "./TokenStore.js"

type Client = Redis | Cluster

/** The code that Redis puts before the text of its errors, such as `OOM` or `READONLY`. */
const codeOf = (error: unknown) =>
  error instanceof Error && error.name === "ReplyError" ? /^[A-Z]+(?= )/.exec(error.message)?.[0] : undefined

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: () => inTime(evaluate()),
    catch: (error) => {
      // Not the whole error: it may hold the command, and with it the grant.
      const code = codeOf(error)
      const reason = code === undefined ? ": is Redis there?" : `: Redis says ${code}`
      return new TokenStore.TokenStoreError({ message: `The token store could not be ${what}${reason}` })
    }
  })

const read = (client: Client, key: string) =>
  Effect.flatMap(
    attempt("read", () => client.get(key)),
    (text) => (text === null ? Effect.succeedNone : Effect.map(TokenStore.decode(text), Option.some))
  )

/** What a cluster hashes of a key that has one: the text between its first braces. */
const hashTag = /^[^{]*\{[^}]+\}/

/** The lock's key, in the cluster slot of the grant's key. */
const lockKeyOf = (key: string) => (hashTag.test(key) ? `${key}:lock` : `{${key}}:lock`)

/** Without braces of its own: a half of a hash tag would send the grant and its lock to two slots. */
const withoutBraces = (text: string) => text.replace(/[{}]/g, encodeURIComponent)

/** Milliseconds; the lock is renewed while its process lives. */
const lockTimeout = 5000

/** What only who has the lock may do with it: a command that comes late, when somebody else has it, does nothing. */
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
      // One that fails is made up for by the next one; where none comes in time, a write finds that out.
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
          // Where that fails, it ends by itself.
          return Effect.ignore(attempt("unlocked", () => client.eval(release, 1, lock, holder)))
        })
      }
    }
    // A lock that comes too late is not renewed, and ends by itself.
    return Effect.map(
      attempt("locked", () => client.set(lock, holder, "PX", lockTimeout, "NX")),
      (isLocked) => (isLocked === null ? Option.none() : Option.some(held()))
    )
  })

// --- listing -----------------------------------------------------------------------------------------------------------

/** All keys that begin with a text, of every node. */
const keysFrom = async (client: Client, start: string): Promise<ReadonlySet<string>> => {
  // SCAN alone does not add the connection's own prefix.
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

/** Not the keys of locks and rate limits: those have braces after the prefix, or end with `:lock` beside a grant. */
const isGrantKey = (key: string, start: string) =>
  !/[{}]/.test(key.slice(start.length)) && !(hashTag.test(start) && key.endsWith(":lock"))

/**
 * The connection of the store.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** A connection of the app's own, to one Redis or a cluster. It stays open. */
  readonly client: Client
  /** What all keys begin with, `growthhub:` by default. It may have a hash tag of a cluster, `{my-app}:`. */
  readonly prefix?: string | undefined
}

/**
 * A store on a connection of the app's own. Give Redis a persistence that survives a restart (`appendfsync always` or
 * `everysec`), and memory enough not to evict. In a cluster, a grant and its lock are in one slot.
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

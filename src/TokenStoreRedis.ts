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
import type { Redis } from "ioredis"
import { randomUUID } from "node:crypto"
import { type Lock, lockLost, withLock } from "./credentials/lock.js"
import { inTime } from "./internal/lock.js"
import * as TokenStore from "./TokenStore.js"

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: () => inTime(evaluate()),
    // Not the cause: it may hold the command, and with it the grant.
    catch: () => new TokenStore.TokenStoreError({ message: `The token store could not be ${what}: is Redis there?` })
  })

const read = (client: Redis, key: string) =>
  Effect.flatMap(
    attempt("read", () => client.get(key)),
    (text) => (text === null ? Effect.succeedNone : Effect.map(TokenStore.decode(text), Option.some))
  )

/** Milliseconds; the lock is renewed while its process lives. */
const lockTimeout = 5000

/** What only who has the lock may do with it: a command that comes late, when somebody else has it, does nothing. */
const byHolder = (command: string) => `if redis.call('get', KEYS[1]) == ARGV[1] then ${command} end return 0`

const renewal = byHolder("return redis.call('pexpire', KEYS[1], ARGV[2])")
const release = byHolder("return redis.call('del', KEYS[1])")
const writing = byHolder("redis.call('set', KEYS[2], ARGV[2]) return 1")

const tryLock = (client: Redis, key: string): Effect.Effect<Option.Option<Lock>, TokenStore.TokenStoreError> =>
  Effect.suspend(() => {
    // In the slot of a cluster that its key is in.
    const lock = `{${key}}:lock`
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
              (isWritten) => (isWritten === 1 ? Effect.void : Effect.fail(lockLost()))
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

/**
 * A store on a connection of the app's own, which stays open. Keys begin with `prefix`, `growthhub:` by default. Give Redis
 * a persistence that survives a restart (`appendfsync always` or `everysec`), and memory enough not to evict.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: { readonly client: Redis; readonly prefix?: string | undefined }): TokenStore.Service => {
  const { client, prefix = "growthhub:" } = options
  return {
    get: (key) => read(client, prefix + key),
    withLock: (key, use) => withLock(tryLock(client, prefix + key), use)
  }
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: {
  readonly client: Redis
  readonly prefix?: string | undefined
}): Layer.Layer<TokenStore.TokenStore> => Layer.succeed(TokenStore.TokenStore, make(options))

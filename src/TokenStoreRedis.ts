/**
 * A token store in Redis, for many machines.
 *
 * Needs `ioredis` and `redis-semaphore`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Redis } from "ioredis"
import { Mutex } from "redis-semaphore"
import * as TokenStore from "./TokenStore.js"

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: evaluate,
    // Not the cause: it may hold the command, and with it the grant.
    catch: () => new TokenStore.TokenStoreError({ message: `The token store could not be ${what}: is Redis there?` })
  })

/** Milliseconds. The lock is renewed while its process lives. */
const lock = { lockTimeout: 10_000, acquireTimeout: 60_000, retryInterval: 50 } as const

const exclusively = <A, E, R>(client: Redis, key: string, use: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.suspend(() => {
      const mutex = new Mutex(client, `${key}:lock`, { ...lock, onLockLost: () => undefined })
      return Effect.as(
        attempt("locked", () => mutex.acquire()),
        mutex
      )
    }),
    () => use,
    (mutex) => Effect.promise(() => mutex.release().catch(() => undefined))
  )

/**
 * A store on a connection of the app's own, which stays open. Keys begin with `prefix`, `growthhub:` by default. Give Redis
 * a persistence that survives a restart (`appendfsync always` or `everysec`), and memory enough not to evict.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: { readonly client: Redis; readonly prefix?: string | undefined }): TokenStore.Service => {
  const { client, prefix = "growthhub:" } = options
  const read = (key: string) =>
    Effect.flatMap(
      attempt("read", () => client.get(key)),
      (text) => (text === null ? Effect.succeedNone : Effect.map(TokenStore.decode(text), Option.some))
    )
  return {
    get: (key) => read(prefix + key),
    exclusive: (key, use) =>
      exclusively(
        client,
        prefix + key,
        Effect.suspend(() =>
          use({
            get: read(prefix + key),
            set: (grant) => Effect.asVoid(attempt("written", () => client.set(prefix + key, TokenStore.encode(grant))))
          })
        )
      )
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

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
import { exclusively, type Held, inTime } from "./internal/lock.js"
import * as TokenStore from "./TokenStore.js"

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: () => inTime(evaluate()),
    // Not the cause: it may hold the command, and with it the grant.
    catch: () => new TokenStore.TokenStoreError({ message: `The token store could not be ${what}: is Redis there?` })
  })

/** Milliseconds; the lock is renewed while its process lives. */
const lockTimeout = 5000

const tryLock = (client: Redis, key: string): Effect.Effect<Option.Option<Held>, TokenStore.TokenStoreError> =>
  Effect.suspend(() => {
    let isLost = false
    const onLockLost = () => {
      isLost = true
    }
    const mutex = new Mutex(client, `${key}:lock`, { lockTimeout, onLockLost })
    const held: Held = {
      release: Effect.promise(() => inTime(mutex.release()).catch(() => undefined)),
      isLost: () => isLost
    }
    return Effect.map(
      attempt("locked", () => mutex.tryAcquire()),
      (isAcquired) => (isAcquired ? Option.some(held) : Option.none())
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
  const read = (key: string) =>
    Effect.flatMap(
      attempt("read", () => client.get(key)),
      (text) => (text === null ? Effect.succeedNone : Effect.map(TokenStore.decode(text), Option.some))
    )
  const write = (key: string, grant: TokenStore.Grant) =>
    Effect.asVoid(attempt("written", () => client.set(key, TokenStore.encode(grant))))
  return {
    get: (key) => read(prefix + key),
    exclusive: (name, use) => {
      const key = prefix + name
      return exclusively(tryLock(client, key), { get: read(key), set: (grant) => write(key, grant) }, use)
    }
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

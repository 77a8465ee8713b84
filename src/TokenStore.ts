/**
 * A store for the grants of an OAuth app, in which one process at a time can change a grant.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * A grant, as a schema: the tokens of one installation of the app, and their expiry.
 *
 * @since 0.1.0
 * @category models
 */
export const Grant = Schema.Struct({
  /** The access token, which calls send as their bearer. */
  accessToken: Schema.Redacted(Schema.NonEmptyString),
  /** The refresh token, which is exchanged for the next pair of tokens. It works once. */
  refreshToken: Schema.Redacted(Schema.NonEmptyString),
  /** The time at which the vendor issued the access token, by the vendor's clock. */
  issuedAt: optional(Schema.DateTimeUtc),
  /** The time at which the access token expires, by the vendor's clock. */
  expiresAt: Schema.DateTimeUtc,
  /** The time by which the vendor's clock was ahead of the process that fetched the grant, in milliseconds. */
  clockSkew: optional(Schema.Number),
  /** The scopes of the grant, as the vendor spelt them. */
  scope: optional(Schema.String),
  /** Whether a `Location` or a `Company` (agency) installed the app. */
  userType: optional(Schema.String),
  /** The location that installed the app. */
  locationId: optional(Schema.String),
  /** The company (agency) that installed the app, or that the location belongs to. */
  companyId: optional(Schema.String),
  /**
   * The time at which a process started to exchange the refresh token, by the vendor's clock. Present during the exchange,
   * or if the process ended before it saved the new pair.
   */
  exchanging: optional(Schema.DateTimeUtc),
  /** A random id of the process that makes the exchange. */
  exchangingBy: optional(Schema.String)
})

/**
 * A grant: the tokens of one installation of the app, and their expiry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Grant extends Schema.Schema.Type<typeof Grant> {}

/**
 * A store could not be read or written, or a lock could not be acquired.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenStoreError extends Schema.TaggedError<TokenStoreError>("effect-growthhub/TokenStoreError")(
  "TokenStoreError",
  {
    /** A description of the failure and of the next step. It contains no token. */
    message: Schema.String
  }
) {}

/**
 * The grant of one key while no other process can change it.
 *
 * @since 0.2.0
 * @category models
 */
export interface LockedGrant {
  /** Reads the grant; `None` if there is none. Fails with `TokenStoreError` if it cannot be read. */
  readonly get: Effect.Effect<Option.Option<Grant>, TokenStoreError>
  /**
   * Stores the grant; succeeds when it is durable, for example flushed to the disk. Replaces a stored value that is not a
   * grant, so that a reconnect of the customer works. Fails with `TokenStoreError` if the grant cannot be stored, or if the
   * lock has been lost to another process.
   */
  readonly set: (grant: Grant) => Effect.Effect<void, TokenStoreError>
}

/**
 * A store of grants.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Reads a grant without its lock; `None` if there is none. Fails with `TokenStoreError` if it cannot be read. */
  readonly get: (key: string) => Effect.Effect<Option.Option<Grant>, TokenStoreError>
  /**
   * Runs `use` while holding the lock of the key. Only one process that shares the store can hold the lock at a time. Each
   * `set` must be visible to other processes at once, so `use` must not run in a transaction. Fails with `TokenStoreError`
   * if the lock cannot be acquired.
   */
  readonly withLock: <A, E, R>(
    key: string,
    use: (grant: LockedGrant) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | TokenStoreError, R>
  /**
   * The keys of the grants that are stored, in no order. `Credentials.authorizationCode` stores a record without tokens under
   * the client id, whose key is listed too. Fails with `TokenStoreError` if the store cannot be read.
   *
   * @since 0.2.0
   */
  readonly list: Effect.Effect<ReadonlyArray<string>, TokenStoreError>
  /**
   * Removes a grant; does nothing if there is none, so a repeat is safe. Waits for the lock of its key, so that no exchange
   * is interrupted halfway. Fails with `TokenStoreError` if the lock cannot be acquired or the store cannot be written.
   *
   * @since 0.2.0
   */
  readonly remove: (key: string) => Effect.Effect<void, TokenStoreError>
}

/**
 * The store of the grants of an app: {@link layerMemory}, `TokenStoreFile`, `TokenStoreRedis`, `TokenStoreSql`, or one of
 * your own.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenStore extends Context.Tag("effect-growthhub/TokenStore")<TokenStore, Service>() {}

const GrantJson = Schema.parseJson(Grant)

/**
 * Encodes a grant as the text that a store keeps. The text holds the tokens.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode: (grant: Grant) => string = Schema.encodeSync(GrantJson)

/**
 * Decodes the text of {@link encode}. Fails with {@link TokenStoreError} if it is not a grant, so that a refresh never
 * overwrites the data of another program.
 *
 * @since 0.1.0
 * @category encoding
 */
export const decode = (text: string): Effect.Effect<Grant, TokenStoreError> =>
  Effect.mapError(
    Schema.decode(GrantJson)(text),
    () => new TokenStoreError({ message: "The token store holds a value that is not a grant" })
  )

/**
 * A store in memory, for tests. The grants are lost when the process ends, and then the customers must reconnect the app.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (grants: Iterable<readonly [key: string, grant: Grant]> = []): Effect.Effect<Service> =>
  Effect.sync(() => {
    const stored = new Map(grants)
    const locks = new Map<string, Effect.Semaphore>()
    const lockOf = (key: string) => {
      const lock = locks.get(key) ?? Effect.unsafeMakeSemaphore(1)
      locks.set(key, lock)
      return lock
    }
    const get = (key: string) => Effect.sync(() => Option.fromNullable(stored.get(key)))
    return {
      get,
      withLock: (key, use) =>
        lockOf(key).withPermits(1)(
          Effect.suspend(() => use({ get: get(key), set: (grant) => Effect.sync(() => void stored.set(key, grant)) }))
        ),
      list: Effect.sync(() => [...stored.keys()]),
      remove: (key) => lockOf(key).withPermits(1)(Effect.sync(() => void stored.delete(key)))
    }
  })

/**
 * {@link makeMemory} as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (grants?: Iterable<readonly [key: string, grant: Grant]>): Layer.Layer<TokenStore> =>
  Layer.effect(TokenStore, makeMemory(grants))

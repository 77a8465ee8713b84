/**
 * Where the grants of an OAuth app are kept, and how one process at a time changes one.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * A grant as a store keeps it.
 *
 * @since 0.1.0
 * @category models
 */
export const Grant = Schema.Struct({
  /** The bearer of calls. */
  accessToken: Schema.Redacted(Schema.NonEmptyString),
  /** What the next pair of tokens is exchanged for. It works once. */
  refreshToken: Schema.Redacted(Schema.NonEmptyString),
  /** When the vendor issued the access token, by the vendor's clock. */
  issuedAt: optional(Schema.DateTimeUtc),
  /** When the access token ends, by the vendor's clock. */
  expiresAt: Schema.DateTimeUtc,
  /** How far the vendor's clock was ahead of the clock of the process that fetched the grant, in milliseconds. */
  clockSkew: optional(Schema.Number),
  /** The scopes of the grant, as the vendor wrote them. */
  scope: optional(Schema.String),
  /** `Location` or `Company`. */
  userType: optional(Schema.String),
  /** The location that installed the app. */
  locationId: optional(Schema.String),
  /** The company (agency) that installed the app, or that the location belongs to. */
  companyId: optional(Schema.String),
  /**
   * Since when the refresh token is being exchanged, by the vendor's clock. A process that finds this has not seen the end
   * of that exchange.
   */
  exchanging: optional(Schema.DateTimeUtc),
  /** The process that makes the exchange: an id that means nothing else. */
  exchangingBy: optional(Schema.String)
})

/**
 * A grant as a store keeps it: see the fields of the schema.
 *
 * @since 0.1.0
 * @category models
 */
export interface Grant extends Schema.Schema.Type<typeof Grant> {}

/**
 * A store that could not be read or written, or a lock that could not be had. The message says what to do; it holds no
 * token.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenStoreError extends Schema.TaggedError<TokenStoreError>("effect-growthhub/TokenStoreError")(
  "TokenStoreError",
  { message: Schema.String }
) {}

/**
 * The grant of one key while no other process can change it.
 *
 * @since 0.2.0
 * @category models
 */
export interface LockedGrant {
  /** Reads the grant; none where there is none. Fails with `TokenStoreError` where it cannot be read. */
  readonly get: Effect.Effect<Option.Option<Grant>, TokenStoreError>
  /**
   * Stores the grant; succeeds when it is stored for good, on disk for example. Fails with `TokenStoreError` where that is
   * not possible, or where another process may hold the lock by now.
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
  /** Reads a grant without its lock. Fails with `TokenStoreError` where it cannot be read. */
  readonly get: (key: string) => Effect.Effect<Option.Option<Grant>, TokenStoreError>
  /**
   * Uses a grant while no other process that shares the store can do the same for this key. Each `set` has to be visible to
   * others at once: do not wrap `use` in a transaction. Fails with `TokenStoreError` where the lock is not acquired.
   */
  readonly withLock: <A, E, R>(
    key: string,
    use: (grant: LockedGrant) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | TokenStoreError, R>
  /**
   * The keys of the grants that are stored, in no order. `Credentials.authorizationCode` stores a record without tokens under
   * the client id: its key is listed, too. Fails with `TokenStoreError` if the store cannot be read.
   *
   * @since 0.2.0
   */
  readonly list: Effect.Effect<ReadonlyArray<string>, TokenStoreError>
  /**
   * Removes a grant; does nothing if there is none, so a repeat is safe. Waits for the lock of its key, so that no exchange
   * that is under way is lost halfway. Fails with `TokenStoreError` if the lock cannot be acquired or the store not be written.
   *
   * @since 0.2.0
   */
  readonly remove: (key: string) => Effect.Effect<void, TokenStoreError>
}

/**
 * Where grants are kept: {@link layerMemory}, `TokenStoreFile`, `TokenStoreRedis`, or one of your own.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenStore extends Context.Tag("effect-growthhub/TokenStore")<TokenStore, Service>() {}

const GrantJson = Schema.parseJson(Grant)

/**
 * The text that a store keeps, and back. What is kept there and is no grant is a {@link TokenStoreError}: it is never
 * overwritten.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode: (grant: Grant) => string = Schema.encodeSync(GrantJson)

/**
 * @since 0.1.0
 * @category encoding
 */
export const decode = (text: string): Effect.Effect<Grant, TokenStoreError> =>
  Effect.mapError(
    Schema.decode(GrantJson)(text),
    () => new TokenStoreError({ message: "What is kept in the token store is not a grant" })
  )

/**
 * In memory: gone with the process, and with it every rotation. For tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (grants: Iterable<readonly [key: string, grant: Grant]> = []): Effect.Effect<Service> =>
  Effect.sync(() => {
    const kept = new Map(grants)
    const locks = new Map<string, Effect.Semaphore>()
    const lockOf = (key: string) => {
      const lock = locks.get(key) ?? Effect.unsafeMakeSemaphore(1)
      locks.set(key, lock)
      return lock
    }
    const get = (key: string) => Effect.sync(() => Option.fromNullable(kept.get(key)))
    return {
      get,
      withLock: (key, use) =>
        lockOf(key).withPermits(1)(
          Effect.suspend(() => use({ get: get(key), set: (grant) => Effect.sync(() => void kept.set(key, grant)) }))
        ),
      list: Effect.sync(() => [...kept.keys()]),
      remove: (key) => lockOf(key).withPermits(1)(Effect.sync(() => void kept.delete(key)))
    }
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (grants?: Iterable<readonly [key: string, grant: Grant]>): Layer.Layer<TokenStore> =>
  Layer.effect(TokenStore, makeMemory(grants))

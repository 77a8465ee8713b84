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

/**
 * A grant as it is kept.
 *
 * - `issuedAt`, `expiresAt`: when the access token was answered and when it ends, by the clock of the vendor.
 * - `exchanging`: since when its refresh token is being exchanged for the next one; a process that finds this here has not
 *   seen how that ended, and does it again.
 *
 * @since 0.1.0
 * @category models
 */
export const Grant = Schema.Struct({
  accessToken: Schema.Redacted(Schema.NonEmptyString),
  refreshToken: Schema.Redacted(Schema.NonEmptyString),
  issuedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  expiresAt: Schema.DateTimeUtc,
  scope: Schema.optionalWith(Schema.String, { exact: true }),
  userType: Schema.optionalWith(Schema.String, { exact: true }),
  locationId: Schema.optionalWith(Schema.String, { exact: true }),
  companyId: Schema.optionalWith(Schema.String, { exact: true }),
  exchanging: Schema.optionalWith(Schema.DateTimeUtc, { exact: true })
})

/**
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
 * What may be done with a grant while nobody else can.
 *
 * @since 0.1.0
 * @category models
 */
export interface LockedGrant {
  readonly get: Effect.Effect<Option.Option<Grant>, TokenStoreError>
  /** Succeeds when the grant is kept for good: on disk, say. */
  readonly set: (grant: Grant) => Effect.Effect<void, TokenStoreError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The grant as it is now, whoever may be changing it. */
  readonly get: (key: string) => Effect.Effect<Option.Option<Grant>, TokenStoreError>
  /** Does something while no other process that shares the store can do the same for this key. */
  readonly withLock: <A, E, R>(
    key: string,
    use: (grant: LockedGrant) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | TokenStoreError, R>
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
        )
    }
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (grants?: Iterable<readonly [key: string, grant: Grant]>): Layer.Layer<TokenStore> =>
  Layer.effect(TokenStore, makeMemory(grants))

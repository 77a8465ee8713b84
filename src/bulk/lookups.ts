// Lookups through a cache that concurrent callers share.
import type * as Cache from "effect/Cache"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Errors from "../Errors.js"
import type * as Schema from "../Schema.js"

type ContactCache = Cache.Cache<Schema.ContactId, Schema.Contact, Errors.ContactsError>

/** A running lookup. */
interface Lookup {
  readonly fiber: Fiber.Fiber<Schema.Contact, Errors.ContactsError>
  /** The number of callers that wait for the lookup. */
  waiting: number
}

const lookups = new WeakMap<ContactCache, Map<Schema.ContactId, Lookup>>()

/** Gets a contact from the cache. A failure is removed at once: with a zero time to live it would stay for a millisecond. */
const cached = (cache: ContactCache, id: Schema.ContactId) => Effect.tapError(cache.get(id), () => cache.invalidate(id))

/**
 * Gets a contact through the cache. The lookup has its own fiber, so that it continues if the caller that started it is
 * interrupted. The lookup is interrupted when its last caller is interrupted.
 */
export const getShared = (
  cache: ContactCache,
  id: Schema.ContactId
): Effect.Effect<Schema.Contact, Errors.ContactsError> =>
  Effect.acquireUseRelease(
    Effect.suspend(() => {
      const running = lookups.get(cache) ?? new Map<Schema.ContactId, Lookup>()
      lookups.set(cache, running)
      const lookup = running.get(id)
      if (lookup !== undefined) {
        lookup.waiting += 1
        return Effect.succeed({ running, lookup })
      }
      // Only the wait for the lookup is interruptible, not its start.
      return Effect.map(Effect.forkDaemon(Effect.interruptible(cached(cache, id))), (fiber) => {
        const lookup: Lookup = { fiber, waiting: 1 }
        running.set(id, lookup)
        return { running, lookup }
      })
    }),
    ({ lookup }) => Fiber.join(lookup.fiber),
    ({ running, lookup }) =>
      Effect.suspend(() => {
        lookup.waiting -= 1
        if (lookup.waiting > 0) return Effect.void
        running.delete(id)
        return Fiber.interrupt(lookup.fiber)
      })
  )

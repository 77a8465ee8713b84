// The order in which contacts are sent and outcomes are emitted.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { ContactUpsert } from "../Schema.js"
import type { Journal } from "./checkpoint.js"
import type { Outcome } from "./outcome.js"

/** The values by which the service may match a contact: its email, and the digits of its phone. */
export const identitiesOf = ({ email, phone }: ContactUpsert): ReadonlyArray<string> =>
  [
    ...(typeof email === "string" ? [email.trim().toLowerCase()] : []),
    ...(typeof phone === "string" ? [phone.replace(/\D/g, "")] : [])
  ].filter((identity) => identity !== "")

interface Turn {
  isOver: boolean
  over: Deferred.Deferred<void> | undefined
}

const awaitTurn = (turn: Turn) =>
  Effect.suspend(() => {
    if (turn.isOver) return Effect.void
    turn.over ??= Deferred.unsafeMake(FiberId.none)
    return Deferred.await(turn.over)
  })

/** Runs an effect after the effects that have an earlier turn. */
export type Queued = <E>(self: Effect.Effect<void, E>) => Effect.Effect<void, E>

/** Returns the identities of a contact. Two contacts of a list with a common identity count as the same contact. */
export type IdentitiesOf = (input: ContactUpsert) => ReadonlyArray<string>

/** Runs contacts with an identity in common one after the other, in the order in which they take their turns. */
export const makeTurns = (identities: IdentitiesOf): ((input: ContactUpsert) => Queued) => {
  const last = new Map<string, Turn>()
  return (input) => {
    const names = identities(input)
    const before = names.flatMap((name) => last.get(name) ?? [])
    const turn: Turn = { isOver: false, over: undefined }
    for (const name of names) last.set(name, turn)
    const end = Effect.suspend(() => {
      turn.isOver = true
      for (const name of names) if (last.get(name) === turn) last.delete(name)
      return turn.over === undefined ? Effect.void : Deferred.succeed(turn.over, undefined)
    })
    return (self) =>
      Effect.ensuring(
        before.length === 0 ? self : Effect.zipRight(Effect.forEach(before, awaitTurn, { discard: true }), self),
        end
      )
  }
}

/** Emits outcomes to the consumer. */
export interface Emitter {
  /** Emits an outcome, or holds it until the outcomes before it are emitted. */
  readonly emit: (outcome: Outcome) => Effect.Effect<unknown>
  /** Stops waiting for this contact: it is sent again later, and its outcome is emitted then. */
  readonly skip: (index: number) => Effect.Effect<unknown>
  /** Emits the outcomes that are held, when no other will come. */
  readonly flush: Effect.Effect<unknown>
}

type Offer = (outcome: Outcome) => Effect.Effect<unknown>

/** Emits each outcome at once. */
export const emitUnordered = (offer: Offer): Emitter => ({ emit: offer, skip: () => Effect.void, flush: Effect.void })

/** Emits outcomes in the order of the list. */
export const emitInOrder = (journal: Journal, offer: Offer): Effect.Effect<Emitter> =>
  Effect.map(Effect.makeSemaphore(1), (turn) => {
    const early = new Map<number, Outcome>()
    const skipped = new Set<number>()
    let next = 0
    const offerDue: Effect.Effect<void> = Effect.suspend(() => {
      while (journal.wasSettled(next) || (!early.has(next) && skipped.delete(next))) next += 1
      const outcome = early.get(next)
      if (outcome === undefined) return Effect.void
      early.delete(next)
      next += 1
      return Effect.zipRight(offer(outcome), offerDue)
    })
    return {
      emit: (outcome) =>
        turn.withPermits(1)(
          Effect.suspend(() => {
            if (outcome.index < next) return offer(outcome)
            early.set(outcome.index, outcome)
            return offerDue
          })
        ),
      skip: (index) =>
        turn.withPermits(1)(
          Effect.suspend(() => {
            if (index >= next) skipped.add(index)
            return offerDue
          })
        ),
      flush: Effect.suspend(() => {
        const left = Array.from(early.values()).sort((a, b) => a.index - b.index)
        return Effect.forEach(left, offer, { discard: true })
      })
    }
  })

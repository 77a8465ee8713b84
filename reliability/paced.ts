// A process of an app that makes many calls at once. It does as it is told by messages.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RateLimitRedis from "effect-growthhub/RateLimitRedis"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { ContactId } from "effect-growthhub/Schema"
import { Redis } from "ioredis"
import { endWithParent } from "./Child.js"
import * as Transports from "./Transports.js"

export interface Task {
  readonly url: string
  readonly token: string
  readonly calls: number
  /** How many of them are made at once: as one ends, the next begins. */
  readonly atOnce: number
  readonly transport: string
  /** What the service allows in so many milliseconds: limits that differ are not shared. */
  readonly limit: number
  readonly interval: number
  /** A Redis that the limit is shared through. */
  readonly socket?: string | undefined
}

export interface Paced {
  /** Milliseconds of the epoch. */
  readonly began: number
  readonly ended: number
  readonly succeeded: number
}

let connection: Redis | undefined

/** As an app has it, whatever it does: one connection. */
const connected = (socket: string) => (connection ??= new Redis(socket))

const limitOf = ({ socket, limit, interval }: Task): Layer.Layer<RateLimit.RateLimit> =>
  socket === undefined
    ? RateLimit.layer()
    : RateLimitRedis.layer({ client: connected(socket), prefix: `growthhub:${limit}:${interval}:` })

const perform = (task: Task): Effect.Effect<Paced> =>
  Effect.gen(function* () {
    const { url, token, calls, atOnce, transport } = task
    const http = yield* Effect.promise(() => Transports.load(transport))
    return yield* Effect.gen(function* () {
      const contacts = yield* ContactsService
      const began = Date.now()
      const results = yield* Effect.replicateEffect(Effect.either(contacts.getContact(ContactId.make("lead"))), calls, {
        concurrency: atOnce
      })
      return { began, ended: Date.now(), succeeded: results.filter(Either.isRight).length }
    }).pipe(
      Effect.provide(
        ContactsService.layer({ baseUrl: url, token: Redacted.make(token) }).pipe(
          Layer.provide(http),
          Layer.provide(limitOf(task)),
          Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.make({ deadline: "2 minutes" })))
        )
      )
    )
  })

endWithParent()
process.on("message", (task: Task) => {
  void Effect.runPromise(perform(task)).then((paced) => process.send?.(paced))
})
process.send?.({ isReady: true })

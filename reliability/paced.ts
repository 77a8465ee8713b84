// An app process that makes many calls at once, for each task that it receives as a message.
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
  /** The number of calls at a time: as one call ends, the next one begins. */
  readonly atOnce: number
  readonly transport: string
  /** The number of requests that the service allows in `interval` milliseconds. Different limits are not shared. */
  readonly limit: number
  readonly interval: number
  /** The socket of a Redis that the limit is shared through. */
  readonly socket?: string | undefined
}

export interface Paced {
  /** The start of the first call, in milliseconds of the epoch, like `ended`. */
  readonly began: number
  readonly ended: number
  readonly succeeded: number
}

let connection: Redis | undefined

/** The one Redis connection of the process, as in an app. */
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

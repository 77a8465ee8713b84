// A process that makes many concurrent calls through the rate limiter of another library, which is used as its README
// describes. The argument is the name of the library. Messages from the parent start the calls.
import sdk from "@gohighlevel/api-client"
import Bottleneck from "bottleneck"
import * as RateLimiter from "@effect/experimental/RateLimiter"
import * as RateLimiterRedis from "@effect/experimental/RateLimiter/Redis"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Redis } from "ioredis"

/** A call without retries: it fails after a 429. */
const getting = ({ url, token }) => {
  const headers = { authorization: `Bearer ${token}`, version: "2021-07-28", accept: "application/json" }
  return async () => {
    const response = await fetch(`${url}/contacts/lead`, { headers })
    if (!response.ok) throw new Error(String(response.status))
    return response.json()
  }
}

const rivals = {
  sdk: ({ url, token }) => {
    sdk.HighLevel.BASE_URL = url
    const client = new sdk.HighLevel({ privateIntegrationToken: token, logLevel: "none", rateLimitRetry: true })
    return () => client.contacts.getContact({ contactId: "lead" })
  },
  bottleneck: (task) => {
    const { limit, interval, socket } = task
    const limiter = new Bottleneck({
      reservoir: limit,
      reservoirRefreshAmount: limit,
      reservoirRefreshInterval: interval,
      ...(socket === undefined
        ? {}
        : { id: `contacts:${limit}:${interval}`, datastore: "ioredis", clientOptions: { path: socket }, Redis })
    })
    const get = getting(task)
    return () => limiter.schedule(get)
  },
  experimental: (task) => {
    const { limit, interval, socket } = task
    const store = socket === undefined ? RateLimiter.layerStoreMemory : RateLimiterRedis.layerStore({ path: socket })
    const runtime = ManagedRuntime.make(Layer.provide(RateLimiter.layer, store))
    const get = getting(task)
    return () =>
      runtime.runPromise(
        Effect.flatMap(RateLimiter.makeWithRateLimiter, (withLimiter) =>
          Effect.tryPromise(get).pipe(
            withLimiter({
              key: `contacts:${limit}:${interval}`,
              limit,
              window: interval,
              algorithm: "token-bucket",
              onExceeded: "delay"
            })
          )
        )
      )
  }
}

const make = rivals[process.argv[2]]
process.once("disconnect", () => process.exit())
process.on("message", async (task) => {
  const call = make(task)
  let begun = 0
  let succeeded = 0
  const lane = async () => {
    while (begun < task.calls) {
      begun += 1
      await call().then(
        () => (succeeded += 1),
        () => {}
      )
    }
  }
  const began = Date.now()
  await Promise.all(Array.from({ length: task.atOnce }, lane))
  process.send({ began, ended: Date.now(), succeeded })
})
process.send({ isReady: true })

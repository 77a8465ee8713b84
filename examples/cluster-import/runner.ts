// A runner of the cluster. Start as many as you like, on any number of machines. A runner can be killed at any moment.
//
//   DATABASE_URL=postgres://… REDIS_URL=redis://… GROWTHHUB_TOKEN=pit-… HOST=10.0.0.7 PORT=34431 \
//     npx tsx examples/cluster-import/runner.ts
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RateLimitRedis from "effect-growthhub/RateLimitRedis"
import { Redis } from "ioredis"
import * as Import from "./Import.js"

/** One rate limit for all runners. */
const Limit = Layer.unwrapScoped(
  Effect.gen(function* () {
    const url = yield* Config.string("REDIS_URL")
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new Redis(url)),
      (client) => Effect.sync(() => client.disconnect())
    )
    // Wait until Redis is reachable. Without Redis, each runner would start with the whole rate limit.
    yield* Effect.promise(() => client.ping())
    return RateLimitRedis.layer({ client })
  })
)

const Contacts = ContactsService.layerConfig().pipe(Layer.provide([FetchHttpClient.layer, Limit]))

const main = Import.ChunkLive.pipe(
  Layer.provide(Import.RunnerEngine),
  Layer.provide(Contacts),
  Layer.provide(Import.Migrated),
  Layer.provide(Import.Database)
)

NodeRuntime.runMain(Layer.launch(main))

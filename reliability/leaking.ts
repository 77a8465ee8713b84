// A process that makes very many calls, and then sends its heap, listeners and sockets at ten checkpoints. Arguments: the
// URL, the number of calls, the transport.
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactId } from "effect-growthhub/Schema"
import { endWithParent } from "./Child.js"
import { collector } from "./Heap.js"
import type { ResourceUsage } from "./Leaks.js"
import * as Transports from "./Transports.js"

const [url = "", calls = "0", transport = "fetch"] = process.argv.slice(2)

const collect = collector()

const checkpoints = 10

/** Makes one call; every hundredth call is interrupted while it is in flight. */
const call = (index: number) =>
  Effect.gen(function* () {
    const contacts = yield* ContactsService
    const get = Effect.either(contacts.getContact(ContactId.make("lead")))
    if (index % 100 !== 0) return yield* get
    const fiber = yield* Effect.fork(get)
    yield* Effect.yieldNow()
    return yield* Fiber.interrupt(fiber)
  })

const held = Effect.gen(function* () {
  // The pause is for resources that are still being released.
  yield* Effect.sleep("200 millis")
  collect()
  collect()
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length
  const state: ResourceUsage = { heap: process.memoryUsage().heapUsed, listeners, sockets }
  return state
})

const program = Effect.gen(function* () {
  const count = Math.ceil(Number(calls) / checkpoints)
  const all: Array<ResourceUsage> = []
  for (let checkpoint = 0; checkpoint < checkpoints; checkpoint += 1) {
    yield* Effect.forEach(Array.from({ length: count }).keys(), call, { concurrency: 32, discard: true })
    all.push(yield* held)
  }
  process.send?.(all)
})

endWithParent()
const http = await Transports.load(transport)
const token = Redacted.make("pit-leaking")
void Effect.runPromise(Effect.provide(program, Layer.provide(ContactsService.layer({ baseUrl: url, token }), http)))

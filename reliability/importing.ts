// A process that upserts very many generated contacts until it is done or killed. It sends its progress and the size of its
// heap as messages. Arguments: URL, token, location, directory of the checkpoint, number of contacts, step, transport.
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RateLimit from "effect-growthhub/RateLimit"
import type { ContactUpsert, LocationId } from "effect-growthhub/Schema"
import { endWithParent } from "./Child.js"
import { collector } from "./Heap.js"
import * as Transports from "./Transports.js"

/** The number of contacts that this process had settled at a time, and the size of its heap then. */
export interface Step {
  readonly at: number
  readonly settled: number
  readonly heap: number
}

export type ProgressMessage = { readonly began: number } | Step | { readonly counts: ContactsBulk.Progress["counts"] }

const [url = "", token = "", location = "", directory = "", count = "0", step = "1", transport = "fetch"] =
  process.argv.slice(2)

const collect = collector()

const contact = (index: number): ContactUpsert => ({
  locationId: location as LocationId,
  email: `lead-${index}@example.com`,
  firstName: `Lead ${index}`
})

const tell = (told: ProgressMessage) => process.send?.(told)

/** The number of contacts between two steps. */
const stride = Number(step)

const program = Effect.gen(function* () {
  const store = yield* KeyValueStore.KeyValueStore
  const checkpoint = { store, name: "bulk", source: count }
  const contacts = Stream.map(Stream.range(0, Number(count) - 1), contact)
  let settled = 0
  tell({ began: Date.now() })
  yield* Stream.runForEach(ContactsBulk.upsertMany(contacts, { checkpoint }), () =>
    Effect.sync(() => {
      settled += 1
      if (settled % stride !== 0) return
      collect()
      tell({ at: Date.now(), settled, heap: process.memoryUsage().heapUsed })
    })
  )
  const progress = yield* Effect.flatten(ContactsBulk.progress(checkpoint))
  tell({ counts: progress.counts })
})

endWithParent()
const http = await Transports.load(transport)
const service = ContactsService.layer({ baseUrl: url, token: Redacted.make(token) }).pipe(
  Layer.provide(http),
  Layer.provideMerge(RateLimit.layer())
)
const store = KeyValueStore.layerFileSystem(directory).pipe(Layer.provide(NodeContext.layer))
void Effect.runPromise(Effect.provide(program, Layer.merge(service, store))).then(
  () => process.disconnect(),
  (error: unknown) => {
    process.stderr.write(String(error))
    process.exit(1)
  }
)

// A process that reads very many contacts by search, and then sends the sizes of its heap along the way. Arguments: URL,
// token, location, number of contacts (with the ids `contact0`, `contact1` and so on), transport.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import { LocationId } from "effect-growthhub/Schema"
import { endWithParent } from "./Child.js"
import { collector } from "./Heap.js"
import { layerUnlimited } from "./Judge.js"
import type { SearchResult } from "./Search.js"
import * as Transports from "./Transports.js"

const [url = "", token = "", location = "", count = "0", transport = "fetch"] = process.argv.slice(2)

const collect = collector()

const steps = 20
const stride = Math.ceil(Number(count) / steps)

/** The number of times that each contact was found. The array has a fixed size, so that it does not count as growth. */
const seen = new Uint8Array(Number(count))

const program = Effect.gen(function* () {
  const heaps: Array<number> = []
  let found = 0
  yield* Stream.runForEach(ContactsBulk.searchAll({ locationId: LocationId.make(location) }), ({ id }) =>
    Effect.sync(() => {
      const index = Number(id.slice("contact".length))
      seen[index] = Math.min(255, (seen[index] ?? 0) + 1)
      found += 1
      if (found % stride !== 0) return
      collect()
      heaps.push(process.memoryUsage().heapUsed)
    })
  )
  const missed = seen.reduce((sum, times) => sum + (times === 0 ? 1 : 0), 0)
  const repeated = found - (seen.length - missed)
  process.send?.({ heaps, missed, repeated } satisfies SearchResult)
})

endWithParent()
const http = await Transports.load(transport)
const service = ContactsService.layer({ baseUrl: url, token: Redacted.make(token) }).pipe(
  Layer.provide(http),
  Layer.provide(layerUnlimited)
)
void Effect.runPromise(Effect.provide(program, service)).catch((error: unknown) => {
  process.stderr.write(String(error))
  process.exit(1)
})

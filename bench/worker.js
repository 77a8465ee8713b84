// A process that runs one client. Messages from the parent give the number of calls and how many of them are concurrent.
import { PerformanceObserver } from "node:perf_hooks"
import { bulkClients, clients } from "./clients.js"

const [name, url] = process.argv.slice(2)
const run = await { ...clients, ...bulkClients }[name](url)

let collections = 0
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ["gc"] })

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

process.once("disconnect", () => process.exit())
process.on("message", async ({ operation, calls, atOnce }) => {
  const times = []
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 20))
  collections = 0
  const heap = process.memoryUsage().heapUsed
  const began = performance.now()
  const cpu = process.cpuUsage()
  await run(operation, calls, atOnce, (time) => times.push(time))
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - began) / 1000
  const allocated = process.memoryUsage().heapUsed - heap
  await new Promise((resolve) => setTimeout(resolve, 20))
  times.sort((a, b) => a - b)
  process.send({
    cpu: (user + system) / times.length,
    rate: times.length / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    // Undefined if garbage was collected during the round, because the difference of the heap is then too small.
    allocated: collections === 0 ? allocated / times.length : undefined
  })
})
process.send("ready")

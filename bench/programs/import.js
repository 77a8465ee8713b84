// Measures the cost of importing some modules after others are loaded, in milliseconds and bytes of heap.
const [has, adds] = process.argv.slice(2).map((list) => JSON.parse(list))

for (const module of has) await import(module)
globalThis.gc()
const heap = process.memoryUsage().heapUsed
const began = performance.now()
for (const module of adds) await import(module)
const millis = performance.now() - began
globalThis.gc()
process.stdout.write(JSON.stringify({ millis, bytes: process.memoryUsage().heapUsed - heap }))
process.exit()

// npm run bench: what a call costs, beside the rivals, in the same run. See README.md.
import { fork } from "node:child_process"
import { parseArgs } from "node:util"
import { clients } from "./clients.js"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    calls: { type: "string", default: "3000" },
    only: { type: "string" },
    operations: { type: "string", default: "get,update,upsert" },
    crowds: { type: "string", default: "1,16,64" }
  }
})
const rounds = Number(options.rounds)
const calls = Number(options.calls)
const names = Object.keys(clients).filter(
  (name) => options.only === undefined || options.only.split(",").includes(name)
)
const operations = options.operations.split(",")
const crowds = options.crowds.split(",").map(Number)

const tell = (what) => process.stderr.write(`${what}\n`)

const answer = (child, question) =>
  new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`ended with ${code}`))
    child.once("exit", ended)
    child.once("message", (message) => {
      child.off("exit", ended)
      resolve(message)
    })
    if (question !== undefined) child.send(question)
  })

const started = (file, args, execArgv = []) => {
  const child = fork(new URL(file, import.meta.url), args, { execArgv })
  return answer(child).then((message) => ({ child, message }))
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** Room for what a round allocates, so that nothing is collected where bytes are counted. */
const roomy = ["--max-semi-space-size=512", "--min-semi-space-size=512", "--expose-gc"]

const { child: server, message: url } = await started("./server.js", [])

/** Each client in turn, round by round: what the machine does meanwhile happens to all of them. */
const measure = async (operation, atOnce, calls) => {
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = -1; round < rounds; round += 1) {
    for (const name of names) {
      const sample = await answer(workers[name], { operation, calls, atOnce })
      // The first one compiles.
      if (round >= 0) samples[name].push(sample)
    }
  }
  const of = (name, field) => samples[name].map((sample) => sample[field])
  return Object.fromEntries(
    names.map((name) => {
      const cpu = of(name, "cpu")
      return [
        name,
        {
          cpu: median(cpu),
          from: Math.min(...cpu),
          to: Math.max(...cpu),
          rate: median(of(name, "rate")),
          p50: median(of(name, "p50")),
          p99: median(of(name, "p99"))
        }
      ]
    })
  )
}

const workers = {}
for (const name of names) workers[name] = (await started("./worker.js", [name, url])).child
const measured = {}
for (const operation of operations) {
  for (const atOnce of operation === "get" ? crowds : [16]) {
    tell(`${operation}, ${atOnce} at once`)
    measured[`${operation} ${atOnce}`] = await measure(operation, atOnce, atOnce === 1 ? Math.ceil(calls / 3) : calls)
  }
}
for (const child of Object.values(workers)) child.disconnect()

tell("bytes allocated")
const allocated = {}
for (const name of names) {
  const { child } = await started("./worker.js", [name, url], roomy)
  const found = []
  for (let round = 0; round < 4; round += 1) {
    found.push((await answer(child, { operation: "get", calls: 1600, atOnce: 16 })).allocated)
  }
  allocated[name] = median(found.slice(1).filter((bytes) => bytes !== undefined))
  child.disconnect()
}
server.disconnect()

const get = measured["get 16"] ?? {}
const ratio = (one, another, field = "cpu") =>
  get[one] && get[another] ? Number((get[one][field] / get[another][field]).toFixed(3)) : undefined
const figures = {
  cpuPerCallOverOfficialSdk: ratio("ours", "official SDK"),
  cpuPerCallOverUndici: ratio("ours", "undici"),
  cpuPerCallOverUndiciWithZod: ratio("ours", "undici + zod"),
  cpuPerCallOverOfficialSdkOnFetch: ratio("ours on fetch", "official SDK"),
  bytesPerCall: Math.round(allocated["ours"] ?? 0)
}

const rpad = (text, width) => String(text).padStart(width)
const lines = Object.entries(measured).flatMap(([title, table]) => [
  "",
  `${title.replace(" ", ", ")} at once`.padEnd(24) +
    ["CPU µs", "(from–to)", "ratio", "calls/s", "p50 ms", "p99 ms"].map((name) => rpad(name, 12)).join(""),
  ...names.map((name) => {
    const { cpu, from, to, rate, p50, p99 } = table[name]
    const over = table["official SDK"] === undefined ? "" : (cpu / table["official SDK"].cpu).toFixed(2)
    const cells = [
      cpu.toFixed(0),
      `${from.toFixed(0)}–${to.toFixed(0)}`,
      over,
      rate.toFixed(0),
      p50.toFixed(2),
      p99.toFixed(2)
    ]
    return name.padEnd(24) + cells.map((cell) => rpad(cell, 12)).join("")
  })
])
const bytes = [
  "",
  "get, bytes allocated",
  ...names.map((name) => `${name.padEnd(24)}${rpad(Math.round(allocated[name] ?? NaN), 12)}`)
]

if (options.json) console.log(JSON.stringify(figures))
else console.log([...lines, ...bytes, "", JSON.stringify(figures, null, 2)].join("\n"))

// npm run bench: measures the cost of a call of this library and of other clients, in the same run. See README.md.
import { fork } from "node:child_process"
import { writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { bulkClients, clients } from "./clients.js"
import { picture } from "./picture.js"
import { median } from "./statistics.js"

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    calls: { type: "string", default: "4000" },
    only: { type: "string" },
    parts: { type: "string", default: "calls,bytes,startup,decoding,bulk" },
    operations: { type: "string", default: "get,update,upsert" },
    crowds: { type: "string", default: "1,16,64" },
    picture: { type: "string" },
    "at-most-bytes": { type: "string", default: "Infinity" }
  }
})
const rounds = Number(options.rounds)
const calls = Number(options.calls)
const parts = options.parts.split(",")
const operations = options.operations.split(",")
const crowds = options.crowds.split(",").map(Number)
const isAsked = (name) => options.only === undefined || options.only.split(",").includes(name)
const names = Object.keys(clients).filter(isAsked)

/** The number of warm-up rounds, in which V8 compiles the code. They do not count. */
const warmUps = 2

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

/** The options of Node with which no garbage is collected while bytes are counted: a large young generation. */
const roomy = ["--max-semi-space-size=512", "--min-semi-space-size=512", "--expose-gc"]

const { child: server, message: url } = await started("./server.js", [])

/** Measures each client in turn, round by round, so that other load on the machine affects all of them. */
const measure = async (workers, count, question) => {
  const samples = Object.fromEntries(Object.keys(workers).map((name) => [name, []]))
  for (let round = -warmUps; round < count; round += 1) {
    for (const [name, { child }] of Object.entries(workers)) {
      const sample = await answer(child, round < 0 ? { ...question, calls: Math.min(question.calls, calls) } : question)
      if (round >= 0) samples[name].push(sample)
    }
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, found]) => {
      const of = (field) => found.map((sample) => sample[field])
      const fields = ["cpu", "rate", "p50", "p99"].map((field) => [field, median(of(field))])
      return [name, { ...Object.fromEntries(fields), from: Math.min(...of("cpu")), to: Math.max(...of("cpu")) }]
    })
  )
}

const withWorkers = async (names, use) => {
  const workers = {}
  for (const name of names) workers[name] = await started("./worker.js", [name, url])
  const found = await use(workers)
  for (const { child } of Object.values(workers)) child.disconnect()
  return found
}

const measured = {}
if (parts.includes("calls")) {
  await withWorkers(names, async (workers) => {
    for (const operation of operations) {
      for (const atOnce of operation === "get" ? crowds : [16]) {
        tell(`${operation}, ${atOnce} at once`)
        const question = { operation, atOnce, calls: atOnce === 1 ? Math.ceil(calls / 3) : calls }
        measured[`${operation} ${atOnce}`] = await measure(workers, rounds, question)
      }
    }
  })
}

const allocated = {}
if (parts.includes("bytes")) {
  tell("bytes allocated")
  for (const name of names) {
    const { child } = await started("./worker.js", [name, url], roomy)
    const found = []
    for (let round = 0; round < 5; round += 1) {
      found.push((await answer(child, { operation: "get", calls: 1600, atOnce: 16 })).allocated)
    }
    allocated[name] = median(found.slice(2).filter((bytes) => bytes !== undefined))
    child.disconnect()
  }
}

let startup, bundles
if (parts.includes("startup")) {
  tell("imports, bundles")
  const { bundled, imports } = await import("./startup.js")
  startup = await imports(rounds + 2)
  bundles = await bundled(rounds + 2, url)
}

let decoded
if (parts.includes("decoding")) {
  tell("decoding")
  const { decoding } = await import("./decoding.js")
  decoded = await decoding(rounds)
}

let bulk
if (parts.includes("bulk")) {
  tell("bulk, 100,000 upserts")
  const question = { operation: "upsert", atOnce: 16, calls: 100_000 }
  bulk = await withWorkers(Object.keys(bulkClients), (workers) => measure(workers, 1, question))
}
server.disconnect()

const get = measured["get 16"] ?? {}
const over = (one, another) => (one > 0 && another > 0 ? Number((one / another).toFixed(3)) : undefined)
const cpu = (one, another) => over(get[one]?.cpu, get[another]?.cpu)
const figures = {
  cpuPerCallOverOfficialSdk: cpu("ours", "official SDK"),
  cpuPerCallOverUndici: cpu("ours", "undici"),
  cpuPerCallOverUndiciWithZod: cpu("ours", "undici + zod"),
  cpuPerCallOverOfficialSdkOnFetch: cpu("ours on fetch", "official SDK"),
  cpuPerCallOverOfficialSdkOnFetchHttpClient: cpu("ours on FetchHttpClient", "official SDK"),
  bytesPerCall: allocated["ours"] && Math.round(allocated["ours"]),
  addedImportMsOverOfficialSdk: over(startup?.ours.millis, startup?.["official SDK"].millis),
  bundledStartMsOverOfficialSdk: over(bundles?.ours.millis, bundles?.["official SDK"].millis),
  bundleGzipOverOfficialSdk: over(bundles?.ours.gzip, bundles?.["official SDK"].gzip),
  bulkCpuOverPromisePoolOnUndici: over(bulk?.["ours, bulk"].cpu, bulk?.["undici, bulk"].cpu)
}

const cells = (texts) => texts.map((text) => String(text).padStart(12)).join("")
const row = (name, ...texts) => `${name.padEnd(32)}${cells(texts)}`
const table = (title, columns, rows) => (rows.length === 0 ? [] : ["", row(title, ...columns), ...rows])

const lines = [
  ...Object.entries({ ...measured, ...(bulk && { "bulk upsert 16": bulk }) }).flatMap(([title, found]) =>
    table(
      `${title.replace(/ (?=\d)/, ", ")} at once`,
      ["CPU µs", "(from–to)", "ratio", "calls/s", "p50 ms", "p99 ms"],
      Object.entries(found).map(([name, { cpu, from, to, rate, p50, p99 }]) =>
        row(
          name,
          cpu.toFixed(0),
          `${from.toFixed(0)}–${to.toFixed(0)}`,
          over(cpu, found["official SDK"]?.cpu)?.toFixed(2) ?? "",
          rate.toFixed(0),
          ...(found === bulk ? ["", ""] : [p50.toFixed(2), p99.toFixed(2)])
        )
      )
    )
  ),
  ...table(
    "get, allocated",
    ["bytes"],
    Object.entries(allocated).map(([name, bytes]) => row(name, bytes === undefined ? "?" : Math.round(bytes)))
  ),
  ...table(
    "imports",
    ["ms", "heap kB"],
    Object.entries(startup ?? {}).map(([name, { millis, bytes }]) =>
      row(name, millis.toFixed(0), (bytes / 1e3).toFixed(0))
    )
  ),
  ...table(
    "smallest program, bundled",
    ["kB", "gzip kB", "start ms"],
    Object.entries(bundles ?? {}).map(([name, { bytes, gzip, millis }]) =>
      row(name, (bytes / 1e3).toFixed(0), (gzip / 1e3).toFixed(0), millis.toFixed(0))
    )
  ),
  ...table(
    "decoding a contact",
    ["µs"],
    Object.entries(decoded ?? {}).map(([name, micros]) => row(name, micros.toFixed(2)))
  )
]

if (options.json) console.log(JSON.stringify(figures))
else console.log([...lines, "", JSON.stringify(figures, null, 2)].join("\n"))

// The path is relative to the user's directory, because npm runs this file in another one.
if (options.picture !== undefined) writeFileSync(resolve(process.env.INIT_CWD ?? "", options.picture), picture(get))

// The check for CI. It compares bytes, because they are the same in every run; times are not.
if (figures.bytesPerCall > Number(options["at-most-bytes"])) {
  tell(`A call allocates ${figures.bytesPerCall} bytes, and may allocate ${options["at-most-bytes"]}`)
  process.exitCode = 1
}

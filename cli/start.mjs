// Measures the start-up time of the built command relative to that of Node itself. Each figure is the median of fresh
// processes; the cases are measured in turn.
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("dist/main.js", import.meta.url))
const rounds = 15

const sandbox = spawn(process.execPath, [main, "sandbox"])
let url
for (let said = ""; url === undefined;) {
  said += String((await once(sandbox.stdout, "data"))[0])
  url = /answers at (\S+)/.exec(said)?.[1]
}
const env = { ...process.env, GROWTHHUB_TOKEN: "pit-sandbox", GROWTHHUB_BASE_URL: url }
const made = spawnSync(
  process.execPath,
  [main, "upsert", "--location", "ve9EPM428h8vShlRW1KT", "--email", "a@example.com", "--json"],
  { env, encoding: "utf8" }
)
const { id } = JSON.parse(made.stdout)

const cases = [
  { args: ["--version"], atMost: 3 },
  { args: ["--help"], atMost: 3 },
  { args: ["get", id], atMost: 6 }
]

const timed = (args) => {
  const began = performance.now()
  const { status } = spawnSync(process.execPath, args, { env })
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`)
  return performance.now() - began
}

const bare = []
const found = cases.map(() => [])
for (let round = 0; round < rounds; round += 1) {
  bare.push(timed(["-e", "0"]))
  for (const [index, { args }] of cases.entries()) found[index].push(timed([main, ...args]))
}
sandbox.kill()

const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
const base = median(bare)
console.log(`node -e 0: ${base.toFixed(0)} ms`)
for (const [index, { args, atMost }] of cases.entries()) {
  const ratio = median(found[index]) / base
  console.log(`growthhub ${args[0]}: ${ratio.toFixed(2)} times that, at most ${atMost}`)
  if (ratio > atMost) process.exitCode = 1
}

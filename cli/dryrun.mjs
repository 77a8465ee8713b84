// Measures how fast the built command checks a list of 200,000 rows, and how much memory it needs. The speed is in rows per
// second of CPU time, which does not depend on the load of the machine. Each figure is the median of three processes.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("dist/main.js", import.meta.url))
const rows = 200_000
const aims = { rowsPerSecond: 30_000, megabytes: 150 }

const pad = (number, digits) => String(number).padStart(digits, "0")

const rowOf = (index) =>
  [
    ...[`First${index}`, `Last${index % 5000}`, `lead${index}@example.com`],
    ...[`+1 555 ${pad(index % 900, 3)} ${pad(index % 10_000, 4)}`, `City ${index % 300}`],
    ...[
      ["US", "Germany", "fr"][index % 3],
      `"a;b${index % 7}"`,
      `19${60 + (index % 40)}-0${1 + (index % 9)}-1${index % 9}`
    ]
  ].join(",")

const directory = mkdtempSync(join(tmpdir(), "growthhub-dryrun-"))
try {
  const file = join(directory, "leads.csv")
  const lines = Array.from({ length: rows }, (_, index) => rowOf(index))
  writeFileSync(file, `First Name,Last Name,E-Mail,Phone,City,Country,Tags,Birthday\n${lines.join("\n")}\n`)
  const usage = join(directory, "usage.mjs")
  const used = join(directory, "usage.json")
  writeFileSync(
    usage,
    `import { writeFileSync } from "node:fs"
process.on("exit", () => writeFileSync(${JSON.stringify(used)}, JSON.stringify(process.resourceUsage())))`
  )
  const runs = Array.from({ length: 3 }, () => {
    const args = ["--import", usage, main, "import", file, "--dry-run", "--location", "abc", "--json"]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" })
    if (status !== 0 || JSON.parse(stdout).valid !== rows)
      throw new Error(`the dry run ended with ${status}: ${stdout}`)
    const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(used, "utf8"))
    return { rowsPerSecond: rows / ((userCPUTime + systemCPUTime) / 1e6), megabytes: maxRSS / 1024 }
  })
  const median = (name) => runs.map((run) => run[name]).sort((a, b) => a - b)[1]
  const [rate, memory] = [median("rowsPerSecond"), median("megabytes")]
  console.log(`dry run: ${Math.round(rate).toLocaleString("en")} rows a second, at least ${aims.rowsPerSecond}`)
  console.log(`dry run: ${memory.toFixed(0)} MB, at most ${aims.megabytes}`)
  if (rate < aims.rowsPerSecond || memory > aims.megabytes) process.exitCode = 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}

// npm run bench: builds the package, installs the packages for comparison under bench/ if they are missing, and runs the
// benchmarks.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const bench = `${root}bench`

// Standard output is reserved for the results, so the output of these commands goes to standard error.
const run = (command, args, cwd = root) => {
  const { status } = spawnSync(command, args, { cwd, stdio: ["ignore", 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}

run("npm", ["run", "--silent", "build"])
if (!existsSync(`${bench}/node_modules/undici/package.json`)) run("npm", ["ci", "--no-audit", "--no-fund"], bench)
const { status } = spawnSync("node", ["main.js", ...process.argv.slice(2)], { cwd: bench, stdio: "inherit" })
process.exitCode = status ?? 1

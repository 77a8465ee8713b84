// Measures the cost of a program before its first call: time and memory of imports, size and start of the smallest bundle.
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { median } from "./statistics.js"

const run = promisify(execFile)
const path = (file) => fileURLToPath(new URL(file, import.meta.url))

/** Runs each program in turn, round by round, in a new process each time. */
const rounds = async (count, programs) => {
  const samples = Object.fromEntries(Object.keys(programs).map((name) => [name, []]))
  for (let round = 0; round < count; round += 1) {
    for (const [name, program] of Object.entries(programs)) samples[name].push(await program())
  }
  return samples
}

// --- imports -----------------------------------------------------------------------------------------------------------

const adding = (has, adds) => async () => {
  const { stdout } = await run(process.execPath, [
    "--expose-gc",
    path("programs/import.js"),
    ...[has, adds].map((list) => JSON.stringify(list))
  ])
  return JSON.parse(stdout)
}

export const imports = async (count) => {
  const samples = await rounds(count, {
    ours: adding(["effect", "@effect/platform"], ["../../dist/ContactsService.js"]),
    "official SDK": adding([], ["@gohighlevel/api-client"]),
    "effect, its platform": adding([], ["effect", "@effect/platform"])
  })
  return Object.fromEntries(
    Object.entries(samples).map(([name, found]) => [
      name,
      { millis: median(found.map(({ millis }) => millis)), bytes: median(found.map(({ bytes }) => bytes)) }
    ])
  )
}

// --- bundles -----------------------------------------------------------------------------------------------------------

const bundles = { ours: "programs/ours.js", "official SDK": "programs/officialSdk.js" }

/** Bundles a program into one file for Node. `modules` are the modules of this library in the bundle. */
const bundle = async (program) => {
  const outfile = path(`programs/bundled/${program.replace(/\W/g, "-")}.mjs`)
  const { metafile, outputFiles } = await build({
    entryPoints: [path(program)],
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // The SDK is CommonJS, and loads Node's modules with `require`.
    banner: { js: `import { createRequire } from "node:module";const require = createRequire(import.meta.url);` },
    outfile,
    metafile: true,
    logLevel: "error"
  }).then(async (result) => ({
    ...result,
    outputFiles: [await import("node:fs").then((fs) => fs.readFileSync(outfile))]
  }))
  const modules = Object.entries(Object.values(metafile.outputs)[0].inputs)
    .filter(([file, { bytesInOutput }]) => /^\.\.\/dist\//.test(file) && bytesInOutput > 0)
    .map(([file]) => file.replace(/^\.\.\/dist\//, ""))
  return { outfile, bytes: outputFiles[0].length, gzip: gzipSync(outputFiles[0]).length, modules }
}

export const bundled = async (count, url) => {
  const built = {}
  for (const [name, program] of Object.entries(bundles)) built[name] = await bundle(program)
  const started = (file) => async () => {
    const { stdout } = await run(process.execPath, [file], { env: { ...process.env, URL: url } })
    return Number.parseFloat(stdout)
  }
  const samples = await rounds(count, {
    // The start of Node itself, which is subtracted.
    bare: async () => Number.parseFloat((await run(process.execPath, ["-e", "console.log(performance.now())"])).stdout),
    ...Object.fromEntries(Object.entries(built).map(([name, { outfile }]) => [name, started(outfile)]))
  })
  rmSync(path("programs/bundled"), { recursive: true })
  const bare = median(samples.bare)
  return Object.fromEntries(
    Object.entries(built).map(([name, { bytes, gzip, modules }]) => [
      name,
      { bytes, gzip, modules, millis: median(samples[name]) - bare }
    ])
  )
}

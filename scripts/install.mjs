// npm run check:install: packs the library, installs it in empty apps as a user would, and uses it there: with only its
// required peer dependencies, with all of them, on each supported Node and TypeScript, and bundled for a browser.
import { build } from "esbuild"
import { execFileSync, spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

const root = fileURLToPath(new URL("..", import.meta.url))
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const work = mkdtempSync(join(tmpdir(), "growthhub-install-"))
const said = (what) => console.log(`✓ ${what}`)

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 180_000 })

/** Runs a command. If it fails, prints its output and exits. */
const checked = (what, command, args, cwd) => {
  try {
    const output = run(command, args, cwd)
    said(what)
    return output
  } catch (error) {
    console.error(`✗ ${what}\n${error.stdout ?? ""}${error.stderr ?? ""}`)
    process.exit(1)
  }
}

const expect = (isSo, what) => {
  if (isSo) return said(what)
  console.error(`✗ ${what}`)
  process.exit(1)
}

// --- the tarball -------------------------------------------------------------------------------------------------------

const [{ filename }] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", work], root))
const tarball = join(work, filename)
const [command] = JSON.parse(
  run("npm", ["pack", "--json", "--pack-destination", work, "--workspace", "growthhub"], root)
)

const app = (name, packages, flags = [], tarballs = [tarball]) => {
  const directory = join(work, name)
  mkdirSync(directory)
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name, private: true, type: "module", overrides: own.overrides })
  )
  const quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel", "error", "--no-progress"]
  checked(`${name}: installs`, "npm", ["install", ...quiet, ...flags, ...tarballs, ...packages], directory)
  return directory
}

const isOptional = (peer) => own.peerDependenciesMeta[peer]?.optional === true
const ranged = (name) => `${name}@${own.devDependencies[name] ?? own.peerDependencies[name]}`
const required = Object.keys(own.peerDependencies).filter((peer) => !isOptional(peer))
const optional = Object.keys(own.peerDependencies).filter(isOptional)

const nodes = [20, 22, 24]
const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`
const nodeIn = (directory, version) => join(directory, `node_modules/node${version}/bin/node`)
const nodePackages = nodes.map((version) => `node${version}@npm:node-${platform}@${version}`)

// --- only the required peer dependencies ------------------------------------------------------------------------------

const bare = app("bare", [...required.map(ranged), ...nodePackages])

const modules = Object.keys(own.exports).filter((name) => name !== "./package.json")
/** The modules that need an optional peer dependency. */
const needing = ["HttpClientUndici", "TokenStoreFile", "TokenStoreSql", "Sandbox"].map((name) => `./${name}`)
writeFileSync(
  join(bare, "load.js"),
  `const [name] = process.argv.slice(2)
import(name).then(() => console.log("loaded"), (error) => console.log(error.code, error.message))`
)
writeFileSync(
  join(bare, "core.js"),
  `import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import { ContactId } from "effect-growthhub/Schema"
const id = ContactId.make("jane")
const program = Effect.flatMap(ContactsService, (contacts) => contacts.updateContact(id, { tags: ["VIP"] }))
const { tags } = await Effect.runPromise(Effect.provide(program, ContactsTest.layer({ contacts: [{ id }] })))
console.log(tags.join())`
)
for (const version of nodes) {
  const node = nodeIn(bare, version)
  const release = run(node, ["--version"], bare).trim()
  expect(run(node, ["core.js"], bare) === "vip\n", `bare: the core works on Node ${release}`)
}
for (const name of modules) {
  const specifier = `effect-growthhub${name.slice(1)}`
  const told = run(nodeIn(bare, 20), ["load.js", specifier], bare).trim()
  const missing = optional.find((peer) => told.includes(`'${peer}'`))
  const isAsItSays = needing.includes(name)
    ? /ERR_MODULE_NOT_FOUND/.test(told) && missing !== undefined
    : told === "loaded"
  expect(isAsItSays, `bare: ${specifier} ${missing === undefined ? told : `says that it needs ${missing}`}`)
}

const smallest = `import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ContactsService } from "effect-growthhub"
import { ContactId } from "effect-growthhub/Schema"
export const contact = Effect.flatMap(ContactsService, (contacts) => contacts.getContact(ContactId.make("jane"))).pipe(
  Effect.provide(ContactsService.layerConfig().pipe(Layer.provide(FetchHttpClient.layer)))
)`

// --- other runtimes ----------------------------------------------------------------------------------------------------

const runtimes = app("runtimes", [...required.map(ranged), "bun@1", "deno@2", "vite@7"])
cpSync(join(bare, "core.js"), join(runtimes, "core.js"))
const bun = join(runtimes, "node_modules/bun/bin/bun.exe")
const deno = join(runtimes, "node_modules/@deno/linux-x64-glibc/deno")
for (const [name, binary, args] of [
  ["Bun", bun, ["core.js"]],
  ["Deno", deno, ["run", "--allow-all", "--node-modules-dir=manual", "core.js"]]
]) {
  const release = run(binary, ["--version"], runtimes).split("\n")[0].trim()
  expect(run(binary, args, runtimes) === "vip\n", `runtimes: the core works on ${name} (${release})`)
}
writeFileSync(join(runtimes, "index.html"), '<script type="module" src="/main.js"></script>\n')
writeFileSync(join(runtimes, "main.js"), `${smallest}\nconsole.log(contact)\n`)
checked("runtimes: a bundle of Vite", process.execPath, ["node_modules/vite/bin/vite.js", "build"], runtimes)

// --- the command -------------------------------------------------------------------------------------------------------

const alone = app("command", nodePackages, [], [join(work, command.filename)])
const growthhub = join(alone, "node_modules/growthhub/dist/main.js")
writeFileSync(join(alone, "leads.csv"), "First Name,E-mail,Phone\nAda,ada@example.com,+1 555 010 0001\n")
for (const version of nodes) {
  const node = nodeIn(alone, version)
  const release = run(node, ["--version"], alone).trim()
  const imported = run(node, [growthhub, "import", "leads.csv", "--sandbox"], alone)
  expect(/^[1-9]\d* created, 0 updated, 0 rejected$/m.test(imported), `command: imports, alone, on Node ${release}`)
}

// --- a bundle ----------------------------------------------------------------------------------------------------------

const { metafile, outputFiles } = await build({
  stdin: { contents: smallest, resolveDir: bare },
  bundle: true,
  minify: true,
  format: "esm",
  // Node's own modules cannot be resolved for this platform.
  platform: "browser",
  metafile: true,
  write: false,
  logLevel: "error"
})
const bundled = Object.entries(Object.values(metafile.outputs)[0].inputs).flatMap(([file, { bytesInOutput }]) => {
  const [, name] = /effect-growthhub\/dist\/(.+)\.js$/.exec(file) ?? []
  return name !== undefined && bytesInOutput > 0 ? [name] : []
})
const kilobytes = gzipSync(outputFiles[0].contents).length / 1000
said(`a bundle for browsers of the smallest program: ${kilobytes.toFixed(0)} kB gzip`)
const unused = bundled.filter((name) =>
  /^(internal\/)?(ContactsBulk|ContactsTest|.*Redis|TokenStore.*|HttpClient.*|sandbox)/.test(name)
)
expect(unused.length === 0, `it has nothing that it does not use: ${unused.join() || `only ${bundled.join()}`}`)

// --- Cloudflare Workers ------------------------------------------------------------------------------------------------

// The worker keeps one Effect runtime for all its requests. A call that waits for a permit must not depend on an earlier
// request that waits too, because Workers stops all code of a request when the request ends.
const workers = app("workers", [...required.map(ranged), "miniflare@4"])
const worker = `import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
import { ContactId } from "effect-growthhub/Schema"
const id = ContactId.make("jane")
let runtime
export default {
  fetch: async () => {
    runtime ??= ManagedRuntime.make(
      ContactsService.layer({ token: Redacted.make("pit-1") }).pipe(Layer.provide(HttpClientFetch.layer))
    )
    const { getContact } = await runtime.runPromise(ContactsService)
    const calls = Effect.replicateEffect(Effect.either(getContact(id)), 30, { concurrency: "unbounded" })
    const results = await runtime.runPromise(calls)
    return new Response(String(results.filter(Either.isRight).length))
  }
}`
const bundledWorker = await build({
  stdin: { contents: worker, resolveDir: workers },
  bundle: true,
  format: "esm",
  platform: "browser",
  conditions: ["workerd", "worker", "browser"],
  write: false,
  logLevel: "error"
})
writeFileSync(join(workers, "worker.mjs"), bundledWorker.outputFiles[0].text)
// The simulated service allows twenty requests per second.
writeFileSync(
  join(workers, "run.js"),
  `import { Miniflare, Response } from "miniflare"
const [max, interval] = [20, 1000]
let times = []
let refused = 0
const service = () => {
  const now = Date.now()
  times = times.filter((time) => time > now - interval)
  const isAllowed = times.length < max
  if (isAllowed) times.push(now)
  else refused += 1
  return new Response(JSON.stringify(isAllowed ? { contact: { id: "jane" } } : { message: "Too Many Requests" }), {
    status: isAllowed ? 200 : 429,
    headers: {
      "content-type": "application/json",
      "x-ratelimit-max": String(max),
      "x-ratelimit-remaining": String(max - times.length),
      "x-ratelimit-interval-milliseconds": String(interval)
    }
  })
}
const miniflare = new Miniflare({
  modules: true,
  scriptPath: "worker.mjs",
  compatibilityDate: "2026-04-01",
  outboundService: service
})
const request = () => miniflare.dispatchFetch("http://worker/").then((response) => response.text())
const together = await Promise.all(Array.from({ length: 6 }, request))
const later = await request()
await miniflare.dispose()
console.log([...together, later].join(), refused)`
)
const served = run("node", ["run.js"], workers).trim()
expect(
  served === "30,30,30,30,30,30,30 0",
  `workers: every call of seven requests succeeds, and none is refused: ${served}`
)

// --- with all peers, every example -------------------------------------------------------------------------------------

const typescripts = { 5.9: "typescript5@npm:typescript@~5.9.3", newest: "typescript@latest" }
const engines = ["@effect/sql", "@effect/cluster", "@effect/experimental", "@effect/rpc", "@effect/workflow"]
const others = ["@opentelemetry/", "@effect/opentelemetry", "@effect/vitest", "vitest", "@types/", ...engines]
const used = Object.keys(own.devDependencies).filter((name) => others.some((other) => name.startsWith(other)))
/** The further packages that the HTTP server of @effect/platform needs, in the versions that are installed here. */
const servers = readdirSync(join(root, "node_modules/@effect"))
  .map((name) => `@effect/${name}`)
  .filter((name) => own.devDependencies[name] === undefined)
  .map(
    (name) => `${name}@${JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version}`
  )
// Each peer dependency is named and npm resolves none by itself, because that takes it minutes.
const full = app(
  "full",
  [...required, ...optional, ...used].map(ranged).concat(servers, nodePackages, Object.values(typescripts)),
  ["--legacy-peer-deps"]
)
cpSync(join(root, "examples"), join(full, "examples"), { recursive: true })

const config = (module, moduleResolution, more = {}) => ({
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "DOM"],
    strict: true,
    skipLibCheck: true,
    module,
    moduleResolution,
    types: ["node"],
    noEmit: true,
    ...more
  },
  include: ["examples"]
})
for (const [module, resolution] of [
  ["NodeNext", "NodeNext"],
  ["ESNext", "Bundler"]
]) {
  writeFileSync(join(full, `tsconfig.${resolution}.json`), JSON.stringify(config(module, resolution)))
  for (const [version, compiler] of Object.entries({ 5.9: "typescript5", newest: "typescript" })) {
    const tsc = join(full, "node_modules", compiler, "bin", "tsc")
    checked(
      `full: every example has its types, TypeScript ${version}, ${resolution}`,
      process.execPath,
      [tsc, "-p", `tsconfig.${resolution}.json`],
      full
    )
  }
}
writeFileSync(
  join(full, "tsconfig.emit.json"),
  JSON.stringify(config("NodeNext", "NodeNext", { noEmit: false, outDir: "built", rootDir: "examples" }))
)
run(process.execPath, [join(full, "node_modules/typescript5/bin/tsc"), "-p", "tsconfig.emit.json"], full)

/** Starts a program, and waits until its output matches `words`. The result has a function that ends the program. */
const saying = (node, args, words, environment) =>
  new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd: full, env: { PATH: process.env.PATH, ...environment } })
    let output = ""
    const heard = (chunk) => {
      output += chunk
      const match = words.exec(output)
      if (match !== null) resolve({ match, end: () => child.kill() })
    }
    child.stdout.on("data", heard)
    child.stderr.on("data", heard)
    child.once("exit", () => reject(new Error(output)))
  })

for (const version of nodes) {
  const node = nodeIn(full, version)
  const release = run(node, ["--version"], full).trim()
  checked(`full: the main job on Node ${release}`, node, ["built/main-job.js"], full)
  const sandbox = await saying(node, [growthhub, "sandbox", "--port", "0"], /answers at (\S+)/, {})
  const environment = { PATH: process.env.PATH, GROWTHHUB_TOKEN: "pit-sandbox", GROWTHHUB_BASE_URL: sandbox.match[1] }
  const upserted = await fetch(`${sandbox.match[1]}/contacts/upsert`, {
    method: "POST",
    headers: { authorization: "Bearer pit-sandbox", version: "2023-02-21" },
    body: JSON.stringify({ locationId: "ve9EPM428h8vShlRW1KT", email: "a@example.com" })
  })
  const { contact } = await upserted.json()
  for (const example of ["get-contact", "telemetry"]) {
    const output = execFileSync(node, [`built/${example}.js`, contact.id], {
      cwd: full,
      env: environment,
      encoding: "utf8"
    })
    expect(output.includes(contact.id), `full: ${example} on Node ${release}`)
  }
  const { publicKey } = await import("node:crypto").then((crypto) => crypto.generateKeyPairSync("ed25519"))
  const leads = await saying(node, ["built/leads-app/main.js"], /Listening on \S*?:(\d+)/, {
    ...environment,
    GROWTHHUB_LOCATION_ID: "ve9EPM428h8vShlRW1KT",
    GROWTHHUB_WEBHOOK_KEYS: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    PORT: "0"
  })
  const { status } = await fetch(`http://127.0.0.1:${leads.match[1]}/leads/${contact.id}`)
  expect(status === 200, `full: leads-app on Node ${release}`)
  leads.end()
  sandbox.end()
}

rmSync(work, { recursive: true })

// npm run build -w growthhub: bundles the command into files that need no other package. The sandbox and the modules that
// only the sandbox needs are in separate files, which are loaded on demand.
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, parse } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL(".", import.meta.url))
const dist = join(root, "dist")
const { optionalDependencies = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

rmSync(dist, { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  minify: true,
  platform: "node",
  format: "esm",
  target: "node20",
  chunkNames: "[name]-[hash]",
  external: Object.keys(optionalDependencies),
  // Some of the bundled packages load Node's modules with `require`.
  banner: { js: `import { createRequire } from "node:module";const require = createRequire(import.meta.url);` },
  // The paths of this tsconfig resolve the library's public modules to its sources.
  tsconfig: join(root, "..", "tsconfig.json"),
  legalComments: "none",
  metafile: true,
  logLevel: "error"
})

// LICENCES.txt holds the licences of the bundled packages.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((file) => {
    const [, name] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? []
    return name === undefined ? [] : [join(root, name)]
  })
)
const names = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE"]
const licences = [...packages].sort().map((directory) => {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"))
  const file = names.map((one) => join(directory, one)).find(existsSync)
  return `${name} ${version} (${license})\n\n${file === undefined ? "" : readFileSync(file, "utf8")}`
})
writeFileSync(join(dist, "LICENCES.txt"), licences.join(`\n${"-".repeat(80)}\n\n`))

// texts.json holds the version and the help of each command, so that the command prints them without loading its modules.
const said = (args) => execFileSync(process.execPath, [join(dist, "main.js"), ...args], { encoding: "utf8" })
const commands = readdirSync(join(root, "src/commands")).map((file) => parse(file).name)
const texts = { "": said([]), "--version": said(["--version"]) }
/** The subcommands of a command, as its help lists them. */
const partsOf = (help) => {
  const [, list = ""] = /^Commands:\n((?: {2}\w+ .*\n)+)/m.exec(help) ?? []
  return list.split("\n").flatMap((line) => /^ {2}(\w+) /.exec(line)?.[1] ?? [])
}
const tell = (args) => {
  const help = said([...args, "--help"])
  for (const flag of ["--help", "-h"]) texts[[...args, flag].join(" ")] = help
  return help
}
tell([])
for (const command of commands) for (const part of partsOf(tell([command]))) tell([command, part])
writeFileSync(join(dist, "texts.json"), JSON.stringify(texts))

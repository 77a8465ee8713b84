// npm run build -w growthhub: the command as files that need no other package. The sandbox, and what only it needs, is in files
// of its own that are loaded when it is asked for.
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
  // Some of the bundled packages ask for Node's modules by `require`.
  banner: { js: `import { createRequire } from "node:module";const require = createRequire(import.meta.url);` },
  // The library by its public modules, from its sources.
  tsconfig: join(root, "..", "tsconfig.json"),
  legalComments: "none",
  metafile: true,
  logLevel: "error"
})

// The licences of what is bundled.
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

// What the command says of itself, so that nothing has to be loaded for it.
const said = (args) => execFileSync(process.execPath, [join(dist, "main.js"), ...args], { encoding: "utf8" })
const commands = readdirSync(join(root, "src/commands")).map((file) => parse(file).name)
const texts = { "": said([]), "--version": said(["--version"]) }
/** The parts of a command, as its help lists them. */
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

// The last step of npm run build: what ContactsService needs becomes one file. To find and read each module by itself was two
// thirds of what an import costs. Every entry of the package stays a module of its own, with its types beside it.
import { readFileSync, readdirSync, rmSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { rollup } from "rollup"
import { transformSync } from "@babel/core"

const root = fileURLToPath(new URL("..", import.meta.url))
const dist = join(root, "dist")
const { bin, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const entries = Object.values({ ...exports, ...bin })
  .map((entry) => join(root, entry.default ?? entry))
  .filter((file) => file.endsWith(".js"))

/**
 * A module with its map, so that the maps of the bundle lead to the sources. Its top-level calls are marked as pure, as those of
 * Effect are: the bundler of an app leaves out what the app does not use.
 */
const modules = {
  name: "modules",
  load: (file) =>
    transformSync(readFileSync(file, "utf8"), {
      plugins: ["annotate-pure-calls"],
      inputSourceMap: JSON.parse(readFileSync(`${file}.map`, "utf8")),
      sourceMaps: true,
      configFile: false,
      babelrc: false,
      cwd: root
    })
}

/** What a module imports of this package, directly or not, and itself. */
const needed = (file, getModuleInfo, found = new Set()) => {
  const info = getModuleInfo(file)
  if (found.has(file) || info === null || info.isExternal) return found
  found.add(file)
  for (const imported of info.importedIds) needed(imported, getModuleInfo, found)
  return found
}

let core
const bundle = await rollup({
  input: Object.fromEntries(entries.map((file) => [relative(dist, file).replace(/\.js$/, ""), file])),
  external: (id) => !/^[./]/.test(id),
  treeshake: { moduleSideEffects: "no-external" },
  plugins: [modules]
})
const { output } = await bundle.write({
  dir: dist,
  format: "es",
  sourcemap: true,
  hoistTransitiveImports: false,
  minifyInternalExports: false,
  chunkFileNames: "internal/[name].js",
  manualChunks: (file, { getModuleInfo }) => {
    core ??= needed(join(dist, "ContactsService.js"), getModuleInfo)
    return core.has(file) ? "core" : undefined
  }
})

// What has gone into another file.
const written = new Set(output.map(({ fileName }) => join(dist, fileName)))
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name)
  if (/\.js(\.map)?$/.test(file) && !written.has(file)) rmSync(file)
}

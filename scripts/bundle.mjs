// The last step of npm run build: bundles ContactsService and its imports into one file. Resolving and reading separate
// modules took two thirds of the import time. Every entry point of the package stays a separate module, with its types
// beside it.
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
 * Loads a module with its source map, so that the source maps of the bundle lead to the sources. Top-level calls are
 * annotated as pure, as in Effect itself, so that the bundler of an app can remove unused code.
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

/** A module, and all modules of this package that it imports directly or indirectly. */
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

// Removes the modules that are now part of another file.
const written = new Set(output.map(({ fileName }) => join(dist, fileName)))
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name)
  if (/\.js(\.map)?$/.test(file) && !written.has(file)) rmSync(file)
}

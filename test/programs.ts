// Bundles the programs that tests and measurements start as separate processes. They are bundled once, because a bundle
// starts in a tenth of the CPU time of its sources.
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { TestProject } from "vitest/node"

const root = fileURLToPath(new URL("..", import.meta.url))
const directory = ".programs"

const filesIn = (folder: string, name: RegExp) =>
  readdirSync(join(root, folder))
    .filter((file) => name.test(file))
    .map((file) => `${folder}/${file}`)

const programs = () => [
  "cli/src/main.ts",
  ...filesIn("examples", /\.ts$/),
  "examples/leads-app/main.ts",
  "examples/leads-app/oauth.ts",
  "examples/cluster-import/runner.ts",
  ...filesIn("reliability", /^(answers|caller|fuzzing|importing|leaking|paced|sandbox|searching)\.ts$/)
]

/** The packages that are not bundled, because they load their own files or because few programs need them. */
const external = [
  "ioredis",
  "undici",
  "pg-native",
  "proper-lockfile",
  "esbuild",
  "libsql",
  "@libsql/*",
  "@opentelemetry/*",
  "vitest"
]

/** Bundles programs, given as paths from the root of the repository. */
export const bundle = async (entryPoints: ReadonlyArray<string> = programs()): Promise<unknown> => {
  // esbuild is loaded on demand, because the programs themselves import this module and do not need it.
  const { build } = await import("esbuild")
  return build({
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    outbase: root,
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external,
    // Some of the bundled packages load Node's modules with `require`.
    banner: {
      js: `import { createRequire as requireFrom } from "node:module";const require = requireFrom(import.meta.url);`
    },
    tsconfig: join(root, "tsconfig.json"),
    logLevel: "error"
  })
}

/** The path of a program's bundle. */
export const programOf = (file: string): string => join(root, directory, file.replace(/\.ts$/, ".js"))

/** Bundles all programs before the tests, and again before each rerun. */
export const setup = async (project: TestProject): Promise<void> => {
  await bundle()
  project.onTestsRerun(() => bundle().then(() => undefined))
}

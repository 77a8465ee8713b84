import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const src = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url))

/** What takes longest begins first: a fresh clone does not know what that is from an earlier run. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => moduleId.includes("/test/reliability/")
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

/** More than there are cores on a small machine: most of what takes long waits for another process. */
const workers = Math.max(4, availableParallelism() - 1)

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-growthhub$/, replacement: src("index.ts") },
      { find: "effect-growthhub/Sandbox", replacement: src("sandbox/Sandbox.ts") },
      { find: /^effect-growthhub\/(.+)$/, replacement: src("$1.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts", "cli/test/**/*.test.ts", "examples/**/*.test.ts"],
    // Generous for a machine that is busy with other things; what a test waits for is never time.
    globalSetup: "test/programs.ts",
    setupFiles: "test/setup.ts",
    // The test files of a worker share its modules: loading them for each file took a third of the suite's CPU time.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Equal numbers: without isolation, vitest may stop a busy worker when there are more than the minimum.
    maxWorkers: workers,
    minWorkers: workers,
    sequence: { sequencer: LongestFirst },
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "./tsconfig.types.json" }
  }
})

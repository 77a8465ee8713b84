import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-growthhub$/, replacement: src("index.ts") },
      { find: "effect-growthhub/Sandbox", replacement: src("sandbox/Sandbox.ts") },
      { find: /^effect-growthhub\/(.+)$/, replacement: src("$1.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    // Generous for a machine that is busy with other things; what a test waits for is never time.
    testTimeout: 30_000,
    // More than there are cores on a small machine: most of what takes long waits for another process.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    minWorkers: 1,
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "./tsconfig.types.json" }
  }
})

import { defineConfig } from "vitest/config"
import config from "./vitest.config.js"

// For scripts/mutation.mjs: the tests of one room, without those of types.
export default defineConfig({
  ...config,
  test: { include: (process.env["MUTATION_TESTS"] ?? "").split(","), testTimeout: 20_000 }
})

import { defineConfig, mergeConfig } from "vitest/config"
import config from "./vitest.config.js"

// For Stryker: the tests that are quick and decide, without those of types and of other processes.
export default mergeConfig(
  config,
  defineConfig({
    test: {
      include: [],
      typecheck: { enabled: false }
    }
  })
)

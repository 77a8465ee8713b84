import { defineConfig } from "vitest/config"
import config from "./vitest.config.js"

// For Stryker: the tests of the rooms that are mutated, without those of types and of other processes.
export default defineConfig({
  ...config,
  test: {
    include: [
      "test/{Errors,RetryPolicy,RateLimit,Credentials,Schema,ContactsService}.test.ts",
      "test/internal/*.test.ts",
      "test/sandbox/{Directory,Duplicates}.test.ts"
    ],
    testTimeout: 20_000
  }
})

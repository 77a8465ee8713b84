// npm run mutation: runs Stryker on the files that decide something, each group against its own tests. The tests must detect
// 85 % of the mutants of each group. `npm run mutation -- Schema Errors` runs some groups only.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const groups = {
  Errors: { file: "src/Errors.ts,src/http/*.ts", tests: ["test/Errors.test.ts", "test/Schema.test.ts"] },
  RetryPolicy: { file: "src/RetryPolicy.ts", tests: ["test/RetryPolicy.test.ts"] },
  RateLimit: { file: "src/limiter/limit.ts", tests: ["test/RateLimit.decisions.test.ts", "test/RateLimit.test.ts"] },
  Credentials: {
    file: "src/Credentials.ts,src/credentials/*.ts",
    tests: ["test/Credentials.authorization.test.ts", "test/Credentials.grants.test.ts", "test/Credentials.test.ts"]
  },
  Schema: { file: "src/api/*.ts", tests: ["test/Schema.test.ts", "test/runtime/codec.test.ts"] },
  Directory: {
    file: "src/sandbox/Directory.ts",
    tests: ["test/sandbox/Directory.test.ts", "test/sandbox/Duplicates.test.ts", "test/sandbox/ContactBody.test.ts"]
  },
  Journal: { file: "src/bulk/journal.ts", tests: ["test/bulk/journal.test.ts"] }
}

const selected = process.argv.slice(2)
const failed = Object.entries(groups)
  .filter(([group]) => selected.length === 0 || selected.includes(group))
  .flatMap(([group, { file, tests }]) => {
    console.log(`\n${group}`)
    const { status } = spawnSync("npx", ["stryker", "run", "--mutate", file], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      stdio: "inherit",
      env: { ...process.env, MUTATION_TESTS: tests.join() }
    })
    return status === 0 ? [] : [group]
  })
if (failed.length > 0) {
  console.error(`Too few mutants are detected in ${failed.join(", ")}.`)
  process.exitCode = 1
}

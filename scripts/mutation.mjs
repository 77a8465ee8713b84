// npm run mutation: runs the mutation tester Stryker on groups of source files, each with its own tests. The tests must
// detect 85 % of the mutants of each group. `npm run mutation -- Fields Errors` runs only these groups.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const groups = {
  RateLimit: {
    file: "src/limiter/limit.ts,src/limiter/headers.ts,src/limiter/sharing.ts",
    tests: ["test/RateLimit.decisions.test.ts", "test/RateLimit.test.ts"]
  },
  Retry: {
    file: "src/http/retryDecision.ts,src/http/retryAfter.ts",
    tests: ["test/RetryPolicy.test.ts", "test/Errors.test.ts"]
  },
  Redaction: { file: "src/http/redact.ts", tests: ["test/http/redact.test.ts", "test/Errors.test.ts"] },
  Errors: {
    file: "src/Errors.ts,src/http/failure.ts",
    tests: ["test/Errors.test.ts", "test/Schema.test.ts", "test/ContactsService.test.ts"]
  },
  Fields: { file: "src/fields/lenient.ts", tests: ["test/Schema.test.ts", "test/runtime/codec.test.ts"] },
  Grant: { file: "src/credentials/grant.ts", tests: ["test/Credentials.grants.test.ts"] },
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

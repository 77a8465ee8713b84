// npm run mutation: Stryker over the rooms that decide, each against its own tests: 85 % of the mutants of each have to be
// noticed. `npm run mutation -- Schema Errors` for some.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const rooms = {
  Errors: { file: "src/Errors.ts,src/http/*.ts", tests: ["test/Errors.test.ts", "test/Schema.test.ts"] },
  RetryPolicy: { file: "src/RetryPolicy.ts", tests: ["test/RetryPolicy.test.ts"] },
  RateLimit: { file: "src/limiter/limit.ts", tests: ["test/RateLimit.decisions.test.ts", "test/RateLimit.test.ts"] },
  Credentials: {
    file: "src/Credentials.ts,src/credentials/*.ts",
    tests: ["test/Credentials.grants.test.ts", "test/Credentials.test.ts"]
  },
  Schema: { file: "src/api/*.ts", tests: ["test/Schema.test.ts", "test/internal/reader.test.ts"] },
  Directory: {
    file: "src/sandbox/Directory.ts",
    tests: ["test/sandbox/Directory.test.ts", "test/sandbox/Duplicates.test.ts", "test/sandbox/ContactBody.test.ts"]
  }
}

const asked = process.argv.slice(2)
const failed = Object.entries(rooms)
  .filter(([room]) => asked.length === 0 || asked.includes(room))
  .flatMap(([room, { file, tests }]) => {
    console.log(`\n${room}`)
    const { status } = spawnSync("npx", ["stryker", "run", "--mutate", file], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      stdio: "inherit",
      env: { ...process.env, MUTATION_TESTS: tests.join() }
    })
    return status === 0 ? [] : [room]
  })
if (failed.length > 0) {
  console.error(`Not enough was noticed of ${failed.join(", ")}.`)
  process.exitCode = 1
}

#!/usr/bin/env node
// The command. What it needs besides the library is optional, and may not be there.
const missing = /Cannot find package '([^']+)'/

try {
  const { main } = await import("./Growthhub.js")
  main(process.argv)
} catch (error) {
  const [, name] = missing.exec(String(error)) ?? []
  if (name === undefined) throw error
  process.stderr.write(
    `The command needs ${name}, which is not installed:\n` +
      "  npm install @effect/platform-node@0.108 @effect/cli@0.77 @effect/printer@0.51 @effect/printer-ansi@0.51 " +
      "@effect/typeclass@0.41 csv-parse@7 csv-stringify@6\n"
  )
  process.exitCode = 2
}

#!/usr/bin/env node
// The entry point of the command. It prints the version and the help from a file, without loading any other module.
import { readFileSync } from "node:fs"

/** The text that `build.mjs` has stored for these arguments: the version, or the help of a command. */
const written = (args: ReadonlyArray<string>): string | undefined => {
  try {
    const texts = JSON.parse(readFileSync(new URL("texts.json", import.meta.url), "utf8")) as Record<string, string>
    return Object.hasOwn(texts, args.join(" ")) ? texts[args.join(" ")] : undefined
  } catch {
    // The file does not exist beside the sources.
    return undefined
  }
}

const text = written(process.argv.slice(2))
if (text === undefined) {
  // The module of the command and the modules that all commands need are loaded in parallel.
  const { loadFor } = await import("./Commands.js")
  const [{ main }] = await Promise.all([import("./Growthhub.js"), loadFor(process.argv.slice(2))])
  main(process.argv)
} else {
  // A reader such as `head` may close the pipe early. That is not an error.
  process.stdout.on("error", () => undefined)
  process.stdout.write(text)
}

#!/usr/bin/env node
// The entry of the command. What it can say of itself it says without loading anything else.
import { readFileSync } from "node:fs"

/** What `build.mjs` has written down: the version and the help of each command, by the arguments that ask for it. */
const written = (args: ReadonlyArray<string>): string | undefined => {
  try {
    const texts = JSON.parse(readFileSync(new URL("texts.json", import.meta.url), "utf8")) as Record<string, string>
    return Object.hasOwn(texts, args.join(" ")) ? texts[args.join(" ")] : undefined
  } catch {
    // There are none beside the sources.
    return undefined
  }
}

const text = written(process.argv.slice(2))
if (text === undefined) {
  // The command that is asked for is loaded together with what all commands need.
  const { loadFor } = await import("./Commands.js")
  const [{ main }] = await Promise.all([import("./Growthhub.js"), loadFor(process.argv.slice(2))])
  main(process.argv)
} else {
  // A reader that goes away, as head does, has what it wanted.
  process.stdout.on("error", () => undefined)
  process.stdout.write(text)
}

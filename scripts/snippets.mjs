// Compiles every ```ts snippet of the README and the guides, and every @example of the docstrings, each as a module of its own.
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

const root = new URL("..", import.meta.url)
const out = new URL(".snippets/", root)

const fences = (text) => [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code)

const examples = (text) =>
  [...text.matchAll(/^ *\/\*\*[\s\S]*?\*\//gm)].flatMap(([block]) => {
    const lines = block.split("\n").map((line) => line.replace(/^ *\*\/?( |$)/, ""))
    const start = lines.indexOf("@example")
    if (start < 0) return []
    const end = lines.findIndex((line, index) => index > start && line.startsWith("@"))
    return [lines.slice(start + 1, end < 0 ? undefined : end).join("\n")]
  })

const sources = readdirSync(new URL("src", root), { recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => `src/${file}`)
const pages = [
  "README.md",
  ...readdirSync(new URL("docs", root))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`)
]
const snippets = [
  ...pages.flatMap((page) =>
    fences(readFileSync(new URL(page, root), "utf8")).map((code, index) => [
      `${page.replace(/\W/g, "-")}-${index + 1}`,
      code
    ])
  ),
  ...sources.flatMap((file) =>
    examples(readFileSync(new URL(file, root), "utf8")).map((code, index) => [
      `${file.replace(/\W/g, "-")}-${index + 1}`,
      code
    ])
  )
]

rmSync(out, { recursive: true, force: true })
mkdirSync(out)
for (const [name, code] of snippets) writeFileSync(new URL(`${name}.ts`, out), `${code}\nexport {}\n`)
execFileSync("npx", ["tsc", "-p", "tsconfig.snippets.json"], { cwd: root, stdio: "inherit" })
console.log(`${snippets.length} snippets compile.`)

// Writes the tables of docs/endpoints.md from the endpoint definitions. With --check it only compares them.
import { readFileSync, writeFileSync } from "node:fs"
import * as prettier from "prettier"
import { always, never } from "../src/api/common.js"
import { type AnyEndpoint, isRead } from "../src/api/endpoint.js"
import { rows } from "../src/api/rows.js"

const file = new URL("../docs/endpoints.md", import.meta.url)
const begin = "<!-- from the rows: npx tsx scripts/endpoints.ts -->"
const end = "<!-- end -->"

const pathOf = ({ path }: AnyEndpoint): string =>
  typeof path === "string"
    ? `\`${path}\``
    : Object.entries(path as { readonly [version: string]: string })
        .map(([version, own]) => `\`${own}\` (\`${version}\`)`)
        .join(", ")

const repeatOf = (row: AnyEndpoint): string => {
  if (isRead(row)) return "yes, it changes nothing"
  if (row.isSafeToRetry === always) return "yes"
  if (row.isSafeToRetry !== never) return "with an email or a phone, and without `createNewIfDuplicateAllowed: true`"
  return row.verify === undefined ? `no: ${row.unverifiable}` : "no: it is verified instead"
}

const lineOf = (row: AnyEndpoint): string => {
  const others = Object.keys(row.versions as object).filter((version) => version !== row.version)
  const cells = [
    `[\`${row.name}\`](${row.page})`,
    `\`${row.method}\` ${pathOf(row)}`,
    `\`${String(row.version)}\``,
    others.map((version) => `\`${version}\``).join(", "),
    `\`${row.scope}\``,
    repeatOf(row)
  ]
  return `| ${cells.join(" | ")} |`
}

const header = ["method", "request", "`Version`", "others documented", "scope", "retried after a lost response"]

const all = Object.values<AnyEndpoint>(rows)
const services = Array.from(new Set(all.map(({ service }) => service ?? "")))
const tables = services.map((service) =>
  [
    `### ${service}`,
    "",
    `| ${header.join(" | ")} |`,
    `|${" --- |".repeat(header.length)}`,
    ...all.filter((row) => row.service === service).map(lineOf)
  ].join("\n")
)

const before = readFileSync(file, "utf8")
const [head = "", rest = ""] = before.split(begin)
const tail = rest.split(end)[1] ?? ""
const options = { ...(await prettier.resolveConfig(file)), parser: "markdown" }
const after = await prettier.format(`${head}${begin}\n\n${tables.join("\n\n")}\n\n${end}${tail}`, options)

if (!process.argv.includes("--check")) writeFileSync(file, after)
else if (after !== before) {
  console.error("docs/endpoints.md is not what the rows say: run npx tsx scripts/endpoints.ts")
  process.exit(1)
}

// Checks that every internal link of the pages in docs/site and of the Markdown files has a target in the repository.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const site = join(root, "docs/site")

const files = (directory, extension) =>
  readdirSync(directory, { recursive: true })
    .filter((file) => file.endsWith(extension))
    .map((file) => join(directory, file))

const isOutside = (link) => /^(?:[a-z]+:|\/\/)/i.test(link)

/** The anchor that GitHub gives to a heading. */
const slug = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-")

const readAnchors = (file) => {
  const text = readFileSync(file, "utf8")
  return file.endsWith(".md")
    ? new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading)))
    : new Set([...text.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id))
}

/** A cache of the anchors of each target file. Most pages are the target of hundreds of links. */
const known = new Map()
const anchors = (file) => {
  if (!known.has(file)) known.set(file, readAnchors(file))
  return known.get(file)
}

const pattern = (file) => (file.endsWith(".md") ? /\]\(([^)\s]+)\)/g : /\b(?:href|src)="([^"]+)"/g)

const pages = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "bench/README.md"].map((file) => join(root, file)),
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(root, "docs", file)),
  ...(existsSync(site) ? files(site, ".html") : [])
]

let checked = 0
const broken = pages.flatMap((page) =>
  [...readFileSync(page, "utf8").matchAll(pattern(page))].flatMap(([, link]) => {
    if (isOutside(link)) return []
    checked += 1
    const [path, anchor] = link.split("#").map(decodeURIComponent)
    const target = path === "" ? page : join(dirname(page), path)
    const isThere = existsSync(target)
    const isFound = isThere && (!anchor || statSync(target).isDirectory() || anchors(target).has(anchor))
    return isFound ? [] : [`${relative(root, page)}: ${link}`]
  })
)
console.log(broken.length === 0 ? `${checked} links lead somewhere.` : broken.join("\n"))
if (broken.length > 0) process.exit(1)

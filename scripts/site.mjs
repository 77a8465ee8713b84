// Checks the pages of docs/site in headless Chromium: every guide and four reference pages of each kind, wide and narrow,
// light and dark. No page may scroll sideways, no element may cover the text, the text needs enough contrast, every resource
// must load, and the search must find guides and comments. Needs `npm run docs` and Chromium.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import { extname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright-core"

const root = fileURLToPath(new URL("..", import.meta.url))
const site = join(root, "docs/site")
const places =
  process.env.CHROMIUM === undefined ? ["/usr/bin/chromium", "/usr/bin/google-chrome"] : [process.env.CHROMIUM]
const executablePath = places.find((path) => existsSync(path))

const stop = (sentence) => {
  console.error(sentence)
  process.exit(1)
}
if (!existsSync(join(site, "index.html"))) stop("There is no site in docs/site: run `npm run docs` first.")
if (executablePath === undefined) {
  stop("Chromium is not installed: run `apt-get install chromium`, or set CHROMIUM to the path of its executable.")
}

const types = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" }

const serve = (request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname))
  const file = join(site, path)
  if (path === "/favicon.ico") return response.writeHead(204).end()
  if (!existsSync(file)) return response.writeHead(404).end()
  response.writeHead(200, { "content-type": `${types[extname(file)] ?? "text/plain"}; charset=utf-8` })
  response.end(readFileSync(file))
}

const pagesIn = (folder) =>
  readdirSync(join(site, folder))
    .filter((file) => file.endsWith(".html"))
    .sort()
    .map((file) => `${folder}/${file}`)

/** Picks at most `count` of the pages, spread evenly over all. */
const spread = (pages, count) => pages.filter((_, index) => index % Math.ceil(pages.length / count) === 0)

const guides = pagesIn("documents")
const references = ["modules", "classes", "interfaces", "functions", "types", "variables"].flatMap((folder) =>
  spread(pagesIn(folder), 4)
)

const sizes = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 }
]

/** Returns the faults of the open page, as sentences. Runs in the browser. */
const inspect = () => {
  const faults = []
  const { scrollWidth } = document.documentElement
  if (scrollWidth > innerWidth) faults.push(`is ${scrollWidth} px wide and scrolls sideways`)
  const boxes = [".col-content", ".site-menu", ".page-menu"].flatMap((selector) => {
    const element = document.querySelector(selector)
    return element?.checkVisibility({ visibilityProperty: true }) ? [[selector, element.getBoundingClientRect()]] : []
  })
  boxes.forEach(([name, box], index) => {
    for (const [other, { left, right }] of boxes.slice(index + 1)) {
      if (box.left < right - 1 && left < box.right - 1) faults.push(`shows ${other} over ${name}`)
    }
  })
  const luminance = (color) => {
    const [red, green, blue] = color.match(/[\d.]+/g).map((value) => {
      const part = Number(value) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const background = luminance(getComputedStyle(document.body).backgroundColor)
  const text = luminance(getComputedStyle(document.querySelector(".col-content")).color)
  const contrast = (Math.max(background, text) + 0.05) / (Math.min(background, text) + 0.05)
  if (contrast < 4.5) faults.push(`has a contrast of ${contrast.toFixed(1)}, which is less than 4.5`)
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches
  if (isDark !== background < 0.5) faults.push("has the wrong background")
  return faults
}

const faults = []

/** The long words of texts, in lower case. */
const wordsOf = (texts) => new Set(texts.flatMap((text) => text.toLowerCase().match(/\b[a-z]{7,}\b/g) ?? []))

const filesIn = (folder, extension) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(extension) && !file.startsWith("site"))
    .map((file) => readFileSync(join(root, folder, file), "utf8"))

/** A few words that occur in `texts` and not in `others`. */
const onlyIn = (texts, others) => {
  const elsewhere = wordsOf(others)
  const words = [...wordsOf(texts)].filter((word) => !elsewhere.has(word))
  if (words.length === 0) stop("No word is left to search for.")
  return spread(words, 3)
}

/** Searches for each word, and checks that one of the results is in the folder `place`. */
const checkSearch = async (page, words, place) => {
  for (const word of words) {
    await page.fill("#tsd-search-input", word)
    const isFound = await page
      .waitForSelector(`#tsd-search-results a[href*="${place}"]`, { state: "attached", timeout: 10_000 })
      .then(() => true)
      .catch(() => false)
    if (!isFound) faults.push(`The search for "${word}" finds nothing in ${place}`)
  }
}

const server = createServer(serve)
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
const browser = await chromium.launch({ executablePath, args: [...flags.split(" "), "--disable-sync"] })
const page = await browser.newPage()
page.on("console", (message) => message.type() === "error" && faults.push(`${page.url()}: ${message.text()}`))
page.on("pageerror", (error) => faults.push(`${page.url()}: ${error.message}`))
page.on("requestfailed", (request) => faults.push(`${page.url()}: ${request.url()} did not load`))

const pages = ["index.html", "modules.html", ...guides, ...references]
for (const file of pages) {
  await page.goto(`${origin}/${file}`, { waitUntil: "load" })
  await page.waitForSelector("#tsd-nav-container a", { state: "attached" })
  for (const viewport of sizes) {
    await page.setViewportSize(viewport)
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme })
      for (const fault of await page.evaluate(inspect)) {
        faults.push(`${file} at ${viewport.width} px, ${colorScheme}: ${fault}`)
      }
    }
  }
}

// Only the first comment of each module is searched for, because other comments may belong to code that is not exported.
const modules = filesIn("src", ".ts").filter((text) => text.includes("\n * @module"))
const comments = modules.map((text) => text.slice(0, text.indexOf("*/")).replace(/^ \* @example[^]*/m, ""))
const code = filesIn("src", ".ts").map((text) => text.replace(/^ *\/?\*.*$/gm, ""))
const texts = [
  ...filesIn("docs", ".md"),
  ...["README.md", "cli/README.md", "CHANGELOG.md"].map((file) => readFileSync(join(root, file), "utf8"))
]
await page.goto(`${origin}/index.html`)
await page.click("#tsd-search-trigger")
await checkSearch(page, onlyIn(filesIn("docs", ".md"), filesIn("src", ".ts")), "documents/")
await checkSearch(page, onlyIn(comments, [...code, ...texts]), "modules/")

await browser.close()
server.close()
console.log(faults.length === 0 ? `${pages.length} pages can be read, and the search finds them.` : faults.join("\n"))
if (faults.length > 0) process.exitCode = 1

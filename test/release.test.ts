import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8")

const release = read(".github/workflows/release.yml")

/** The text of each job of the release workflow, by its name. */
const jobs = Object.fromEntries(
  (release.split(/^jobs:$/m)[1] ?? "").split(/^ {2}(?=\w+:$)/m).flatMap((text) => {
    const name = /^(\w+):/.exec(text)?.[1]
    return name === undefined ? [] : [[name, text] as const]
  })
)

const jobsWith = (pattern: RegExp) => Object.keys(jobs).filter((name) => pattern.test(jobs[name] ?? ""))

describe("a release", () => {
  it("is published by a job without a checkout, an installation or a build", () => {
    expect(Object.keys(jobs)).toEqual(["version", "build", "publish", "tag"])
    expect(jobsWith(/id-token: write/)).toEqual(["publish"])
    expect(jobs["publish"]).not.toMatch(/checkout|npm (?:ci|install|i|run|pack)\b|npx|\.ci\/run|contents: write/)
    expect(jobs["publish"]).toMatch(/npm publish \S+\.tgz --ignore-scripts --provenance/)
  })

  it("is built by a job with read permissions and without stored credentials", () => {
    expect(jobs["build"]).toMatch(/permissions:\n {6}contents: read\n/)
    expect(jobs["build"]).not.toMatch(/: write|secrets\./)
    expect(jobs["build"]).toContain("persist-credentials: false")
    expect(release).toMatch(/^permissions: \{\}$/m)
  })

  it("runs no install scripts of dependencies in a job with write permissions", () => {
    for (const name of jobsWith(/: write/)) {
      expect((jobs[name] ?? "").replaceAll("npm ci --ignore-scripts", "")).not.toMatch(/npm ci|npm install|\.ci\/run/)
    }
  })

  it.each([".github/workflows/release.yml", ".github/workflows/check.yml"])(
    "uses actions pinned to commits: %s",
    (file) => {
      const used = Array.from(read(file).matchAll(/uses: (\S+)/g), ([, action]) => action)
      expect(used.length).toBeGreaterThan(0)
      for (const action of used) expect(action).toMatch(/@[\da-f]{40}$/)
    }
  )

  it("has no install scripts", () => {
    const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: object }
    for (const name of ["preinstall", "install", "postinstall", "prepare"]) expect(scripts).not.toHaveProperty(name)
  })
})

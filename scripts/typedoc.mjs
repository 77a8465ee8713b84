// A TypeDoc plugin. It gives a title to pages without front matter, copies the comment of a schema to the type of the same
// name, and publishes examples as `.ts.txt`: most servers serve a `.ts` file as a video, and browsers download it.
import { existsSync, readdirSync, renameSync } from "node:fs"
import { join } from "node:path"
import { Converter, RendererEvent } from "typedoc"

const titles = new Map([
  ["CHANGELOG", "Changelog"],
  ["CONTRIBUTING", "Contributing"],
  ["SECURITY", "Security"]
])

const headingOf = (page) => /^# (.+)$/m.exec(page.content.map(({ text }) => text).join(""))?.[1]

export const load = (app) => {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    page.name = titles.get(page.name) ?? (page.name.endsWith("README") ? (headingOf(page) ?? page.name) : page.name)
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      const children = module.children ?? []
      const described = children.filter(({ comment }) => comment !== undefined && comment.summary.length > 0)
      for (const child of children.filter((one) => !described.includes(one))) {
        const twin = described.find(({ name }) => name === child.name)
        if (twin === undefined) continue
        if (child.comment === undefined) child.comment = twin.comment.clone()
        else child.comment.summary = twin.comment.clone().summary
      }
    }
  })
  app.renderer.on("endPage", (page) => {
    page.contents = page.contents?.replace(/(href="[^":]*media\/[\w.-]+\.ts)"/g, '$1.txt"')
  })
  // The priority is low, so that TypeDoc's own listeners have copied the examples before.
  const last = -1000
  const rename = (output) => {
    const media = join(output.outputDirectory, "media")
    for (const file of existsSync(media) ? readdirSync(media) : []) {
      if (file.endsWith(".ts")) renameSync(join(media, file), join(media, `${file}.txt`))
    }
  }
  app.renderer.on(RendererEvent.END, rename, last)
}

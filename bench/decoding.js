// Measures the decoding of a contact that is already parsed from JSON, by this library and by other schema libraries.
import { Type } from "@sinclair/typebox"
import { TypeCompiler } from "@sinclair/typebox/compiler"
import * as Schema from "effect/Schema"
import { build } from "esbuild"
import { readFileSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as v from "valibot"
import { z } from "zod"
import { Contact } from "../dist/Schema.js"
import { contactOf, each } from "./clients.js"
import { median } from "./statistics.js"

const text = readFileSync(new URL("../test/fixtures/get-contact.200.json", import.meta.url), "utf8")
const { contact } = JSON.parse(text)

const optional = (schema) => v.optional(v.nullable(schema))
const maybe = (schema) => Type.Optional(Type.Union([schema, Type.Null()]))

/** Loads the fast codec from the sources, because the package does not export it. */
const loadReader = async () => {
  const [entry, outfile] = ["../src/runtime/codec.ts", "programs/bundled/reader.mjs"].map((file) =>
    fileURLToPath(new URL(file, import.meta.url))
  )
  await build({ entryPoints: [entry], bundle: true, packages: "external", format: "esm", outfile, logLevel: "error" })
  const reader = await import(outfile)
  rmSync(outfile)
  return reader
}

const decoders = async () => {
  const { readerOf } = await loadReader()
  const zod = contactOf(z)
  const valibot = v.looseObject({
    id: v.string(),
    ...each(optional(v.string())),
    tags: optional(v.array(v.string())),
    dnd: optional(v.boolean()),
    dateAdded: optional(
      v.pipe(
        v.string(),
        v.transform((text) => new Date(text))
      )
    ),
    customFields: optional(v.array(v.looseObject({ id: v.string(), value: v.unknown() })))
  })
  const typebox = TypeCompiler.Compile(
    Type.Object({
      id: Type.String(),
      ...each(maybe(Type.String())),
      tags: maybe(Type.Array(Type.String())),
      dnd: maybe(Type.Boolean()),
      dateAdded: maybe(Type.String()),
      customFields: maybe(Type.Array(Type.Object({ id: Type.String(), value: Type.Unknown() })))
    })
  )
  const decode = Schema.decodeUnknownSync(Contact)
  return {
    "JSON.parse, for comparison": () => JSON.parse(text),
    "ours, in a call": (
      (read) => () =>
        read(contact)
    )(readerOf(Contact.ast, "decode")),
    "ours, by its schema": () => decode(contact),
    zod: () => zod.parse(contact),
    valibot: () => v.parse(valibot, contact),
    "typebox, compiled; checks only": () => typebox.Check(contact)
  }
}

/** The median time of one decoding by each decoder, in microseconds. */
export const decoding = async (rounds, times = 20_000) => {
  const all = await decoders()
  const samples = Object.fromEntries(Object.keys(all).map((name) => [name, []]))
  for (let round = -2; round < rounds; round += 1) {
    for (const [name, decode] of Object.entries(all)) {
      const began = performance.now()
      for (let time = 0; time < times; time += 1) decode()
      if (round >= 0) samples[name].push(((performance.now() - began) * 1000) / times)
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, found]) => [name, median(found)]))
}

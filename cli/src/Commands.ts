// The table of the commands by name. A command's module is loaded when the command is run.
import type * as Command from "@effect/cli/Command"
import type { CliExit } from "./CliExit.js"

/** Any command, whatever its arguments and options are. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the handler of a command knows the type of its options
export type AnyCommand = Command.Command<any, never, CliExit, any>

interface Entry {
  /** The sentence about the command in the overall help. */
  readonly description: string
  readonly load: () => Promise<AnyCommand>
}

/** The commands by name, in the order in which the help lists them. */
export const commands: { readonly [name: string]: Entry } = {
  get: { description: "shows contacts", load: () => import("./commands/get.js").then(({ get }) => get) },
  search: { description: "finds contacts", load: () => import("./commands/search.js").then(({ search }) => search) },
  update: {
    description: "changes fields of a contact",
    load: () => import("./commands/update.js").then(({ update }) => update)
  },
  upsert: {
    description: "creates a contact, or updates the one with its email or phone",
    load: () => import("./commands/upsert.js").then(({ upsert }) => upsert)
  },
  delete: {
    description: "deletes contacts",
    load: () => import("./commands/delete.js").then(({ deletes }) => deletes)
  },
  tags: {
    description: "adds tags to contacts and removes them",
    load: () => import("./commands/tags.js").then(({ tags }) => tags)
  },
  notes: {
    description: "shows and writes the notes of a contact",
    load: () => import("./commands/notes.js").then(({ notes }) => notes)
  },
  tasks: {
    description: "shows, writes and completes the tasks of a contact",
    load: () => import("./commands/tasks.js").then(({ tasks }) => tasks)
  },
  fields: {
    description: "shows and creates the custom fields of a location",
    load: () => import("./commands/fields.js").then(({ fields }) => fields)
  },
  import: {
    description: "upserts every contact of a file",
    load: () => import("./commands/import.js").then(({ imports }) => imports)
  },
  forget: {
    description: "removes the checkpoint and the reports of an import",
    load: () => import("./commands/forget.js").then(({ forget }) => forget)
  },
  export: {
    description: "writes contacts to a file that import reads",
    load: () => import("./commands/export.js").then(({ exports }) => exports)
  },
  api: {
    description: "sends any other request of the API",
    load: () => import("./commands/api.js").then(({ api }) => api)
  },
  profiles: {
    description: "keeps the tokens of several accounts",
    load: () => import("./commands/profiles.js").then(({ profiles }) => profiles)
  },
  login: {
    description: "connects an OAuth app to an account",
    load: () => import("./commands/login.js").then(({ login }) => login)
  },
  doctor: {
    description: "checks token, scopes, location, clock and quota",
    load: () => import("./commands/doctor.js").then(({ doctor }) => doctor)
  },
  sandbox: {
    description: "runs the sandbox",
    load: () => import("./commands/sandbox.js").then(({ sandbox }) => sandbox)
  }
}

/** Loads the command that the arguments name, or all commands if they name none. */
export const loadFor = (args: ReadonlyArray<string>): Promise<ReadonlyArray<AnyCommand>> => {
  const [name = ""] = args
  const entries = Object.hasOwn(commands, name) ? [commands[name]!] : Object.values(commands)
  return Promise.all(entries.map(({ load }) => load()))
}

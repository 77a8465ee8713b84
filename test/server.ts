import * as Effect from "effect/Effect"
import { type ChildProcess, spawn, type SpawnOptionsWithoutStdio, spawnSync } from "node:child_process"
import { chownSync, mkdirSync } from "node:fs"

/** The user of a database server. Such servers refuse to run as root; then they run as their own user, or as nobody. */
const ownerOf = (user: string): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string) => Number(spawnSync("id", [option, user]).stdout.toString() || Number.NaN)
  const [uid, gid] = [idOf("-u"), idOf("-g")]
  return Number.isNaN(uid) || Number.isNaN(gid) ? { uid: 65_534, gid: 65_534 } : { uid, gid }
}

/** Makes the home directory of a database server. Returns its path and the ids of the user that the server runs as. */
export const makeHome = (directory: string, user: string) => {
  const home = `${directory}/${user}`
  const owner = ownerOf(user)
  mkdirSync(home, { mode: 0o700 })
  if (owner !== undefined) for (const path of [directory, home]) chownSync(path, owner.uid, owner.gid)
  return { ...owner, cwd: home }
}

export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** The output that shows that the server accepts connections. */
  readonly ready: RegExp
  /** The signal that ends the server without waiting for its clients. */
  readonly signal: NodeJS.Signals
  readonly options?: SpawnOptionsWithoutStdio
}

/** Starts a server as a separate process, and ends it when the scope ends. */
export const start = ({ args, command, options, ready, signal }: Program) =>
  Effect.acquireRelease(
    Effect.async<ChildProcess>((resume) => {
      const server = spawn(command, args, options)
      let log = ""
      const read = (chunk: Buffer) => {
        log += String(chunk)
        if (ready.test(log)) resume(Effect.succeed(server))
      }
      server.stdout.on("data", read)
      server.stderr.on("data", read)
      // The server is killed too if the test process exits.
      const kill = () => server.kill(signal)
      process.once("exit", kill)
      server.once("exit", (code) => {
        process.off("exit", kill)
        resume(Effect.dieMessage(`${command} ended with ${String(code)}: ${log.slice(-500)}`))
      })
      server.once("error", (error) => resume(Effect.die(error)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.once("exit", () => resume(Effect.void))
        server.kill(signal)
      })
  )

/**
 * A token store of files, for one machine: a file for each grant, which only its owner can read.
 *
 * Needs `proper-lockfile`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as lockfile from "proper-lockfile"
import { randomUUID } from "node:crypto"
import { readFileSync, renameSync } from "node:fs"
import { mkdir, open, readdir, readFile, rm, stat, utimes } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { type Lock, lockLost, removeLocked, withLock } from "./credentials/lock.js"
import { inTime } from "./internal/lock.js"
import * as TokenStore from "./TokenStore.js"

/**
 * Where the files are, and who may read them.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The directory of the files. It is made if it is not there, with mode 700 (770 with `allowGroup`). */
  readonly directory: string
  /**
   * Whether the group of a file may read and write it: files have mode 660 then instead of 600. For volumes where the
   * platform sets the group and the mode, such as Kubernetes with `fsGroup`. `false` by default.
   */
  readonly allowGroup?: boolean | undefined
}

const codeOf = (cause: unknown) => {
  const { code } = cause as { readonly code?: unknown } // whatever a promise rejects with
  return typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : undefined
}

const failing = (what: string) => (cause: unknown) => {
  const code = codeOf(cause)
  const reason = code === undefined ? "" : ` (${code})`
  return new TokenStore.TokenStoreError({ message: `The token store could not be ${what}${reason}` })
}

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({ try: () => inTime(evaluate()), catch: failing(what) })

/** `undefined` where there is no such file. */
const unlessMissing = <A>(promise: Promise<A>): Promise<A | undefined> =>
  promise.catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : Promise.reject(error)))

// --- reading -----------------------------------------------------------------------------------------------------------

/** What is wrong with the mode of a file that holds tokens. */
const faultOfMode = (path: string, mode: number, allowGroup: boolean): string | undefined => {
  const octal = (mode & 0o777).toString(8)
  if ((mode & 0o007) !== 0) {
    return `${path} can be read by others (mode ${octal}): chmod 600 it, and think of its tokens as known to them`
  }
  if ((mode & 0o070) === 0 || allowGroup) return undefined
  return (
    `${path} can be read by its group (mode ${octal}): chmod 600 it, ` +
    "or set `allowGroup: true` where the platform sets the mode (Kubernetes with `fsGroup`)"
  )
}

const readText = (path: string, allowGroup: boolean) =>
  Effect.gen(function* () {
    const stats = yield* attempt("read", () => unlessMissing(stat(path)))
    if (stats === undefined) return undefined
    const fault = process.platform === "win32" ? undefined : faultOfMode(path, stats.mode, allowGroup)
    if (fault !== undefined) return yield* new TokenStore.TokenStoreError({ message: fault })
    return yield* attempt("read", () => unlessMissing(readFile(path, "utf8")))
  })

const decode = (text: string | undefined) =>
  text === undefined ? Effect.succeedNone : Effect.map(TokenStore.decode(text), Option.some)

// --- writing -----------------------------------------------------------------------------------------------------------

/** Removes what processes that were killed have left: it holds tokens. Called by the holder of the lock. */
const sweep = async (path: string) => {
  const name = basename(path)
  const isLeft = (file: string) => file.startsWith(`${name}.`) && /^\d+$|\.tmp$/.test(file.slice(name.length + 1))
  for (const file of await readdir(dirname(path))) {
    if (isLeft(file)) await rm(join(dirname(path), file), { force: true })
  }
}

const flush = async (path: string) => {
  const handle = await open(path, "r")
  await handle.sync().finally(() => handle.close())
}

const currentText = (path: string) => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
}

/** Flushes the directory of a file, after a file was renamed or removed. Windows has no handles of directories. */
const flushDirectory = async (path: string) => {
  if (process.platform !== "win32") await flush(dirname(path))
}

/** Replaces the text of a file if it is still the expected one, so that a crash leaves the old one or the new one. */
const replace = async (path: string, text: string, mode: number, expected: string | undefined): Promise<boolean> => {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const handle = await open(temporary, "wx", mode)
    try {
      // The mode of `open` is subject to the umask.
      await handle.chmod(mode)
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // Without a pause in between: a process that was suspended may wake up here, after another one has taken its lock.
    if (currentText(path) !== expected) return false
    renameSync(temporary, path)
    await flushDirectory(path)
    return true
  } finally {
    await rm(temporary, { force: true })
  }
}

// --- the lock ----------------------------------------------------------------------------------------------------------

/** A lock whose process is gone is free again after that many milliseconds. */
const stale = 5000

/** Gives a lock file from the future the present time: its process notices that, and if it is gone the lock ends. */
const mendTime = (path: string) =>
  Effect.gen(function* () {
    const file = `${path}.lock`
    const stats = yield* attempt("locked", () => unlessMissing(stat(file)))
    const now = Date.now()
    if (stats === undefined || stats.mtimeMs <= now + stale) return
    yield* attempt("locked", () => unlessMissing(utimes(file, new Date(now), new Date(now))))
    yield* Effect.logWarning(
      `The lock file ${file} had a time in the future (${stats.mtime.toISOString()}): was the clock set back? ` +
        "It is treated as new and ends in 5s unless its process lives"
    )
  })

interface Target {
  readonly path: string
  readonly allowGroup: boolean
}

/** What tells a lock file from a later one of the same name. */
const identityOf = (path: string) =>
  unlessMissing(stat(`${path}.lock`)).then((stats) => stats && `${stats.ino} ${stats.birthtimeMs}`)

/** The grant of a file whose lock this process holds, and the lock. */
const lockedFile = ({ path, allowGroup }: Target, unlock: () => Promise<void>, isLost: () => boolean): Lock => {
  /** The text of the file as this holder of the lock knows it. */
  let known: { readonly text: string | undefined } | undefined
  /** A write that is still going on, though it may have been given up. */
  let writing: Promise<unknown> = Promise.resolve()
  const read = Effect.tap(readText(path, allowGroup), (text) => {
    known = { text }
  })
  const write = (text: string, expected: string | undefined) => {
    const written = sweep(path).then(() => replace(path, text, allowGroup ? 0o660 : 0o600, expected))
    writing = written.catch(() => undefined)
    return written
  }
  return {
    grant: {
      get: Effect.flatMap(read, decode),
      set: (grant) =>
        Effect.gen(function* () {
          if (known === undefined) yield* read
          if (isLost()) return yield* lockLost()
          const text = TokenStore.encode(grant)
          if (!(yield* attempt("written", () => write(text, known?.text)))) return yield* lockLost()
          known = { text }
        }),
      remove: Effect.suspend(() => {
        if (isLost()) return Effect.fail(lockLost())
        const removed = sweep(path).then(() => rm(path, { force: true }))
        writing = removed.catch(() => undefined)
        return attempt("written", () => removed.then(() => flushDirectory(path)))
      })
    },
    // After the write: a late one would overwrite another's. A lock that was lost is not released.
    release: Effect.ignore(attempt("unlocked", () => writing.then(() => unlock())))
  }
}

const tryLock = (target: Target): Effect.Effect<Option.Option<Lock>, TokenStore.TokenStoreError> =>
  Effect.suspend(() => {
    let isLost = false
    const onCompromised = () => {
      isLost = true
    }
    const locking = lockfile.lock(target.path, { realpath: false, stale, onCompromised }).then(async (unlock) => {
      const identity = await identityOf(target.path)
      // After a suspension the lock file may be that of another process, which is not removed.
      return async () => (identity === (await identityOf(target.path)) ? unlock() : undefined)
    })
    return Effect.tryPromise(() => inTime(locking)).pipe(
      Effect.map((unlock) => Option.some(lockedFile(target, unlock, () => isLost))),
      Effect.catchAll(({ error }) => {
        if (codeOf(error) === "ELOCKED") return Effect.as(mendTime(target.path), Option.none())
        // A lock that comes too late is released.
        locking.then((unlock) => unlock()).catch(() => undefined)
        return Effect.fail(failing("locked")(error))
      })
    )
  })

const extension = ".json"

const fileOf = (key: string) => `${encodeURIComponent(key)}${extension}`

/** The key of a file's name; none where the file is not that of a grant. */
const keysOf = (file: string): ReadonlyArray<string> => {
  try {
    const key = decodeURIComponent(file.slice(0, -extension.length))
    return fileOf(key) === file ? [key] : []
  } catch {
    return []
  }
}

/**
 * A store in a directory. A grant is written to another file first, flushed to the disk and renamed, so that a crash leaves
 * the old one or the new one. Processes exclude each other by a lock file, and a process that was suspended meanwhile does
 * not overwrite what another one has written. A file that others can read is refused.
 *
 * Fails with `TokenStoreError` where the directory cannot be made.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<TokenStore.Service, TokenStore.TokenStoreError> =>
  Effect.gen(function* () {
    const { directory, allowGroup = false } = options
    yield* attempt("made", () => mkdir(directory, { recursive: true, mode: allowGroup ? 0o770 : 0o700 }))
    const targetOf = (key: string) =>
      Effect.try({
        try: (): Target => ({ path: join(directory, fileOf(key)), allowGroup }),
        catch: () => new TokenStore.TokenStoreError({ message: "A key of the token store must be text" })
      })
    return {
      get: (key) => Effect.flatMap(targetOf(key), ({ path }) => Effect.flatMap(readText(path, allowGroup), decode)),
      withLock: (key, use) => Effect.flatMap(targetOf(key), (target) => withLock(tryLock(target), use)),
      list: Effect.map(
        attempt("read", () => readdir(directory)),
        (files) => files.flatMap(keysOf)
      ),
      remove: (key) => Effect.flatMap(targetOf(key), (target) => removeLocked(tryLock(target)))
    }
  })

/**
 * {@link make} as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TokenStore.TokenStore, TokenStore.TokenStoreError> =>
  Layer.effect(TokenStore.TokenStore, make(options))

/**
 * A token store in files, for one machine. Each grant has a file that only its owner can read.
 *
 * Needs `proper-lockfile`.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as lockfile from "proper-lockfile"
import { randomUUID } from "node:crypto"
import { readFileSync, renameSync, rmSync } from "node:fs"
import { mkdir, open, readdir, readFile, rm, stat, utimes } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { type Lock, lockLost, removeLocked, withLock } from "./credentials/lock.js"
import { withTimeout } from "./runtime/timeout.js"
import * as TokenStore from "./TokenStore.js"

/**
 * The options of {@link layer}: the directory of the files and their access rights.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The directory of the files. It is created if it does not exist, with mode 700 (770 with `allowGroup`). */
  readonly directory: string
  /**
   * Whether the group of a file may read and write it: files get mode 660 instead of 600. For volumes whose group and mode the
   * platform sets, such as Kubernetes with `fsGroup`. `false` by default.
   */
  readonly allowGroup?: boolean | undefined
}

const codeOf = (cause: unknown) => {
  const { code } = cause as { readonly code?: unknown } // a promise can reject with any value
  return typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : undefined
}

const failing = (what: string) => (cause: unknown) => {
  const code = codeOf(cause)
  const reason = code === undefined ? "" : ` (${code})`
  return new TokenStore.TokenStoreError({ message: `The token store could not be ${what}${reason}` })
}

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({ try: () => withTimeout(evaluate()), catch: failing(what) })

/** Resolves to `undefined` if the file does not exist. */
const unlessMissing = <A>(promise: Promise<A>): Promise<A | undefined> =>
  promise.catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : Promise.reject(error)))

// --- reading -----------------------------------------------------------------------------------------------------------

/** The reason why a file with this mode is refused; undefined if it is accepted. */
const faultOfMode = (path: string, mode: number, allowGroup: boolean): string | undefined => {
  const octal = (mode & 0o777).toString(8)
  if ((mode & 0o007) !== 0) {
    return `${path} can be read by others (mode ${octal}): chmod 600 it, and replace its tokens, because others may know them`
  }
  if ((mode & 0o070) === 0 || allowGroup) return undefined
  return (
    `${path} can be read by its group (mode ${octal}): chmod 600 it, ` +
    "or set `allowGroup: true` if the platform sets the mode (Kubernetes with `fsGroup`)"
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

/** Removes the temporary files of killed processes, which contain tokens. Only the holder of the lock calls it. */
const sweep = async (path: string) => {
  const name = basename(path)
  const isTemporary = (file: string) => file.startsWith(`${name}.`) && /^\d+$|\.tmp$/.test(file.slice(name.length + 1))
  for (const file of await readdir(dirname(path))) {
    if (isTemporary(file)) await rm(join(dirname(path), file), { force: true })
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

/**
 * Replaces the text of a file if the current text is the expected one. A crash leaves the old text or the new one. Returns
 * whether the text was replaced.
 */
const replace = async (path: string, text: string, mode: number, expected: string | undefined): Promise<boolean> => {
  await sweep(path)
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const handle = await open(temporary, "wx", mode)
    try {
      // The umask restricts the mode of `open`.
      await handle.chmod(mode)
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // The check and the rename are synchronous, so that this process runs nothing in between. The check is needed because
    // another process may have taken the lock during a suspension.
    if (currentText(path) !== expected) return false
    renameSync(temporary, path)
    await flushDirectory(path)
    return true
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Removes a file. Returns `false`, and does not remove it, if another process changes its text in the meantime. */
const remove = async (path: string): Promise<boolean> => {
  const text = currentText(path)
  await sweep(path)
  // The check and the removal are synchronous, as in `replace`.
  if (currentText(path) !== text) return false
  rmSync(path, { force: true })
  await flushDirectory(path)
  return true
}

// --- the lock ----------------------------------------------------------------------------------------------------------

/** The time after which a lock that its process has not renewed is free again, in milliseconds. */
const stale = 5000

/**
 * Sets the time of a lock file to now if it is in the future. If the process of the lock still runs, it notices the change
 * and loses the lock; otherwise the lock expires as usual.
 */
const mendTime = (path: string) =>
  Effect.gen(function* () {
    const file = `${path}.lock`
    const stats = yield* attempt("locked", () => unlessMissing(stat(file)))
    const now = Date.now()
    if (stats === undefined || stats.mtimeMs <= now + stale) return
    yield* attempt("locked", () => unlessMissing(utimes(file, new Date(now), new Date(now))))
    yield* Effect.logWarning(
      `The lock file ${file} had a time in the future (${stats.mtime.toISOString()}); check the clock of this machine. ` +
        "The lock expires in 5s unless its process renews it"
    )
  })

interface Target {
  readonly path: string
  readonly allowGroup: boolean
}

/** Distinguishes a lock file from a later file of the same name. Undefined if the file cannot be examined. */
const identityOf = (path: string) =>
  unlessMissing(stat(`${path}.lock`)).then(
    (stats) => (stats === undefined ? "missing" : `${stats.ino} ${stats.birthtimeMs}`),
    () => undefined
  )

/** A lock that this process holds, with the grant in the locked file. */
const lockedFile = ({ path, allowGroup }: Target, unlock: () => Promise<void>, isLost: () => boolean): Lock => {
  /** The text of the file when it was last read or written under this lock. */
  let known: { readonly text: string | undefined } | undefined
  /** The latest write, which may still run after its caller was interrupted or timed out. */
  let writing: Promise<unknown> = Promise.resolve()
  const read = Effect.tap(readText(path, allowGroup), (text) => {
    known = { text }
  })
  /** Runs a change of the file, unless another process has taken the lock. */
  const write = (change: () => Promise<boolean>) =>
    Effect.suspend(() => {
      if (isLost()) return Effect.fail(lockLost())
      const changed = change()
      writing = changed.catch(() => undefined)
      return Effect.flatMap(
        attempt("written", () => changed),
        (isChanged) => (isChanged ? Effect.void : Effect.fail(lockLost()))
      )
    })
  return {
    grant: {
      get: Effect.flatMap(read, decode),
      set: (grant) =>
        Effect.gen(function* () {
          if (known === undefined) yield* read
          const text = TokenStore.encode(grant)
          yield* write(() => replace(path, text, allowGroup ? 0o660 : 0o600, known?.text))
          known = { text }
        }),
      remove: write(() => remove(path))
    },
    // The release waits for the write, which without the lock could overwrite the grant of another process.
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
      return async () => {
        const current = await identityOf(target.path)
        // After a suspension, the lock file may belong to another process; then it is not removed.
        if (identity === undefined || current === undefined || current === identity) await unlock()
      }
    })
    return Effect.tryPromise(() => withTimeout(locking)).pipe(
      Effect.map((unlock) => Option.some(lockedFile(target, unlock, () => isLost))),
      Effect.catchAll(({ error }) => {
        if (codeOf(error) === "ELOCKED") return Effect.as(mendTime(target.path), Option.none())
        // If the lock is acquired after the timeout, it is released.
        locking.then((unlock) => unlock()).catch(() => undefined)
        return Effect.fail(failing("locked")(error))
      })
    )
  })

const extension = ".json"

const fileOf = (key: string) => `${encodeURIComponent(key)}${extension}`

/** The key of the grant in a file, from the file's name; empty if the file is not that of a grant. */
const keysOf = (file: string): ReadonlyArray<string> => {
  try {
    const key = decodeURIComponent(file.slice(0, -extension.length))
    return fileOf(key) === file ? [key] : []
  } catch {
    return []
  }
}

/**
 * A store in a directory. A grant is written to a temporary file, flushed to the disk and renamed, so that a crash leaves the
 * old grant or the new one. A lock file excludes other processes of the same machine. A process that was suspended does not
 * overwrite what another process has written. A file that other users can read is refused with `TokenStoreError`.
 *
 * Fails with `TokenStoreError` if the directory cannot be created.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<TokenStore.Service, TokenStore.TokenStoreError> =>
  Effect.gen(function* () {
    const { directory, allowGroup = false } = options
    yield* attempt("created", () => mkdir(directory, { recursive: true, mode: allowGroup ? 0o770 : 0o700 }))
    const targetOf = (key: string) =>
      Effect.try({
        try: (): Target => ({ path: join(directory, fileOf(key)), allowGroup }),
        catch: () =>
          new TokenStore.TokenStoreError({ message: "The key of a grant in the token store must be a string" })
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

/**
 * A token store of files, for one machine: a file for each grant, which only its owner can read.
 *
 * Needs `proper-lockfile` and `write-file-atomic`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as lockfile from "proper-lockfile"
import writeFileAtomic from "write-file-atomic"
import { mkdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { type Lock, lockLost, withLock } from "./credentials/lock.js"
import { inTime } from "./internal/lock.js"
import * as TokenStore from "./TokenStore.js"

const codeOf = (cause: unknown) => {
  const { code } = cause as { readonly code?: unknown }
  return typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : undefined
}

const failing = (what: string) => (cause: unknown) => {
  const code = codeOf(cause)
  const reason = code === undefined ? "" : ` (${code})`
  return new TokenStore.TokenStoreError({ message: `The token store could not be ${what}${reason}` })
}

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({ try: () => inTime(evaluate()), catch: failing(what) })

/** Nobody but the owner may read a secret. */
const othersMayRead = 0o077

const read = (path: string): Effect.Effect<Option.Option<TokenStore.Grant>, TokenStore.TokenStoreError> =>
  Effect.gen(function* () {
    const mode = yield* attempt("read", () =>
      stat(path).then(
        (stats) => stats.mode,
        (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : Promise.reject(error))
      )
    )
    if (mode === undefined) return Option.none()
    if (process.platform !== "win32" && (mode & othersMayRead) !== 0) {
      const message = `${path} can be read by others: chmod 600 it, and think of its tokens as known to them`
      return yield* new TokenStore.TokenStoreError({ message })
    }
    return Option.some(yield* TokenStore.decode(yield* attempt("read", () => readFile(path, "utf8"))))
  })

/** A lock whose process is gone is free again after that many milliseconds. */
const stale = 5000

const tryLock = (path: string): Effect.Effect<Option.Option<Lock>, TokenStore.TokenStoreError> =>
  Effect.suspend(() => {
    let isLost = false
    const onCompromised = () => {
      isLost = true
    }
    /** What is still being written, though it may have been given up. */
    let writing: Promise<unknown> = Promise.resolve()
    const write = (grant: TokenStore.Grant) => {
      const written = writeFileAtomic(path, TokenStore.encode(grant), { mode: 0o600, fsync: true })
      writing = written.catch(() => undefined)
      return written
    }
    const held = (unlock: () => Promise<void>): Lock => ({
      grant: {
        get: read(path),
        set: (grant) =>
          Effect.suspend(() => (isLost ? Effect.fail(lockLost()) : attempt("written", () => write(grant))))
      },
      // Not before: what comes late would overwrite another's. A lock that has been lost is nothing to release.
      release: Effect.ignore(attempt("unlocked", () => writing.then(() => unlock())))
    })
    const locking = lockfile.lock(path, { realpath: false, stale, onCompromised })
    return Effect.tryPromise(() => inTime(locking)).pipe(
      Effect.map((unlock) => Option.some(held(unlock))),
      Effect.catchAll(({ error }) => {
        if (codeOf(error) === "ELOCKED") return Effect.succeedNone
        // One that comes too late is nobody's.
        locking.then((unlock) => unlock()).catch(() => undefined)
        return Effect.fail(failing("locked")(error))
      })
    )
  })

/**
 * A store in a directory, which is made if it is not there. A grant is written to another file first, flushed to the disk
 * and renamed, so that a crash leaves the old one or the new one. Processes exclude each other by a lock file. A file that
 * others can read is refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  readonly directory: string
}): Effect.Effect<TokenStore.Service, TokenStore.TokenStoreError> =>
  Effect.gen(function* () {
    yield* attempt("made", () => mkdir(options.directory, { recursive: true, mode: 0o700 }))
    const pathOf = (key: string) =>
      Effect.try({
        try: () => join(options.directory, `${encodeURIComponent(key)}.json`),
        catch: () => new TokenStore.TokenStoreError({ message: "A key of the token store must be text" })
      })
    return {
      get: (key) => Effect.flatMap(pathOf(key), read),
      withLock: (key, use) => Effect.flatMap(pathOf(key), (path) => withLock(tryLock(path), use))
    }
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: {
  readonly directory: string
}): Layer.Layer<TokenStore.TokenStore, TokenStore.TokenStoreError> => Layer.effect(TokenStore.TokenStore, make(options))

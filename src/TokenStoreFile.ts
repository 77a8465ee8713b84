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
import * as TokenStore from "./TokenStore.js"

const failing = (what: string) => (cause: unknown) => {
  const { code } = cause as { readonly code?: unknown }
  const reason = typeof code === "string" && /^[A-Z]+$/.test(code) ? ` (${code})` : ""
  return new TokenStore.TokenStoreError({ message: `The token store could not be ${what}${reason}` })
}

const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({ try: evaluate, catch: failing(what) })

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

/** How long a process waits for another one's exchange. */
const patience = { retries: 600, factor: 1, minTimeout: 100, maxTimeout: 100 } as const

/** A lock whose process is gone is free again after that many milliseconds. */
const stale = 10_000

const exclusively = <A, E, R>(path: string, use: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    attempt("locked", () => lockfile.lock(path, { realpath: false, retries: patience, stale })),
    () => use,
    // A lock that has been lost is nothing to release.
    (release) => Effect.ignore(Effect.promise(() => release().catch(() => undefined)))
  )

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
    const pathOf = (key: string) => join(options.directory, `${encodeURIComponent(key)}.json`)
    return {
      get: (key) => read(pathOf(key)),
      exclusive: (key, use) => {
        const path = pathOf(key)
        return exclusively(
          path,
          Effect.suspend(() =>
            use({
              get: read(path),
              set: (grant) =>
                attempt("written", () => writeFileAtomic(path, TokenStore.encode(grant), { mode: 0o600, fsync: true }))
            })
          )
        )
      }
    }
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: {
  readonly directory: string
}): Layer.Layer<TokenStore.TokenStore, TokenStore.TokenStoreError> => Layer.effect(TokenStore.TokenStore, make(options))

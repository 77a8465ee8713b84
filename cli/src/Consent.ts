// The OAuth consent: the vendor's consent page redirects the browser, with the code, to a server on this machine.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Credentials from "effect-growthhub/Credentials"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { CliExit, codes, usageError } from "./CliExit.js"

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"])

/** Parses a redirect URI. Fails unless it is an http URL of a loopback host. */
const localUrl = (redirectUri: string): Either.Either<URL, CliExit> => {
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined
  return url !== undefined && url.protocol === "http:" && loopback.has(url.hostname) && url.username === ""
    ? Either.right(url)
    : Either.left(usageError("--redirect-uri takes a URL of this machine, such as http://127.0.0.1:4100/callback"))
}

const respond = (response: ServerResponse, status: number, text: string) => {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    connection: "close"
  })
  response.end(`${text}\n`)
}

type Result = Either.Either<Redacted.Redacted, CliExit>

/**
 * Responds to a request, and returns the result that ends the wait: the code, or the refusal of the consent. Undefined if
 * the request is another one or has another state.
 */
const resultOf = (request: IncomingMessage, response: ServerResponse, path: string, state: Redacted.Redacted) => {
  const url = request.url ?? ""
  if (request.method !== "GET" || url.split("?")[0] !== path) return void respond(response, 404, "Not found")
  const callback = Credentials.parseCallback(url, { state })
  if (Either.isRight(callback)) {
    respond(response, 200, "The app is connected. You can close this page and return to the terminal.")
    return Either.right(callback.right.code)
  }
  respond(response, 400, callback.left.message)
  return callback.left.reason === "Denied"
    ? Either.left(new CliExit({ code: codes.credentials, message: callback.left.message }))
    : undefined
}

const listen = (server: Server, url: URL): Effect.Effect<number, CliExit> =>
  Effect.async((resume) => {
    server.once("error", () =>
      resume(Effect.fail(usageError(`Port ${url.port || "80"} cannot be used: give another --redirect-uri of the app`)))
    )
    server.listen(Number(url.port || "80"), url.hostname.replace(/^\[|\]$/g, ""), () =>
      resume(Effect.succeed((server.address() as AddressInfo).port))
    )
  })

/** A pending consent. */
export interface Consent {
  /** The redirect URI, with the port on which the server listens. */
  readonly redirectUri: string
  /** The code that the vendor's page sends. */
  readonly code: Effect.Effect<Redacted.Redacted, CliExit>
}

/** Listens on the redirect URI until the scope ends. Requests with another state are refused, and do not end the wait. */
export const awaitConsent = (
  redirectUri: string,
  state: Redacted.Redacted
): Effect.Effect<Consent, CliExit, Scope.Scope> =>
  Effect.gen(function* () {
    const url = yield* localUrl(redirectUri)
    const result = yield* Deferred.make<Redacted.Redacted, CliExit>()
    const runSync = Runtime.runSync(yield* Effect.runtime())
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createServer((request, response) => {
          const found: Result | undefined = resultOf(request, response, url.pathname, state)
          if (found !== undefined) runSync(Deferred.complete(result, found))
        })
      ),
      (server) =>
        Effect.sync(() => {
          server.close()
          // Only idle connections are closed, so that the browser still receives its response.
          server.closeIdleConnections()
        })
    )
    url.port = String(yield* listen(server, url))
    return { redirectUri: url.href, code: Deferred.await(result) }
  })

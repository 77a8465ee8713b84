// The routes by which a customer connects the app. GET /connect redirects to the vendor's consent page, which redirects back
// to GET /callback.
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect, Redacted } from "effect"
import * as Credentials from "effect-growthhub/Credentials"
import { TokenStore } from "effect-growthhub/TokenStore"

export interface App extends Credentials.App {
  /** The public URL of this app, as in its registered redirect URI: `https://my-app.example`. */
  readonly publicUrl: string
  /** The base URL of the API. Set it only in tests; the default is the vendor's host. */
  readonly baseUrl?: string | undefined
}

/** The cookie that holds the OAuth state of a visitor. It is `Secure` if the app is served over https. */
const cookie = "state"

/** The options of the cookie. It expires after 15 minutes, which is enough time to log in and consent. */
const options = { path: "/callback", httpOnly: true, sameSite: "lax", maxAge: "15 minutes" } as const

const connect = (app: App) =>
  Effect.gen(function* () {
    const state = yield* Credentials.makeState
    const url = yield* Credentials.authorizationUrl({
      clientId: app.clientId,
      redirectUri: `${app.publicUrl}/callback`,
      scopes: ["contacts.readonly", "contacts.write"],
      state
    })
    const secure = app.publicUrl.startsWith("https:")
    return HttpServerResponse.unsafeSetCookie(
      HttpServerResponse.redirect(url.href, { status: 302 }),
      cookie,
      Redacted.value(state),
      { ...options, secure }
    )
  })

const text = (body: string, status: number) =>
  // Every response of the callback deletes the cookie, because a state may be used only once.
  HttpServerResponse.unsafeSetCookie(HttpServerResponse.text(body, { status }), cookie, "", { ...options, maxAge: 0 })

/** Exchanges the code for a grant, stores the grant, and tells the customer whether the app is connected. */
const callback = (app: App) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const state = request.cookies[cookie]
    const { code } = yield* Credentials.parseCallback(request.url, {
      state: state === undefined ? undefined : Redacted.make(state)
    })
    const grant = yield* Credentials.authorizationCode({
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      baseUrl: app.baseUrl,
      code,
      store: yield* TokenStore
    })
    const installation = Credentials.installationOf(grant)
    return text(
      installation?._tag === "Company" ? "Connected: choose a location" : `Connected: ${installation?.locationId}`,
      200
    )
  }).pipe(
    Effect.catchTag("InvalidCallback", ({ message }) => Effect.succeed(text(message, 400))),
    Effect.catchAll((error) =>
      // The error contains neither the code nor a token, so it can be logged.
      Effect.as(Effect.logError("A customer could not connect the app", error), text("Please try again", 503))
    )
  )

export const router = (app: App) =>
  HttpRouter.empty.pipe(HttpRouter.get("/connect", connect(app)), HttpRouter.get("/callback", callback(app)))

// How a customer connects the app: GET /connect leads to the vendor's consent page, which leads back to GET /callback.
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect, Redacted } from "effect"
import * as Credentials from "effect-growthhub/Credentials"
import { TokenStore } from "effect-growthhub/TokenStore"

export interface App extends Credentials.App {
  /** Where this app can be reached, as its redirect URI is registered: `https://my-app.example`. */
  readonly publicUrl: string
  /** The vendor's hosts, other than by default in tests only. */
  readonly baseUrl?: string | undefined
}

/** The cookie that holds the state of a visitor. It is `Secure` if the app is served over https. */
const cookie = "state"

/** Lives as long as somebody may need to log in and consent. */
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
  // The state works once.
  HttpServerResponse.unsafeSetCookie(HttpServerResponse.text(body, { status }), cookie, "", { ...options, maxAge: 0 })

/** What a customer reads who has connected the app, or has not. */
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
      // It holds neither the code nor a token.
      Effect.as(Effect.logError("A customer could not connect the app", error), text("Please try again", 503))
    )
  )

export const router = (app: App) =>
  HttpRouter.empty.pipe(HttpRouter.get("/connect", connect(app)), HttpRouter.get("/callback", callback(app)))

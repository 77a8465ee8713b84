// Checks that one of the keys has signed a body.
import * as Effect from "effect/Effect"
import { decodeBase64, type Key } from "./keys.js"

/** The headers of a request: a `Headers`, or an object whose names may be in any case. */
export type HeadersInput =
  | {
      /** The value of a header, null if it is absent. */
      readonly get: (name: string) => string | null
    }
  | { readonly [name: string]: string | ReadonlyArray<string> | undefined }

const isHeaders = (headers: HeadersInput): headers is { readonly get: (name: string) => string | null } =>
  typeof headers.get === "function"

/** The value of a header. Several values are joined with commas (RFC 9110, 5.3). */
export const headerOf = (headers: HeadersInput, name: string): string | undefined => {
  if (isHeaders(headers)) return headers.get(name) ?? undefined
  const values = Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? (value ?? []) : []))
  return values.length === 0 ? undefined : values.join(", ")
}

/** The reason why a signature is not accepted. */
export type SignatureFault = "Missing" | "Mismatch"

const headerNames = { Ed25519: "x-ghl-signature", "RSA-SHA256": "x-wh-signature" } as const

/** Fails unless one of the keys has signed the body. The older header is used only if the current one is absent. */
export const checkSignature = (
  keys: ReadonlyArray<Key>,
  headers: HeadersInput,
  body: Uint8Array
): Effect.Effect<void, SignatureFault> =>
  Effect.gen(function* () {
    const current = headerOf(headers, headerNames.Ed25519)
    const older = headerOf(headers, headerNames["RSA-SHA256"])
    const algorithm = current === undefined ? "RSA-SHA256" : "Ed25519"
    const candidates = keys.filter((key) => key.algorithm === algorithm)
    const text = current ?? older
    if (text === undefined || candidates.length === 0) return yield* Effect.fail("Missing" as const)
    const signature = decodeBase64(text)
    if (signature === undefined) return yield* Effect.fail("Mismatch" as const)
    for (const key of candidates) {
      // A signature that the runtime cannot check counts as invalid.
      const isSigned = yield* Effect.orElseSucceed(
        Effect.tryPromise(() => key.verifies(signature, body)),
        () => false
      )
      if (isSigned) return
    }
    return yield* Effect.fail("Mismatch" as const)
  })

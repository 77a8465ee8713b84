// The vendor's public keys for webhook signatures, and the import of keys with Web Crypto, without a Node module.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"

/** The algorithms of the vendor's signatures. */
export type Algorithm = "Ed25519" | "RSA-SHA256"

/** A public key that verifies signatures. */
export interface Key {
  readonly algorithm: Algorithm
  /** Resolves to whether the signature of the body was made with this key. */
  readonly verifies: (signature: Uint8Array, body: Uint8Array) => Promise<boolean>
}

/** The vendor's Ed25519 key, as it is published: SPKI (RFC 8410) in base64. */
export const publishedEd25519 = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="

/** The vendor's older RSA key, as its guide publishes it: SPKI in base64. */
export const publishedRsa =
  "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/r9tVgcfZ5DysOSCFrm602qYV0MaAiNnX9O8KxMbiyRKWeL9JpCpVpt4XHIcBOK4u3cL" +
  "SqJGOLaPuXw6dO0t6Q/ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpbi989mmzMryUnQJezlYJ3DVfBcsedpinheNnyYeFXolrJvcsjDtfAeRx5ByHQmTnS" +
  "dFUzuAnC9/GepgLT9SM4nCpvuxmZMxrJt5Rw+VUaQ9B8JSvbMPpez4peKaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF3kvoV5rTnXV0IknLBXlcKKAQLZcY" +
  "/Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKUJ062fRtN+rLYZUV+BjafxQauvC8wSWeYja63VSUruvmNj8xkx2zE/Juc+yjLjTXpIocmaiFeAO6fUtNj" +
  "DeFVkhf5LNb59vECyrHD2SQIrhgXpO4Q3dVNA5rw576PwTzNh/AMfHKIjE4xQA1SZuYJmNnmVZLIZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhCHULg" +
  "CsnuDJHcrGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/Y09T7sYJPQe7z0cvj7aE4B+Ax1ZoZGPzpJlZtGXCsu9aTEGEnKzmsFqwcSsnw3JB" +
  "31IGKAykT1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ=="

const parameters = {
  Ed25519: { name: "Ed25519" },
  "RSA-SHA256": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
} as const

/** Decodes base64 (RFC 4648, 4). Undefined if the text is not the canonical encoding of its bytes. */
export const decodeBase64 = (text: string): Uint8Array | undefined => {
  const bytes = Either.getOrUndefined(Encoding.decodeBase64(text))
  // One signature would otherwise have several valid texts, with line breaks or with non-zero bits after the last byte.
  return bytes !== undefined && bytes.length > 0 && Encoding.encodeBase64(bytes) === text ? bytes : undefined
}

const armour = /-----(?:BEGIN|END) PUBLIC KEY-----|\s/g

/** Imports a public key from PEM or from the base64 of its SPKI. Fails with a text that follows "The key". */
export const importKey = (algorithm: Algorithm, text: string): Effect.Effect<Key, string> => {
  const spki = decodeBase64(text.replace(armour, ""))
  if (spki === undefined) return Effect.fail("is neither PEM nor base64")
  const { subtle } = globalThis.crypto
  return Effect.tryPromise({
    try: () => subtle.importKey("spki", spki, parameters[algorithm], false, ["verify"]),
    catch: () => `is not an ${algorithm} public key (SPKI), or this runtime does not have the algorithm`
  }).pipe(
    Effect.map((key) => ({
      algorithm,
      verifies: (signature, body) => subtle.verify(parameters[algorithm], key, signature, body)
    }))
  )
}

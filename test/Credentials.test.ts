import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Credentials from "effect-growthhub/Credentials"

const reason = (token: string) =>
  Either.getLeft(Credentials.validate(Redacted.make(token))).pipe((left) =>
    left._tag === "Some" ? left.value : "taken"
  )

describe("a token", () => {
  it("is taken when a header can carry it as it is", () => {
    for (const token of ["pit-0123-4567", "eyJhbGciOi.eyJzdWIi.sig_-", "a+b/c=="]) expect(reason(token)).toBe("taken")
  })

  it("is refused with its reason", () => {
    expect(reason(undefined as unknown as string)).toBe("The token is missing")
    expect(reason("")).toBe("The token is empty")
    expect(reason("pit-1\n")).toBe("The token contains a line break")
    expect(reason("pit-1\r\nx-admin: 1")).toBe("The token contains a line break")
    expect(reason(" pit-1")).toBe("The token contains blanks")
    expect(reason("pit-1\t")).toBe("The token contains blanks")
    expect(reason('"pit-1"')).toBe("The token contains quotes")
    expect(reason("'pit-1'")).toBe("The token contains quotes")
    expect(reason("Bearer pit-1")).toBe('The token begins with "Bearer": give the token alone')
    expect(reason("bearer pit-1")).toBe('The token begins with "Bearer": give the token alone')
    expect(reason("pit-é")).toBe("The token contains characters that no header can carry")
    expect(reason("pit-\u0000")).toBe("The token contains characters that no header can carry")
  })

  it.prop("is never repeated by the reason", [FastCheck.string({ minLength: 12 })], ([token]) => {
    expect(reason(token)).not.toContain(token)
  })
})

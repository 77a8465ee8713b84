// What schemas have in common.
import * as S from "effect/Schema"

/** A field that may be left out, and is then this. */
export const defaulting = <A, I>(schema: S.Schema<A, I>, value: NoInfer<A>) =>
  S.optionalWith(schema, { default: () => value })

// Options of the sandbox with their defaults.
import * as S from "effect/Schema"

/** An optional field with a default. */
export const defaulting = <A, I>(schema: S.Schema<A, I>, value: NoInfer<A>) =>
  S.optionalWith(schema, { default: () => value })

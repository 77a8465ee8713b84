// Runs before each test file. `layer` of @effect/vitest leaves its own methods on `it`: every file begins with the usual ones.
import { it, makeMethods } from "@effect/vitest"

makeMethods(it)

// Runs before each test file. It restores the usual methods of `it`, which `layer` of @effect/vitest replaces.
import { it, makeMethods } from "@effect/vitest"

makeMethods(it)

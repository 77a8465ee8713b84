// growthhub doctor: checks the token, its scopes, the location, the clock and the quota.
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { isJson } from "../ContactOptions.js"
import * as Connection from "../Connection.js"
import * as Doctor from "../Doctor.js"
import { describe } from "../Help.js"

export const doctor = Command.make(
  "doctor",
  { isJson, connection: Options.all(Connection.options) },
  ({ isJson, connection }) => Effect.provide(Doctor.run(isJson), Connection.layer(connection))
).pipe(
  describe("Checks token, scopes, location, clock and quota, and says what to fix", [
    "growthhub doctor",
    "growthhub doctor --location ve9EPM428h8vShlRW1KT"
  ])
)

// R2: the number of executions of one upsert whose response is lost, and whether the caller gets the right result.
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { connect, createServer, type AddressInfo } from "node:net"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import type { Fault } from "effect-growthhub/Sandbox"
import type { Figure } from "./Figure.js"
import { client, type Judge, type Transport } from "./Judge.js"
import * as Rival from "./Rival.js"

const faults: { readonly [name: string]: typeof Fault.Encoded } = {
  "answer lost": { _tag: "Reset", when: "after" },
  "502 before": { _tag: "Status", status: 502 },
  "502 after": { _tag: "Status", status: 502, when: "after" },
  stall: { _tag: "Stall", when: "after", millis: 3000 },
  "429": { _tag: "Status", status: 429 }
}

const policy = RetryPolicy.make({ attemptTimeout: "1 second" })

/** A port that refuses connections for 50 milliseconds, and then forwards them to the judge. */
const openingLater = ({ url }: Judge): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { port, hostname } = new URL(url)
    const gate = createServer((socket) => {
      const inner = connect(Number(port), hostname)
      socket.pipe(inner).pipe(socket)
      for (const each of [socket, inner]) each.on("error", () => each.destroy())
    })
    const listen = (at: number) =>
      Effect.async<number>((resume) => {
        gate.listen(at, "127.0.0.1", () => resume(Effect.succeed((gate.address() as AddressInfo).port)))
      })
    const closed = Effect.async<void>((resume) => void gate.close(() => resume(Effect.void)))
    const free = yield* listen(0)
    yield* closed
    yield* Effect.forkScoped(Effect.delay(listen(free), "50 millis"))
    yield* Effect.addFinalizer(() => closed)
    return `http://127.0.0.1:${free}`
  })

export interface Execution {
  readonly executions: number
  readonly contacts: number
  /** Whether the call returned a new contact. */
  readonly succeeded: boolean
}

type Upsert = (judge: Judge, email: string) => Effect.Effect<boolean>

const ours =
  (transport: Transport): Upsert =>
  (judge, email) =>
    Effect.flatMap(ContactsService, (contacts) => contacts.upsertContact({ locationId: judge.locationId, email })).pipe(
      Effect.either,
      Effect.map((result) => Either.isRight(result) && result.right.new),
      Effect.provide(client(judge, transport, policy))
    )

const rivals: Upsert = (judge, email) =>
  Effect.flatMap(Rival.make(judge), (sdk) =>
    Effect.promise(() =>
      sdk.upsertContact({ locationId: judge.locationId, email }).then(
        (answer) => (answer as { readonly new?: boolean }).new === true,
        () => false
      )
    )
  )

const executing = (judge: Judge, upsert: Upsert, fault: typeof Fault.Encoded | undefined): Effect.Effect<Execution> =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* judge.reset
      if (fault !== undefined) yield* judge.setFaults({ rules: [{ fault, times: 1 }] })
      const url = fault === undefined ? yield* openingLater(judge) : judge.url
      const succeeded = yield* upsert({ ...judge, url }, "lead@example.com")
      const { applied } = yield* judge.ledger
      return { executions: applied.length, contacts: (yield* judge.contacts).length, succeeded }
    })
  )

export const run = (judge: Judge, upsert: Upsert) =>
  Effect.forEach([...Object.entries(faults), ["refused", undefined] as const], ([name, fault]) =>
    Effect.map(executing(judge, upsert, fault), (execution) => ({ name, ...execution }))
  )

export const runOurs = (judge: Judge, transport: Transport) => run(judge, ours(transport))
export const runRival = (judge: Judge) => run(judge, rivals)

type Runs = ReadonlyArray<Effect.Effect.Success<ReturnType<typeof run>>>

const describe = (runs: Runs) => {
  const all = runs.flat()
  const contacts = Math.max(...all.map(({ contacts }) => contacts))
  const failed = Array.from(new Set(all.filter(({ succeeded }) => !succeeded).map(({ name }) => name)))
  return {
    text: `at most ${contacts} contact, ${all.length - all.filter(({ succeeded }) => !succeeded).length} of ${all.length} succeed${failed.length === 0 ? "" : ` (not: ${failed.join(", ")})`}`,
    contacts,
    failures: all.filter(({ succeeded }) => !succeeded).length,
    executions: Math.max(...all.map(({ executions }) => executions))
  }
}

export const figure = (runs: Runs, rival: Runs | undefined): Figure => {
  const { text, contacts, failures, executions } = describe(runs)
  const isOnce = runs.flat().every(({ contacts }) => contacts === 1)
  return {
    id: "R2",
    what: "one upsert: answer lost, 502, stall, 429, refused",
    aim: "applied once in effect, and successful",
    measured: text,
    isMet: isOnce && failures === 0,
    ...(rival === undefined ? {} : { rival: describe(rival).text }),
    values: {
      contacts,
      failures,
      executions,
      ...(rival === undefined ? {} : { rivalFailures: describe(rival).failures, rivalOf: rival.flat().length })
    }
  }
}

// Imports contacts on several machines. The list is cut into chunks, each chunk is a workflow with one activity, and the
// runners of a cluster share the chunks. If a runner dies, another runner takes over its chunks.
import { ClusterWorkflowEngine } from "@effect/cluster"
import { NodeClusterSocket } from "@effect/platform-node"
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Activity, Workflow } from "@effect/workflow"
import { Config, Effect, Layer, Schedule, Schema, Stream } from "effect"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsError } from "effect-growthhub/Errors"
import { ContactUpsert } from "effect-growthhub/Schema"

// --- the database ------------------------------------------------------------------------------------------------------

/** Creates the table of the chunks and their results. The workflow engine has its own tables in the same database. */
export const migration = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS import_chunks (
    import_id TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    contacts TEXT NOT NULL,
    result TEXT,
    PRIMARY KEY (import_id, chunk)
  )`
})

/** The database in `DATABASE_URL`: postgres://user:password@host/database */
export const Database = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })

const Contacts = Schema.parseJson(Schema.Array(ContactUpsert))

/** A contact that was not imported, with its error. The schema of the error encodes it between processes. */
export const DeadLetter = Schema.Struct({
  /** The position of the contact in its chunk, from 0. */
  index: Schema.Number,
  error: ContactsError
})

/** The result of a chunk. */
export const Result = Schema.Struct({
  created: Schema.Number,
  updated: Schema.Number,
  deadLetters: Schema.Array(DeadLetter)
})

const ResultJson = Schema.parseJson(Result)

// --- a chunk -----------------------------------------------------------------------------------------------------------

/** The failure of a chunk for a reason other than its contacts, such as a refused token or an outage of an hour. */
export class ChunkStopped extends Schema.TaggedError<ChunkStopped>()("ChunkStopped", {
  reason: Schema.String,
  error: ContactsError
}) {}

export const Chunk = Workflow.make({
  name: "ImportChunk",
  payload: { importId: Schema.String, chunk: Schema.Number },
  success: Result,
  error: ChunkStopped,
  // A chunk that is started twice runs once.
  idempotencyKey: ({ importId, chunk }) => `${importId}/${chunk}`
})

const upsertAll = (contacts: ReadonlyArray<ContactUpsert>) =>
  ContactsBulk.upsertMany(Stream.fromIterable(contacts)).pipe(
    Stream.runFold({ created: 0, updated: 0, deadLetters: [] as Array<typeof DeadLetter.Type> }, (result, outcome) =>
      ContactsBulk.Outcome.$match(outcome, {
        Created: () => ({ ...result, created: result.created + 1 }),
        Updated: () => ({ ...result, updated: result.updated + 1 }),
        Rejected: ({ index, error }) => ({ ...result, deadLetters: [...result.deadLetters, { index, error }] }),
        Unknown: ({ index, error }) => ({ ...result, deadLetters: [...result.deadLetters, { index, error }] })
      })
    ),
    Effect.catchTag("BulkStopped", ({ reason, error }) => Effect.fail(new ChunkStopped({ reason, error }))),
    // A chunk has no checkpoint. If it runs again, it upserts all its contacts again, which updates the existing ones.
    Effect.catchTag("CheckpointError", Effect.die)
  )

/** Whether a later attempt may succeed: an outage ends and a quota resets, but a refused token stays refused. */
const mayPass = ({ reason }: ChunkStopped) => reason === "Outage" || reason === "QuotaExhausted"

/** The number of chunks that a runner works on at once. The others wait in its mailboxes. */
const chunksAtOnce = 3

/** The workflow, for the runners. */
export const ChunkLive = Layer.unwrapEffect(
  Effect.gen(function* () {
    const turns = yield* Effect.makeSemaphore(chunksAtOnce)
    return Chunk.toLayer(({ importId, chunk }) =>
      Activity.make({
        name: "Upsert",
        success: Result,
        error: ChunkStopped,
        execute: Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const rows = yield* sql<{ contacts: string }>`SELECT contacts FROM import_chunks
            WHERE import_id = ${importId} AND chunk = ${chunk}`
          const contacts = yield* Schema.decodeUnknown(Contacts)(rows[0]?.contacts)
          const result = yield* Effect.retry(upsertAll(contacts), {
            while: mayPass,
            schedule: Schedule.intersect(Schedule.spaced("10 seconds"), Schedule.recurs(360))
          })
          // The result is saved here and not only in the engine, so that `progress` can read it while other chunks run.
          const text = yield* Schema.encode(ResultJson)(result)
          yield* sql`UPDATE import_chunks SET result = ${text} WHERE import_id = ${importId} AND chunk = ${chunk}`
          return result
        }).pipe(turns.withPermits(1), Effect.catchTags({ SqlError: Effect.die, ParseError: Effect.die }))
      })
    )
  })
)

// --- the cluster -------------------------------------------------------------------------------------------------------

/** Short intervals, so that the chunks of a dead runner resume within seconds. The engine's defaults take a minute. */
const shardingConfig = {
  runnerHealthCheckInterval: "3 seconds",
  entityMessagePollInterval: "2 seconds",
  refreshAssignmentsInterval: "1 second"
} as const

/** The engine of a runner, which runs chunks. Other runners connect to it at `HOST` and `PORT`. */
export const RunnerEngine = Layer.provideMerge(
  ClusterWorkflowEngine.layer,
  NodeClusterSocket.layer({ storage: "sql", shardingConfig })
)

/** The engine of a client, which only starts imports. */
const ClientEngine = Layer.provideMerge(
  ClusterWorkflowEngine.layer,
  NodeClusterSocket.layer({ clientOnly: true, storage: "sql", shardingConfig })
)

/** Runs the migration, for runners and clients. */
export const Migrated = Layer.effectDiscard(migration)

// --- the client: starts an import and reads its progress --------------------------------------------------------------

/** Starts an import. A second start with the same id continues it. */
export const start = (importId: string, contacts: ReadonlyArray<ContactUpsert>, size: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const count = Math.ceil(contacts.length / size)
    for (let chunk = 0; chunk < count; chunk += 1) {
      const text = yield* Schema.encode(Contacts)(contacts.slice(chunk * size, (chunk + 1) * size))
      yield* sql`INSERT INTO import_chunks (import_id, chunk, contacts) VALUES (${importId}, ${chunk}, ${text})
        ON CONFLICT (import_id, chunk) DO NOTHING`
    }
    for (let chunk = 0; chunk < count; chunk += 1) yield* Chunk.execute({ importId, chunk }, { discard: true })
    return count
  }).pipe(Effect.provide(ClientEngine))

/** Reads the progress of an import, with its dead letters so far. It needs only the database. */
export const progress = (importId: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ chunk: number; result: string | null }>`SELECT chunk, result FROM import_chunks
      WHERE import_id = ${importId} ORDER BY chunk`
    const done = yield* Effect.forEach(
      rows.filter(({ result }) => result !== null),
      ({ chunk, result }) => Effect.map(Schema.decodeUnknown(ResultJson)(result), (result) => ({ chunk, ...result }))
    )
    return {
      chunks: rows.length,
      done: done.length,
      created: done.reduce((sum, { created }) => sum + created, 0),
      updated: done.reduce((sum, { updated }) => sum + updated, 0),
      deadLetters: done.flatMap(({ chunk, deadLetters }) => deadLetters.map((letter) => ({ chunk, ...letter })))
    }
  })

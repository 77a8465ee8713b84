// Finds the contacts that have a tag and were updated since a given time. Each gets a note, a task for tomorrow, a custom
// field, which is found by its name, and a further tag.
//
//   GROWTHHUB_TOKEN=pit-… GROWTHHUB_LOCATION_ID=… npx tsx examples/follow-up.ts TAG SINCE
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, DateTime, Effect, Layer, Stream } from "effect"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService } from "effect-growthhub/ContactsService"
import * as CustomFields from "effect-growthhub/CustomFields"
import * as Filter from "effect-growthhub/Filter"
import * as GrowthHub from "effect-growthhub/GrowthHub"
import { NotesService } from "effect-growthhub/NotesService"
import { LocationId } from "effect-growthhub/Schema"
import { TasksService } from "effect-growthhub/TasksService"

const program = Effect.gen(function* () {
  const [tag = "webinar", since = "2026-01-01T00:00:00Z"] = process.argv.slice(2)
  const locationId = LocationId.make(yield* Config.string("GROWTHHUB_LOCATION_ID"))
  const [contacts, notes, tasks] = [yield* ContactsService, yield* NotesService, yield* TasksService]
  const fields = yield* CustomFields.forLocation(locationId)
  const dueDate = DateTime.add(yield* DateTime.now, { days: 1 })
  const customFields = yield* fields.write({ "Follow-up": "planned" })

  const followed = yield* ContactsBulk.searchAll({
    locationId,
    filters: [Filter.equals("tags", tag), Filter.range("dateUpdated", { gte: DateTime.unsafeMake(since) })]
  }).pipe(
    Stream.mapEffect(({ id }) =>
      Effect.gen(function* () {
        yield* notes.createNote(id, { body: `Follow-up of ${tag} planned` })
        yield* tasks.createTask(id, { title: `Call about ${tag}`, dueDate, completed: false })
        yield* contacts.updateContact(id, { customFields })
        yield* contacts.addTags(id, ["follow-up"])
        return id
      })
    ),
    Stream.runCount
  )
  yield* Console.log(`${followed} contacts to follow up`)
})

NodeRuntime.runMain(Effect.provide(program, Layer.provide(GrowthHub.layerConfig(), FetchHttpClient.layer)))

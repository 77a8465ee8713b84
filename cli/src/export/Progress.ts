// Shows the progress of an export in a terminal.
import * as Effect from "effect/Effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type * as Filter from "effect-growthhub/Filter"
import type { LocationId } from "effect-growthhub/Schema"

/** The number of contacts that match; undefined if the search fails or does not return it. */
const totalOf = (search: { readonly locationId: LocationId; readonly filters: ReadonlyArray<Filter.Filter> }) =>
  Effect.flatMap(ContactsService, ({ searchContacts }) =>
    searchContacts({ locationId: search.locationId, filters: search.filters, pageLimit: 1 }).pipe(
      Effect.map(({ total }) => total),
      Effect.orElseSucceed(() => undefined)
    )
  )

const lineOf = (count: number, total: number | undefined) =>
  total === undefined || total < count
    ? `${count.toLocaleString("en")} contacts`
    : `${count.toLocaleString("en")} of ${total.toLocaleString("en")} contacts`

/** Shows the number of fetched contacts, if standard error is a terminal. `before`: the contacts of earlier runs. */
export const makeProgress = (
  search: { readonly locationId: LocationId; readonly filters: ReadonlyArray<Filter.Filter> },
  before: number
) =>
  Effect.gen(function* () {
    if (!process.stderr.isTTY) return { add: () => Effect.void, end: Effect.void }
    const total = yield* totalOf(search)
    let count = before
    let width = 0
    // Spaces overwrite the rest of a longer line, so that no escape codes are needed.
    const show = (line: string) => {
      process.stderr.write(`\r${line.padEnd(width)}`)
      width = line.length
    }
    return {
      add: (more: number) =>
        Effect.sync(() => {
          count += more
          show(lineOf(count, total))
        }),
      end: Effect.sync(() => {
        show("")
        process.stderr.write("\r")
      })
    }
  })

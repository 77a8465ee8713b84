// Reads the pages of a search one after the other.
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { maximumPageSize } from "../api/search.js"
import { ContactsService } from "../ContactsService.js"
import { type ContactsError, UnexpectedResponse } from "../Errors.js"
import * as RateLimit from "../RateLimit.js"
import type { ContactSearch, SearchedContact, SearchPage } from "../Schema.js"

/** The default order. A contact that is changed during the search keeps its place, and a new contact comes last. */
const oldestFirst = [{ field: "dateAdded", direction: "asc" }] as const

type Cursor = ReadonlyArray<unknown> | undefined

/** The position of the search before a page. */
interface Position {
  readonly searchAfter: Cursor
  /** The ids of the previous page, because a contact at the boundary may be on both pages. */
  readonly previous: ReadonlySet<string>
  /** The number of contacts on all previous pages; a contact that is on two pages counts once. */
  readonly count: number
}

const isSame = (one: Cursor, other: Cursor): boolean => JSON.stringify(one) === JSON.stringify(other)

/** The error of a search that cannot continue. Without it, the stream would end as if there were no more contacts. */
const searchFailure = (message: string) =>
  new UnexpectedResponse({
    operation: "searchContacts",
    attempts: 1,
    status: 200,
    outcome: "NotApplied",
    isRetryable: false,
    message
  })

/** The contacts of a page that were not on the previous page. */
const newOf = ({ contacts }: SearchPage, { previous }: Position): ReadonlyArray<SearchedContact> =>
  contacts.filter(({ id }) => !previous.has(id))

/** The position of the next page, if there is one. It is evaluated after the contacts of the current page are emitted. */
type Next = Effect.Effect<Option.Option<Position>, ContactsError>

const nextPosition = (position: Position, page: SearchPage, added: number, pageLimit: number): Next => {
  const { contacts, total } = page
  const seen = position.count + added
  // A short page is the last one only if the pages so far have all contacts.
  if (contacts.length === 0 || (contacts.length < pageLimit && seen >= total)) return Effect.succeedNone
  if (page.searchAfter === undefined) return Effect.fail(searchFailure("The last contact of a page has no searchAfter"))
  if (isSame(page.searchAfter, position.searchAfter))
    return Effect.fail(searchFailure("The service returned the same page twice"))
  const previous = new Set(contacts.map(({ id }) => id))
  return Effect.succeedSome({ searchAfter: page.searchAfter, previous, count: seen })
}

/** All contacts that match, page by page. Only one page is in memory at a time. */
export const pages = (
  search: Omit<ContactSearch, "page">
): Stream.Stream<SearchedContact, ContactsError, ContactsService> => {
  const { pageLimit = maximumPageSize, searchAfter, sort = oldestFirst } = search
  return Stream.unwrap(
    Effect.map(ContactsService, ({ searchContacts }) => {
      const pageAt = (position: Position) =>
        searchContacts({ ...search, pageLimit, sort, searchAfter: position.searchAfter }).pipe(
          Effect.provideService(RateLimit.Priority, "bulk" as const),
          Effect.map((page) => {
            const added = newOf(page, position)
            return Option.some([
              Chunk.fromIterable(added),
              nextPosition(position, page, added.length, pageLimit)
            ] as const)
          })
        )
      const first: Next = Effect.succeedSome({ searchAfter, previous: new Set<string>(), count: 0 })
      return Stream.unfoldChunkEffect(first, (next) =>
        Effect.flatMap(next, Option.match({ onNone: () => Effect.succeedNone, onSome: pageAt }))
      )
    })
  )
}

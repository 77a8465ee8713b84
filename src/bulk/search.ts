// The pages of a search one after the other.
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { ContactsService } from "../ContactsService.js"
import { type ContactsError, UnexpectedResponse } from "../Errors.js"
import * as RateLimit from "../RateLimit.js"
import type { ContactSearch, SearchedContact, SearchPage } from "../Schema.js"

/** The order in which a contact that is changed meanwhile keeps its place, and a new one comes last. */
const oldestFirst = [{ field: "dateAdded", direction: "asc" }] as const

/** The contacts of a page, as many as the service gives. */
const largestPage = 500

type Cursor = ReadonlyArray<unknown> | undefined

/** How far the search has come. */
interface Position {
  readonly searchAfter: Cursor
  /** The ids of the page before: a contact at the boundary may come on both pages. */
  readonly previous: ReadonlySet<string>
  /** How many contacts the pages had until here. */
  readonly count: number
}

const isSame = (one: Cursor, other: Cursor): boolean => JSON.stringify(one) === JSON.stringify(other)

/** A search that cannot go on says so: it would otherwise end as if there were no more contacts. */
const cannotGoOn = (message: string) =>
  new UnexpectedResponse({
    operation: "searchContacts",
    attempts: 1,
    status: 200,
    outcome: "NotApplied",
    isRetryable: false,
    message
  })

/** Where the search goes on, if it does. It is asked for after the contacts of the page have been given. */
type Next = Effect.Effect<Option.Option<Position>, ContactsError>

const nextPosition = ({ searchAfter, count }: Position, page: SearchPage, pageLimit: number): Next => {
  const { contacts, total } = page
  const seen = count + contacts.length
  // A page that is short although there are more contacts is not the last one.
  if (contacts.length === 0 || (contacts.length < pageLimit && seen >= total)) return Effect.succeedNone
  if (page.searchAfter === undefined) return Effect.fail(cannotGoOn("The last contact of a page has no searchAfter"))
  if (isSame(page.searchAfter, searchAfter)) return Effect.fail(cannotGoOn("The same page was answered twice"))
  const previous = new Set(contacts.map(({ id }) => id))
  return Effect.succeedSome({ searchAfter: page.searchAfter, previous, count: seen })
}

/** The contacts of a page that the page before does not have. */
const newOf = ({ contacts }: SearchPage, { previous }: Position): ReadonlyArray<SearchedContact> =>
  contacts.filter(({ id }) => !previous.has(id))

/** All contacts that match, page by page: one page is held at a time. */
export const pages = (
  search: Omit<ContactSearch, "page">
): Stream.Stream<SearchedContact, ContactsError, ContactsService> => {
  const { pageLimit = largestPage, searchAfter, sort = oldestFirst } = search
  return Stream.unwrap(
    Effect.map(ContactsService, ({ searchContacts }) => {
      const pageAt = (position: Position) =>
        searchContacts({ ...search, pageLimit, sort, searchAfter: position.searchAfter }).pipe(
          Effect.provideService(RateLimit.Priority, "bulk" as const),
          Effect.map((page) =>
            Option.some([Chunk.fromIterable(newOf(page, position)), nextPosition(position, page, pageLimit)] as const)
          )
        )
      const first: Next = Effect.succeedSome({ searchAfter, previous: new Set<string>(), count: 0 })
      return Stream.unfoldChunkEffect(first, (next) =>
        Effect.flatMap(next, Option.match({ onNone: () => Effect.succeedNone, onSome: pageAt }))
      )
    })
  )
}

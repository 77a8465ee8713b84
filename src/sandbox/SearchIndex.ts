/**
 * The index that a search reads: the contacts of a location as they were some time ago, and cached results. Pure.
 *
 * @since 0.2.0
 */
import type { StoredContact } from "./ContactRecord.js"

// --- models ------------------------------------------------------------------------------------------------------------

/**
 * A write that the index does not show yet.
 *
 * @since 0.2.0
 * @category models
 */
interface Pending {
  readonly visibleAt: number
  readonly id: string
  /** The contact as it was written; undefined if it was deleted. */
  readonly contact: StoredContact | undefined
}

/**
 * The contacts of a location that a search finds, and the results of the latest searches.
 *
 * @since 0.2.0
 * @category models
 */
export interface SearchIndex {
  readonly contacts: Map<string, StoredContact>
  /** The writes that are not visible yet, the earliest first. */
  pending: ReadonlyArray<Pending>
  /** The sorted matches of each search, for its following pages; every change of the contacts clears them. */
  readonly results: Map<string, ReadonlyArray<Match>>
}

/**
 * A contact that a search found, with the values that it is sorted by.
 *
 * @since 0.2.0
 * @category models
 */
export interface Match extends SortPosition {
  readonly contact: StoredContact
}

/**
 * The position of a contact in the order of a search: its sort values, then its id.
 *
 * @since 0.2.0
 * @category models
 */
export interface SortPosition {
  readonly values: ReadonlyArray<SortValue>
  readonly id: string
}

/**
 * A value that contacts are sorted by: milliseconds for a date, null for an unset field.
 *
 * @since 0.2.0
 * @category models
 */
export type SortValue = string | number | boolean | null

/**
 * @since 0.2.0
 * @category models
 */
export type Direction = "asc" | "desc"

/**
 * An index without contacts.
 *
 * @since 0.2.0
 * @category constructors
 */
export const empty = (): SearchIndex => ({ contacts: new Map(), pending: [], results: new Map() })

// --- writes ------------------------------------------------------------------------------------------------------------

const show = ({ contacts, results }: SearchIndex, id: string, contact: StoredContact | undefined): void => {
  if (contact === undefined) contacts.delete(id)
  else contacts.set(id, contact)
  results.clear()
}

/**
 * Applies the pending writes that are visible at `now`.
 *
 * @since 0.2.0
 * @category operations
 */
export const advance = (index: SearchIndex, now: number): void => {
  const { pending } = index
  const left = pending.findIndex(({ visibleAt }) => visibleAt > now)
  const count = left === -1 ? pending.length : left
  if (count === 0) return
  index.pending = pending.slice(count)
  for (const { id, contact } of pending.slice(0, count)) show(index, id, contact)
}

/**
 * Adds a write or a deletion, visible from `visibleAt` on (milliseconds of the epoch), or at once if that is undefined.
 *
 * @since 0.2.0
 * @category operations
 */
export const write = (
  index: SearchIndex,
  id: string,
  contact: StoredContact | undefined,
  visibleAt: number | undefined
): void => {
  if (visibleAt !== undefined) {
    index.pending = [...index.pending, { visibleAt, id, contact }]
    return
  }
  // The pending writes of this contact are older than this write.
  if (index.pending.length > 0) index.pending = index.pending.filter((one) => one.id !== id)
  show(index, id, contact)
}

// --- the order ---------------------------------------------------------------------------------------------------------

const compareValues = (one: SortValue, other: SortValue): number => (one === other ? 0 : one! < other! ? -1 : 1)

/** Compares two sort values. Null comes last in both directions. */
const compare = (one: SortValue, other: SortValue, direction: Direction): number => {
  if (one === null || other === null) return Number(one === null) - Number(other === null)
  return direction === "asc" ? compareValues(one, other) : compareValues(other, one)
}

/** Compares the places of two contacts. Contacts with equal values are ordered by id, so that the order is unambiguous. */
const comparing =
  (directions: ReadonlyArray<Direction>) =>
  (one: SortPosition, other: SortPosition): number => {
    for (let index = 0; index < directions.length; index += 1) {
      const order = compare(one.values[index] ?? null, other.values[index] ?? null, directions[index]!)
      if (order !== 0) return order
    }
    return compareValues(one.id, other.id)
  }

// --- results -----------------------------------------------------------------------------------------------------------

/** The number of searches whose results are kept. */
const kept = 20

/**
 * The matches of a search in its order, kept under `key` until the index changes.
 *
 * @since 0.2.0
 * @category queries
 */
export const find = (
  index: SearchIndex,
  key: string,
  isMatch: (contact: StoredContact) => boolean,
  sort: ReadonlyArray<{ readonly valueOf: (contact: StoredContact) => SortValue; readonly direction: Direction }>
): ReadonlyArray<Match> => {
  const known = index.results.get(key)
  if (known !== undefined) return known
  const found: Array<Match> = []
  for (const contact of index.contacts.values()) {
    if (isMatch(contact)) found.push({ contact, id: contact.id, values: sort.map(({ valueOf }) => valueOf(contact)) })
  }
  const order = comparing(sort.map(({ direction }) => direction))
  found.sort(order)
  const [oldest] = index.results.keys()
  if (oldest !== undefined && index.results.size >= kept) index.results.delete(oldest)
  index.results.set(key, found)
  return found
}

/**
 * The number of matches up to and including a place, which is the index at which the next page begins.
 *
 * @since 0.2.0
 * @category queries
 */
export const positionAfter = (
  matches: ReadonlyArray<Match>,
  directions: ReadonlyArray<Direction>,
  place: SortPosition
): number => {
  const order = comparing(directions)
  let low = 0
  let high = matches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (order(matches[middle]!, place) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

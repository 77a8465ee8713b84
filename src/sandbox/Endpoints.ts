/**
 * The endpoints that the sandbox serves: the rows of the library, and the two of OAuth.
 *
 * @since 0.2.0
 */
import { type AnyEndpoint, isRead } from "../api/endpoint.js"
import { type RowName, rows } from "../api/rows.js"

const rowNames = Object.keys(rows) as ReadonlyArray<RowName>

/**
 * The name of an endpoint.
 *
 * @since 0.2.0
 * @category models
 */
export type Name = RowName | "token" | "locationToken"

/**
 * All names. Those of the first edition come first, because the index of a name seeds the faults of its endpoint.
 *
 * @since 0.2.0
 * @category endpoints
 */
export const names: ReadonlyArray<Name> = Array.from(
  new Set<Name>(["getContact", "updateContact", "upsertContact", "token", "locationToken", ...rowNames])
)

/**
 * The endpoints that change something. The ledger records their writes.
 *
 * @since 0.2.0
 * @category endpoints
 */
export const writes: ReadonlyArray<RowName> = rowNames.filter((name) => !isRead(rows[name]))

interface Route {
  readonly name: RowName
  readonly method: string
  /** The Versions that have this path; empty if all Versions have it. */
  readonly versions: ReadonlyArray<string>
  readonly pattern: RegExp
  readonly params: ReadonlyArray<string>
}

const routeOf = (name: RowName, { method }: AnyEndpoint, path: string, versions: ReadonlyArray<string>): Route => {
  const params = Array.from(path.matchAll(/\{(\w+)\}/g), ([, param]) => param ?? "")
  return { name, method, versions, params, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`) }
}

const routesOf = (name: RowName): ReadonlyArray<Route> => {
  const row: AnyEndpoint = rows[name]
  const versions = Object.keys(row.versions)
  const pathOf = (version: string) => (typeof row.path === "string" ? row.path : row.path[version]!)
  const paths = new Set(versions.map(pathOf))
  return Array.from(paths, (path) =>
    routeOf(
      name,
      row,
      path,
      // The oldest path of an endpoint works in every Version; a later path works only in its own Versions.
      path === pathOf(versions[0]!) ? [] : versions.filter((version) => pathOf(version) === path)
    )
  )
}

/** The routes in the order in which they are tried: a path with fewer parameters comes first. */
const routes = rowNames.flatMap(routesOf).sort((one, other) => one.params.length - other.params.length)

/**
 * The row that a request is for, and the parameters of its path.
 *
 * @since 0.2.0
 * @category endpoints
 */
export const match = (
  method: string,
  path: string,
  version: string | undefined
): { readonly name: RowName; readonly params: { readonly [name: string]: string } } | undefined => {
  for (const { name, params, pattern, ...route } of routes) {
    if (route.method !== method || (route.versions.length > 0 && !route.versions.includes(version ?? ""))) continue
    const values = pattern.exec(path)?.slice(1).map(decoded)
    if (values?.every((value) => value !== undefined) !== true) continue
    return { name, params: Object.fromEntries(params.map((param, index) => [param, values[index]!])) }
  }
  return undefined
}

const decoded = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

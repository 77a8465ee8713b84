// Pure functions that read the requested delay and the server's time from the headers of a response.

/** The status and headers of a response. */
export interface Head {
  readonly status: number
  /** The headers by their names in lower case. */
  readonly headers: { readonly [name: string]: string | undefined }
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")

const clockTime = /(\d\d:\d\d:\d\d)/.source

/** The three forms of an HTTP date (RFC 9110, 5.6.7). The two obsolete forms are converted to the first one. */
const dateForms: ReadonlyArray<readonly [RegExp, (parts: ReadonlyArray<string>, now: number) => string]> = [
  [
    new RegExp(`^(\\w{3}), (\\d\\d) (\\w{3}) (\\d{4}) ${clockTime} GMT$`),
    ([weekday, day, month, year, time]) => `${weekday}, ${day} ${month} ${year} ${time} GMT`
  ],
  [
    new RegExp(`^(Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (\\d\\d)-(\\w{3})-(\\d\\d) ${clockTime} GMT$`),
    ([weekday = "", day, month, year, time], now) =>
      `${weekday.slice(0, 3)}, ${day} ${month} ${fullYear(Number(year), now)} ${time} GMT`
  ],
  [
    new RegExp(`^(\\w{3}) (\\w{3}) ([ \\d]\\d) ${clockTime} (\\d{4})$`),
    ([weekday, month, day = "", time, year]) => `${weekday}, ${day.replace(" ", "0")} ${month} ${year} ${time} GMT`
  ]
]

/** Completes a two-digit year to the latest year that is at most 50 years in the future. */
const fullYear = (year: number, now: number): number => {
  const thisYear = new Date(now).getUTCFullYear()
  const inThisCentury = thisYear - (thisYear % 100) + year
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury
}

/** Parses an HTTP date to milliseconds of the epoch. Undefined for an impossible date or a wrong weekday. */
const millisOfDate = (date: string | undefined, now: number): number | undefined => {
  if (date === undefined) return undefined
  for (const [form, toFixdate] of dateForms) {
    const match = form.exec(date)
    if (match === null) continue
    const [, ...parts] = match
    const fixdate = toFixdate(parts, now)
    const [, day, month = "", year, time] = fixdate.split(" ")
    const moment = new Date(`${year}-${String(months.indexOf(month) + 1).padStart(2, "0")}-${day}T${time}Z`)
    return !Number.isNaN(moment.getTime()) && moment.toUTCString() === fixdate ? moment.getTime() : undefined
  }
  return undefined
}

/** Parses a number of milliseconds. Fractions are rounded up, so that a retry is never too early. */
const millisOfText = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,12}(?:\.\d{1,9})?$/.test(text.trim()) ? Math.ceil(Number(text)) : undefined

/**
 * The delay that a response asks for, in milliseconds: `Retry-After-Ms`, `X-Ms-Retry-After-Ms`, or `Retry-After` in seconds
 * or as a date, relative to the server's own `Date` (RFC 9110, 10.2.3). A value that is negative, in the past or not exactly
 * of one of these forms is ignored.
 */
export const retryAfter = (response: Head, now: number): number | undefined => {
  const { headers } = response
  const millis = millisOfText(headers["retry-after-ms"]) ?? millisOfText(headers["x-ms-retry-after-ms"])
  if (millis !== undefined) return millis
  const value = headers["retry-after"]?.trim()
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const then = millisOfDate(value, now)
  if (then === undefined) return undefined
  const wait = then - (serverTime(response, now) ?? now)
  return wait >= 0 ? wait : undefined
}

/** The milliseconds until the daily quota resets, if a 429 reports that the quota is exhausted. */
export const dailyResetMillis = ({ status, headers }: Head): number | undefined =>
  status === 429 && headers["x-ratelimit-daily-remaining"] === "0"
    ? millisOfText(headers["x-ratelimit-daily-reset"])
    : undefined

/**
 * The server's time of a response, from its `Date` header, in milliseconds of the epoch (whole seconds); undefined without
 * the header.
 */
export const serverTime = (response: Pick<Head, "headers">, now: number): number | undefined =>
  millisOfDate(response.headers["date"]?.trim(), now)

// A server process that sends random, often malformed responses. Its argument is the seed. To each message it replies with
// the number of requests that it has received.
import { PCGRandom } from "effect/Utils"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { gzipSync } from "node:zlib"
import { endWithParent } from "./Child.js"

endWithParent()

const random = new PCGRandom(Number(process.argv[2] ?? 1))
const chance = (probability: number) => random.number() < probability
const below = (max: number) => Math.floor(random.number() * max)
const one = <A>(values: ReadonlyArray<A>): A => values[below(values.length)]!
const noise = (length: number) => Buffer.from(Array.from({ length }, () => below(256)))

const contact = '{"contact":{"id":"lead","email":"lead@example.com","tags":["a"]},"traceId":"t"}'

/** A contact with deeply nested values. */
const deep = (levels: number) => {
  const nested = "[".repeat(levels) + "]".repeat(levels)
  return `{"contact":{"id":"lead","more":${nested},"customFields":[{"id":"f","value":${nested}}]},"new":true}`
}

const bodies: ReadonlyArray<() => Buffer> = [
  () => Buffer.from(contact),
  () => Buffer.from(contact.slice(0, below(contact.length))),
  () =>
    Buffer.from(
      one(['{"message":"no"}', '{"message":["a","b"],"statusCode":"x"}', "[]", "null", '"x"', "{}", "1e999", "tru"])
    ),
  () =>
    Buffer.from(
      one(['{"contact":[]}', '{"contact":{"id":"a/b"}}', '{"contact":{"id":"x","dateAdded":1e400,"tags":{}}}'])
    ),
  () =>
    Buffer.from(one(['{"contact":{"id":1e400}}', '{"contact":{"id":"upsert"}}', '{"message":"\\ud800 &#9999999;"}'])),
  () => Buffer.from("[".repeat(below(20_000))),
  () => Buffer.from(deep(below(20_000))),
  () => Buffer.from("<html>".repeat(1 + below(100))),
  () => noise(below(2000)),
  () => Buffer.from(`{"message":"${"x".repeat(below(300_000))}"}`),
  () => Buffer.alloc(0)
]

const statuses = [
  200, 200, 200, 201, 204, 205, 206, 299, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 408, 418, 422, 425
]
const lines = [
  "HTTP/1.1 ",
  "HTTP/1.1",
  "HTTP/9.9 200 OK",
  "ICY 200 OK",
  "200",
  "",
  "HTTP/1.1 -1 No",
  "HTTP/1.1 99999 No"
]

const statusLine = () =>
  chance(0.04)
    ? one(lines)
    : `HTTP/1.${one([1, 1, 1, 0])} ${chance(0.5) ? one(statuses) : chance(0.1) ? 100 + below(4) : 200 + below(800)} ${one(["OK", "", "Hm"])}`

const waits = [
  "0",
  "1",
  "-1",
  "-99999999999",
  "1e9",
  "99999999999999",
  "86400",
  "soon",
  "",
  "0.001",
  "NaN",
  "Infinity",
  "\t3"
]
const dates = [
  "Sat, 21 Nov 2026 10:00:00 GMT",
  "Thu, 01 Jan 1970 00:00:00 GMT",
  "Saturday, 21-Nov-26 10:00:30 GMT",
  "soon",
  "0"
]

const header = (length: number): string =>
  one<() => string>([
    () => `Content-Type: ${one(["application/json", "text/html; charset=utf-16", "", "x/y; charset=nonsense", "/"])}`,
    () => `Content-Encoding: ${one(["gzip", "br", "deflate", "nonsense", "gzip, gzip", "zstd"])}`,
    () => `Retry-After: ${one([...waits, ...dates])}`,
    () => `${one(["Retry-After-Ms", "X-Ms-Retry-After-Ms"])}: ${one(waits)}`,
    () => `Date: ${one(dates)}`,
    () =>
      `Location: ${one(["/", "..", "", "http://127.0.0.1:1/", "https://example.com/", "//", "http://[", "/contacts/lead"])}`,
    () => `X-RateLimit-Remaining: ${one(waits)}`,
    () => `Connection: ${one(["close", "keep-alive", "upgrade", "nonsense"])}`,
    () => `Set-Cookie: ${"a=b; ".repeat(below(50))}`,
    () =>
      `X-Noise: ${noise(below(50))
        .toString("latin1")
        .replace(/[\r\n\0]/g, "")}`,
    () => `Content-Length: ${one([length, length + 1, Math.max(0, length - 1), -1, "x", 1e21])}`,
    () => "Transfer-Encoding: chunked",
    () => one(["no colon", ": no name", "X-Long: " + "y".repeat(below(40_000)), "Trailer: x"])
  ])()

const answer = (socket: Socket): void => {
  const plain = one(bodies)()
  const body = chance(0.05) ? gzipSync(plain) : plain
  const isChunked = chance(0.1)
  const framing = isChunked ? ["Transfer-Encoding: chunked"] : chance(0.9) ? [`Content-Length: ${body.length}`] : []
  const headers = [...framing, ...Array.from({ length: below(6) }, () => header(body.length))]
  const head = `${statusLine()}\r\n${headers.join("\r\n")}\r\n\r\n`
  const framed = isChunked
    ? Buffer.concat([
        Buffer.from(chance(0.9) ? `${body.length.toString(16)}\r\n` : one(["zz\r\n", "-1\r\n", "ffffffffff\r\n"])),
        body,
        Buffer.from(chance(0.9) ? "\r\n0\r\n\r\n" : "\r\n")
      ])
    : body
  const whole = Buffer.concat([Buffer.from(head, "latin1"), framed])
  socket.write(chance(0.05) ? whole.subarray(0, below(whole.length)) : whole)
  if (chance(0.02)) return
  if (chance(0.5)) socket.end()
  else if (chance(0.2)) socket.resetAndDestroy()
}

let received = 0

const server = createServer((socket) => {
  socket.on("error", () => socket.destroy())
  socket.on("data", (data) => {
    // A later part of a request's body is not a new request.
    if (!/^(?:GET|PUT|POST) /.test(data.toString("latin1", 0, 5))) return
    received += 1
    answer(socket)
  })
})

process.on("message", () => process.send?.({ received }))
server.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

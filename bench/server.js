// A minimal server in a separate process. It sends fixed responses, so that only the cost of the client is measured.
import { readFileSync } from "node:fs"
import { createServer } from "node:http"

const body = (name) => readFileSync(new URL(`../test/fixtures/${name}.200.json`, import.meta.url))
const answers = { GET: body("get-contact"), PUT: body("update-contact"), POST: body("upsert-contact") }
/** The rate-limit headers of the service, with a quota that no client reaches. */
const quota = {
  "x-ratelimit-max": "1000000",
  "x-ratelimit-remaining": "999999",
  "x-ratelimit-interval-milliseconds": "10000",
  "x-ratelimit-limit-daily": "1000000000",
  "x-ratelimit-daily-remaining": "999999999",
  "x-ratelimit-daily-reset": "86000000"
}

const server = createServer((request, response) => {
  request.resume()
  request.once("end", () => {
    const answer = answers[request.method]
    response.writeHead(200, { "content-type": "application/json", "content-length": answer.length, ...quota })
    response.end(answer)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`))
process.once("disconnect", () => process.exit())

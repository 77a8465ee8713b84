// A process that runs the official SDK with OAuth sessions in a file, which it shares with other processes. The storage is
// the one that the SDK's README describes for a database, but uses a file. Messages from the parent start the calls.
import sdk from "@gohighlevel/api-client"
import { readFileSync, renameSync, writeFileSync } from "node:fs"

class FileStorage extends sdk.SessionStorage {
  constructor(file) {
    super()
    this.file = file
  }
  setClientId() {}
  async init() {}
  async disconnect() {}
  async createCollection() {}
  async getCollection() {}
  async setSession(_, session) {
    const temporary = `${this.file}.${process.pid}`
    writeFileSync(temporary, JSON.stringify({ ...session, expire_at: this.calculateExpireAt(session.expires_in) }))
    renameSync(temporary, this.file)
  }
  async getSession() {
    return JSON.parse(readFileSync(this.file, "utf8"))
  }
  async deleteSession() {}
  async getAccessToken(id) {
    return (await this.getSession(id)).access_token
  }
  async getRefreshToken(id) {
    return (await this.getSession(id)).refresh_token
  }
}

process.once("disconnect", () => process.exit())
process.on("message", async ({ baseUrl, clientId, clientSecret, locationId, file, calls, spread }) => {
  sdk.HighLevel.BASE_URL = baseUrl
  const client = new sdk.HighLevel({ clientId, clientSecret, sessionStorage: new FileStorage(file), logLevel: "none" })
  const call = async (index) => {
    await new Promise((resolve) => setTimeout(resolve, (spread * index) / calls))
    const options = { headers: { locationId } }
    return client.contacts.upsertContact({ locationId, email: "lead@example.com" }, options).then(
      () => 1,
      () => 0
    )
  }
  const results = await Promise.all(Array.from({ length: calls }, (_, index) => call(index)))
  process.send({ succeeded: results.reduce((sum, one) => sum + one, 0) })
})
process.send({ isReady: true })

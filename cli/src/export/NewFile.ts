// Writes a file atomically: it is complete or does not exist, and only its owner can read it.
import { randomUUID } from "node:crypto"
import { constants } from "node:fs"
import { copyFile, link, open, rename, rm } from "node:fs/promises"

const isThere = (error: unknown) => error instanceof Error && "code" in error && error.code === "EEXIST"

/** Gives a file a second name. Fails if a file of that name exists. */
const linkOrCopy = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to)
  } catch (error) {
    if (isThere(error)) throw error
    // The file system does not support links.
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
}

const writeAll = async (file: string, text: AsyncIterable<string>): Promise<void> => {
  const handle = await open(file, "wx", 0o600)
  try {
    for await (const part of text) await handle.appendFile(part)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes a file under a random temporary name, and moves it to its place. Returns false if a file of that name exists. */
export const write = async (file: string, text: AsyncIterable<string>, replaces: boolean): Promise<boolean> => {
  const written = `${file}.${randomUUID().slice(0, 8)}.tmp`
  try {
    await writeAll(written, text)
    await (replaces ? rename(written, file) : linkOrCopy(written, file))
    return true
  } catch (error) {
    if (isThere(error)) return false
    throw error
  } finally {
    await rm(written, { force: true })
  }
}

// Files with personal data: readable by their owner only, never through a link, never over another file.
import { randomUUID } from "node:crypto"
import { constants } from "node:fs"
import { chmod, copyFile, link, lstat, mkdir, open, rename, rm } from "node:fs/promises"

const modes = { file: 0o600, directory: 0o700 } as const

/** The largest file that is read whole. */
const largest = 64 * 1024 * 1024

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)

/** Whether a file is not there. */
export const isMissing = (error: unknown): boolean => codeOf(error) === "ENOENT"

const isThere = (error: unknown): boolean => codeOf(error) === "EEXIST"

/** A name beside a file that nobody else can know. */
const temporary = (file: string) => `${file}.${randomUUID().slice(0, 8)}.tmp`

/** Whether a name is one of {@link temporary}. */
export const isTemporary = (name: string): boolean => /\.[0-9a-f]{8}\.tmp$/.test(name)

/** Makes a directory that only its owner can read, or takes one that is there if it is the owner's and no link. */
export const makeDirectory = async (directory: string): Promise<void> => {
  try {
    await mkdir(directory, { mode: modes.directory })
  } catch (error) {
    if (!isThere(error)) throw error
    const found = await lstat(directory)
    const user = process.getuid?.()
    if (!found.isDirectory() || (user !== undefined && found.uid !== user)) throw error
    if ((found.mode & 0o077) !== 0) await chmod(directory, modes.directory)
  }
}

/** The bytes of a file. Fails for a link and for what is no file. */
export const readBytes = async (file: string): Promise<Buffer> => {
  // O_NONBLOCK: opening a pipe would wait for a writer.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const found = await handle.stat()
    if (!found.isFile() || found.size > largest) throw new Error(`${file} is no file of at most ${largest} bytes`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** The text of a file, as {@link readBytes}. */
export const read = async (file: string): Promise<string> => (await readBytes(file)).toString("utf8")

/** Writes a new file under a name that nobody else can know, and gives it to `use`. */
const withTemporary = async (
  file: string,
  text: string | Buffer,
  use: (written: string) => Promise<void>
): Promise<void> => {
  const written = temporary(file)
  const handle = await open(written, "wx", modes.file)
  try {
    await handle.writeFile(text).finally(() => handle.close())
    await use(written)
  } finally {
    await rm(written, { force: true })
  }
}

/** Puts a whole file in place of what has its name: a link is replaced, not followed. */
export const replace = (file: string, text: string): Promise<void> =>
  withTemporary(file, text, (written) => rename(written, file))

/** Makes a whole file, or tells that there is something of its name. */
export const create = async (file: string, text: string | Buffer): Promise<boolean> => {
  try {
    await withTemporary(file, text, async (written) => {
      try {
        await link(written, file)
      } catch (error) {
        if (isThere(error)) throw error
        // A file system without links.
        await copyFile(written, file, constants.COPYFILE_EXCL)
      }
    })
    return true
  } catch (error) {
    if (isThere(error)) return false
    throw error
  }
}

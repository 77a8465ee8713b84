// Reads and writes files with personal data. Only the owner can read them, links are not followed, and a file is overwritten
// only by `replace`.
import { randomUUID } from "node:crypto"
import { constants } from "node:fs"
import { chmod, copyFile, link, lstat, mkdir, open, rename, rm } from "node:fs/promises"

const modes = { file: 0o600, directory: 0o700 } as const

/** The size of the largest file that is read, in bytes. */
const largest = 64 * 1024 * 1024

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)

/** Whether an error says that a file does not exist. */
export const isMissing = (error: unknown): boolean => codeOf(error) === "ENOENT"

const isThere = (error: unknown): boolean => codeOf(error) === "EEXIST"

/** A random name for a temporary file beside `file`. */
const temporary = (file: string) => `${file}.${randomUUID().slice(0, 8)}.tmp`

/** Whether a name is that of a temporary file. */
export const isTemporary = (name: string): boolean => /\.[0-9a-f]{8}\.tmp$/.test(name)

/** Makes a directory that only its owner can read. An existing one is used if it belongs to the user and is not a link. */
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

/** Reads the bytes of a file. Fails for a link, for anything that is not a regular file, and for a file over 64 MB. */
export const readBytes = async (file: string): Promise<Buffer> => {
  // O_NONBLOCK: opening a pipe would otherwise wait for a writer.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const found = await handle.stat()
    if (!found.isFile() || found.size > largest) throw new Error(`${file} is not a file of at most ${largest} bytes`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** Reads a file as UTF-8 text, with the checks of {@link readBytes}. */
export const read = async (file: string): Promise<string> => (await readBytes(file)).toString("utf8")

/** Writes a new file under a random temporary name, and passes its path to `use`. */
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

/** Writes a file atomically, in place of an existing one. A link is replaced, not followed. */
export const replace = (file: string, text: string): Promise<void> =>
  withTemporary(file, text, (written) => rename(written, file))

/** Creates a file atomically. Returns false if something of this name exists. */
export const create = async (file: string, text: string | Buffer): Promise<boolean> => {
  try {
    await withTemporary(file, text, async (written) => {
      try {
        await link(written, file)
      } catch (error) {
        if (isThere(error)) throw error
        // The file system does not support links.
        await copyFile(written, file, constants.COPYFILE_EXCL)
      }
    })
    return true
  } catch (error) {
    if (isThere(error)) return false
    throw error
  }
}

// Detects the format of a file (kind, encoding, delimiter and line ends), and reads its text.
import { analyse } from "chardet"
import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { InvalidFile } from "./InvalidFile.js"
import * as PrivateFiles from "./PrivateFiles.js"

/** A file and its format. */
export interface Source {
  readonly file: string
  readonly kind: "csv" | "ndjson" | "json" | "xlsx"
  /** The length of the file when it was inspected, in bytes. Later additions to the file are not read. */
  readonly size: number
  /** The name of the encoding for `TextDecoder`. */
  readonly encoding: string
  readonly hasBom: boolean
  /** The character that separates the cells of a CSV. */
  readonly delimiter: string
  /** Whether a first line `sep=` names the delimiter, as Excel writes it. */
  readonly hasSepLine: boolean
  readonly lineEnd: "\n" | "\r\n"
}

/** The options of the command that override the detected format. */
export interface SourceOptions {
  readonly encoding?: string | undefined
  readonly delimiter?: string | undefined
}

const boms = [
  { encoding: "utf-8", bytes: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", bytes: [0xff, 0xfe] },
  { encoding: "utf-16be", bytes: [0xfe, 0xff] }
] as const

const sampleSize = 256 * 1024

const startsWith = (sample: Buffer, bytes: ReadonlyArray<number>) =>
  bytes.every((byte, index) => sample[index] === byte)

/** UTF-32 begins like UTF-16, but no decoder of the platform reads it. */
const isUtf32 = (sample: Buffer) => startsWith(sample, [0xff, 0xfe, 0, 0]) || startsWith(sample, [0, 0, 0xfe, 0xff])

/**
 * Whether most characters beyond ASCII are valid UTF-8, although some bytes are not. Such a file is UTF-8 with a fault: in
 * another encoding, all its letters would be wrong.
 */
const isMostlyUtf8 = (sample: Buffer): boolean => {
  const beyond = new TextDecoder().decode(sample).match(/[^\0-\x7f]/g) ?? []
  const invalid = beyond.filter((character) => character === "\ufffd").length
  return beyond.length > 2 * invalid
}

/** Detects UTF-16 without a byte order mark: in Latin text every second byte is zero. */
const utf16Of = (sample: Buffer): string | undefined => {
  const zeros = [0, 0]
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[index % 2]! += 1
  const [even = 0, odd = 0] = zeros
  const most = sample.length / 2
  if (odd > most * 0.4 && even < most * 0.1) return "utf-16le"
  return even > most * 0.4 && odd < most * 0.1 ? "utf-16be" : undefined
}

/** Whether the whole file is UTF-8. Text in another encoding is hardly ever valid UTF-8 by chance. */
const isUtf8 = async (file: string, size: number): Promise<boolean> => {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  try {
    for await (const chunk of chunksOf(file, size)) decoder.decode(chunk, { stream: true })
    decoder.decode()
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

/**
 * The encodings that count as Western European, which nearly every spreadsheet without UTF-8 writes. They are read as
 * windows-1252, which has all their letters.
 */
const western = new Set(["ISO-8859-1", "ISO-8859-15", "windows-1252", "ISO-8859-9", "UTF-8", "ASCII"])

/** The margin by which another alphabet must be likelier than Western European, in percentage points of confidence. */
const margin = 15

const singleByteOf = (sample: Buffer): string => {
  // Only the bytes beyond ASCII distinguish the encodings.
  const found = analyse(sample)
  const best = found.find(({ name }) => !western.has(name))
  const ours = found.find(({ name }) => western.has(name))
  if (best === undefined || best.confidence < (ours?.confidence ?? 0) + margin) return "windows-1252"
  try {
    return new TextDecoder(best.name).encoding
  } catch {
    return "windows-1252"
  }
}

const knownEncoding = (name: string): string => {
  try {
    return new TextDecoder(name).encoding
  } catch {
    throw new InvalidFile({ message: `Unknown encoding ${name}: --encoding takes utf-8, windows-1252, utf-16le …` })
  }
}

const encodingOf = async (
  file: string,
  size: number,
  sample: Buffer,
  given: string | undefined
): Promise<Pick<Source, "encoding" | "hasBom">> => {
  if (isUtf32(sample)) throw new InvalidFile({ message: "This file is UTF-32: save it as UTF-8" })
  const bom = boms.find(({ bytes }) => startsWith(sample, bytes))
  if (given !== undefined) {
    const encoding = knownEncoding(given)
    return { encoding, hasBom: bom?.encoding === encoding }
  }
  if (bom !== undefined) return { encoding: bom.encoding, hasBom: true }
  const utf16 = utf16Of(sample)
  if (utf16 !== undefined) return { encoding: utf16, hasBom: false }
  const isUtf = isMostlyUtf8(sample) || (await isUtf8(file, size))
  return { encoding: isUtf ? "utf-8" : singleByteOf(sample), hasBom: false }
}

const delimiters = [",", ";", "\t", "|"] as const

const sepLine = /^sep=(.)\r?\n/i

/** The most common delimiter in the header. Quoted names, which may contain line breaks and delimiters, do not count. */
const delimiterOf = (text: string): string => {
  const lines = text.replace(/"(?:[^"]|"")*"/g, "").split(/\r\n?|\n/)
  const header = lines.find((line) => line.replace(/[,;\t|\s]/g, "") !== "") ?? ""
  const counted = delimiters.map((one) => [header.split(one).length, one] as const)
  return [...counted].sort(([a], [b]) => b - a)[0]![1]
}

const kindOf = (file: string, sample: Buffer, text: string): Source["kind"] => {
  if (startsWith(sample, [0x50, 0x4b, 0x03, 0x04])) return "xlsx"
  if (startsWith(sample, [0xd0, 0xcf, 0x11, 0xe0])) {
    throw new InvalidFile({ message: "This is a workbook of an old Excel (.xls): save it as .xlsx or CSV" })
  }
  if (startsWith(sample, [0x25, 0x50, 0x44, 0x46])) {
    throw new InvalidFile({ message: "This is a PDF: export the list as CSV" })
  }
  if (/\.(?:ndjson|jsonl)$/i.test(file)) return "ndjson"
  if (/^\s*\[\s*[{\]]/.test(text) || (/^\s*\[/.test(text) && /\.json$/i.test(file))) return "json"
  return /^\s*\{/.test(text) ? "ndjson" : "csv"
}

const sampleOf = async (file: string): Promise<{ readonly size: number; readonly sample: Buffer }> => {
  // O_NONBLOCK: opening a pipe would otherwise wait for a writer.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw new InvalidFile({
      message: PrivateFiles.isMissing(error) ? "This file does not exist" : "This file cannot be read"
    })
  })
  try {
    const found = await handle.stat()
    if (!found.isFile()) {
      throw new InvalidFile({
        message:
          "This is not a regular file, and a list is read twice: save it to a file, or pipe it to `growthhub import -`"
      })
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(sampleSize, found.size)), 0)
    return { size: found.size, sample: buffer.subarray(0, bytesRead) }
  } finally {
    await handle.close()
  }
}

/** Detects the format of a file. Rejects with `InvalidFile`. */
export const inspect = async (file: string, given: SourceOptions = {}): Promise<Source> => {
  const { size, sample } = await sampleOf(file)
  const isZip = startsWith(sample, [0x50, 0x4b, 0x03, 0x04])
  const found = isZip ? { encoding: "utf-8", hasBom: false } : await encodingOf(file, size, sample, given.encoding)
  const text = isZip ? "" : new TextDecoder(found.encoding).decode(sample)
  const [, separator] = sepLine.exec(text) ?? []
  const kind = kindOf(file, sample, text)
  return {
    file,
    kind,
    size,
    ...found,
    delimiter: given.delimiter ?? separator ?? delimiterOf(text),
    hasSepLine: separator !== undefined && kind === "csv",
    lineEnd: text.includes("\r\n") ? "\r\n" : "\n"
  }
}

const chunkSize = 64 * 1024

/** Reads the first `size` bytes of a file in chunks. A chunk is valid until the next one is read. */
async function* chunksOf(file: string, size: number): AsyncGenerator<Buffer> {
  const handle = await open(file)
  try {
    // All chunks share one buffer, because separate buffers would stay in memory until they are collected.
    const buffer = Buffer.alloc(chunkSize)
    for (let at = 0; at < size;) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkSize, size - at), at)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** The text of a file, without its byte order mark and a line `sep=`. Each line ends with a line feed. */
export async function* textOf({ file, size, encoding, hasSepLine }: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: encoding.startsWith("utf") })
  let lines = 1
  let isFirst = true
  let carried = ""
  const decoded = (chunk?: Buffer): string => {
    try {
      let text = carried + (chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }))
      // A chunk may end between \r and \n, so a trailing \r is carried over to the next chunk.
      carried = chunk !== undefined && text.endsWith("\r") ? "\r" : ""
      if (carried !== "") text = text.slice(0, -1)
      if (isFirst && text !== "") {
        isFirst = false
        if (hasSepLine) text = text.replace(sepLine, "")
      }
      const normal = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text
      for (let at = normal.indexOf("\n"); at >= 0; at = normal.indexOf("\n", at + 1)) lines += 1
      return normal
    } catch {
      throw new InvalidFile({
        message: `After line ${lines}: this is not ${encoding}. Give its encoding with --encoding.`
      })
    }
  }
  for await (const chunk of chunksOf(file, size)) yield decoded(chunk)
  yield decoded()
}

/** The name of an encoding in messages. */
export const nameOf = (encoding: string): string => (encoding.startsWith("utf") ? encoding.toUpperCase() : encoding)

// Makes Excel workbooks (.xlsx) from cells.

/** The CRC-32 checksum of a file in a ZIP archive. */
const checksum = (bytes: Uint8Array): number => {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return (sum ^ 0xffffffff) >>> 0
}

/** Makes a ZIP archive with uncompressed files. */
const zip = (files: { readonly [name: string]: string }): Buffer => {
  const local: Array<Buffer> = []
  const central: Array<Buffer> = []
  let offset = 0
  for (const [path, text] of Object.entries(files)) {
    const [name, data] = [Buffer.from(path), Buffer.from(text)]
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(checksum(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(name.length, 22)
    const header = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), common, name, data])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    central.push(Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), common, rest, name]))
    local.push(header)
    offset += header.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(central.length, 8)
  end.writeUInt16LE(central.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...local, directory, end])
}

/** A cell: a text, a number, a boolean, a date as its serial number, or an empty cell. */
export type Cell = string | number | boolean | { readonly day: number } | undefined

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const cellOf = (cell: Cell, place: string): string => {
  if (cell === undefined) return ""
  if (typeof cell === "string") return `<c r="${place}" t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`
  if (typeof cell === "boolean") return `<c r="${place}" t="b"><v>${cell ? 1 : 0}</v></c>`
  // Style 1 marks a number as a date.
  return typeof cell === "number"
    ? `<c r="${place}"><v>${cell}</v></c>`
    : `<c r="${place}" s="1"><v>${cell.day}</v></c>`
}

const sheetOf = (rows: ReadonlyArray<ReadonlyArray<Cell>>) => {
  const lines = rows.map((cells, row) => {
    const text = cells.map((cell, column) => cellOf(cell, `${String.fromCharCode(65 + column)}${row + 1}`)).join("")
    return text === "" ? "" : `<row r="${row + 1}">${text}</row>`
  })
  return `<worksheet xmlns="${main}"><sheetData>${lines.join("")}</sheetData></worksheet>`
}

const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
const relations = "http://schemas.openxmlformats.org/package/2006/relationships"
const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

const related = (parts: ReadonlyArray<readonly [type: string, target: string]>) =>
  `<Relationships xmlns="${relations}">${parts
    .map(([type, target], at) => `<Relationship Id="r${at + 1}" Type="${office}/${type}" Target="${target}"/>`)
    .join("")}</Relationships>`

/** Returns the bytes of a workbook whose sheets have these rows. */
export const workbook = (...sheets: ReadonlyArray<ReadonlyArray<ReadonlyArray<Cell>>>): Buffer => {
  const names = sheets.map((_, at) => `worksheets/sheet${at + 1}.xml`)
  return zip({
    "[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    "_rels/.rels": related([["officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${sheets
      .map((_, at) => `<sheet name="Sheet${at + 1}" sheetId="${at + 1}" r:id="r${at + 1}"/>`)
      .join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": related([
      ...names.map((name) => ["worksheet", name] as const),
      ["styles", "styles.xml"]
    ]),
    "xl/styles.xml": `<styleSheet xmlns="${main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
    ...Object.fromEntries(names.map((name, at) => [`xl/${name}`, sheetOf(sheets[at]!)]))
  })
}

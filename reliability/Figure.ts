// A figure of reliability: its aim, its measured values, and the table that shows it.

export interface Figure {
  readonly id: string
  readonly what: string
  readonly aim: string
  readonly measured: string
  readonly isMet: boolean
  /** The measured values of the official SDK, from the same run. */
  readonly rival?: string
  readonly values: { readonly [name: string]: number | string }
}

/** The largest value, which is the worst one of several seeds. */
export const worst = (values: ReadonlyArray<number>): number => Math.max(...values)

/** The 99th percentile. It leaves out the rare pauses of the garbage collector. */
export const percentile99 = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * 0.99) - 1)]!

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))

const columns = ["figure", "aim", "measured", "official SDK", "verdict"] as const

export const table = (figures: ReadonlyArray<Figure>): string => {
  const rows = figures.map(({ id, what, aim, measured, rival, isMet }) => [
    `${id} ${what}`,
    aim,
    measured,
    rival ?? "",
    isMet ? "met" : "MISSED"
  ])
  const widths = columns.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]!.length)))
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join("  ")
      .trimEnd()
  return [line(columns), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n")
}

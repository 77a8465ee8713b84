// A figure of reliability: what was aimed at, what was measured, and how it is told.

export interface Figure {
  readonly id: string
  readonly what: string
  readonly aim: string
  readonly measured: string
  readonly isMet: boolean
  /** The same, measured with the official SDK in the same run. */
  readonly rival?: string
  readonly values: { readonly [name: string]: number | string }
}

/** Of several seeds, the worst counts. */
export const worst = (values: ReadonlyArray<number>): number => Math.max(...values)

/** What 99 of 100 do not exceed: the pause of a garbage collector is not what is measured. */
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

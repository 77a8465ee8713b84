// Draws the picture of the README: the CPU time of a call with each client, as a ratio to the official SDK.
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const bar = 22
const left = 190
const width = 720

export const picture = (found) => {
  const sdk = found["official SDK"].cpu
  const bars = Object.entries(found)
    .map(([name, { cpu }]) => ({ name, ratio: cpu / sdk }))
    .toSorted((a, b) => a.ratio - b.ratio)
  const longest = Math.max(...bars.map(({ ratio }) => ratio))
  const length = (ratio) => ((width - left - 60) * ratio) / longest
  const rows = bars.map(({ name, ratio }, index) => {
    const y = 44 + index * (bar + 8)
    const colour = name.startsWith("ours") ? "#2563eb" : "#9ca3af"
    return `  <text x="${left - 8}" y="${y + 15}" text-anchor="end">${escaped(name)}</text>
  <rect x="${left}" y="${y}" width="${length(ratio).toFixed(1)}" height="${bar}" rx="3" fill="${colour}"/>
  <text x="${(left + length(ratio) + 6).toFixed(1)}" y="${y + 15}">${ratio.toFixed(2)}</text>`
  })
  const height = 52 + bars.length * (bar + 8)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="CPU for each call, as ratios to the official SDK">
  <rect width="${width}" height="${height}" fill="#ffffff"/>
  <text x="${left}" y="24" font-weight="600">CPU of one getContact, 16 at once (official SDK = 1)</text>
${rows.join("\n")}
</svg>
`
}

// Finds countries by their codes and by their names in seven languages.
import countries, { type LocaleData } from "i18n-iso-countries"
import de from "i18n-iso-countries/langs/de.json" with { type: "json" }
import en from "i18n-iso-countries/langs/en.json" with { type: "json" }
import es from "i18n-iso-countries/langs/es.json" with { type: "json" }
import fr from "i18n-iso-countries/langs/fr.json" with { type: "json" }
import it from "i18n-iso-countries/langs/it.json" with { type: "json" }
import nl from "i18n-iso-countries/langs/nl.json" with { type: "json" }
import pt from "i18n-iso-countries/langs/pt.json" with { type: "json" }
import { Country } from "effect-growthhub/Schema"

/** A name without case, accents and punctuation. */
const normalizeName = (name: string) =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")

/** Names of countries that the lists of the library lack. */
const others = { uk: "GB", england: "GB", scotland: "GB", wales: "GB", northernireland: "GB", holland: "NL" } as const

/** The country codes that the API accepts. */
const taken: ReadonlySet<string> = new Set(Country.literals)

const codesOf = ({ countries: names }: LocaleData): ReadonlyArray<readonly [string, string]> =>
  Object.entries(names).flatMap(([code, name]) =>
    (Array.isArray(name) ? (name as ReadonlyArray<string>) : [name]).map((one) => [normalizeName(one), code] as const)
  )

const codes: ReadonlyMap<string, string> = new Map([
  // English is last, so that its names override the same names in other languages.
  ...[pt, nl, it, fr, es, de, en].flatMap((locale) => codesOf(locale as LocaleData)),
  ...Object.entries(countries.getAlpha3Codes()).map(([long, code]) => [normalizeName(long), code] as const),
  ...Country.literals.map((code) => [normalizeName(code), code] as const),
  ...Object.entries(others)
])

/** The two-letter code of a country; undefined if the API does not accept it. */
export const countryOf = (text: string): Country | undefined => {
  const code = codes.get(normalizeName(text))
  return code !== undefined && taken.has(code) ? (code as Country) : undefined
}

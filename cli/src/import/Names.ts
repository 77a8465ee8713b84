// Finds the field that a column name means: the name of a field, or another word for it in one of seven languages.
import { ContactUpsert } from "effect-growthhub/Schema"
import { distance } from "fastest-levenshtein"

/** A name without case, accents, blanks and punctuation. */
export const normalizeName = (name: string): string =>
  name
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")

/** The fields that no cell can hold. */
const structured = new Set(["dndSettings", "inboundDndSettings", "customFields"])

/** The fields that a column can hold. */
export const fields: ReadonlyArray<string> = Object.keys(ContactUpsert.fields).filter((field) => !structured.has(field))

const otherNames: { readonly [field: string]: string } = {
  firstName: "first, given name, forename, vorname, prénom, nombre, nome, voornaam",
  lastName:
    "last, surname, family name, nachname, familienname, nom, nom de famille, apellido, apellidos, cognome, achternaam",
  name: "full name, contact name, nom complet, nombre completo, nome completo",
  email: "email address, mail, e-mail-adresse, mailadresse, adresse e-mail, courriel, correo, correo electrónico",
  phone:
    "phone number, mobile, mobile phone, mobile number, telephone, tel, telefon, telefonnummer, handy, mobil, téléphone, teléfono, telefono, telefone, telefoon",
  companyName:
    "company, business name, organization, organisation, firma, unternehmen, société, entreprise, empresa, azienda, bedrijf",
  address1: "address, street, street address, straße, anschrift, adresse, rue, dirección, indirizzo, endereço, straat",
  city: "town, ort, stadt, ville, ciudad, città, cidade, plaats",
  state: "region, state/region, province, bundesland, région, provincia, estado",
  postalCode: "zip, zip code, postcode, plz, postleitzahl, code postal, código postal, cap",
  country: "land, pays, país, paese, country/region",
  website: "website url, web, url, homepage, webseite, site web, sitio web, sito web",
  timezone: "time zone, zeitzone",
  dateOfBirth:
    "birthday, birthdate, birth date, dob, geburtstag, geburtsdatum, date de naissance, fecha de nacimiento, data di nascita, data de nascimento, geboortedatum",
  source: "lead source, contact source, quelle",
  tags: "tag, schlagworte, étiquettes, etiquetas",
  gender: "sex, geschlecht"
}

const byName: ReadonlyMap<string, string> = new Map([
  ...Object.entries(otherNames).flatMap(([field, names]) =>
    names.split(",").map((name) => [normalizeName(name), field] as const)
  ),
  ...fields.map((field) => [normalizeName(field), field] as const)
])

/** The field that a column name means; undefined if there is none. */
export const fieldOf = (name: string): string | undefined => byName.get(normalizeName(name))

/** Words in the names of columns that are never fields of a contact, however similar the name is to that of a field. */
const foreign = new Set(["owner", "account", "stage", "status", "type", "rating", "date", "id"])

const digitsOf = (text: string) => text.replace(/\D/g, "")

const lettersOf = (text: string) => Array.from(text).sort().join("")

/** Whether a name differs from a known one by one letter, by two letters of a long name, or by two swapped letters. */
const isMisspelt = (text: string, known: string): boolean => {
  // `email2` is a second email, not a misspelling of `email`.
  if (digitsOf(text) !== digitsOf(known)) return false
  const far = distance(text, known)
  const most = known.length < 4 ? 0 : known.length < 8 ? 1 : 2
  return far <= most || (known.length > 3 && far === 2 && lettersOf(text) === lettersOf(known))
}

/** The field whose name this name misspells; undefined if there is none. */
export const similarTo = (name: string): string | undefined => {
  const text = normalizeName(name)
  // No known name is as long, and the distance of a long name takes long to compute.
  if (
    text.length > 50 ||
    name
      .toLowerCase()
      .split(/[^\p{L}]+/u)
      .some((word) => foreign.has(word))
  )
    return undefined
  const [best] = [...byName]
    .filter(([known]) => isMisspelt(text, known))
    .map(([known, field]) => ({ field, far: distance(text, known) }))
    .sort((a, b) => a.far - b.far)
  return best?.field
}

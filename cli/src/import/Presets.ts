// The known exports of other products, which are recognized by their headers.
import { normalizeName, fieldOf } from "./Names.js"

/** The columns by which an export is recognized. */
interface Signs {
  /** The columns that must all be there. */
  readonly all: ReadonlyArray<string>
  /** The number of columns of `others` that must be there. */
  readonly least: 1 | 2
  readonly others: ReadonlyArray<string>
}

/** A known export, with the field of each column. Columns that it does not list are left out. */
export interface Preset {
  readonly name: string
  readonly signs: Signs
  /** The field of each column. If several columns have one field, the first that is not empty counts. */
  readonly columns: { readonly [column: string]: string }
}

export const presets: ReadonlyArray<Preset> = [
  {
    name: "HighLevel",
    signs: { all: ["Contact Id"], least: 1, others: ["Last Activity", "Created", "Business Name"] },
    columns: {
      "Contact Id": "contactId",
      "First Name": "firstName",
      "Last Name": "lastName",
      "Business Name": "companyName",
      "Company Name": "companyName",
      Phone: "phone",
      Email: "email",
      Tags: "tags",
      "Street Address": "address1",
      Address: "address1",
      City: "city",
      State: "state",
      "Postal Code": "postalCode",
      Country: "country",
      Website: "website",
      "Date Of Birth": "dateOfBirth",
      Source: "source",
      DND: "dnd"
    }
  },
  {
    name: "HubSpot",
    signs: {
      all: ["Record ID"],
      least: 1,
      others: [
        "Create Date",
        "Lead Status",
        "Lifecycle Stage",
        "Marketing contact status",
        "Last Activity Date",
        "Associated Company",
        "Phone Number",
        "Mobile Phone Number",
        "State/Region",
        "Country/Region"
      ]
    },
    columns: {
      "First Name": "firstName",
      "Last Name": "lastName",
      Email: "email",
      "Phone Number": "phone",
      "Mobile Phone Number": "phone",
      "Company Name": "companyName",
      "Associated Company": "companyName",
      "Street Address": "address1",
      City: "city",
      "State/Region": "state",
      "Postal Code": "postalCode",
      "Country/Region": "country",
      "Website URL": "website",
      "Date of birth": "dateOfBirth",
      "Time Zone": "timezone"
    }
  },
  {
    name: "Mailchimp",
    signs: {
      all: [],
      least: 2,
      others: ["MEMBER_RATING", "OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "LAST_CHANGED", "LEID", "EUID"]
    },
    columns: {
      "Email Address": "email",
      "First Name": "firstName",
      "Last Name": "lastName",
      "Phone Number": "phone",
      Address: "address1",
      CC: "country",
      REGION: "state",
      TIMEZONE: "timezone",
      TAGS: "tags"
    }
  },
  {
    name: "Google Contacts",
    signs: { all: [], least: 1, others: ["E-mail 1 - Value", "Phone 1 - Value"] },
    columns: {
      "First Name": "firstName",
      "Given Name": "firstName",
      "Last Name": "lastName",
      "Family Name": "lastName",
      "Organization Name": "companyName",
      "Organization 1 - Name": "companyName",
      "E-mail 1 - Value": "email",
      "Phone 1 - Value": "phone",
      "Address 1 - Street": "address1",
      "Address 1 - City": "city",
      "Address 1 - Region": "state",
      "Address 1 - Postal Code": "postalCode",
      "Address 1 - Country": "country",
      "Website 1 - Value": "website",
      Birthday: "dateOfBirth",
      Labels: "tags",
      "Group Membership": "tags"
    }
  }
]

/** The longest column name, in characters, from which suffixes are removed. No export has a longer name. */
const longestName = 200

/** A column name without the suffixes that exports add: `Record ID - Contact`, `Create Date (GMT+1)`. */
const withoutSuffix = (name: string): string =>
  name.length > longestName
    ? normalizeName(name)
    : normalizeName(name.replace(/(?:\([^()]*\)\s*|\[[^[\]]*\]\s*| - contact\s*)+$/i, ""))

const namesIn = (header: ReadonlyArray<string>) => {
  const names = new Set(header.map(withoutSuffix))
  return (sign: string) => names.has(normalizeName(sign))
}

/** The known export with this header; undefined if there is none. */
export const presetOf = (header: ReadonlyArray<string>): Preset | undefined => {
  const has = namesIn(header)
  return presets.find(({ signs: { all, least, others } }) => all.every(has) && others.filter(has).length >= least)
}

/** The fields of the columns of an export. A name with a suffix counts only if no column has the name without it. */
export const fieldsOf = ({ columns }: Preset, header: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const known = new Map(Object.entries(columns).map(([name, field]) => [normalizeName(name), field]))
  const names = new Set(header.map(normalizeName))
  return new Map(
    header.flatMap((name) => {
      const short = withoutSuffix(name)
      const field = known.get(normalizeName(name)) ?? (names.has(short) ? undefined : known.get(short))
      return field === undefined ? [] : [[name, field] as const]
    })
  )
}

const quoted = (names: ReadonlyArray<string>) => names.map((name) => JSON.stringify(name)).join(", ")

/** A hint if a header resembles a known export: the columns that resemble it, and the columns that are missing. */
export const nearlyOf = (header: ReadonlyArray<string>): string | undefined => {
  const has = namesIn(header)
  for (const { name, signs } of presets) {
    const { all, least, others } = signs
    // A name that any list may have is no sign of an export.
    const telling = others.filter((sign) => has(sign) && fieldOf(sign) === undefined)
    const isNear = all.length > 0 ? all.every(has) || telling.length >= 2 : telling.length > 0
    if (!isNear) continue
    const lacking = [
      ...(all.every(has) ? [] : [quoted(all.filter((sign) => !has(sign)))]),
      ...(others.filter(has).length >= least ? [] : [`${least === 1 ? "one" : "two"} of ${quoted(others)}`])
    ]
    const found = quoted([...all.filter(has), ...telling])
    return `${found}: as in an export of ${name}, but it is read as one only with ${lacking.join(" and ")}.`
  }
  return undefined
}

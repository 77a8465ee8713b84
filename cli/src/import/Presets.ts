// The exports that people bring: found by their headers.
import { bare } from "./Names.js"

/** What the columns of an export are. Those that it does not name are left out. */
export interface Preset {
  readonly name: string
  /** Columns that only this export has. */
  readonly signs: ReadonlyArray<string>
  /** The field of each column; of several for one field, the first that is not empty counts. */
  readonly columns: { readonly [column: string]: string }
}

const presets: ReadonlyArray<Preset> = [
  {
    name: "HighLevel",
    signs: ["Contact Id", "Last Activity"],
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
    signs: ["Record ID", "Create Date"],
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
    signs: ["MEMBER_RATING", "OPTIN_TIME", "LEID"],
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
    signs: ["E-mail 1 - Value"],
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

/** The export that a header is of. */
export const presetOf = (header: ReadonlyArray<string>): Preset | undefined => {
  const names = new Set(header.map(bare))
  return presets.find(({ signs }) => signs.every((sign) => names.has(bare(sign))))
}

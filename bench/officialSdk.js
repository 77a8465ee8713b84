// The official SDK as its README says: a private integration token, and its defaults.
import sdk from "@gohighlevel/api-client"

/** One base URL at a time: the SDK keeps it in a static field. */
export const make = ({ baseUrl, token }) => {
  sdk.HighLevel.BASE_URL = baseUrl
  const { contacts } = new sdk.HighLevel({ privateIntegrationToken: token, logLevel: "none" })
  return {
    upsertContact: (contact) => contacts.upsertContact(contact),
    getContact: (contactId) => contacts.getContact({ contactId })
  }
}

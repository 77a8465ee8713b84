// The official SDK as its README describes it, with a private integration token and the default options.
import sdk from "@gohighlevel/api-client"

/** Makes a client. All clients have the latest base URL, because the SDK stores it in a static field. */
export const make = ({ baseUrl, token }) => {
  sdk.HighLevel.BASE_URL = baseUrl
  const { contacts } = new sdk.HighLevel({ privateIntegrationToken: token, logLevel: "none" })
  return {
    upsertContact: (contact) => contacts.upsertContact(contact),
    getContact: (contactId) => contacts.getContact({ contactId })
  }
}

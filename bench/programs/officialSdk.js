// The smallest program with the official SDK: gets one contact.
import sdk from "@gohighlevel/api-client"

sdk.HighLevel.BASE_URL = process.env.URL
const { contacts } = new sdk.HighLevel({ privateIntegrationToken: "pit-bench", logLevel: "none" })

contacts
  .getContact({ contactId: "seD4PfOuKoVMLkEZqohJ" })
  .then(({ contact }) => console.log(performance.now(), contact.id))

// The campaigns that a contact is in: their endpoints.
import * as Schema from "effect/Schema"
import { idExcept } from "../fields/ids.js"
import { always, ContactPath, Done, never, pageOf, usual } from "./common.js"
import { endpoint } from "./endpoint.js"

const service = "ContactsService"

/** With one of these names as its id, the removal from a campaign would be the removal from all of them. */
const CampaignPath = Schema.Struct({ ...ContactPath.fields, campaignId: idExcept(["removeall", "remove-all"]) })

const unverifiable = "nothing in the API tells which campaigns a contact is in"

/** `POST /contacts/{contactId}/campaigns/{campaignId}` */
export const addToCampaign = endpoint({
  name: "addToCampaign",
  service,
  scope: "contacts.write",
  page: pageOf("add-contact-to-campaign"),
  method: "POST",
  path: "/contacts/{contactId}/campaigns/{campaignId}",
  ...usual,
  params: CampaignPath,
  // A body is required, and has no fields.
  body: Schema.Struct({}),
  success: 201,
  answer: Done,
  isRepeatable: never,
  unverifiable
})

/** `DELETE /contacts/{contactId}/campaigns/{campaignId}` */
export const removeFromCampaign = endpoint({
  name: "removeFromCampaign",
  service,
  scope: "contacts.write",
  page: pageOf("remove-contact-from-campaign"),
  method: "DELETE",
  path: "/contacts/{contactId}/campaigns/{campaignId}",
  ...usual,
  params: CampaignPath,
  answer: Done,
  isRepeatable: always,
  unverifiable
})

/** `DELETE /contacts/{contactId}/campaigns/removeAll`, in v3 `…/remove-all` */
export const removeFromAllCampaigns = endpoint({
  name: "removeFromAllCampaigns",
  service,
  scope: "contacts.write",
  page: pageOf("remove-contact-from-every-campaign"),
  method: "DELETE",
  path: {
    "2021-07-28": "/contacts/{contactId}/campaigns/removeAll",
    v3: "/contacts/{contactId}/campaigns/remove-all"
  },
  ...usual,
  params: ContactPath,
  answer: Done,
  isRepeatable: always,
  unverifiable
})

/** The rows of campaigns, by name. */
export const campaignRows = { addToCampaign, removeFromCampaign, removeFromAllCampaigns }

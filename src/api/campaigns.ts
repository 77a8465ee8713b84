// The endpoints that add contacts to campaigns and remove them.
import * as Schema from "effect/Schema"
import { idExcept } from "../fields/ids.js"
import { always, ContactPath, Done, never, pageOf, endpointDefaults } from "./common.js"
import { endpoint } from "./endpoint.js"

const service = "ContactsService"

/** Refuses these names as the id of a campaign: with one of them, the path would remove the contact from all campaigns. */
const CampaignPath = Schema.Struct({ ...ContactPath.fields, campaignId: idExcept(["removeall", "remove-all"]) })

const unverifiable = "the API does not return a contact's campaigns"

/** `POST /contacts/{contactId}/campaigns/{campaignId}` */
export const addToCampaign = endpoint({
  name: "addToCampaign",
  service,
  scope: "contacts.write",
  page: pageOf("add-contact-to-campaign"),
  method: "POST",
  path: "/contacts/{contactId}/campaigns/{campaignId}",
  ...endpointDefaults,
  params: CampaignPath,
  // The service requires a body, which has no fields.
  body: Schema.Struct({}),
  success: 201,
  answer: Done,
  isSafeToRetry: never,
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
  ...endpointDefaults,
  params: CampaignPath,
  answer: Done,
  isSafeToRetry: always,
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
  ...endpointDefaults,
  params: ContactPath,
  answer: Done,
  isSafeToRetry: always,
  unverifiable
})

/** The endpoints of campaigns, by name. */
export const campaignRows = { addToCampaign, removeFromCampaign, removeFromAllCampaigns }

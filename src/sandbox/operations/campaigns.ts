/**
 * The operations on the campaigns of a contact, as the service performs them.
 *
 * @since 0.2.0
 */
import type { campaignRows } from "../../api/campaigns.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { doneFlags, Refusal } from "../Reply.js"
import { object } from "../Rules.js"

const idOf = (contactId: string, campaignId: string) => `${contactId} campaign ${campaignId}`

const addToCampaign: Operation = {
  body: () => object({}),
  perform: (directory, caller, { params }) => {
    const { id: contactId } = Directory.contactOf(directory, caller, params)
    const campaignId = params["campaignId"] ?? ""
    const id = idOf(contactId, campaignId)
    directory.enrollments.set(id, { id, contactId, campaignId })
    return { body: doneFlags }
  }
}

const removeFromCampaign: Operation = {
  perform: (directory, caller, { params }) => {
    const { id: contactId } = Directory.contactOf(directory, caller, params)
    const campaignId = params["campaignId"] ?? ""
    // The spelling of `removeAll` in another Version is not the id of a campaign.
    if (/^remove-?all$/i.test(campaignId)) {
      throw new Refusal(404, `Cannot DELETE /contacts/${contactId}/campaigns/${campaignId}`)
    }
    directory.enrollments.delete(idOf(contactId, campaignId))
    return { body: doneFlags }
  }
}

const removeFromAllCampaigns: Operation = {
  perform: (directory, caller, { params }) => {
    const contact = Directory.contactOf(directory, caller, params)
    for (const { id, campaignId } of Directory.partsOfContact(directory.enrollments, contact)) {
      if (campaignId !== undefined) directory.enrollments.delete(id)
    }
    return { body: doneFlags }
  }
}

/**
 * @since 0.2.0
 * @category operations
 */
export const campaignOperations = {
  addToCampaign,
  removeFromCampaign,
  removeFromAllCampaigns
} satisfies Operations<typeof campaignRows>

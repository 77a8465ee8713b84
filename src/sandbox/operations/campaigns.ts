/**
 * The operations on the campaigns of a contact, as the service performs them.
 *
 * @since 0.2.0
 */
import type { campaignRows } from "../../api/campaigns.js"
import * as Directory from "../Directory.js"
import type { Operation, Operations } from "../Operation.js"
import { Refusal } from "../Reply.js"
import { object } from "../Rules.js"

const done = { succeded: true, succeeded: true }

const idOf = (contactId: string, campaignId: string) => `${contactId} campaign ${campaignId}`

const contactOf = (
  directory: Directory.Directory,
  caller: Directory.Caller,
  params: { readonly [name: string]: string }
) => Directory.get(directory, caller, params["contactId"] ?? "")

const addToCampaign: Operation = {
  body: () => object({}),
  perform: (directory, caller, { params }) => {
    const { id: contactId } = contactOf(directory, caller, params)
    const campaignId = params["campaignId"] ?? ""
    const id = idOf(contactId, campaignId)
    directory.enrollments.set(id, { id, contactId, campaignId })
    return { body: done }
  }
}

const removeFromCampaign: Operation = {
  perform: (directory, caller, { params }) => {
    const { id: contactId } = contactOf(directory, caller, params)
    const campaignId = params["campaignId"] ?? ""
    // A path that the Version does not have is no campaign.
    if (/^remove-?all$/i.test(campaignId)) {
      throw new Refusal(404, `Cannot DELETE /contacts/${contactId}/campaigns/${campaignId}`)
    }
    directory.enrollments.delete(idOf(contactId, campaignId))
    return { body: done }
  }
}

const removeFromAllCampaigns: Operation = {
  perform: (directory, caller, { params }) => {
    const contact = contactOf(directory, caller, params)
    for (const { id, campaignId } of Directory.partsOfContact(directory.enrollments, contact)) {
      if (campaignId !== undefined) directory.enrollments.delete(id)
    }
    return { body: done }
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

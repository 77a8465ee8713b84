// What `ContactsService` does to the parts of contacts: tags, followers, appointments, campaigns, workflows and businesses.
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ContactsError } from "../Errors.js"
import type { ContactId } from "../fields/ids.js"
import type { Appointment } from "./appointments.js"
import type { TagsInBulk, TagsInBulkResult } from "./bulkTags.js"
import type { BusinessContactsQuery, BusinessInBulk } from "./businesses.js"
import type { ContactList, ContactListQuery } from "./contactList.js"
import type { AddedFollowers, RemovedFollowers } from "./followers.js"
import type { AddedTags, RemovedTags } from "./tags.js"
import type { WorkflowEntry } from "./workflows.js"

/**
 * The methods of `ContactsService` for what belongs to contacts.
 *
 * @since 0.2.0
 * @category models
 */
export interface ContactParts {
  /**
   * Adds tags to a contact and keeps those that it has. Tags that the location does not have are created, and all are stored in
   * lower case. Repeating it is safe: tags that are there already are not added again, and `tagsAdded` is left out where a
   * retry cannot tell what it was. If its outcome is unknown in the end, the contact is looked at.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list or an empty tag.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-tags
   *
   * @since 0.2.0
   */
  readonly addTags: (contactId: ContactId, tags: ReadonlyArray<string>) => Effect.Effect<AddedTags, ContactsError>

  /**
   * Removes tags from a contact, in whatever case they are given. A tag that it does not have is no error. Repeating it is safe:
   * `tagsRemoved` is left out where a retry cannot tell what it was. If its outcome is unknown in the end, the contact is
   * looked at.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list or an empty tag.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-tags
   *
   * @since 0.2.0
   */
  readonly removeTags: (contactId: ContactId, tags: ReadonlyArray<string>) => Effect.Effect<RemovedTags, ContactsError>

  /**
   * Lets users of the location follow a contact, by their ids. Repeating it is safe: `followersAdded` is left out where a retry
   * cannot tell what it was. If its outcome is unknown in the end, the contact is looked at.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list or an empty id.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-followers-contact
   *
   * @since 0.2.0
   */
  readonly addFollowers: (
    contactId: ContactId,
    userIds: ReadonlyArray<string>
  ) => Effect.Effect<AddedFollowers, ContactsError>

  /**
   * Lets users follow a contact no more, by their ids. Repeating it is safe: `followersRemoved` is left out where a retry cannot
   * tell what it was. If its outcome is unknown in the end, the contact is looked at.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list or an empty id.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-followers-contact
   *
   * @since 0.2.0
   */
  readonly removeFollowers: (
    contactId: ContactId,
    userIds: ReadonlyArray<string>
  ) => Effect.Effect<RemovedFollowers, ContactsError>

  /**
   * All appointments of a contact, in one answer: the API has no pages here. Their times are text, because not all of them say
   * their zone. Repeating it is safe.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-appointments-for-contact
   *
   * @since 0.2.0
   */
  readonly getAppointments: (contactId: ContactId) => Effect.Effect<ReadonlyArray<Appointment>, ContactsError>

  /**
   * Adds a contact to a campaign.
   *
   * It is never sent again once it may have been applied: whether that would begin the campaign anew is not documented. Nothing
   * in the API tells which campaigns a contact is in, so that an unknown outcome stays unknown.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-contact-to-campaign
   *
   * @since 0.2.0
   */
  readonly addToCampaign: (contactId: ContactId, campaignId: string) => Effect.Effect<void, ContactsError>

  /**
   * Takes a contact out of a campaign. Repeating it is safe.
   *
   * Fails with `Unprocessable`, before anything is sent, for the ids `removeAll` and `remove-all`: they are the path that takes
   * a contact out of all campaigns.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-contact-from-campaign
   *
   * @since 0.2.0
   */
  readonly removeFromCampaign: (contactId: ContactId, campaignId: string) => Effect.Effect<void, ContactsError>

  /**
   * Takes a contact out of all campaigns. Repeating it is safe.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-contact-from-every-campaign
   *
   * @since 0.2.0
   */
  readonly removeFromAllCampaigns: (contactId: ContactId) => Effect.Effect<void, ContactsError>

  /**
   * Adds a contact to a workflow.
   *
   * It is never sent again once it may have been applied: the contact may have gone through the workflow already, and would go
   * again. Nothing but a search that lags behind tells which workflows a contact is in, so that an unknown outcome stays
   * unknown.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-contact-to-workflow
   *
   * @since 0.2.0
   */
  readonly addToWorkflow: (
    contactId: ContactId,
    workflowId: string,
    entry?: WorkflowEntry
  ) => Effect.Effect<void, ContactsError>

  /**
   * Takes a contact out of a workflow. Repeating it is safe.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-contact-from-workflow
   *
   * @since 0.2.0
   */
  readonly removeFromWorkflow: (
    contactId: ContactId,
    workflowId: string,
    entry?: WorkflowEntry
  ) => Effect.Effect<void, ContactsError>

  /**
   * A page of the contacts of a location, newest first. It lags behind writes for a while. Repeating it is safe.
   *
   * The next page begins at `meta.startAfter` and `meta.startAfterId` of this one.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contacts
   *
   * @deprecated The vendor has deprecated it and dropped it from v3: use `searchContacts`.
   * @since 0.2.0
   */
  readonly getContacts: (query: ContactListQuery) => Effect.Effect<ContactList, ContactsError>

  /**
   * A page of the contacts of a business; the last page has fewer than `limit`. It lags behind writes for a while. Repeating it is
   * safe.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contacts-by-business-id
   *
   * @since 0.2.0
   */
  readonly getContactsByBusiness: (
    businessId: string,
    query: BusinessContactsQuery
  ) => Effect.Effect<ContactList, ContactsError>

  /**
   * Adds tags to many contacts or removes them, and tells what became of each contact, in the order of the call. A contact that
   * is refused does not fail the call, and does not hold up the others. Repeating it is safe.
   *
   * How many contacts the service takes at once is not documented: 100 are prudent.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list of contacts or tags, and for `removeAllTags` with
   * `type: "add"`.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-association
   *
   * @since 0.2.0
   */
  readonly updateTagsInBulk: (update: TagsInBulk) => Effect.Effect<ReadonlyArray<TagsInBulkResult>, ContactsError>

  /**
   * Lets contacts belong to a business, or, with `businessId: null`, to none. Repeating it is safe.
   *
   * Answers the ids of the contacts that were changed, if the service tells them: not where a retry cannot tell, because an
   * earlier attempt may have changed them.
   *
   * Fails with `Unprocessable`, before anything is sent, for no contact or more than 50.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-remove-contact-from-business
   *
   * @since 0.2.0
   */
  readonly setBusinessInBulk: (
    change: BusinessInBulk
  ) => Effect.Effect<Option.Option<ReadonlyArray<string>>, ContactsError>
}

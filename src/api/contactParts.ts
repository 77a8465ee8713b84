// The methods of `ContactsService` for the parts of contacts, such as tags, followers and workflows.
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
 * The methods of `ContactsService` for tags, followers, appointments, campaigns, workflows, lists and businesses.
 *
 * @since 0.2.0
 * @category models
 */
export interface ContactParts {
  /**
   * Adds tags to a contact and keeps its other tags. Tags that the location does not have are created; all are stored in
   * lower case. Safe to retry: tags that the contact already has are not added again, and `tagsAdded` is absent if an
   * earlier attempt may have added the tags. The client verifies an unknown outcome by reading the contact.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list or an empty tag.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-tags
   *
   * @since 0.2.0
   */
  readonly addTags: (contactId: ContactId, tags: ReadonlyArray<string>) => Effect.Effect<AddedTags, ContactsError>

  /**
   * Removes tags from a contact, regardless of case. A tag that the contact does not have is not an error. Safe to retry:
   * `tagsRemoved` is absent if an earlier attempt may have removed the tags. The client verifies an unknown outcome by
   * reading the contact.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list or an empty tag.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-tags
   *
   * @since 0.2.0
   */
  readonly removeTags: (contactId: ContactId, tags: ReadonlyArray<string>) => Effect.Effect<RemovedTags, ContactsError>

  /**
   * Adds users of the location, by their ids, as followers of a contact. Safe to retry: `followersAdded` is absent if an
   * earlier attempt may have added them. The client verifies an unknown outcome by reading the contact.
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
   * Removes users, by their ids, from the followers of a contact. Safe to retry: `followersRemoved` is absent if an earlier
   * attempt may have removed them. The client verifies an unknown outcome by reading the contact.
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
   * Gets all appointments of a contact in one response: this endpoint has no pages. Their times are text, because not all of
   * them have a time zone. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-appointments-for-contact
   *
   * @since 0.2.0
   */
  readonly getAppointments: (contactId: ContactId) => Effect.Effect<ReadonlyArray<Appointment>, ContactsError>

  /**
   * Adds a contact to a campaign.
   *
   * The call is not retried once it may have been applied, because it is not documented whether a second call restarts the
   * campaign. The API does not return the campaigns of a contact, so an unknown outcome stays unknown.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-contact-to-campaign
   *
   * @since 0.2.0
   */
  readonly addToCampaign: (contactId: ContactId, campaignId: string) => Effect.Effect<void, ContactsError>

  /**
   * Removes a contact from a campaign. Safe to retry.
   *
   * Fails with `Unprocessable`, before anything is sent, for the ids `removeAll` and `remove-all`, because the path would
   * then remove the contact from all campaigns.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-contact-from-campaign
   *
   * @since 0.2.0
   */
  readonly removeFromCampaign: (contactId: ContactId, campaignId: string) => Effect.Effect<void, ContactsError>

  /**
   * Removes a contact from all campaigns. Safe to retry.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-contact-from-every-campaign
   *
   * @since 0.2.0
   */
  readonly removeFromAllCampaigns: (contactId: ContactId) => Effect.Effect<void, ContactsError>

  /**
   * Adds a contact to a workflow.
   *
   * The call is not retried once it may have been applied, because the contact could then run through the workflow a second
   * time. Only the search returns the workflows of a contact, and it lags behind, so an unknown outcome stays unknown.
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
   * Removes a contact from a workflow. Safe to retry.
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
   * Gets a page of the contacts of a location, newest first. The list lags behind writes for a while. Safe to retry.
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
   * Gets a page of the contacts of a business; the last page has fewer than `limit`. The list lags behind writes for a
   * while. Safe to retry.
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
   * Adds tags to many contacts, or removes tags from them, and returns the result for each contact, in the order of the
   * call. If the service refuses a contact, the call succeeds and the other contacts are updated. Safe to retry.
   *
   * The service's limit of contacts per call is not documented; up to 100 is prudent.
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
   * Assigns contacts to a business, or, with `businessId: null`, to none. Safe to retry.
   *
   * Returns the ids of the changed contacts, if the service sends them; `None` if an earlier attempt may have changed some.
   *
   * Fails with `Unprocessable`, before anything is sent, for an empty list of contacts or more than 50.
   *
   * Source: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-remove-contact-from-business
   *
   * @since 0.2.0
   */
  readonly setBusinessInBulk: (
    change: BusinessInBulk
  ) => Effect.Effect<Option.Option<ReadonlyArray<string>>, ContactsError>
}

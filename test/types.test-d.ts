import type * as HttpClient from "@effect/platform/HttpClient"
import type { HttpServerError } from "@effect/platform"
import { describe, expectTypeOf, it } from "@effect/vitest"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as ConfigError from "effect/ConfigError"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as S from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ContactsBulk from "effect-growthhub/ContactsBulk"
import { ContactsService, type Service } from "effect-growthhub/ContactsService"
import * as CustomFields from "effect-growthhub/CustomFields"
import { CustomFieldsService } from "effect-growthhub/CustomFieldsService"
import { LocationTagsService } from "effect-growthhub/LocationTagsService"
import { ContactsTest } from "effect-growthhub/ContactsTest"
import * as Credentials from "effect-growthhub/Credentials"
import * as Errors from "effect-growthhub/Errors"
import * as Filter from "effect-growthhub/Filter"
import * as HttpClientFetch from "effect-growthhub/HttpClientFetch"
import * as HttpClientUndici from "effect-growthhub/HttpClientUndici"
import type * as GrowthHub from "effect-growthhub/GrowthHub"
import * as HttpLayer from "effect-growthhub/HttpLayer"
import { NotesService, type Service as Notes } from "effect-growthhub/NotesService"
import * as RateLimit from "effect-growthhub/RateLimit"
import * as RateLimitRedis from "effect-growthhub/RateLimitRedis"
import * as RetryPolicy from "effect-growthhub/RetryPolicy"
import { Sandbox } from "effect-growthhub/Sandbox"
import {
  type AddedFollowers,
  type AddedTags,
  type Appointment,
  type BusinessContactsQuery,
  type BusinessInBulk,
  type Contact,
  ContactId,
  type ContactCreate,
  type ContactList,
  type ContactListQuery,
  type ContactSearch,
  type ContactUpdate,
  type ContactUpsert,
  CustomField,
  type CustomFieldCreate,
  type CustomFieldDefinition,
  type CustomFieldUpdate,
  type LocationId,
  type LocationTag,
  type LocationTagInput,
  type Note,
  type NoteCreate,
  type NoteUpdate,
  type RemovedFollowers,
  type RemovedTags,
  type SearchedContact,
  type SearchPage,
  type TagsInBulk,
  type TagsInBulkResult,
  type Task,
  type TaskCreate,
  type TaskUpdate,
  type UpsertedContact,
  type WorkflowEntry,
  type WrittenContact
} from "effect-growthhub/Schema"
import { type Service as Tasks, TasksService } from "effect-growthhub/TasksService"
import * as TokenStore from "effect-growthhub/TokenStore"
import * as TokenStoreFile from "effect-growthhub/TokenStoreFile"
import * as TokenStoreRedis from "effect-growthhub/TokenStoreRedis"
import * as TokenStoreSql from "effect-growthhub/TokenStoreSql"
import * as Webhooks from "effect-growthhub/Webhooks"
import * as WebhookStore from "effect-growthhub/WebhookStore"
import type { Redis } from "ioredis"

declare const contacts: Service
declare const tasks: Tasks
declare const id: ContactId
declare const locationId: LocationId
declare const contact: Contact
declare const http: HttpLayer.Service
declare const redis: Redis
declare const notes: Notes
declare const webhooks: Webhooks.Service
declare const checkpoint: ContactsBulk.Checkpoint
declare const leads: Stream.Stream<ContactUpsert, "broken", "source">
const token = Redacted.make("pit-1")

type AnyError =
  | Errors.BadRequest
  | Errors.Unauthorized
  | Errors.Unprocessable
  | Errors.Forbidden
  | Errors.RateLimited
  | Errors.ServerError
  | Errors.TransportError
  | Errors.UnexpectedResponse

describe("the methods", () => {
  it("answer a decoded contact or a typed error, and need nothing more", () => {
    expectTypeOf(contacts.getContact).toEqualTypeOf<(id: ContactId) => Effect.Effect<Contact, AnyError>>()
    expectTypeOf(contacts.updateContact).toEqualTypeOf<
      (id: ContactId, changes: ContactUpdate) => Effect.Effect<WrittenContact, AnyError>
    >()
    expectTypeOf(contacts.upsertContact).toEqualTypeOf<
      (contact: ContactUpsert) => Effect.Effect<UpsertedContact, AnyError>
    >()
    expectTypeOf(contacts.createContact).toEqualTypeOf<
      (contact: ContactCreate) => Effect.Effect<WrittenContact, AnyError>
    >()
    expectTypeOf(contacts.deleteContact).toEqualTypeOf<(id: ContactId) => Effect.Effect<void, AnyError>>()
    expectTypeOf(contacts.getDuplicateContact).toEqualTypeOf<
      (identity: {
        readonly locationId: LocationId
        readonly email?: string | undefined
        readonly phone?: string | undefined
      }) => Effect.Effect<Option.Option<Contact>, AnyError>
    >()
    expectTypeOf<UpsertedContact["ignored"]>().toEqualTypeOf<ReadonlyArray<string>>()
    expectTypeOf<UpsertedContact>().toExtend<WrittenContact>()
    expectTypeOf<WrittenContact>().toExtend<Contact>()
    expectTypeOf<Errors.ContactsError>().toEqualTypeOf<AnyError>()
    expectTypeOf<ContactsService["Type"]>().toEqualTypeOf<Service>()
  })

  it("of what belongs to contacts answer its own models or a typed error", () => {
    expectTypeOf(contacts.addTags).toEqualTypeOf<
      (contactId: ContactId, tags: ReadonlyArray<string>) => Effect.Effect<AddedTags, AnyError>
    >()
    expectTypeOf(contacts.removeTags).toEqualTypeOf<
      (contactId: ContactId, tags: ReadonlyArray<string>) => Effect.Effect<RemovedTags, AnyError>
    >()
    expectTypeOf(contacts.addFollowers).toEqualTypeOf<
      (contactId: ContactId, userIds: ReadonlyArray<string>) => Effect.Effect<AddedFollowers, AnyError>
    >()
    expectTypeOf(contacts.removeFollowers).toEqualTypeOf<
      (contactId: ContactId, userIds: ReadonlyArray<string>) => Effect.Effect<RemovedFollowers, AnyError>
    >()
    expectTypeOf(contacts.getAppointments).toEqualTypeOf<
      (contactId: ContactId) => Effect.Effect<ReadonlyArray<Appointment>, AnyError>
    >()
    expectTypeOf(contacts.addToCampaign).toEqualTypeOf<
      (contactId: ContactId, campaignId: string) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf(contacts.removeFromCampaign).toEqualTypeOf<
      (contactId: ContactId, campaignId: string) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf(contacts.removeFromAllCampaigns).toEqualTypeOf<
      (contactId: ContactId) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf(contacts.addToWorkflow).toEqualTypeOf<
      (contactId: ContactId, workflowId: string, entry?: WorkflowEntry) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf(contacts.removeFromWorkflow).toEqualTypeOf<
      (contactId: ContactId, workflowId: string, entry?: WorkflowEntry) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf(contacts.getContacts).toEqualTypeOf<
      (query: ContactListQuery) => Effect.Effect<ContactList, AnyError>
    >()
    expectTypeOf(contacts.getContactsByBusiness).toEqualTypeOf<
      (businessId: string, query: BusinessContactsQuery) => Effect.Effect<ContactList, AnyError>
    >()
    expectTypeOf(contacts.updateTagsInBulk).toEqualTypeOf<
      (update: TagsInBulk) => Effect.Effect<ReadonlyArray<TagsInBulkResult>, AnyError>
    >()
    expectTypeOf(contacts.setBusinessInBulk).toEqualTypeOf<
      (change: BusinessInBulk) => Effect.Effect<Option.Option<ReadonlyArray<string>>, AnyError>
    >()
    expectTypeOf<AddedTags["tags"]>().toEqualTypeOf<ReadonlyArray<string>>()
    expectTypeOf<WorkflowEntry["eventStartTime"]>().toEqualTypeOf<DateTime.DateTime | undefined>()
    expectTypeOf<Appointment["startTime"]>().toEqualTypeOf<string | undefined>()
    expectTypeOf<ContactList["contacts"][number]["id"]>().toEqualTypeOf<ContactId>()
    // @ts-expect-error a time without a zone
    contacts.addToWorkflow(id, "workflow", { eventStartTime: "2021-06-23T03:30:00" })
    // @ts-expect-error an unknown type of a bulk change
    contacts.updateTagsInBulk({ type: "set", locationId, contacts: [id], tags: [] })
  })

  it("of notes answer notes or a typed error", () => {
    expectTypeOf(notes.getAllNotes).toEqualTypeOf<
      (contactId: ContactId) => Effect.Effect<ReadonlyArray<Note>, AnyError>
    >()
    expectTypeOf(notes.createNote).toEqualTypeOf<
      (contactId: ContactId, note: NoteCreate) => Effect.Effect<Note, AnyError>
    >()
    expectTypeOf(notes.getNote).toEqualTypeOf<(contactId: ContactId, noteId: string) => Effect.Effect<Note, AnyError>>()
    expectTypeOf(notes.updateNote).toEqualTypeOf<
      (contactId: ContactId, noteId: string, changes: NoteUpdate) => Effect.Effect<Note, AnyError>
    >()
    expectTypeOf(notes.deleteNote).toEqualTypeOf<
      (contactId: ContactId, noteId: string) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf(NotesService.layer({ token })).toEqualTypeOf<Layer.Layer<NotesService, never, HttpClient.HttpClient>>()
  })

  it("of tasks answer tasks or a typed error", () => {
    expectTypeOf(tasks.getAllTasks).toEqualTypeOf<
      (contactId: ContactId) => Effect.Effect<ReadonlyArray<Task>, AnyError>
    >()
    expectTypeOf(tasks.createTask).toEqualTypeOf<
      (contactId: ContactId, task: TaskCreate) => Effect.Effect<Task, AnyError>
    >()
    expectTypeOf(tasks.getTask).toEqualTypeOf<(contactId: ContactId, taskId: string) => Effect.Effect<Task, AnyError>>()
    expectTypeOf(tasks.updateTask).toEqualTypeOf<
      (contactId: ContactId, taskId: string, changes: TaskUpdate) => Effect.Effect<Task, AnyError>
    >()
    expectTypeOf(tasks.updateTaskCompleted).toEqualTypeOf<
      (contactId: ContactId, taskId: string, completed: boolean) => Effect.Effect<Task, AnyError>
    >()
    expectTypeOf(tasks.deleteTask).toEqualTypeOf<
      (contactId: ContactId, taskId: string) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf<Task["dueDate"]>().toEqualTypeOf<DateTime.Utc | undefined>()
    expectTypeOf<TaskCreate["dueDate"]>().toEqualTypeOf<DateTime.DateTime>()
    expectTypeOf(TasksService.layer({ token })).toEqualTypeOf<Layer.Layer<TasksService, never, HttpClient.HttpClient>>()
    // @ts-expect-error a task without a due date
    tasks.createTask(id, { title: "Call back", completed: false })
  })

  it("fail with what the API documents and nothing else, where the rest is a defect", () => {
    expectTypeOf(Errors.orDieOperational(contacts.getContact(id))).toEqualTypeOf<
      Effect.Effect<Contact, Errors.BadRequest | Errors.Unauthorized | Errors.Unprocessable>
    >()
    expectTypeOf(Errors.orDieOperational(contacts.upsertContact({ locationId }))).toEqualTypeOf<
      Effect.Effect<UpsertedContact, Errors.DocumentedError>
    >()
  })
})

describe("the custom fields and tags of a location", () => {
  it("have methods that answer a definition or a tag, or a typed error", () => {
    type Fields = CustomFieldsService["Type"]
    type Definition = Effect.Effect<CustomFieldDefinition, AnyError>
    expectTypeOf<Fields["getCustomFields"]>().toEqualTypeOf<
      (
        locationId: LocationId,
        options?: { readonly model?: "contact" | "opportunity" | "all" | undefined }
      ) => Effect.Effect<ReadonlyArray<CustomFieldDefinition>, AnyError>
    >()
    expectTypeOf<Fields["getCustomField"]>().toEqualTypeOf<(locationId: LocationId, id: string) => Definition>()
    expectTypeOf<Fields["createCustomField"]>().toEqualTypeOf<
      (locationId: LocationId, customField: CustomFieldCreate) => Definition
    >()
    expectTypeOf<Fields["updateCustomField"]>().toEqualTypeOf<
      (locationId: LocationId, id: string, changes: CustomFieldUpdate) => Definition
    >()
    expectTypeOf<Fields["deleteCustomField"]>().toEqualTypeOf<
      (locationId: LocationId, id: string) => Effect.Effect<void, AnyError>
    >()
    type Tags = LocationTagsService["Type"]
    type Tag = Effect.Effect<LocationTag, AnyError>
    expectTypeOf<Tags["getLocationTags"]>().toEqualTypeOf<
      (locationId: LocationId) => Effect.Effect<ReadonlyArray<LocationTag>, AnyError>
    >()
    expectTypeOf<Tags["createLocationTag"]>().toEqualTypeOf<(locationId: LocationId, tag: LocationTagInput) => Tag>()
    expectTypeOf<Tags["getLocationTag"]>().toEqualTypeOf<(locationId: LocationId, tagId: string) => Tag>()
    expectTypeOf<Tags["updateLocationTag"]>().toEqualTypeOf<
      (locationId: LocationId, tagId: string, tag: LocationTagInput) => Tag
    >()
    expectTypeOf<Tags["deleteLocationTag"]>().toEqualTypeOf<
      (locationId: LocationId, tagId: string) => Effect.Effect<void, AnyError>
    >()
    expectTypeOf(CustomFieldsService.layerHttp).toEqualTypeOf<
      Layer.Layer<CustomFieldsService, never, HttpLayer.ContactsHttp>
    >()
    expectTypeOf(LocationTagsService.layer({ token })).toEqualTypeOf<
      Layer.Layer<LocationTagsService, never, HttpClient.HttpClient>
    >()
  })

  it("are read and written by name", () => {
    expectTypeOf(CustomFields.forLocation(locationId)).toEqualTypeOf<
      Effect.Effect<CustomFields.CustomFields, never, CustomFieldsService>
    >()
    expectTypeOf<CustomFields.CustomFields["write"]>().toEqualTypeOf<
      (values: CustomFields.Values) => Effect.Effect<ReadonlyArray<CustomField>, AnyError>
    >()
    expectTypeOf<CustomFields.CustomFields["read"]>().toEqualTypeOf<
      (contact: Pick<Contact, "customFields">) => Effect.Effect<ReadonlyArray<CustomFields.NamedCustomField>, AnyError>
    >()
    expectTypeOf<CustomFields.CustomFields["definition"]>().toEqualTypeOf<
      (name: string) => Effect.Effect<CustomFieldDefinition, AnyError>
    >()
  })
})

describe("a search", () => {
  it("answers a page or a typed error, and a stream of all pages", () => {
    expectTypeOf(contacts.searchContacts).toEqualTypeOf<
      (search: ContactSearch) => Effect.Effect<SearchPage, AnyError>
    >()
    expectTypeOf<SearchPage["contacts"]>().toEqualTypeOf<ReadonlyArray<SearchedContact>>()
    // A contact of a search can be used wherever a contact is expected.
    expectTypeOf<SearchedContact>().toExtend<Contact>()
    expectTypeOf(ContactsBulk.searchAll({ locationId })).toEqualTypeOf<
      Stream.Stream<SearchedContact, AnyError, ContactsService>
    >()
    // @ts-expect-error pages are counted by the stream itself
    ContactsBulk.searchAll({ locationId, page: 2 })
    // @ts-expect-error the service does not sort by this field
    contacts.searchContacts({ locationId, sort: [{ field: "city", direction: "asc" }] })
  })

  it("takes the operators that a field has, and no others", () => {
    const moment: DateTime.DateTime = undefined as never
    const number = Filter.customField.number("size")
    expectTypeOf(Filter.equals("email", "a@example.com")).toEqualTypeOf<Filter.Filter>()
    expectTypeOf(Filter.range("dateAdded", { gte: moment })).toEqualTypeOf<Filter.Filter>()
    Filter.equals("dnd", true)
    Filter.equals(number, 7)
    Filter.range(number, { lt: 7 })
    Filter.equalsAny("id", ["a"])
    // @ts-expect-error an email is compared as a whole
    Filter.contains("email", "example")
    // @ts-expect-error a website is compared as a whole
    Filter.notContains("website", "example")
    // @ts-expect-error the service knows only the lower-case field
    Filter.equals("firstName", "Ada")
    // @ts-expect-error a date can only be filtered by a range
    Filter.equals("dateAdded", "2026-01-01")
    // @ts-expect-error the bounds of a range are DateTimes
    Filter.range("dateAdded", { gte: 7 })
    // @ts-expect-error a text cannot be filtered by a range
    Filter.range("city", { gte: moment })
    // @ts-expect-error every contact has an id
    Filter.exists("id")
    // @ts-expect-error a flag is true or false
    Filter.equals("dnd", "true")
    // @ts-expect-error a number is not a text
    Filter.equals(number, "7")
    // @ts-expect-error a number is compared as a whole
    Filter.contains(number, "700")
    // @ts-expect-error a group needs at least one filter
    Filter.or()
    // @ts-expect-error opportunities have their own fields
    Filter.opportunities(Filter.opportunity.equals("city", "Austin"))
    // @ts-expect-error a filter that is written by hand is checked too
    const byHand: Filter.Filter = { field: "email", operator: "contains", value: "example" }
    expectTypeOf(byHand).toExtend<object>()
  })
})

describe("the layers", () => {
  it("need the app's HttpClient and nothing else", () => {
    expectTypeOf(ContactsService.layer({ token })).toEqualTypeOf<
      Layer.Layer<ContactsService, never, HttpClient.HttpClient>
    >()
    expectTypeOf(ContactsService.layerConfig()).toEqualTypeOf<
      Layer.Layer<ContactsService, ConfigError.ConfigError, HttpClient.HttpClient>
    >()
    expectTypeOf(ContactsService.layerHttp).toEqualTypeOf<Layer.Layer<ContactsService, never, HttpLayer.ContactsHttp>>()
  })

  it("of the tests need nothing", () => {
    expectTypeOf(ContactsTest.layer()).toEqualTypeOf<Layer.Layer<GrowthHub.Services | ContactsTest>>()
    expectTypeOf(Sandbox.layer()).toEqualTypeOf<Layer.Layer<Sandbox, HttpServerError.ServeError>>()
  })

  it("take the Versions that an endpoint documents", () => {
    ContactsService.layer({ token, versions: { getContact: "v3", updateContact: "2021-07-28", upsertContact: "v3" } })
    // @ts-expect-error the update is not documented with this Version
    ContactsService.layer({ token, versions: { updateContact: "2021-04-15" } })
    // @ts-expect-error a token is never plain text
    ContactsService.layer({ token: "pit-1" })
  })
})

describe("a retry policy", () => {
  it("is provided to a layer or to an effect, and shows in no requirement", () => {
    expectTypeOf(RetryPolicy.make({ deadline: "1 minute" })).toEqualTypeOf<RetryPolicy.Policy>()
    expectTypeOf(RetryPolicy.none).toEqualTypeOf<RetryPolicy.Policy>()
    expectTypeOf(RetryPolicy.backoff({ attempts: 3 })).toEqualTypeOf<Schedule.Schedule<unknown>>()
    expectTypeOf(
      Effect.provideService(contacts.getContact(id), RetryPolicy.RetryPolicy, RetryPolicy.none)
    ).toEqualTypeOf<Effect.Effect<Contact, AnyError>>()
    expectTypeOf(
      ContactsService.layer({ token }).pipe(Layer.provide(Layer.succeed(RetryPolicy.RetryPolicy, RetryPolicy.none)))
    ).toEqualTypeOf<Layer.Layer<ContactsService, never, HttpClient.HttpClient>>()
    RetryPolicy.make({
      schedule: Schedule.recurs(3).pipe(Schedule.whileInput((error: AnyError) => error._tag === "RateLimited"))
    })
    // @ts-expect-error a schedule that needs a service could not run
    RetryPolicy.make({ schedule: Schedule.mapEffect(Schedule.forever, () => ContactsService) })
  })
})

describe("credentials", () => {
  const store: TokenStore.Service = undefined as never
  const app = { clientId: "app", clientSecret: token }

  it("of any kind make a layer that needs the app's HttpClient and nothing else", () => {
    const kinds = [
      Credentials.privateIntegrationToken(token),
      Credentials.accessToken(Effect.succeed(token)),
      Credentials.oauth({ ...app, locationId, store })
    ]
    for (const kind of kinds) {
      expectTypeOf(ContactsService.layer({ token: kind })).toEqualTypeOf<
        Layer.Layer<ContactsService, never, HttpClient.HttpClient>
      >()
    }
    expectTypeOf(ContactsService.layerConfig({ token: Credentials.oauthConfig({ store }) })).toEqualTypeOf<
      Layer.Layer<ContactsService, ConfigError.ConfigError, HttpClient.HttpClient>
    >()
    const layer = (token: HttpLayer.Options["token"]) => ContactsService.layer({ token })
    const layerConfig = (token: NonNullable<HttpLayer.ConfigOptions["token"]>) => ContactsService.layerConfig({ token })
    expectTypeOf(Credentials.layerOAuth(layer, { ...app, locationId })).toEqualTypeOf<
      Layer.Layer<ContactsService, never, HttpClient.HttpClient | TokenStore.TokenStore>
    >()
    expectTypeOf(Credentials.layerOAuthConfig(layerConfig)).toEqualTypeOf<
      Layer.Layer<ContactsService, ConfigError.ConfigError, HttpClient.HttpClient | TokenStore.TokenStore>
    >()
    // @ts-expect-error a secret is never plain text
    Credentials.oauth({ clientId: "app", clientSecret: "secret", locationId, store })
    // @ts-expect-error a location id is not a plain string
    Credentials.oauth({ ...app, locationId: "location", store })
  })

  it("are connected with a code, and kept in a store", () => {
    expectTypeOf(Credentials.authorizationCode({ ...app, code: token, store })).toEqualTypeOf<
      Effect.Effect<TokenStore.Grant, AnyError | TokenStore.TokenStoreError, HttpClient.HttpClient>
    >()
    expectTypeOf(TokenStore.layerMemory()).toEqualTypeOf<Layer.Layer<TokenStore.TokenStore>>()
    expectTypeOf(TokenStoreFile.layer({ directory: "grants" })).toEqualTypeOf<
      Layer.Layer<TokenStore.TokenStore, TokenStore.TokenStoreError>
    >()
    expectTypeOf<Errors.Unauthorized["reconnect"]>().toEqualTypeOf<boolean | undefined>()
  })
})

describe("what does not compile", () => {
  it("is a plain text as an id, or one kind of id for the other", () => {
    // @ts-expect-error must not compile
    contacts.getContact("seD4PfOuKoVMLkEZqohJ")
    // @ts-expect-error must not compile
    contacts.getContact(locationId)
    // @ts-expect-error must not compile
    contacts.upsertContact({ locationId: id })
    contacts.getContact(ContactId.make("seD4PfOuKoVMLkEZqohJ"))
  })

  it("is a field that the endpoint does not take", () => {
    // @ts-expect-error must not compile
    contacts.updateContact(id, { locationId })
    // @ts-expect-error must not compile
    contacts.updateContact(id, { gender: "male" })
    // @ts-expect-error must not compile
    contacts.updateContact(id, { createNewIfDuplicateAllowed: true })
    // @ts-expect-error must not compile
    contacts.upsertContact({ locationId, additionalEmails: [] })
    // @ts-expect-error must not compile
    contacts.upsertContact({ email: "a@example.com" })
  })

  it("is null where the API does not allow it", () => {
    contacts.updateContact(id, { email: null, postalCode: null, dnd: null, source: null, assignedTo: null })
    // @ts-expect-error must not compile
    contacts.upsertContact({ locationId, postalCode: null })
    // @ts-expect-error must not compile
    contacts.updateContact(id, { tags: null })
    // @ts-expect-error must not compile
    contacts.updateContact(id, { country: null })
  })

  it("is a value of the wrong kind", () => {
    // @ts-expect-error must not compile
    contacts.updateContact(id, { country: "XX" })
    // @ts-expect-error must not compile
    contacts.updateContact(id, { dndSettings: { Fax: { status: "active" } } })
    // @ts-expect-error must not compile
    contacts.updateContact(id, { dndSettings: { SMS: { status: "asleep" } } })
    // @ts-expect-error must not compile
    CustomField.number("id", "100")
  })
})

describe("a contact", () => {
  it("has typed fields, moments in UTC, and unknown fields as unknown", () => {
    expectTypeOf(contact.id).toEqualTypeOf<ContactId>()
    expectTypeOf(contact.email).toEqualTypeOf<string | undefined>()
    expectTypeOf(contact.dateAdded).toEqualTypeOf<DateTime.Utc | undefined>()
    expectTypeOf(contact.dateOfBirth).toEqualTypeOf<string | undefined>()
    expectTypeOf(contact["whatever"]).toEqualTypeOf<unknown>()
    expectTypeOf(contact.dndSettings?.SMS?.status).toEqualTypeOf<string | undefined>()
  })

  it("can be written back where the fields are the same", () => {
    contacts.updateContact(id, { customFields: contact.customFields, tags: contact.tags, email: contact.email })
  })

  it("that was upserted says whether it is new", () => {
    expectTypeOf<UpsertedContact["new"]>().toEqualTypeOf<boolean>()
    expectTypeOf<UpsertedContact["traceId"]>().toEqualTypeOf<string | undefined>()
    expectTypeOf<UpsertedContact>().toMatchTypeOf<Contact>()
  })
})

describe("an error", () => {
  it("of every class says what was called, what is known, and whether a repeat may help", () => {
    expectTypeOf<AnyError["operation"]>().toEqualTypeOf<string>()
    expectTypeOf<AnyError["message"]>().toEqualTypeOf<string>()
    expectTypeOf<AnyError["attempts"]>().toEqualTypeOf<number>()
    expectTypeOf<AnyError["status"]>().toEqualTypeOf<number | undefined>()
    expectTypeOf<AnyError["traceId"]>().toEqualTypeOf<string | undefined>()
    expectTypeOf<AnyError["details"]>().toEqualTypeOf<ReadonlyArray<string>>()
    expectTypeOf<AnyError["outcome"]>().toEqualTypeOf<"NotApplied" | "Unknown">()
    expectTypeOf<AnyError["isRetryable"]>().toEqualTypeOf<boolean>()
  })

  it("of its own class says more", () => {
    expectTypeOf<Errors.BadRequest["isContactNotFound"]>().toEqualTypeOf<boolean>()
    expectTypeOf<Errors.RateLimited["retryAfter"]>().toEqualTypeOf<Duration.Duration | undefined>()
    expectTypeOf<Errors.TransportError["outcome"]>().toEqualTypeOf<"NotApplied" | "Unknown">()
    expectTypeOf<Errors.ServerError["outcome"]>().toEqualTypeOf<"NotApplied" | "Unknown">()
  })
})

describe("bulk", () => {
  it("adds its own errors to those of the stream, and needs the service", () => {
    expectTypeOf(ContactsBulk.upsertMany(leads)).toEqualTypeOf<
      Stream.Stream<
        ContactsBulk.Outcome,
        "broken" | ContactsBulk.BulkStopped | ContactsBulk.CheckpointError,
        "source" | ContactsService
      >
    >()
    expectTypeOf(ContactsBulk.progress(checkpoint)).toEqualTypeOf<
      Effect.Effect<Option.Option<ContactsBulk.Progress>, ContactsBulk.CheckpointError>
    >()
    expectTypeOf(ContactsBulk.clear(checkpoint)).toEqualTypeOf<Effect.Effect<void, ContactsBulk.CheckpointError>>()
    expectTypeOf(ContactsBulk.deadLetters(checkpoint)).toEqualTypeOf<
      Stream.Stream<ContactsBulk.Failure, ContactsBulk.CheckpointError>
    >()
    expectTypeOf(ContactsBulk.getMany(Stream.make(id))).toEqualTypeOf<
      Stream.Stream<ContactsBulk.Found, never, ContactsService>
    >()
    expectTypeOf(ContactsBulk.makeCache({ capacity: 1, timeToLive: "1 minute" })).toEqualTypeOf<
      Effect.Effect<ContactsBulk.ContactCache, never, ContactsService>
    >()
  })

  it("takes contacts that can be upserted, and no others", () => {
    // @ts-expect-error a contact without a location
    ContactsBulk.upsertMany(Stream.make({ email: "a@example.com" }))
    // @ts-expect-error an id is not a plain string
    ContactsBulk.getMany(Stream.make("seD4PfOuKoVMLkEZqohJ"))
  })
})

describe("layers of limits, stores and transports", () => {
  it("need what they are given, and nothing else", () => {
    expectTypeOf(RateLimit.layer({ reserve: 0.1 })).toEqualTypeOf<Layer.Layer<RateLimit.RateLimit>>()
    expectTypeOf(RateLimitRedis.layer({ client: redis })).toEqualTypeOf<Layer.Layer<RateLimit.RateLimit>>()
    expectTypeOf(HttpClientFetch.layer).toEqualTypeOf<Layer.Layer<HttpClient.HttpClient>>()
    expectTypeOf(HttpClientUndici.layer()).toEqualTypeOf<Layer.Layer<HttpClient.HttpClient>>()
    expectTypeOf(TokenStore.layerMemory()).toEqualTypeOf<Layer.Layer<TokenStore.TokenStore>>()
    expectTypeOf(TokenStoreRedis.layer({ client: redis })).toEqualTypeOf<Layer.Layer<TokenStore.TokenStore>>()
    expectTypeOf(TokenStoreSql.layer({ table: "grants" })).toEqualTypeOf<
      Layer.Layer<TokenStore.TokenStore, TokenStore.TokenStoreError, SqlClient>
    >()
    expectTypeOf(TokenStoreSql.migration()).toEqualTypeOf<
      Effect.Effect<void, SqlError | TokenStore.TokenStoreError, SqlClient>
    >()
    expectTypeOf(WebhookStore.layerMemory()).toEqualTypeOf<Layer.Layer<WebhookStore.WebhookStore>>()
    expectTypeOf(webhooks.verify).toEqualTypeOf<
      (request: Webhooks.Request) => Effect.Effect<Webhooks.Event, Webhooks.Rejection | WebhookStore.WebhookStoreError>
    >()
    expectTypeOf(webhooks.forget).toEqualTypeOf<
      (event: Webhooks.Event) => Effect.Effect<void, WebhookStore.WebhookStoreError>
    >()
    expectTypeOf(Webhooks.statusOf).toEqualTypeOf<(error: unknown) => number>()
    expectTypeOf(Webhooks.layer()).toEqualTypeOf<Layer.Layer<Webhooks.Webhooks, Webhooks.InvalidWebhookOptions>>()
  })

  it("lead from the first click to an installation", () => {
    const url = Credentials.authorizationUrl({
      clientId: "app",
      redirectUri: "https://my-app.example/callback",
      scopes: ["contacts.readonly"],
      state: Redacted.make("state")
    })
    expectTypeOf(url).toEqualTypeOf<Either.Either<URL, Errors.Unprocessable>>()
    expectTypeOf(Credentials.parseCallback("/callback", { state: undefined })).toEqualTypeOf<
      Either.Either<Credentials.Callback, Credentials.InvalidCallback>
    >()
    // @ts-expect-error the state is a secret, never plain text
    Credentials.parseCallback("/callback", { state: "state" })
  })

  it("show in no requirement of a call", () => {
    const paced = contacts.getContact(id).pipe(Effect.provideService(RateLimit.Priority, "bulk"))
    expectTypeOf(paced).toEqualTypeOf<Effect.Effect<Contact, AnyError>>()
    // @ts-expect-error an unknown priority
    contacts.getContact(id).pipe(Effect.provideService(RateLimit.Priority, "urgent"))
    expectTypeOf(Effect.flatMap(RateLimit.RateLimit, ({ states }) => states)).toEqualTypeOf<
      Effect.Effect<ReadonlyArray<RateLimit.State>>
    >()
  })
})

describe("an endpoint of an app's own", () => {
  const tag = HttpLayer.endpoint({
    name: "tag",
    method: "POST",
    path: "/contacts/{contactId}/tags",
    version: "2021-07-28",
    versions: { "2021-07-28": (body) => body },
    params: S.Struct({ contactId: ContactId }),
    body: S.Struct({ tags: S.Array(S.String) }),
    answer: S.Struct({ tags: S.Array(S.String) }),
    errors: [400, 401, 422],
    isSafeToRetry: () => true
  })

  it("answers its own type, and fails as the others do", () => {
    expectTypeOf(http.perform(tag, { params: { contactId: id }, body: { tags: ["vip"] } })).toEqualTypeOf<
      Effect.Effect<{ readonly tags: ReadonlyArray<string> }, AnyError>
    >()
    expectTypeOf(HttpLayer.layer({ token })).toEqualTypeOf<
      Layer.Layer<HttpLayer.ContactsHttp, never, HttpClient.HttpClient>
    >()
  })

  it("takes its own parameters and body only", () => {
    // @ts-expect-error the path parameters are missing
    http.perform(tag, { body: { tags: [] } })
    // @ts-expect-error a body of the wrong type
    http.perform(tag, { params: { contactId: id }, body: { tags: [1] } })
    // @ts-expect-error the endpoint has no query
    http.perform(tag, { params: { contactId: id }, body: { tags: [] }, query: { limit: 1 } })
    // @ts-expect-error a Version that the endpoint does not have
    HttpLayer.endpoint({ ...tag, version: "2020-01-01" })
  })
})

// An app with its own HTTP API, whose handlers call the CRM. Errors of the CRM are mapped to errors of the app. A 401 of the
// CRM concerns the app's token and not the caller's, so the app never passes it on as its own 401.
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "@effect/platform"
import { Duration, Effect, Layer, Schema } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import { type Contact, ContactId, type LocationId } from "effect-growthhub/Schema"

// --- the app's own API ------------------------------------------------------------------------------------------------

export class Lead extends Schema.Class<Lead>("Lead")({
  id: Schema.String,
  name: Schema.optional(Schema.String),
  email: Schema.optional(Schema.String)
}) {}

export const NewLead = Schema.Struct({ name: Schema.String, email: Schema.String })

export class LeadNotFound extends Schema.TaggedError<LeadNotFound>()(
  "LeadNotFound",
  {},
  HttpApiSchema.annotations({ status: 404 })
) {}

export class InvalidLead extends Schema.TaggedError<InvalidLead>()(
  "InvalidLead",
  { details: Schema.Array(Schema.String) },
  HttpApiSchema.annotations({ status: 422 })
) {}

/** The CRM cannot be used at the moment, or until an operator has fixed the problem in the log. */
export class CrmUnavailable extends Schema.TaggedError<CrmUnavailable>()(
  "CrmUnavailable",
  { retryAfterSeconds: Schema.optional(Schema.Number) },
  HttpApiSchema.annotations({ status: 503 })
) {}

export const LeadsApi = HttpApi.make("leads").add(
  HttpApiGroup.make("leads")
    .add(
      HttpApiEndpoint.get("getLead", "/leads/:id")
        .setPath(Schema.Struct({ id: Schema.String }))
        .addSuccess(Lead)
        .addError(LeadNotFound)
        .addError(InvalidLead)
        .addError(CrmUnavailable)
    )
    .add(
      HttpApiEndpoint.post("addLead", "/leads")
        .setPayload(NewLead)
        .addSuccess(Lead, { status: 201 })
        .addError(InvalidLead)
        .addError(CrmUnavailable)
    )
)

// --- the boundary ------------------------------------------------------------------------------------------------------

const leadOf = ({ id, name, firstName, lastName, email }: Contact): Lead => {
  // The service has been seen to return only the first and last name.
  const fullName = name ?? [firstName, lastName].filter((part) => part !== undefined).join(" ")
  return new Lead({ id, ...(fullName === "" ? {} : { name: fullName }), ...(email === undefined ? {} : { email }) })
}

const unavailable = (error: ContactsError, retryAfter?: Duration.Duration) =>
  Effect.zipRight(
    // The error contains no secrets and no personal data, so it can be logged.
    Effect.logError("The CRM cannot be used", error),
    new CrmUnavailable(retryAfter === undefined ? {} : { retryAfterSeconds: Duration.toSeconds(retryAfter) })
  )

/** Maps an error of the CRM to an error of this app. */
const atBoundary = <A>(self: Effect.Effect<A, ContactsError>) =>
  Effect.catchTags(self, {
    BadRequest: (error) => (error.isContactNotFound ? new LeadNotFound() : new InvalidLead({ details: error.details })),
    Unprocessable: ({ details }) => new InvalidLead({ details }),
    // The CRM refused the app's token, not the caller's.
    Unauthorized: (error) => unavailable(error),
    Forbidden: (error) => unavailable(error),
    RateLimited: (error) => unavailable(error, error.retryAfter),
    ServerError: (error) => unavailable(error, error.retryAfter),
    TransportError: (error) => unavailable(error),
    UnexpectedResponse: (error) => unavailable(error)
  })

// --- the handlers ------------------------------------------------------------------------------------------------------

const Leads = (locationId: LocationId) =>
  HttpApiBuilder.group(LeadsApi, "leads", (handlers) =>
    Effect.gen(function* () {
      const contacts = yield* ContactsService
      return handlers
        .handle("getLead", ({ path }) =>
          Schema.decode(ContactId)(path.id).pipe(
            Effect.mapError(() => new LeadNotFound()),
            Effect.flatMap((id) => atBoundary(contacts.getContact(id))),
            Effect.map(leadOf)
          )
        )
        .handle("addLead", ({ payload }) =>
          atBoundary(contacts.upsertContact({ locationId, ...payload })).pipe(
            Effect.map(leadOf),
            // An upsert names no contact by its id, so "not found" would be a fault of the CRM.
            Effect.catchTag("LeadNotFound", () => new CrmUnavailable({}))
          )
        )
    })
  )

/** The app without its server and its `ContactsService`. */
export const layer = (locationId: LocationId) => HttpApiBuilder.api(LeadsApi).pipe(Layer.provide(Leads(locationId)))

// An app with an HTTP API of its own, whose handlers call the CRM. What goes wrong there is mapped at this boundary: the
// CRM's 401 tells of the app's token and is none of its caller's business, so it never becomes the app's own 401.
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "@effect/platform"
import { Duration, Effect, Layer, Schema } from "effect"
import { ContactsService } from "effect-growthhub/ContactsService"
import type { ContactsError } from "effect-growthhub/Errors"
import { type Contact, ContactId, type LocationId } from "effect-growthhub/Schema"

// --- the app's own words -----------------------------------------------------------------------------------------------

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

/** For now, or until somebody has looked at the log. */
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
  // The service was seen to answer the parts of a name only.
  const fullName = name ?? [firstName, lastName].filter((part) => part !== undefined).join(" ")
  return new Lead({ id, ...(fullName === "" ? {} : { name: fullName }), ...(email === undefined ? {} : { email }) })
}

const unavailable = (error: ContactsError, retryAfter?: Duration.Duration) =>
  Effect.zipRight(
    // It has no secret and nothing personal in it.
    Effect.logError("The CRM cannot be used", error),
    new CrmUnavailable(retryAfter === undefined ? {} : { retryAfterSeconds: Duration.toSeconds(retryAfter) })
  )

/** What an error of the CRM is to a caller of this app. */
const atBoundary = <A>(self: Effect.Effect<A, ContactsError>) =>
  Effect.catchTags(self, {
    BadRequest: (error) => (error.isContactNotFound ? new LeadNotFound() : new InvalidLead({ details: error.details })),
    Unprocessable: ({ details }) => new InvalidLead({ details }),
    // The app's token, not the caller's.
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
            // Nobody asked for it by an id: there is nothing that could be missing.
            Effect.catchTag("LeadNotFound", () => new CrmUnavailable({}))
          )
        )
    })
  )

/** The app, but for its server and its `ContactsService`. */
export const layer = (locationId: LocationId) => HttpApiBuilder.api(LeadsApi).pipe(Layer.provide(Leads(locationId)))

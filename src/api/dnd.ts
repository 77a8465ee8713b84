// Do-not-disturb settings of requests and responses.
import * as Schema from "effect/Schema"
import { anObject, optionalInResponse, named, text, unknownFields, withMessage } from "../fields/schemas.js"
import { type Normalize, normalizeObject, textRules } from "../fields/lenient.js"

const dndMessage = {
  /** The reason for the setting. */
  message: Schema.optional(text),
  /** The code of the reason. */
  code: Schema.optional(text)
}

const DndSettingInput = Schema.Struct({
  /** Whether do-not-disturb is on. */
  status: Schema.Literal("active", "inactive", "permanent").annotations(
    withMessage("must be one of the following values: active, inactive, permanent")
  ),
  ...dndMessage
}).annotations(anObject)

const dndChannels = ["Call", "Email", "SMS", "WhatsApp", "GMB", "FB"] as const

const dndSettingsInput = Schema.Struct({
  /** Calls. */
  Call: Schema.optional(DndSettingInput),
  /** Emails. */
  Email: Schema.optional(DndSettingInput),
  /** Text messages. */
  SMS: Schema.optional(DndSettingInput),
  /** WhatsApp messages. */
  WhatsApp: Schema.optional(DndSettingInput),
  /** Messages by Google Business. */
  GMB: Schema.optional(DndSettingInput),
  /** Messages by Facebook. */
  FB: Schema.optional(DndSettingInput)
}).annotations({ ...named("DndSettingsInput"), ...anObject })

/**
 * Do-not-disturb by channel, in a request.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface DndSettingsInput extends Schema.Schema.Type<typeof dndSettingsInput> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const DndSettingsInput: Schema.Schema<
  DndSettingsInput,
  Schema.Schema.Encoded<typeof dndSettingsInput>
> = dndSettingsInput

const inboundDndSettingsInput = Schema.Struct({
  /** All channels. */
  all: Schema.optional(
    Schema.Struct({
      /** Whether do-not-disturb is on. */
      status: Schema.Literal("active", "inactive").annotations(
        withMessage("must be one of the following values: active, inactive")
      ),
      /** The reason for the setting. */
      message: Schema.optional(text)
    }).annotations(anObject)
  )
}).annotations({ ...named("InboundDndSettingsInput"), ...anObject })

/**
 * Do-not-disturb for messages from the contact, in a request.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface InboundDndSettingsInput extends Schema.Schema.Type<typeof inboundDndSettingsInput> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const InboundDndSettingsInput: Schema.Schema<
  InboundDndSettingsInput,
  Schema.Schema.Encoded<typeof inboundDndSettingsInput>
> = inboundDndSettingsInput

const dndSetting = Schema.Struct(
  {
    /** `active`, `inactive` or `permanent`; any other value is kept as the service sent it. */
    status: optionalInResponse(Schema.String),
    /** The reason for the setting. */
    message: optionalInResponse(Schema.String),
    /** The code of the reason. */
    code: optionalInResponse(Schema.String)
  },
  unknownFields
).annotations({ ...named("DndSetting") })

/**
 * Do-not-disturb of one channel, in a response.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface DndSetting extends Schema.Schema.Type<typeof dndSetting> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const DndSetting: Schema.Schema<DndSetting, Schema.Schema.Encoded<typeof dndSetting>> = dndSetting

const dndSettings = Schema.Struct(
  {
    /** Calls. */
    Call: optionalInResponse(DndSetting),
    /** Emails. */
    Email: optionalInResponse(DndSetting),
    /** Text messages. */
    SMS: optionalInResponse(DndSetting),
    /** WhatsApp messages. */
    WhatsApp: optionalInResponse(DndSetting),
    /** Messages by Google Business. */
    GMB: optionalInResponse(DndSetting),
    /** Messages by Facebook. */
    FB: optionalInResponse(DndSetting),
    /** RCS messages. */
    RCS: optionalInResponse(DndSetting)
  },
  { key: Schema.String, value: Schema.UndefinedOr(DndSetting) }
).annotations({ ...named("DndSettings") })

/**
 * Do-not-disturb by channel, in a response. The channel names are the same for every Version; unknown channels are kept.
 *
 * @since 0.1.0
 * @category do not disturb
 */
export interface DndSettings extends Schema.Schema.Type<typeof dndSettings> {}

/**
 * @since 0.1.0
 * @category do not disturb
 */
export const DndSettings: Schema.Schema<DndSettings, Schema.Schema.Encoded<typeof dndSettings>> = dndSettings

const channels = [...dndChannels, "RCS"]

const channelNames = new Map(channels.map((channel) => [channel.toLowerCase(), channel]))

const channelName = (name: string): string =>
  channels.includes(name) ? name : (channelNames.get(name.toLowerCase()) ?? name)

const normalizeDndSetting = normalizeObject(new Map(textRules(["status", "message", "code"])))

const normalizeChannels = normalizeObject({ get: () => normalizeDndSetting })

/** Renames the channels of every Version to the names of {@link DndSettings}. */
export const normalizeDndSettings: Normalize = (value) => {
  const settings = normalizeChannels(value)
  for (const channel in settings) {
    if (channelName(channel) === channel) continue
    return Object.fromEntries(Object.entries(settings).map(([name, setting]) => [channelName(name), setting]))
  }
  return settings
}

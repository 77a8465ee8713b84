// Do-not-disturb settings, as they are written and answered.
import * as Schema from "effect/Schema"
import { anObject, answered, named, text, unknownFields, withMessage } from "../fields/schemas.js"
import { type Normalize, normalizeObject, textRules } from "../fields/lenient.js"

const dndMessage = { message: Schema.optional(text), code: Schema.optional(text) }

const DndSettingInput = Schema.Struct({
  status: Schema.Literal("active", "inactive", "permanent").annotations(
    withMessage("must be one of the following values: active, inactive, permanent")
  ),
  ...dndMessage
}).annotations(anObject)

const dndChannels = ["Call", "Email", "SMS", "WhatsApp", "GMB", "FB"] as const

const dndSettingsInput = Schema.Struct({
  Call: Schema.optional(DndSettingInput),
  Email: Schema.optional(DndSettingInput),
  SMS: Schema.optional(DndSettingInput),
  WhatsApp: Schema.optional(DndSettingInput),
  GMB: Schema.optional(DndSettingInput),
  FB: Schema.optional(DndSettingInput)
}).annotations({ ...named("DndSettingsInput"), ...anObject })

/**
 * Do-not-disturb by channel, as an update and an upsert take it.
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
  all: Schema.optional(
    Schema.Struct({
      status: Schema.Literal("active", "inactive").annotations(
        withMessage("must be one of the following values: active, inactive")
      ),
      message: Schema.optional(text)
    }).annotations(anObject)
  )
}).annotations({ ...named("InboundDndSettingsInput"), ...anObject })

/**
 * Do-not-disturb for what a contact sends, as an update and an upsert take it.
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
  { status: answered(Schema.String), message: answered(Schema.String), code: answered(Schema.String) },
  unknownFields
).annotations({ ...named("DndSetting") })

/**
 * Do-not-disturb of one channel, as answered. `status` is documented as `active`, `inactive` or `permanent`; any other
 * is kept as it came.
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
    Call: answered(DndSetting),
    Email: answered(DndSetting),
    SMS: answered(DndSetting),
    WhatsApp: answered(DndSetting),
    GMB: answered(DndSetting),
    FB: answered(DndSetting),
    RCS: answered(DndSetting)
  },
  { key: Schema.String, value: Schema.UndefinedOr(DndSetting) }
).annotations({ ...named("DndSettings") })

/**
 * Do-not-disturb by channel, as answered. Channels of every Version come under these names; unknown ones are kept.
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

/** Channels of every Version under one name. */
export const normalizeDndSettings: Normalize = (value) => {
  const settings = normalizeChannels(value)
  for (const channel in settings) {
    if (channelName(channel) === channel) continue
    return Object.fromEntries(Object.entries(settings).map(([name, setting]) => [channelName(name), setting]))
  }
  return settings
}

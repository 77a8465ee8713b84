/**
 * The root entry point: the contacts service, the errors, the models, and the modules that most apps need.
 *
 * @module
 * @since 0.1.0
 */
export { ContactsService } from "./ContactsService.js"
export * from "./Errors.js"
export * from "./Schema.js"
export * as ContactsBulk from "./ContactsBulk.js"
export * as CustomFields from "./CustomFields.js"
export { CustomFieldsService } from "./CustomFieldsService.js"
export { LocationTagsService } from "./LocationTagsService.js"
export * as Credentials from "./Credentials.js"
export * as HttpLayer from "./HttpLayer.js"
export * as RateLimit from "./RateLimit.js"
export * as RetryPolicy from "./RetryPolicy.js"
export * as TokenStore from "./TokenStore.js"

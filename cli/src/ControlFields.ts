/** The fields of a write that say where and how to write a contact. They are not data of the contact. */
export const controlFields: ReadonlySet<string> = new Set(["locationId", "createNewIfDuplicateAllowed"])

// What the service's own words tell of a refusal: pure.

const contactNotFound = /^contact (?:with id \S+ )?not found\b/i

/** Whether a message says that the contact is unknown or deleted: the service answers 400 then, not 404. */
export const isContactNotFound = (message: string): boolean => contactNotFound.test(message)

/** What a user did or lacks: one sentence with the fact and the remedy, shown without a stack trace, exit code 1. */
export class UserError extends Error {}

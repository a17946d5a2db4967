/** Something the user can put right: printed without a stack trace. */
export class UserError extends Error {
    constructor(
        message: string,
        /** @default 1 */
        readonly exitCode = 1,
    ) {
        super(message);
        this.name = "UserError";
    }
}

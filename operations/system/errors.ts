import { SandboxError } from "../../sandbox/errors";

/** An error that the user can fix: printed without a stack trace. */
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

/**
 * Whether an error is meant for users: Plinth's own, those marked so that the engine omits their stack trace, and the
 * system's (no permission, disk full).
 */
export const isForUsers = (error: unknown): error is Error =>
    error instanceof UserError ||
    error instanceof SandboxError ||
    (error instanceof Error && ("__pulumiRunError" in error || "syscall" in error));

import { SandboxError } from "../../sandbox/errors";

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

/**
 * Whether an error speaks to users: ours, those with the mark by which the engine leaves the stack trace out, and the
 * system's (no permission, disk full).
 */
export const isForUsers = (error: unknown): error is Error =>
    error instanceof UserError ||
    error instanceof SandboxError ||
    (error instanceof Error && ("__pulumiRunError" in error || "syscall" in error));

/** A problem with the sandbox that the user can fix: printed without a stack trace. */
export class SandboxError extends Error {
    override readonly name = "SandboxError";
}

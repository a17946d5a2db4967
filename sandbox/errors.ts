/** Something about the sandbox that its user can put right: printed without a stack trace. */
export class SandboxError extends Error {
    override readonly name = "SandboxError";
}

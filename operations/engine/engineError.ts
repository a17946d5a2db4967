import { failureIn, ToolError } from "../system/toolError";

/** Why the engine failed, as far as it matters here. */
export type EngineFailure = "locked" | "alreadyExists" | "passphraseWrong" | "protected" | "noStack" | "other";

/** The engine failed or refused to run. */
export class EngineError extends ToolError<EngineFailure> {}

/** How each failure is recognised in the engine's output: its exit code is the same for all of them. */
const patterns: readonly (readonly [EngineFailure, RegExp])[] = [
    ["locked", /currently locked by/],
    ["alreadyExists", /already exists|AlreadyExists/],
    ["passphraseWrong", /incorrect passphrase/],
    ["protected", /as it is currently marked for protection|cannot be deleted|protected/],
    ["noStack", /no stack named/],
];

export const engineFailure = (output: string): EngineFailure => failureIn(patterns, output);

/** What the most common failures mean here, and what to do. */
const remedies: Partial<Record<EngineFailure, (stack: string) => string>> = {
    locked: (stack) => `Another run holds the stack's lock. If that run has died: ./plinth launch ${stack} --recover`,
    alreadyExists: (stack) =>
        `An object with that name already exists in the cluster. After an interrupted run: ./plinth launch ${stack} --recover\n` +
        `Otherwise it belongs to someone else, and nothing was adopted. To adopt a previous deployment: ./plinth launch ${stack} --adopt NAMESPACE;\n` +
        "otherwise choose another namespace or delete the object.",
    passphraseWrong: (stack) =>
        `The line encryptionsalt in Pulumi.${stack}.yaml belongs to a different passphrase from the one in use here.\n` +
        "Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to that one; or, if the file contains no `secure` value, remove the line.",
    protected: () =>
        "The change would delete or replace protected data. To stop an instance and keep its data, set `state: removed`; to delete its data: ./plinth purge.\n" +
        "To replace an object anyway, add it to plinth:acceptLoss (KIND/NAMESPACE/NAME, in lower case); to delete it, remove its protection: pulumi state unprotect 'URN'",
};

/** What a failure means for a stack and what to do; undefined if only the engine's own message can explain it. */
export const engineRemedy = (kind: EngineFailure, stack: string): string | undefined => remedies[kind]?.(stack);

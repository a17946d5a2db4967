import { UserError } from "../system/errors";

/** Why the engine did not do something, as far as it matters here. */
export type EngineFailure = "locked" | "alreadyExists" | "passphraseWrong" | "protected" | "noStack" | "other";

/** The engine has failed, or has refused. */
export class EngineError extends UserError {
    /**
     * @param kind why
     * @param said the engine's own words
     * @param output its standard output, where that is read
     */
    constructor(
        message: string,
        readonly kind: EngineFailure,
        readonly said: string,
        readonly output = "",
        exitCode = 1,
    ) {
        super(message, exitCode);
    }
}

/** How each failure is recognised, in all that the engine says: it has one exit code for all of them. */
const signs: readonly (readonly [EngineFailure, RegExp])[] = [
    ["locked", /currently locked by/],
    ["alreadyExists", /already exists|AlreadyExists/],
    ["passphraseWrong", /incorrect passphrase/],
    ["protected", /as it is currently marked for protection|cannot be deleted|protected/],
    ["noStack", /no stack named/],
];

export const engineFailure = (said: string): EngineFailure => signs.find(([, sign]) => sign.test(said))?.[0] ?? "other";

/** What the commonest refusals mean here, and what to do. */
const remedies: Partial<Record<EngineFailure, (stack: string) => string>> = {
    locked: (stack) => `Another run holds the stack's lock. If that run is dead: ./plinth launch ${stack} --recover`,
    alreadyExists: (stack) =>
        `An object of that name is in the cluster already. After an interrupted run: ./plinth launch ${stack} --recover\n` +
        `Otherwise it is somebody else's, and nothing was taken over. A former deployment is taken over by name: ./plinth launch ${stack} --adopt NAMESPACE;\n` +
        "else choose another namespace or remove it.",
    passphraseWrong: (stack) =>
        `The line encryptionsalt in Pulumi.${stack}.yaml belongs to another passphrase than the one in use here.\n` +
        "Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to that one; or, where the file holds no `secure` value, take the line out.",
    protected: () =>
        "The change would delete or replace data that is protected. To stop an instance and keep its data set `state: removed`; to give it up: ./plinth purge.\n" +
        "To replace something after all, name it in plinth:acceptLoss (KIND/NAMESPACE/NAME, in lower case); to delete it, lift its protection: pulumi state unprotect 'URN'",
};

/** What a failure means for a stack, and what to do; undefined where the engine's own words have to do. */
export const engineRemedy = (kind: EngineFailure, stack: string): string | undefined => remedies[kind]?.(stack);

import { readFileSync, writeFileSync } from "node:fs";
import { ConfigError, type Problem } from "../../config/problems";
import { ruleOf, valueProblem } from "../../config/secrets";
import { ensureStack } from "../launch/prepare";
import { planEdit } from "../render/stackEdit";
import type { SecretKey } from "../secrets/secrets";
import { storeSecret } from "../secrets/storeSecret";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { type Left, mapTutor } from "./tutor/mapTutor";
import { readRoot } from "./tutor/readRoot";

/** The platform that Tutor deploys. */
const platform = "openedx";

/** Where the values of secrets are stored. */
export interface SecretStore {
    /** @throws UserError if it could not store any */
    readonly prepare: (session: Session) => Promise<void>;
    readonly store: (session: Session, one: SecretKey, value: string) => Promise<void>;
}

/** The stack's file, in which the engine encrypts them. */
const inStackFile: SecretStore = {
    prepare: async (session) => {
        await session.engine(true);
        await ensureStack(session);
    },
    store: storeSecret,
};

/** What was written, and what is left to do. */
export interface ImportedInstance {
    /** The added lines in the format of `diff`, without secrets. */
    readonly diff: readonly string[];
    /** Keys of the secrets that were stored. */
    readonly secrets: readonly string[];
    readonly left: readonly Left[];
    /** Secrets without which it cannot be deployed, each with its purpose. */
    readonly missing: readonly { readonly key: string; readonly purpose: string }[];
    /** Claims of the former deployment that it will adopt. */
    readonly claims: readonly string[];
    readonly namespace: string;
}

/**
 * Writes an instance to a stack file that continues a platform deployed by Tutor, with its secrets.
 *
 * @param folder the Tutor root
 * @throws ConfigError or UserError with everything that is refused; nothing is then changed
 */
export async function importTutor(
    session: Session,
    name: string,
    folder: string,
    { prepare, store }: SecretStore = inStackFile,
): Promise<ImportedInstance> {
    const { stack } = session;
    const platforms = session.platforms();
    const written = JSON.parse(session.file().config["plinth:instances"] ?? "{}") as object;
    if (Object.hasOwn(written, name))
        throw new UserError(`Nothing was changed: "${stack}" already has an instance "${name}".`);
    if (!Object.hasOwn(platforms, platform))
        throw new UserError(
            `Nothing was changed: the platform ${platform} is not among those of "${stack}": ${Object.keys(platforms).join(", ")}`,
        );
    const { secrets: rules } = platforms[platform]!.config;
    const { settings, secrets, origins, left } = mapTutor(readRoot(folder));

    const problems: Problem[] = [];
    const undeclared: Left[] = [];
    const declared: { readonly one: SecretKey; readonly value: string }[] = [];
    for (const [key, value] of Object.entries(secrets)) {
        const rule = ruleOf(rules, key);
        const problem = rule && valueProblem(rule, value);
        if (!rule)
            undeclared.push({
                what: origins[key]!,
                reason: `the platform has no secret ${key}: it generates such a value, or needs none`,
            });
        else if (problem) problems.push({ path: origins[key]!, message: problem });
        else declared.push({ one: { instance: name, key, rule }, value });
    }
    if (problems.length > 0) throw new ConfigError(problems);

    const names = [name, ...Object.keys(written)];
    const value = { platform, ...settings };
    const { write, open } = await planEdit(stack, [{ path: ["plinth:instances", name], value }], {
        folder: session.folder,
        platforms,
        mayStay: ({ lacks = [] }) => lacks.some(({ instance }) => names.includes(instance)),
    });
    await prepare(session);
    const before = readFileSync(session.path, "utf8");
    const diff = write();
    try {
        for (const { one, value: secret } of declared) await store(session, one, secret);
    } catch (error) {
        writeFileSync(session.path, before);
        throw new UserError(`Nothing was changed: ${error instanceof Error ? error.message : String(error)}`);
    }
    const stored = declared.map(({ one }) => one.key);
    const lacks = open
        .flatMap((problem) => problem.lacks ?? [])
        .filter(({ instance, key }) => instance === name && !stored.includes(key));
    const volumes = (settings["volumes"] ?? {}) as Readonly<Record<string, { readonly claim: string }>>;
    return {
        diff,
        secrets: stored,
        left: [...left, ...undeclared],
        missing: [...new Set(lacks.map(({ key }) => key))].map((key) => ({
            key,
            purpose: ruleOf(rules, key)!.purpose,
        })),
        claims: Object.values(volumes).map(({ claim }) => claim),
        namespace: String(settings["namespace"] ?? ""),
    };
}

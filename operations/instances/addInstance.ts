import { relative, resolve, sep } from "node:path";
import { merge } from "../../config/merge";
import { ownIn } from "../../config/own";
import { platformFor } from "../../config/platform";
import { show } from "../../config/problems";
import { ruleOf } from "../../config/secrets";
import { at } from "../../config/walk";
import { readYaml } from "../../config/yaml";
import { UserError } from "../system/errors";
import { findInstances } from "../stackfile/instances";
import { editStack } from "../render/stackEdit";
import type { Session } from "../session";

type Plain = Record<string, unknown>;

export interface AddArgs {
    readonly host: string;
    /** @default that of `like`, or of the stack's defaults */
    readonly platform?: string;
    /** Name of the instance whose keys are copied, except those that must be unique. @default no keys are copied */
    readonly like?: string;
    /** More keys: `KEY=VALUE`, the key with dots, the value in YAML. They override copied keys. @default none */
    readonly set?: readonly string[];
    /** Compose files, from the working directory: the instance is of platform compose. @default none */
    readonly compose?: readonly string[];
}

/** What was added, and what is left to do. */
export interface Added {
    /** The added lines in the format of `diff`. */
    readonly diff: readonly string[];
    /** Keys of the other instance that were not copied. */
    readonly notCopied: readonly string[];
    /** Secrets that must be set before it can be deployed, each with its purpose. */
    readonly secrets: readonly { readonly key: string; readonly purpose: string }[];
}

/**
 * Writes a new instance to a stack file, if the whole stack is valid with it, except for secrets that are not set yet.
 *
 * @throws ConfigError or UserError with what is wrong; the file is then unchanged
 */
export async function addInstance(session: Session, name: string, args: AddArgs): Promise<Added> {
    const { stack, folder } = session;
    const platforms = session.platforms();
    const { host, like, set = [], compose } = args;
    const platform = compose ? "compose" : args.platform;
    const written = writtenInstances(session);
    if (Object.hasOwn(written, name))
        throw new UserError(`Nothing was changed: "${stack}" already has an instance "${name}".`);
    const { keys, notCopied } = like === undefined ? { keys: {}, notCopied: [] } : copyOf(session, like, name);
    const { platform: copied, ...others } = keys;
    if (platform !== undefined && copied !== undefined && platform !== copied)
        throw new UserError(
            `Nothing was changed: "${like}" is of platform ${String(copied)}, whose keys do not apply to ${platform}.`,
        );
    const chosen = platform ?? copied;
    const files = compose?.map((file) => relative(folder, resolve(file)).split(sep).join("/"));
    const first = {
        ...(chosen === undefined ? {} : { platform: chosen }),
        host,
        ...others,
        ...(files ? { file: files.length === 1 ? files[0] : files } : {}),
    };
    const value = [first, ...set.map(parseSetting)].reduce<unknown>(merge, {});
    const names = [name, ...Object.keys(written)];
    const { diff, open } = await editStack(stack, [{ path: ["plinth:instances", name], value }], {
        folder,
        platforms,
        mayStay: ({ lacks = [] }) => lacks.some(({ instance }) => names.includes(instance)),
    });
    const changed = session.refreshed().config();
    const [added] = findInstances(changed, [name]);
    const { secrets: rules } = platformFor(platforms[added!.platform]!.config, changed.facts[name]);
    const lacks = open.flatMap((problem) => problem.lacks ?? []).filter(({ instance }) => instance === name);
    const needed = [...new Set(lacks.map(({ key }) => key))];
    return { diff, notCopied, secrets: needed.map((key) => ({ key, purpose: ruleOf(rules, key)!.purpose })) };
}

/** @throws UserError if it is not a setting, ConfigError if its value is not valid YAML */
function parseSetting(setting: string): Plain {
    const [, key, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (key === undefined || text === undefined)
        throw new UserError(
            `Nothing was changed: ${show(setting)} is not allowed; allowed: KEY=VALUE, the key with dots and the value in YAML, such as mail.host=smtp.example.org`,
        );
    return nested(key.split("."), readYaml(text, `--set ${key}`));
}

/** A nested map with a single value at a path of at least one key. */
const nested = (path: readonly string[], value: unknown): Plain =>
    path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Plain;

const writtenInstances = (session: Session): Readonly<Record<string, unknown>> =>
    JSON.parse(session.file().config["plinth:instances"] ?? "{}") as Record<string, unknown>;

/** Copies an instance's keys for another instance, and lists those left out because they must be unique. */
function copyOf(session: Session, like: string, name: string): { keys: Plain; notCopied: string[] } {
    const [other] = findInstances(session.config(), [like]);
    const written = writtenInstances(session)[like] as Plain;
    const places = ownIn(session.platforms()[other!.platform]!.config.schema, other);
    const owned = new Set(
        places.filter(({ path }) => at(written, path) !== undefined).map(({ whole }) => whole.join(".")),
    );
    const notCopied: string[] = [];
    const without = (map: Plain, above: readonly string[]): Plain =>
        Object.fromEntries(
            Object.entries(map).flatMap(([key, value]) => {
                const path = [...above, key].join(".");
                if (owned.has(path)) {
                    if (path !== "host") notCopied.push(path);
                    return [];
                }
                if (typeof value !== "object" || value === null || Array.isArray(value)) return [[key, value]];
                const inner = without(value as Plain, [...above, key]);
                // A map that has become empty is dropped.
                return Object.keys(inner).length === 0 && Object.keys(value).length > 0 ? [] : [[key, inner]];
            }),
        );
    const fresh = places.map(({ path, own }) => {
        const value = own.fresh?.(name);
        return value === undefined ? {} : nested(path, value);
    });
    return { keys: [without(written, []), ...fresh].reduce(merge, {}) as Plain, notCopied };
}

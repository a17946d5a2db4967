import { z } from "zod";
import { type AddedList, addUp, ownPath } from "./addedLists";
import { checkCredentials, credentialSecrets } from "./credentials";
import { explain } from "./explain";
import { dnsLabel, hostName, labelValue, sizeName } from "./fields";
import { type Layer, mergeLayers, layersIn, type Origin, originAt } from "./merge";
import { placementOf } from "./placement";
import { plainProblems } from "./plain";
import type { InstanceFacts } from "./facts";
import { type PlatformConfig, platformFor } from "./platform";
import { ConfigError, howToSet, Problems, show, suggest } from "./problems";
import { encryptedIn, ruleOf, type SecretRules } from "./secrets";
import { checkSecretsFrom } from "./secretsFrom";
import { checkSecrets } from "./secretValues";
import { type AnyInstance, type ListPlaces, sharedEdge, type StackConfig, stackFields } from "./stack";
import { checkUnique } from "./unique";

/** The version of the configuration format that Plinth reads and writes. */
export const configVersion = 1;

/** The user's unchecked configuration: the values of `plinth:*` by key, without the prefix. */
export interface RawStack {
    readonly project: string;
    readonly stack: string;
    readonly values: Readonly<Record<string, unknown>>;
    /** Keys with an encrypted value. The engine passes the plain text. */
    readonly encrypted: readonly string[];
    /** Where the paths in instances begin: the folder of the stack file. @default the working directory */
    readonly folder?: string;
}

/** The lowest layer of every instance: default types for maps that do not set one. */
const lowest = { edge: { type: "LoadBalancer" }, tls: { mode: "off" } };

const keys = [...Object.keys(stackFields), "base", "defaults", "instances", "secrets", "configVersion"];

/**
 * Merges and validates a stack's configuration and adds defaults.
 *
 * Layers, lowest first: the platform's defaults for the size, `plinth:base` (Pulumi.yaml), `plinth:defaults`, the instance.
 *
 * @throws ConfigError that lists every problem
 */
export function loadStack(raw: RawStack, platforms: readonly PlatformConfig[]): StackConfig {
    const unreadable = Object.entries(raw.values).flatMap(([key, value]) => plainProblems(value, `plinth:${key}`));
    if (unreadable.length > 0) throw new ConfigError(unreadable);
    const problems = new Problems();
    // Secrets in other places would end up unencrypted in ConfigMaps, environment and state. This is checked first, so
    // that no other message can show them.
    for (const key of raw.encrypted)
        if (key !== "secrets" && encryptedIn(raw.values[key]).length === 0)
            problems.add(
                `plinth:${key}`,
                `contains an encrypted value; secrets are only allowed in plinth:secrets; remove it and run: ${howToSet("INSTANCE", "KEY", raw.stack)}`,
            );
    for (const [key, value] of Object.entries(raw.values))
        if (key !== "secrets") checkCharacters(`plinth:${key}`, value, problems);
    problems.throwIfAny();

    for (const key of Object.keys(raw.values)) {
        if (!keys.includes(key))
            problems.add(`plinth:${key}`, `unknown key${suggest(key, keys)}; allowed: ${keys.join(", ")}`);
    }
    const version = raw.values["configVersion"] ?? configVersion;
    if (version !== configVersion)
        problems.add(
            "plinth:configVersion",
            `${show(version)} is not allowed; this version of Plinth reads version ${configVersion}`,
        );

    const schema = z.strictObject(stackFields);
    const own = Object.fromEntries(Object.entries(raw.values).filter(([key]) => Object.hasOwn(stackFields, key)));
    const parsed = schema.safeParse(own);
    if (!parsed.success) {
        for (const { path, message } of explain(schema, own, parsed.error.issues))
            problems.add(`plinth:${path.map(String).join(".")}`, message);
    }
    const loaded = loadInstances(raw, platforms, problems);
    const instances = loaded.map(({ settings }) => settings);
    const facts = Object.fromEntries(loaded.map((one) => [one.settings.name, one.facts]));
    if (!labelValue.safeParse(`${raw.project}.${raw.stack}`).success)
        problems.add(
            "plinth",
            `"${raw.project}.${raw.stack}" is the label of every object, and not allowed; allowed: names of project and stack with at most 62 letters, digits, '-', '_' and '.' together`,
        );
    const edge = parsed.data?.edge ?? sharedEdge.parse({});
    checkUnique({ ...raw, instances, platforms, sharedEdge: edge }, problems);
    if (parsed.success) checkCredentials(parsed.data.images, instances, problems);
    const rulesOf = new Map(loaded.map(({ settings, rules }) => [settings.name, rules]));
    checkSecrets(raw.values, rulesOf, problems, parsed.data && credentialSecrets(parsed.data.images));
    if (parsed.success) checkSecretsFrom(parsed.data.secretsFrom, rulesOf, raw.values["secrets"] ?? {}, problems);
    if (parsed.success && raw.stack !== "dev" && !parsed.data.cluster.context && !parsed.data.cluster.kubeconfig)
        problems.add(
            "plinth:cluster",
            `is missing context or kubeconfig; only the stack "dev" may use the current context of a local cluster`,
        );
    problems.throwIfAny();

    const checked = parsed.data!;
    return {
        project: raw.project,
        stack: raw.stack,
        cluster: checked.cluster,
        images: checked.images,
        sharedEdge: edge,
        caBundle: checked.caBundle,
        labels: checked.labels,
        annotations: checked.annotations,
        placement: placementOf(checked),
        namePrefix: checked.namePrefix ?? "",
        protect: checked.protect ?? raw.stack !== "dev",
        acceptLoss: checked.acceptLoss,
        secretsFrom: checked.secretsFrom,
        platforms: checked.platforms,
        instances,
        facts,
        places: Object.fromEntries(loaded.map(({ settings, places }) => [settings.name, places])),
        warnings: warningsOf(raw, instances),
    };
}

function warningsOf({ stack, values, encrypted }: RawStack, instances: readonly AnyInstance[]): string[] {
    const secrets = Object.values((values["secrets"] ?? {}) as object).some(
        (own) => Object.keys(own as object).length > 0,
    );
    return [
        ...(instances.length === 0 ? ["plinth:instances is empty: there is nothing to deploy"] : []),
        ...(secrets && !encrypted.includes("secrets")
            ? [
                  `plinth:secrets is not encrypted: anyone who can read the file can read it; ${howToSet("INSTANCE", "KEY", stack)}`,
              ]
            : []),
    ];
}

/** An instance with what its files say. */
interface Loaded {
    readonly settings: AnyInstance;
    readonly facts: InstanceFacts;
    readonly places: ListPlaces;
    /** Of all secret keys that may be set. */
    readonly rules: SecretRules;
}

function loadInstances(raw: RawStack, platforms: readonly PlatformConfig[], problems: Problems): Loaded[] {
    const written = raw.values["instances"] ?? {};
    if (typeof written !== "object" || written === null || Array.isArray(written)) {
        problems.add(
            "plinth:instances",
            `${show(written)} is not allowed; allowed: a map from instance names to instances`,
        );
        return [];
    }
    return Object.entries(written).flatMap(([name, instance]) => {
        const path = `plinth:instances.${name}`;
        const named = dnsLabel.max(40, "is longer than 40 characters; objects are named after it").safeParse(name);
        if (!named.success)
            problems.add(path, `the name ${show(name)} is not allowed; ${named.error.issues[0]!.message}`);
        // The engine would treat the whole map as one secret.
        for (const secret of encryptedIn(instance))
            problems.add(
                [path, ...secret].join("."),
                `secrets do not belong here; remove it and run: ${howToSet(name, "KEY", raw.stack)}`,
            );
        const written = writtenLayers(raw.values, instance);
        const merged = written.value as Record<string, unknown> | undefined;
        const platform = platformOf(written, platforms);
        if (!platform) {
            const names = platforms.map((candidate) => candidate.name);
            const value = merged?.["platform"];
            problems.add(
                `${path}.platform`,
                value === undefined
                    ? `is missing${misspelt(merged, "platform")}; allowed: ${names.join(", ")}`
                    : `${show(value)} is not a platform${typeof value === "string" ? suggest(value, names) : ""}; allowed: ${names.join(", ")}; platforms from elsewhere are listed in plinth:platforms`,
            );
            return [];
        }
        const { value: complete, origin } = layered(written, platform);
        const parsed = platform.schema.safeParse(complete);
        if (parsed.success) {
            const settings = { ...parsed.data, name } as AnyInstance;
            const facts = readFacts(raw, platform, settings, problems);
            const places = placesOf(origin, parsed.data, name);
            return [{ settings, facts, places, rules: platformFor(platform, facts).secrets }];
        }
        for (const { path: inner, message } of explain(platform.schema, complete, parsed.error.issues)) {
            const secretKey = String(inner.at(-1));
            const hint = ruleOf(platform.secrets, secretKey)
                ? `; it is a secret: remove it and run: ${howToSet(name, secretKey, raw.stack)}`
                : "";
            problems.add(pathOf(origin, inner, name), message + hint);
        }
        return [];
    });
}

function readFacts(raw: RawStack, platform: PlatformConfig, settings: AnyInstance, problems: Problems): InstanceFacts {
    const keysIn = (key: "secrets" | "secretsFrom") =>
        Object.keys((raw.values[key] as Record<string, object> | undefined)?.[settings.name] ?? {});
    const set = [...keysIn("secrets"), ...keysIn("secretsFrom")];
    try {
        return platform.read?.(settings, { folder: raw.folder ?? process.cwd(), set }) ?? {};
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        for (const { path, message, lacks } of error.problems) problems.add(path, message, lacks);
        return {};
    }
}

/** Returns `; did you mean …` for a key similar to the missing one. */
function misspelt(written: Record<string, unknown> | undefined, key: string): string {
    const near = Object.keys(written ?? {}).find((candidate) => suggest(candidate, [key]) !== "");
    return near === undefined ? "" : `; did you mean "${near}"?`;
}

/** The user's settings of an instance, from all layers. */
const writtenLayers = (values: RawStack["values"], instance: unknown): Layer =>
    addUp(
        { value: values["base"], origin: "plinth:base" },
        { value: values["defaults"], origin: "plinth:defaults" },
        { value: instance, origin: "instance" },
    );

const platformOf = ({ value }: Layer, platforms: readonly PlatformConfig[]): PlatformConfig | undefined =>
    platforms.find(({ name }) => name === (value as Record<string, unknown> | undefined)?.["platform"]);

/** The user's settings merged over the platform's defaults for the size. */
function layered(written: Layer, platform: PlatformConfig): Layer {
    const settings = written.value as Record<string, unknown>;
    const size = sizeName.catch("small").parse(settings["size"]);
    const host = hostName.safeParse(settings["host"]).data;
    return mergeLayers(
        { value: lowest, origin: "default" },
        { value: platform.defaults(size, host), origin: `default of ${platform.name} for size ${size}` },
        written,
    );
}

/** The origins of a stack's values. Values without an origin are the schema's defaults. */
export interface Origins {
    /** `plinth:KEY`, under the key. */
    readonly stack: Origin;
    /** By name: `instance`, `plinth:defaults`, `plinth:base`, or the platform's default for the size. */
    readonly instances: Readonly<Record<string, Origin>>;
}

export function originsOf({ values }: RawStack, platforms: readonly PlatformConfig[]): Origins {
    const own = Object.entries(values).filter(([key]) => Object.hasOwn(stackFields, key));
    const instances = Object.entries((values["instances"] ?? {}) as object).flatMap(([name, instance]) => {
        const written = writtenLayers(values, instance);
        const platform = platformOf(written, platforms);
        return platform ? [[name, layered(written, platform).origin] as const] : [];
    });
    return {
        stack: Object.fromEntries(
            own.map(([key, value]) => [
                key,
                mergeLayers({ value: value ?? undefined, origin: `plinth:${key}` }).origin,
            ]),
        ),
        instances: Object.fromEntries(instances),
    };
}

/** The path at which the user wrote the value, so that the message points at the line to change. */
function placeOf(origin: Origin | undefined, name: string): string {
    const layers = layersIn(origin);
    const shared = ["plinth:defaults", "plinth:base"].find((layer) => layers.includes(layer));
    return shared === undefined || layers.includes("instance") ? `plinth:instances.${name}` : shared;
}

const pathOf = (origin: Origin, path: readonly PropertyKey[], name: string): string =>
    [placeOf(originAt(origin, path), name), ...ownPath(origin, path).map(String)].join(".");

/** Where each entry of the lists is written to which layers add. */
function placesOf(origin: Origin, lists: Readonly<Record<string, unknown>>, name: string): ListPlaces {
    const of = (key: AddedList) =>
        ((lists[key] ?? []) as unknown[]).map((_, index) => pathOf(origin, [key, index], name));
    return { patches: of("patches"), omit: of("omit"), extraObjects: of("extraObjects") };
}

/** Reports keys and values with characters that cannot be transmitted unchanged. */
function checkCharacters(path: string, value: unknown, problems: Problems): void {
    // NUL characters and lone surrogates.
    const isWrong = (text: string) => /\0|\p{Surrogate}/u.test(text);
    if (typeof value === "string" && isWrong(value))
        problems.add(path, "the text contains a NUL character or a lone surrogate, which is not allowed");
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
        if (isWrong(key))
            problems.add(path, "a key contains a NUL character or a lone surrogate, which is not allowed");
        else checkCharacters(`${path}.${key}`, inner, problems);
    }
}

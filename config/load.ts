import { z } from "zod";
import { type BackupConfig, folderOf, identityOf } from "./backup";
import { type BrokerConfig, brokerPort } from "./broker";
import { type CacheConfig, cachePort } from "./cache";
import { checkCredentials, credentialSecrets, credentialsOwner } from "./credentials";
import { type DatabaseConfig, databasePorts } from "./database";
import { explain } from "./explain";
import { dnsLabel } from "./fields";
import { type Layer, layAll, layersIn, type Origin, originAt } from "./merge";
import { plainProblems } from "./plain";
import { ConfigError, howToSet, Problems, show, suggest } from "./problems";
import { ruleOf, type SecretRules, valueProblem } from "./secrets";
import { type AnyInstance, type StackConfig, stackFields } from "./stack";

/** The version of the configuration's shape that this program writes and reads. */
export const configVersion = 1;

/** What a user wrote, before any check: the values of `plinth:*` by key, without the prefix. */
export interface RawStack {
    readonly project: string;
    readonly stack: string;
    readonly values: Readonly<Record<string, unknown>>;
    /** Keys among them that hold an encrypted value. The engine hands over its plain text. */
    readonly encrypted: readonly string[];
}

/** What the loader must know of a platform. */
export interface PlatformConfig {
    readonly name: string;
    /** A strict object with the common keys and the platform's own. */
    readonly schema: z.ZodType<Record<string, unknown>>;
    /** The lowest layer, below `plinth:base`: sizes, replicas and volumes for a size. */
    readonly defaults: (size: string) => Record<string, unknown>;
    /** Secret keys that a user may set. What is not set is generated or not used. */
    readonly secrets: SecretRules;
    /** Every host name that an instance answers to. */
    readonly hosts: (instance: AnyInstance) => string[];
}

/** The lowest layer of every instance: what a map means that does not say of which sort it is. */
const lowest = { edge: { type: "LoadBalancer" }, tls: { mode: "off" } };

const keys = [...Object.keys(stackFields), "base", "defaults", "instances", "secrets", "configVersion"];

/**
 * Merges, checks and completes a stack's configuration.
 *
 * Layers, lowest first: the platform's defaults for the size, `plinth:base` (Pulumi.yaml), `plinth:defaults`, the instance.
 *
 * @throws ConfigError with every problem found
 */
export function loadStack(raw: RawStack, platforms: readonly PlatformConfig[]): StackConfig {
    const unreadable = Object.entries(raw.values).flatMap(([key, value]) => plainProblems(value, `plinth:${key}`));
    if (unreadable.length > 0) throw new ConfigError(unreadable);
    const problems = new Problems();
    for (const key of Object.keys(raw.values)) {
        if (!keys.includes(key))
            problems.add(`plinth:${key}`, `unknown key${suggest(key, keys)}; allowed: ${keys.join(", ")}`);
    }
    const version = raw.values["configVersion"] ?? configVersion;
    if (version !== configVersion)
        problems.add(
            "plinth:configVersion",
            `${show(version)} is not allowed; this program reads version ${configVersion}`,
        );

    const schema = z.strictObject(stackFields);
    const own = Object.fromEntries(Object.entries(raw.values).filter(([key]) => Object.hasOwn(stackFields, key)));
    const parsed = schema.safeParse(own);
    if (!parsed.success) {
        for (const { path, message } of explain(schema, own, parsed.error.issues))
            problems.add(`plinth:${path.map(String).join(".")}`, message);
    }
    const instances = loadInstances(raw, platforms, problems);
    // What is encrypted elsewhere would go on in clear, to ConfigMaps, environment and state.
    for (const key of raw.encrypted)
        if (key !== "secrets" && findSecure(raw.values[key]).length === 0)
            problems.add(
                `plinth:${key}`,
                `holds an encrypted value; secrets belong to plinth:secrets alone; take it out and run: ${howToSet("INSTANCE", "KEY", raw.stack)}`,
            );
    checkUnique(instances, platforms, problems, parsed.data?.edge?.namespace);
    checkBackupFolders(raw, instances, problems);
    if (parsed.success) checkCredentials(parsed.data.images, instances, problems);
    checkSecrets(raw, instances, platforms, problems, parsed.data && credentialSecrets(parsed.data.images));
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
        sharedEdge: checked.edge ?? (stackFields.edge.unwrap().parse({}) as NonNullable<typeof checked.edge>),
        labels: checked.labels,
        annotations: checked.annotations,
        namePrefix: checked.namePrefix ?? "",
        protect: checked.protect ?? raw.stack !== "dev",
        acceptLoss: checked.acceptLoss,
        instances,
        warnings: warningsOf(raw, instances),
    };
}

function warningsOf({ stack, values, encrypted }: RawStack, instances: readonly AnyInstance[]): string[] {
    const secrets = Object.values((values["secrets"] ?? {}) as object).some(
        (own) => Object.keys(own as object).length > 0,
    );
    return [
        ...(instances.length === 0 ? ["plinth:instances names no instance: there is nothing to deploy"] : []),
        ...(secrets && !encrypted.includes("secrets")
            ? [
                  `plinth:secrets is not encrypted: anybody who reads the file knows it; ${howToSet("INSTANCE", "KEY", stack)}`,
              ]
            : []),
    ];
}

function loadInstances(raw: RawStack, platforms: readonly PlatformConfig[], problems: Problems): AnyInstance[] {
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
        for (const secret of findSecure(instance))
            problems.add(
                [path, ...secret].join("."),
                `secrets do not belong here; take it out and run: ${howToSet(name, "KEY", raw.stack)}`,
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
                    : `${show(value)} is no platform${suggest(String(value), names)}; allowed: ${names.join(", ")}`,
            );
            return [];
        }
        const { value: complete, origin } = layered(written, platform);
        const parsed = platform.schema.safeParse(complete);
        if (parsed.success) return [{ ...parsed.data, name } as AnyInstance];
        for (const { path: inner, message } of explain(platform.schema, complete, parsed.error.issues)) {
            const secretKey = String(inner.at(-1));
            const hint = ruleOf(platform.secrets, secretKey)
                ? `; it is a secret: take it out and run: ${howToSet(name, secretKey, raw.stack)}`
                : "";
            problems.add([placeOf(originAt(origin, inner), name), ...inner.map(String)].join("."), message + hint);
        }
        return [];
    });
}

/** `; is "platfrom" meant?` where a key looks like the one that is missing. */
function misspelt(written: Record<string, unknown> | undefined, key: string): string {
    const near = Object.keys(written ?? {}).find((candidate) => suggest(candidate, [key]) !== "");
    return near === undefined ? "" : `; is "${near}" meant?`;
}

/** What the user wrote of an instance, in all layers. */
const writtenLayers = (values: RawStack["values"], instance: unknown): Layer =>
    layAll(
        { value: values["base"], origin: "plinth:base" },
        { value: values["defaults"], origin: "plinth:defaults" },
        { value: instance, origin: "instance" },
    );

const platformOf = ({ value }: Layer, platforms: readonly PlatformConfig[]): PlatformConfig | undefined =>
    platforms.find(({ name }) => name === (value as Record<string, unknown> | undefined)?.["platform"]);

/** What the user wrote over what the platform says for the size. */
function layered(written: Layer, platform: PlatformConfig): Layer {
    const { size: chosen } = written.value as Record<string, unknown>;
    const size = typeof chosen === "string" ? chosen : "small";
    return layAll(
        { value: lowest, origin: "default" },
        { value: platform.defaults(size), origin: `default of ${platform.name} for size ${size}` },
        written,
    );
}

/** Where the values of a stack come from. What is not among them is the schema's default. */
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
            own.map(([key, value]) => [key, layAll({ value: value ?? undefined, origin: `plinth:${key}` }).origin]),
        ),
        instances: Object.fromEntries(instances),
    };
}

/** The place in which the user wrote what is wrong, so that the message points at the line to change. */
function placeOf(origin: Origin | undefined, name: string): string {
    const layers = layersIn(origin);
    const shared = ["plinth:defaults", "plinth:base"].find((layer) => layers.includes(layer));
    return shared === undefined || layers.includes("instance") ? `plinth:instances.${name}` : shared;
}

/** Paths of encrypted values: they would make the engine treat the whole map as one secret. */
function findSecure(value: unknown, above: string[] = []): string[][] {
    if (typeof value !== "object" || value === null) return [];
    if ("secure" in value && Object.keys(value).length === 1) return [above];
    return Object.entries(value).flatMap(([key, inner]) => findSecure(inner, [...above, key]));
}

function checkUnique(
    instances: readonly AnyInstance[],
    platforms: readonly PlatformConfig[],
    problems: Problems,
    edgeNamespace = "edge",
): void {
    const hosts = new Map<string, string>();
    const ports = new Map<number, string>();
    const outside = new Map<string, string>();
    const namespaces = new Map<string, string>([[edgeNamespace, "plinth:edge"]]);
    for (const instance of instances) {
        const path = `plinth:instances.${instance.name}`;
        const platform = platforms.find((candidate) => candidate.name === instance.platform)!;
        for (const host of new Set(platform.hosts(instance))) {
            if (hosts.has(host))
                problems.add(
                    `${path}.host`,
                    `"${host}" is already the host of ${hosts.get(host)}; every host belongs to one instance`,
                );
            else hosts.set(host, path);
        }
        for (const key of ["httpPort", "httpsPort"] as const) {
            const port = instance.edge.type === "NodePort" ? instance.edge[key] : undefined;
            if (port === undefined) continue;
            if (ports.has(port))
                problems.add(
                    `${path}.edge.${key}`,
                    `${port} is already the node port of ${ports.get(port)}; every node port belongs to one Service`,
                );
            else ports.set(port, path);
        }
        for (const { key, what, place } of outsideOf(instance)) {
            if (outside.has(place))
                problems.add(
                    `${path}.${key}`,
                    `is that of ${outside.get(place)} on the same server; every instance needs a ${what} of its own`,
                );
            else outside.set(place, path);
        }
        const namespace = namespaceOf(instance);
        if (/^kube-/.test(namespace))
            problems.add(`${path}.namespace`, `"${namespace}" belongs to Kubernetes itself; choose another`);
        if (namespace.length > 63)
            problems.add(
                `${path}.namespace`,
                `"${namespace}" is longer than 63 characters; choose a shorter name or set namespace`,
            );
        if (namespaces.has(namespace))
            problems.add(
                `${path}.namespace`,
                `"${namespace}" is already the namespace of ${namespaces.get(namespace)}; every instance needs its own`,
            );
        else namespaces.set(namespace, path);
    }
}

/** Each instance deletes old backups in its folder, which must not be another's. */
function checkBackupFolders({ project, stack }: RawStack, instances: readonly AnyInstance[], problems: Problems): void {
    const folders = new Map<string, string>();
    for (const instance of instances) {
        const target = (instance as { readonly backup?: BackupConfig }).backup?.target;
        if (target?.type !== "s3") continue;
        const { url, prefix } = folderOf(target, identityOf(project, stack, namespaceOf(instance)));
        const folder = `${url.origin}/${target.bucket}/${prefix}`;
        const path = `plinth:instances.${instance.name}.backup.target.prefix`;
        if (folders.has(folder))
            problems.add(
                path,
                `"${prefix}" of the bucket "${target.bucket}" at ${url.origin} is already the folder of ${folders.get(folder)}, ` +
                    "and each would delete the other's backups; leave prefix out, or set another for each instance",
            );
        else folders.set(folder, `plinth:instances.${instance.name}`);
    }
}

/** What an instance has on servers outside the cluster, and where: two that shared it would mix up each other's data. */
function outsideOf({ platform, ...own }: AnyInstance): { key: string; what: string; place: string }[] {
    const { database, broker, sessions } = own as {
        readonly database?: DatabaseConfig;
        readonly broker?: BrokerConfig;
        readonly sessions?: CacheConfig;
    };
    const found = [];
    if (database?.topology === "external") {
        const { host, engine, port = databasePorts[engine], name = { ofPlatform: platform } } = database;
        found.push({ key: "database.name", what: "database", place: JSON.stringify([host, port, name]) });
    }
    if (broker?.topology === "external") {
        const { host, port = brokerPort, vhost = "/" } = broker;
        found.push({ key: "broker.vhost", what: "virtual host", place: JSON.stringify([host, port, vhost]) });
    }
    // Whoever is logged in at one shop would be so at the other, as somebody else.
    if (sessions?.topology === "external") {
        const { host, port = cachePort } = sessions;
        found.push({ key: "sessions.host", what: "server for sessions", place: JSON.stringify([host, port]) });
    }
    return found;
}

/** The platform's name when the instance is named after it, else `<platform>-<instance>`; `namespace` overrides. */
export function namespaceOf(instance: AnyInstance): string {
    if (instance.namespace) return instance.namespace.name;
    return instance.name === instance.platform ? instance.platform : `${instance.platform}-${instance.name}`;
}

function checkSecrets(
    raw: RawStack,
    instances: readonly AnyInstance[],
    platforms: readonly PlatformConfig[],
    problems: Problems,
    ofRegistries: SecretRules | undefined,
): void {
    const written = raw.values["secrets"] ?? {};
    const isMap = (value: unknown): value is Record<string, unknown> =>
        typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isMap(written)) {
        problems.add("plinth:secrets", "is not allowed; allowed: a map from instance names to maps of secrets");
        return;
    }
    const names = Object.keys((raw.values["instances"] ?? {}) as object);
    for (const [name, values] of Object.entries(written)) {
        const path = `plinth:secrets.${name}`;
        const shared = name === credentialsOwner && !names.includes(name);
        if (!shared && !names.includes(name)) {
            problems.add(path, `there is no instance "${name}"${suggest(name, names)}`);
            continue;
        }
        if (!isMap(values)) {
            problems.add(path, "is not allowed; allowed: a map from secret names to values");
            continue;
        }
        const instance = instances.find((candidate) => candidate.name === name);
        const platform = platforms.find((candidate) => candidate.name === instance?.platform);
        const rules = shared ? ofRegistries : platform?.secrets;
        if (!rules) continue;
        const known = Object.keys(rules);
        for (const [key, value] of Object.entries(values)) {
            if (!known.includes(key))
                problems.add(
                    `${path}.${key}`,
                    `unknown secret${suggest(key, known)}; allowed: ${known.join(", ") || "none"}`,
                );
            // The value itself is never shown.
            else if (typeof value !== "string" && typeof value !== "number")
                problems.add(`${path}.${key}`, "the value is not allowed; allowed: a text that is not empty");
            else {
                const problem = valueProblem(ruleOf(rules, key)!, String(value));
                if (problem) problems.add(`${path}.${key}`, problem);
            }
        }
    }
}

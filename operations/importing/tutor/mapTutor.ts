import { isRsaKey } from "../../../components/privateKey";
import { merge } from "../../../config/merge";
import { ConfigError, type Problem } from "../../../config/problems";
import { type Root, secretRows, type SettingRow, settingRows } from "./contract";
import { defaultFeatures, defaults, envKeys, pluginDefaults, release, type Variant } from "./defaults";
import { knownPlugins, notices, otherPluginReason, otherReason, pluginReasons, reasons, silent } from "./reasons";
import { Variables } from "./variables";

/** What a Tutor root says. */
export interface TutorRoot {
    /** Of Tutor, such as 22.0.3. */
    readonly version: string;
    /** The contents of config.yml. */
    readonly config: Readonly<Record<string, unknown>>;
    /** The rendered settings of the applications, by application. @default not rendered */
    readonly env?: Readonly<Partial<Record<Variant, Readonly<Record<string, unknown>>>>>;
    /** Whether `tutor local` has data in the root. */
    readonly isLocal: boolean;
}

/** Something that is not carried over. */
export interface Left {
    /** A variable, a plugin, a file. */
    readonly what: string;
    /** Why, and what to do; without any value. */
    readonly reason: string;
}

export interface Imported {
    /** Keys of the instance, without its platform. */
    readonly settings: Readonly<Record<string, unknown>>;
    /** Values by the instance's secret keys. */
    readonly secrets: Readonly<Record<string, string>>;
    /** Variables by the instance's secret keys. */
    readonly origins: Readonly<Record<string, string>>;
    readonly left: readonly Left[];
}

const switches = [
    ...["ENABLE_HTTPS", "ENABLE_WEB_PROXY", "MONGODB_USE_SSL", "RUN_MEILISEARCH", "RUN_MONGODB", "RUN_MYSQL"],
    ...["RUN_REDIS", "RUN_SMTP", "S3_USE_SSL", "SMTP_USE_SSL", "SMTP_USE_TLS"],
];

/**
 * The instance that a Tutor root describes.
 *
 * @throws ConfigError that lists everything with which nothing can be carried over
 */
export function mapTutor(tutor: TutorRoot): Imported {
    const plugins = pluginsIn(tutor.config["PLUGINS"] ?? defaults["PLUGINS"]);
    const variables = new Variables(tutor.config, {
        ...defaults,
        TUTOR_VERSION: tutor.version,
        ...Object.assign({}, ...plugins.map((name) => pluginDefaults[name] ?? {})),
    });
    const root: Root = {
        on: (flag) => variables.flag(flag) ?? false,
        hasPlugin: (name) => plugins.includes(name),
        has: (variable) => variables.text(variable) !== undefined,
        isChanged: (variable) => variables.isChanged(variable),
        inCluster: !tutor.isLocal,
    };
    const problems: Problem[] = [
        ...switches.flatMap((name) =>
            variables.isWritten(name) && !variables.isTemplate(name) && variables.flag(name) === undefined
                ? [{ path: name, message: "is not allowed; allowed: true or false" }]
                : [],
        ),
        ...addressProblems(variables, root),
    ];
    const rows = settingRows.filter(({ when }) => when?.(root) ?? true);
    const read = rows.map((row) => ({ row, value: valueOf(row, variables) }));
    for (const { row, value } of read)
        if ("from" in row && row.as === "number" && value === undefined && !variables.isTemplate(row.from))
            problems.push({ path: row.from, message: "is not allowed; allowed: a whole number" });
    const given = secretRows.filter(({ when }) => when?.(root) ?? true);
    for (const { from, optional = false } of given) {
        if (variables.isTemplate(from) && variables.isWritten(from))
            problems.push({ path: from, message: computed(from) });
        // The default of a plugin may refer to a value that is not generated yet.
        else if (!optional && variables.text(from) === undefined) problems.push({ path: from, message: unsaved });
    }
    const jwt = variables.text("JWT_RSA_PRIVATE_KEY");
    if (jwt !== undefined && !isRsaKey(jwt))
        problems.push({
            path: "JWT_RSA_PRIVATE_KEY",
            message: "is not allowed; allowed: a private RSA key in PEM, of 2048 bits or more",
        });
    if (problems.length > 0) throw new ConfigError(problems);

    const secrets = given.flatMap(({ secret, from }) => {
        const value = variables.text(from);
        return value === undefined ? [] : [{ secret, from, value }];
    });
    const features = featuresIn(tutor);
    const settings = [
        ...read.map(({ row, value }) => (value === undefined ? {} : nested(row.key.split("."), value))),
        srvOf(variables, root),
        endpointOf(variables, root),
        features,
    ].reduce<unknown>(merge, {}) as Record<string, unknown>;
    const carried = new Set([
        ...read.filter(({ value }) => value !== undefined).flatMap(({ row }) => ("from" in row ? [row.from] : [])),
        ...secrets.map(({ from }) => from),
    ]);
    return {
        settings,
        secrets: Object.fromEntries(secrets.map(({ secret, value }) => [secret, value])),
        origins: Object.fromEntries(secrets.map(({ secret, from }) => [secret, from])),
        left: [...leftOf(variables, root, carried), ...pluginsLeft(plugins), ...envLeft(tutor)],
    };
}

const unsaved = `is missing in config.yml, and Tutor would generate a new value; run \`tutor config save\` with Tutor ${release}, and deploy it`;

const computed = (name: string): string =>
    `is a template that only Tutor can compute; write the value that \`tutor config printvalue ${name}\` prints into config.yml`;

function valueOf(row: SettingRow, variables: Variables): unknown {
    if (!("from" in row)) return row.value;
    if (row.ifChanged && !variables.isChanged(row.from)) return undefined;
    return variables[row.as ?? "text"](row.from);
}

const nested = (path: readonly string[], value: unknown): unknown =>
    path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);

/** A name whose SRV records list the members of a replica set. */
const srvHost = /^mongodb\+srv:\/\/([^/@?:,]+)\/?$/;

/** Hosts that say more than a host. They may hold passwords. */
function addressProblems(variables: Variables, root: Root): Problem[] {
    const host = variables.text("MONGODB_HOST") ?? "";
    const message =
        "this connection URI is not allowed; allowed: hosts, or mongodb+srv://HOST, with MONGODB_USERNAME, MONGODB_PASSWORD, MONGODB_AUTH_SOURCE and MONGODB_REPLICA_SET beside it";
    return !root.on("RUN_MONGODB") && host.includes("://") && !srvHost.test(host)
        ? [{ path: "MONGODB_HOST", message }]
        : [];
}

/** Of a name in MONGODB_HOST that stands for the members of a replica set. */
function srvOf(variables: Variables, root: Root): object {
    const [, host] = srvHost.exec(variables.text("MONGODB_HOST") ?? "") ?? [];
    return root.on("RUN_MONGODB") || host === undefined ? {} : { documents: { hosts: [host], srv: true } };
}

/** Of the plugin s3, whose default is AWS. */
function endpointOf(variables: Variables, root: Root): object {
    const host = variables.text("S3_HOST");
    if (!root.hasPlugin("s3") || root.hasPlugin("minio") || host === undefined) return {};
    const isSecure = variables.flag("S3_USE_SSL") ?? true;
    const port = variables.number("S3_PORT");
    const suffix = port === undefined || port === (isSecure ? 443 : 80) ? "" : `:${port}`;
    return { objectStorage: { endpoint: `${isSecure ? "https" : "http"}://${host}${suffix}` } };
}

const pluginsIn = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];

const variants = ["lms", "cms"] as const;

const flagsIn = (env: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> =>
    (env?.["FEATURES"] ?? {}) as Record<string, unknown>;

/** Feature flags that plugins have set. Only booleans: other values could be secrets. */
function featuresIn({ env = {} }: TutorRoot): object {
    const found = variants.map((variant) => {
        const flags = Object.entries(flagsIn(env[variant])).filter(
            ([name, value]) => typeof value === "boolean" && value !== defaultFeatures[variant][name],
        );
        return flags.length > 0 ? { settings: { [variant]: { features: Object.fromEntries(flags) } } } : {};
    });
    return found.reduce<unknown>(merge, {}) as object;
}

/** Settings that plugins have added to the rendered files. */
const envLeft = ({ env = {} }: TutorRoot): Left[] =>
    variants.flatMap((variant) => {
        const file = `env/apps/openedx/config/${variant}.env.yml`;
        const others = Object.keys(env[variant] ?? {}).filter((key) => !envKeys.includes(key));
        const flags = Object.entries(flagsIn(env[variant])).filter(([, value]) => typeof value !== "boolean");
        const reason = "a plugin has set it, and it may be a secret; set it under env, or as a secret";
        return [...others, ...flags.map(([name]) => `FEATURES.${name}`)].map((key) => ({
            what: `${file}: ${key}`,
            reason,
        }));
    });

function leftOf(variables: Variables, root: Root, carried: ReadonlySet<string>): Left[] {
    const written = variables.names.filter((name) => !silent.includes(name));
    return [
        ...written
            .filter((name) => variables.isTemplate(name))
            .map((name) => ({ what: name, reason: `${computed(name)}, or set the key yourself` })),
        ...written
            .filter((name) => !variables.isTemplate(name) && !carried.has(name) && variables.isChanged(name))
            .filter((name) => !isUnusedOwn(name, root))
            .map((name) => ({
                what: name,
                reason:
                    reasons.find(({ variables: of }) => new RegExp(`^(?:${of.source})$`).test(name))?.reason ??
                    otherReason,
            })),
        ...notices.filter(({ when }) => when(root)).map(({ what, reason }) => ({ what, reason })),
    ];
}

/** Whether a variable only applies to a server outside the cluster, or is a switch that the keys already say. */
function isUnusedOwn(name: string, root: Root): boolean {
    if (switches.includes(name)) return true;
    const servers = { MYSQL: "RUN_MYSQL", MONGODB: "RUN_MONGODB", REDIS: "RUN_REDIS", SMTP: "RUN_SMTP" };
    const server = Object.entries(servers).find(([prefix]) => name.startsWith(`${prefix}_`));
    return (
        (server !== undefined && root.on(server[1])) || (name.startsWith("MEILISEARCH_") && root.on("RUN_MEILISEARCH"))
    );
}

const pluginsLeft = (plugins: readonly string[]): Left[] =>
    plugins
        .filter((name) => !knownPlugins.includes(name))
        .map((name) => ({ what: `plugin ${name}`, reason: pluginReasons[name] ?? otherPluginReason }));

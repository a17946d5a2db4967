import fc from "fast-check";
import { platforms } from "../../platforms";

/** Random, valid configurations of whole stacks. */

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,12}$/);
const size = fc.constantFrom("small", "medium", "large");
const replicas = fc.oneof(
    fc.integer({ min: 1, max: 5 }),
    fc
        .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 6 }))
        .map(([min, more]) => ({ min, max: min + more })),
);
const tls = fc.constantFrom(
    { mode: "off" },
    { mode: "internal" },
    { mode: "acme", email: "ops@example.org" },
    { mode: "custom", secretName: "existing" },
);
const edge = fc.constantFrom(
    { type: "LoadBalancer" },
    { type: "ClusterIP", trustedProxies: ["10.0.0.0/8"] },
    { type: "NodePort" },
    { type: "Ingress", className: "nginx" },
    { type: "Ingress", className: "nginx", terminates: "edge", controllerNamespace: "ingress" },
    { type: "shared" },
);
const backup = fc.constantFrom(
    { target: { type: "volume" } },
    { target: { type: "volume" }, files: false },
    { target: { type: "s3", bucket: "backups", endpoint: "https://s3.example.org" } },
);
/** The keys that all platforms have, and are drawn alike. */
const common = {
    size,
    edge,
    tls,
    state: fc.constantFrom("running", "running", "stopped", "removed"),
    backup,
    labels: fc.dictionary(label, label, { maxKeys: 2 }),
    egress: fc.constantFrom(
        [{ ports: [80, 8443] }],
        [{ cidrs: ["0.0.0.0/0", "::/0"] }],
        [{ cidrs: ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2", "fc00::/6"] }],
    ),
};
const opencart = fc.record(
    {
        ...common,
        platform: fc.constant("opencart"),
        sharedFiles: fc.constant("oneNode"),
        extensions: fc.constantFrom("shared", "image"),
        adminPath: fc.constantFrom("admin", "backoffice"),
        adminAllow: fc.constantFrom([], ["192.0.2.0/24"]),
        database: fc.constantFrom(
            { topology: "single" },
            { topology: "single", engine: "mysql" },
            { topology: "replicated", replicas: 2, source: 1, readFrom: "replicas" },
            { topology: "external", host: "10.1.2.3" },
            { topology: "external", host: "db.example.org", cidrs: ["10.0.0.0/8"] },
        ),
        cache: fc.constantFrom(
            { topology: "single" },
            { topology: "single", engine: "redis", persistence: true },
            { topology: "external", host: "10.1.2.4" },
        ),
        replicas: fc.record({ frontend: replicas }, { requiredKeys: [] }),
    },
    { requiredKeys: ["platform", "sharedFiles"] },
);
const openmage = fc
    .record(
        {
            ...common,
            platform: fc.constant("openmage"),
            sharedFiles: fc.constant("oneNode"),
            webPods: fc.constantFrom("shared", "separate"),
            frontendCache: fc.constantFrom({ type: "none" }, { type: "varnish" }),
            administration: fc.constantFrom(
                { adminPath: "office", adminAllow: ["192.0.2.0/24"] },
                { adminHost: "admin" },
                { adminAccess: "private" },
            ),
            phpMyAdmin: fc.constant({ access: "private" }),
            stores: fc.constantFrom([], [{ host: "store", code: "second" }]),
            systemConfig: fc.constantFrom({}, { "default/general/locale/code": "de_DE" }),
            database: fc.constantFrom(
                { topology: "single" },
                { topology: "single", engine: "mysql" },
                { topology: "external", host: "10.1.2.3" },
                { topology: "replicated", replicas: 2 },
                { topology: "external", host: "db.example.org", readHost: "10.1.2.5", cidrs: ["10.0.0.0/8"] },
            ),
            cache: fc.constantFrom(
                { topology: "single", persistence: true },
                { topology: "external", host: "10.1.2.4" },
            ),
            sessions: fc.constantFrom(
                { topology: "single", engine: "redis" },
                { topology: "external", host: "10.1.2.6" },
            ),
            replicas: fc.record({ frontend: replicas }, { requiredKeys: [] }),
        },
        { requiredKeys: ["platform", "sharedFiles", "administration"] },
    )
    .map(({ administration, ...keys }) => ({ ...keys, ...administration }));
const qxsms = fc.record(
    {
        ...common,
        platform: fc.constant("qxsms"),
        debug: fc.boolean(),
        mail: fc.constantFrom(
            { host: "smtp.example.org", from: "panel@example.org" },
            { host: "relay.example.org", port: 2525, username: "panel", from: "panel@example.org" },
        ),
        administrator: fc.constantFrom("none", "generated", "mailed").map((account) => ({
            email: "panel@example.org",
            account,
        })),
        qualtrics: fc.constantFrom({ directoryId: "POOL_1", libraryId: "UR_1", surveyId: "SV_1" }),
        database: fc.constantFrom(
            { topology: "single" },
            { topology: "external", host: "10.1.2.3" },
            { topology: "external", host: "db.example.org", cidrs: ["10.0.0.0/8"] },
        ),
        broker: fc.constantFrom(
            { topology: "single" },
            { topology: "external", host: "10.1.2.6" },
            { topology: "external", host: "rabbit.example.org", port: 5671 },
        ),
        replicas: fc.record({ web: replicas, worker: replicas }, { requiredKeys: [] }),
    },
    // Identifiers and key of Qualtrics belong together, and the key is always set.
    { requiredKeys: ["platform", "mail", "administrator", "qualtrics"] },
);
// Behind an ingress the place where TLS ends and the mode must fit: the program refuses what does not.
const instance = fc
    .oneof(opencart, openmage, qxsms)
    .filter(
        ({ edge, tls }) =>
            edge?.type !== "Ingress" ||
            ("terminates" in edge ? (tls?.mode ?? "off") !== "off" : tls?.mode !== "internal"),
    );
interface Keys {
    database?: { topology: string };
    broker?: { topology: string };
    sessions?: { topology: string };
    adminHost?: string;
    stores?: readonly { host: string }[];
}
/** Of one server outside no two instances may have the same database, virtual host or sessions; nor the same host. */
function apart(name: string, keys: Keys): object {
    const { database, broker, sessions, adminHost, stores } = keys;
    const own = (host: string) => `${host}.${name}.example.org`;
    return {
        ...keys,
        ...(sessions?.topology === "external" ? { sessions: { ...sessions, host: own("redis") } } : {}),
        ...(adminHost ? { adminHost: own(adminHost) } : {}),
        ...(stores ? { stores: stores.map((store) => ({ ...store, host: own(store.host) })) } : {}),
        ...(database?.topology === "external" ? { database: { ...database, name } } : {}),
        ...(broker?.topology === "external" ? { broker: { ...broker, vhost: `a/${name}` } } : {}),
    };
}
/** Every password that a platform may want; what nothing uses does no harm. */
const secrets: Readonly<Record<string, object>> = Object.fromEntries(
    Object.entries(platforms).map(([name, { config }]) => [
        name,
        Object.fromEntries(
            Object.keys(config.secrets)
                .filter((key) => !/^tls|^qualtrics.*Id$/.test(key))
                .map((key) => [key, `value-of-${key}`.slice(0, 20)]),
        ),
    ]),
);

export interface Configuration {
    readonly networkPolicy: "full" | "ingress";
    readonly ranges: readonly string[];
    /** Below `config` of the stack file. */
    readonly config: Readonly<Record<string, unknown>>;
}

/** Of the keys of a whole stack file. */
export const configurations: fc.Arbitrary<Configuration> = fc
    .record({
        instances: fc.uniqueArray(fc.tuple(label, instance), {
            minLength: 1,
            maxLength: 3,
            selector: ([name]) => name,
        }),
        prefix: fc.option(label, { nil: undefined }),
        networkPolicy: fc.constantFrom("full", "ingress"),
        ranges: fc.constantFrom([], ["10.96.0.0/12", "fd00:10::/32"]),
        images: fc.constantFrom({}, { credentials: { hub: { registry: "docker.io", username: "any" } } }),
    })
    .map(({ instances, prefix, networkPolicy, ranges, images }) => ({
        networkPolicy,
        ranges,
        config: {
            "plinth:cluster": { context: "any", networkPolicy, ranges },
            "plinth:images": images,
            ...(prefix ? { "plinth:namePrefix": prefix } : {}),
            "plinth:instances": Object.fromEntries(
                instances.map(([name, keys]) => [name, { ...apart(name, keys), host: `${name}.example.org` }]),
            ),
            "plinth:secrets": Object.fromEntries([
                ...instances.map(([name, { platform }]) => [name, secrets[platform]]),
                ...("credentials" in images ? [["images", { hub: "any" }]] : []),
            ]),
        },
    }));

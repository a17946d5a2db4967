import fc from "fast-check";
import { placeholderKey } from "../../components/privateKey";
import { platforms as builtIn } from "../../platforms";
import type { Platforms } from "../../platforms/platform";
import { apart, instancesOf, type Keys } from "./arbitraries";

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
    { type: "Ingress", className: "nginx", trustedProxies: ["10.0.0.0/8"] },
    { type: "Ingress", className: "nginx", terminates: "edge", controllerNamespace: "ingress" },
    { type: "Gateway", gateway: { name: "public", namespace: "infra" }, controllerNamespace: "infra" },
    { type: "shared" },
);
const backup = fc.constantFrom(
    { target: { type: "volume" } },
    { target: { type: "volume" }, files: false },
    { target: { type: "s3", bucket: "backups", endpoint: "https://s3.example.org" } },
);
/** Keys of all platforms, which are generated alike. */
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
/** Values whose meaning the schema does not show, by platform. */
export type More = Readonly<Record<string, fc.Arbitrary<Keys>>>;

const moreOfBuiltIn: More = {
    opencart: fc.record(
        {
            adminPath: fc.constantFrom("admin", "backoffice"),
            adminAllow: fc.constantFrom([], ["192.0.2.0/24"]),
            database: fc.constantFrom(
                { topology: "replicated", replicas: 2, source: 1, readFrom: "replicas" },
                { topology: "galera", members: 5 },
                { topology: "operator", members: 5, operatorNamespace: "databases" },
                { topology: "external", host: "db.example.org", cidrs: ["10.0.0.0/8"] },
            ),
            replicas: fc.record({ frontend: replicas }, { requiredKeys: [] }),
        },
        { requiredKeys: [] },
    ),
    openmage: fc
        .record(
            {
                administration: fc.constantFrom(
                    { adminAccess: "public", adminPath: "office", adminAllow: ["192.0.2.0/24"] },
                    { adminAccess: "public", adminHost: "admin.example.org" },
                    { adminAccess: "private" },
                ),
                stores: fc.constantFrom([], [{ host: "store.example.org", code: "second" }]),
                systemConfig: fc.constantFrom({}, { "default/general/locale/code": "de_DE" }),
                database: fc.constantFrom(
                    { topology: "replicated", replicas: 2 },
                    { topology: "galera" },
                    { topology: "operator", readFrom: "replicas" },
                    { topology: "external", host: "db.example.org", readHost: "10.1.2.5", cidrs: ["10.0.0.0/8"] },
                ),
                replicas: fc.record({ frontend: replicas }, { requiredKeys: [] }),
            },
            { requiredKeys: ["administration"] },
        )
        .map(({ administration, ...keys }) => ({ ...keys, ...administration })),
    qxsms: fc.record(
        {
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
                { topology: "operator", pooler: {} },
                { topology: "operator", members: 1, operatorNamespace: "databases" },
                { topology: "single" },
            ),
            broker: fc.constantFrom(
                { topology: "external", host: "10.1.2.6" },
                { topology: "external", host: "rabbit.example.org", port: 5671, tls: true },
            ),
            replicas: fc.record({ web: replicas, worker: replicas }, { requiredKeys: [] }),
        },
        // Identifiers and key of Qualtrics belong together, and the key is always set.
        { requiredKeys: ["mail", "administrator", "qualtrics"] },
    ),
};
interface Published {
    readonly edge?: { readonly type: string; readonly terminates?: string };
    readonly tls?: { readonly mode: string };
}
const instanceOf = (platforms: Platforms, more: More) =>
    fc
        .oneof(
            ...Object.values(platforms)
                // Files that an instance names have to fit it: such a platform has tests of its own.
                .filter(({ config }) => config.read === undefined)
                .map(({ config }) => instancesOf(config, common, more[config.name])),
        )
        // Behind an ingress or a Gateway the place where TLS ends and the mode must fit: the program refuses what does not.
        .filter((keys) => {
            const { edge: wanted, tls: mode } = keys as Published;
            if (wanted?.type === "Gateway") return (mode?.mode ?? "off") === "off";
            if (wanted?.type !== "Ingress") return true;
            return wanted.terminates ? (mode?.mode ?? "off") !== "off" : mode?.mode !== "internal";
        })
        .map((keys) => ({ ...keys, sharedFiles: "oneNode" }));

/** Every password that a platform may need; unused ones do no harm. */
const secretsOf = (platforms: Platforms): Readonly<Record<string, object>> =>
    Object.fromEntries(
        Object.entries(platforms).map(([name, { config }]) => [
            name,
            Object.fromEntries(
                Object.keys(config.secrets)
                    .filter((key) => !/^tls|^qualtrics.*Id$/.test(key))
                    .map((key) => [key, key === "jwtPrivateKey" ? placeholderKey() : `value-of-${key}`.slice(0, 20)]),
            ),
        ]),
    );

export interface Configuration {
    readonly networkPolicy: "full" | "ingress";
    readonly ranges: readonly string[];
    /** Below `config` of the stack file. */
    readonly config: Readonly<Record<string, unknown>>;
}

/** Of the keys of a whole stack file, with the built-in platforms. */
export const configurations = configurationsOf(builtIn, moreOfBuiltIn);

/**
 * Of the keys of a whole stack file.
 *
 * @param more of a platform that is not among these, instances are drawn by its schema's form alone
 */
export function configurationsOf(platforms: Platforms, more: More): fc.Arbitrary<Configuration> {
    const secrets = secretsOf(platforms);
    return fc
        .record({
            instances: fc.uniqueArray(fc.tuple(label, instanceOf(platforms, more)), {
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
                    instances.map(([name, keys]) => [
                        name,
                        { ...apart(platforms[keys.platform]!.config.schema, name, keys), host: `${name}.example.org` },
                    ]),
                ),
                "plinth:secrets": Object.fromEntries([
                    ...instances.map(([name, { platform }]) => [name, secrets[platform]]),
                    ...("credentials" in images ? [["images", { hub: "any" }]] : []),
                ]),
            },
        }));
}

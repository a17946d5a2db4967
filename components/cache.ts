import { createHash } from "node:crypto";
import { Component, type ComponentOptions } from "./component";
import { type CacheConfig, cachePort, type CacheSecret } from "../config/cache";
import type { ResourcesConfig } from "../config/fields";
import { mebibytes } from "../config/quantity";
import { images } from "../config/images";
import { claim } from "./claim";
import { clusterService, deployment } from "./deployment";
import { type Clients, outside, rangesOf, refuseTlsOnly, requiredSecret } from "./external";
import { type Node, type SecretRef, Service } from "./graph";
import type { HasNode, Instance } from "./instance";
import { sh, word } from "./languages/sh";
import { linesOf, type Text, wordsOf } from "./languages/text";
import { metricsRules } from "./metrics";
import type { ContainerArgs, Mount } from "./podArgs";
import { livenessProbe, startupProbe } from "./probes";
import { mib } from "./scratch";
import { withVolumeLock } from "./volumeLock";

/** Settings that a cache offers to its clients. */
export type CacheSettings = { readonly password: SecretRef };

export interface CacheArgs extends Clients {
    readonly config: CacheConfig;
    /** Resources of the server's container; `maxmemory` is derived from the memory. */
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of the volume, if keys survive a restart. @default "1Gi" */
    readonly size?: string;
}

type Single = Extract<CacheConfig, { topology: "single" }>;

const metricsPort = 9121;
const configurationFolder = "/etc/cache";

/** Minimum memory limit in MiB: the server itself and a probe's client need a dozen. */
const leastMemory = 32;

/**
 * `maxmemory` in MiB for a memory limit in MiB. With persistence, rewriting the log forks the process, and pages
 * changed during that time exist twice; client buffers are additional in both cases.
 */
export const maxMemory = (limit: number, persistence: boolean): number =>
    Math.floor(limit * (persistence ? 0.55 : 0.8));

/**
 * The server's configuration. It contains only a digest of the password.
 *
 * @param password @default none: clients need not give one
 */
export function configurationFile(
    config: Pick<Single, "persistence" | "policy">,
    limit: number,
    password?: string,
): Text<"redis"> {
    const { text: redis, word: plain } = wordsOf<"redis">();
    const proof =
        password === undefined ? redis`nopass` : redis`#${plain(createHash("sha256").update(password).digest("hex"))}`;
    return linesOf([
        redis`bind * -::*`,
        redis`port 6379`,
        redis`# The access list below protects; this mode would refuse other pods although they know the password.`,
        redis`protected-mode no`,
        redis`user default on ${proof} ~* &* +@all`,
        redis`maxmemory ${maxMemory(limit, config.persistence)}mb`,
        redis`maxmemory-policy ${plain(config.policy)}`,
        redis`# Clients that are gone without a word give their connection back.`,
        redis`tcp-keepalive 60`,
        redis`save ""`,
        ...(config.persistence ? [redis`appendonly yes`, redis`appendfsync everysec`] : [redis`appendonly no`]),
    ]);
}

/** Probes over TCP with the password. The client's exit code does not reflect answers such as LOADING. */
export const readinessCommand = (engine: Single["engine"]): string[] => [
    "sh",
    "-c",
    sh`${word(`${engine}-cli`)} -h 127.0.0.1 ping | grep -q PONG`,
];

/** Exports the server's statistics as Prometheus metrics. */
const exporter = (password: SecretRef | undefined): ContainerArgs => ({
    name: "exporter",
    image: images.redisExporter,
    env: {
        REDIS_ADDR: "redis://127.0.0.1:6379",
        ...(password ? { REDIS_PASSWORD: password } : {}),
        // It would connect, with that password, to any server named in a request.
        REDIS_EXPORTER_DISABLE_SCRAPE_ENDPOINT: "true",
        REDIS_EXPORTER_LOG_FORMAT: "json",
    },
    ports: { metrics: metricsPort },
    resources: { cpu: "10m", memory: "32Mi" },
    user: 59000,
});

/**
 * A cache with the Redis protocol: one server in the cluster, or an external one.
 *
 * The service's settings are `host`, `port` and `password`; its secret key is the component's name with `Password`. The
 * server never has two pods, because these would be two caches behind one address.
 */
export class Cache<Name extends string = string> extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service<CacheSettings>;

    constructor(instance: Instance<CacheSecret<NoInfer<Name>>>, name: Name, args: CacheArgs, opts?: ComponentOptions) {
        super(instance, "Cache", name, opts);
        const { config } = args;
        const key = `${name}Password` as const;
        const pods = config.topology !== "external";
        const monitoring = pods ? instance.cluster.monitoringNamespace : undefined;
        this.node = instance.addNode(name, {
            kind: "cache",
            pods,
            networkRules: metricsRules(monitoring, metricsPort),
        });
        const { node } = this;
        const ports = { redis: cachePort };
        if (config.topology === "external") {
            const { password } = instance.secret(
                this,
                name,
                { password: requiredSecret(instance, name, key) },
                { node },
            );
            const { host, external } = outside(instance, this, node, config, args);
            this.service = new Service(node.id, host, { redis: config.port ?? ports.redis }, { password }, external);
        } else {
            const value = instance.password(`${name}-password`, key);
            const { password } = instance.secret(this, name, { password: value }, { node });
            this.service = instance.service(name, ports, { password });
            const limit = memoryLimit(instance, name, args);
            const file = value.map((secret) => configurationFile(config, limit, secret));
            const configuration = instance.secret(this, `${name}-config`, { "cache.conf": file }, { node })[
                "cache.conf"
            ];
            server(instance, this, node, {
                ...args,
                config,
                limit,
                password,
                configuration: { path: configurationFolder, secret: configuration.secret },
            });
        }
        this.registerOutputs({ host: this.service.host });
    }
}

/**
 * A server with the Redis protocol that asks for no password, for programs that cannot give one: network policies alone
 * decide who reaches it. In the cluster, or an external one that asks for none either.
 *
 * The service's settings are `host` and `port`.
 */
export class OpenCache extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service;

    constructor(instance: Instance, name: string, args: CacheArgs, opts?: ComponentOptions) {
        super(instance, "OpenCache", name, opts);
        const { config } = args;
        const pods = config.topology !== "external";
        const { monitoringNamespace } = instance.cluster;
        this.node = instance.addNode(name, {
            kind: "cache",
            pods,
            networkRules: metricsRules(pods ? monitoringNamespace : undefined, metricsPort),
        });
        const { node } = this;
        if (config.topology === "external") {
            refuseTlsOnly(instance, name, config);
            const { host, port = cachePort, cidrs } = config;
            this.service = new Service(node.id, host, { redis: port }, {}, { cidrs: rangesOf(host, cidrs) });
        } else {
            this.service = instance.service(name, { redis: cachePort }, {});
            warnIfReachable(instance, name);
            const limit = memoryLimit(instance, name, args);
            const file = configurationFile(config, limit);
            const configMap = instance.add(this, "ConfigMap", name, { data: { "cache.conf": file } }, { node });
            server(instance, this, node, {
                ...args,
                config,
                limit,
                password: undefined,
                configuration: { path: configurationFolder, configMap },
            });
        }
        this.registerOutputs({ host: this.service.host });
    }
}

/** A server without a password is protected by network policies only. */
export function warnIfReachable(instance: Instance, name: string): void {
    if (instance.cluster.networkPolicy === "off")
        instance.warn(
            `"${name}" asks for no password, and without network policies every pod of the cluster reaches it`,
        );
}

/** The server's memory limit in MiB. */
function memoryLimit(instance: Instance, name: string, args: CacheArgs): number {
    const memory = instance.resources(name, args.resources).memory ?? args.resources.memory;
    const limit = mebibytes(memory);
    if (limit < leastMemory)
        instance.problem(
            ["resources", name, "memory"],
            `"${memory}" is too little for ${args.config.engine}; allowed: at least ${leastMemory}Mi`,
        );
    return limit;
}

interface ServerArgs extends CacheArgs {
    readonly config: Single;
    /** Memory limit in MiB. */
    readonly limit: number;
    readonly password: SecretRef | undefined;
    readonly configuration: Mount;
}

/** Declares the pod and its Service. */
function server(instance: Instance, owner: Component, node: Node, args: ServerArgs): void {
    const { config, limit, password, resources } = args;
    const { name } = node;
    const ports = { redis: cachePort };
    const volume = config.persistence ? claim(instance, owner, name, { size: args.size ?? "1Gi", node }) : undefined;
    const answers = { command: readinessCommand(config.engine) };
    deployment(instance, owner, node, {
        replicas: 1,
        recreate: true,
        pod: {
            containers: [
                {
                    name: config.engine,
                    image: images[config.engine],
                    // Bypasses the entrypoint, which loads Redis's search, JSON and other modules that would only use
                    // memory here.
                    command: [
                        ...(volume ? withVolumeLock({ file: "/data/server.lock" }) : []),
                        `${config.engine}-server`,
                        `${configurationFolder}/cache.conf`,
                    ],
                    ...(password
                        ? {
                              env: {
                                  REDISCLI_AUTH: password,
                                  ...(config.engine === "valkey" ? { VALKEYCLI_AUTH: password } : {}),
                              },
                          }
                        : {}),
                    ports,
                    resources,
                    probes: {
                        // Its port is open before it has loaded its keys.
                        startup: startupProbe(answers, 600),
                        readiness: { ...answers, periodSeconds: 10, timeoutSeconds: 5 },
                        liveness: livenessProbe({ tcpSocket: { port: ports.redis } }),
                    },
                    mounts: [
                        args.configuration,
                        volume
                            ? { path: "/data", claim: volume, subPath: "data" }
                            : // Empty unless a memory dump is requested.
                              { path: "/data", scratch: { size: mib(limit) } },
                    ],
                    // The server's directory, which must be writable even without persistence.
                    workingDir: "/data",
                },
                ...(instance.cluster.monitoringNamespace ? [exporter(password)] : []),
            ],
            // User of the Alpine images, whose group differs from Debian's.
            user: 999,
            group: 1000,
            // The log is flushed at the stop signal.
            graceSeconds: 60,
        },
    });
    clusterService(instance, owner, node, ports);
}

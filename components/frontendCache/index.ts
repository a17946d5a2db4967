import { Component, type ComponentOptions } from "../component";
import type { ReplicasConfig, ResourcesConfig } from "../../config/fields";
import type { VarnishConfig } from "../../config/frontendCache";
import { type Image, images } from "../../config/images";
import { mebibytes, mebibytesFor, parseQuantity } from "../../config/quantity";
import { clusterService, deployment } from "../deployment";
import type { Node, Service } from "../graph";
import type { HasNode, Instance } from "../instance";
import { sh, word } from "../languages/sh";
import { metricsRules } from "../metrics";
import type { PathRule } from "../pathRule";
import type { ContainerArgs, Mount } from "../podArgs";
import { drainSeconds } from "../webTier";
import { cacheRules, purgeSocket, stopping } from "./vcl";

export interface FrontendCacheArgs {
    readonly config: VarnishConfig;
    /** The backend: a service of this instance that answers `/healthz` on its first port. */
    readonly backend: Service;
    /** Paths that are never cached. @default none */
    readonly pass?: PathRule;
    /** Image that contains the files behind the cache: a different one starts with an empty cache. */
    readonly contents: Image;
    /** Resources of the container; its memory is derived from that of the cache. */
    readonly resources: Omit<ResourcesConfig, "memory">;
    /** @default 1 */
    readonly replicas?: ReplicasConfig;
    /** Timeout in seconds for the first byte of the backend, also the drain time of a stopping pod. @default 120 */
    readonly timeoutSeconds?: number;
    /** Dependencies: the backend, so that no file of its previous release is cached. @default none */
    readonly startsAfter?: readonly HasNode[];
}

const ports = { http: 8080, [purgeSocket]: 8081 };
const folders = { rules: "/etc/varnish", work: "/var/lib/varnish" } as const;

/** Memory in MiB of a container whose cache has `store`: with the allocator's loss, threads and the compiler of VCL. */
export const memoryFor = (store: number): number => Math.ceil(store * 1.3) + 256;

const instanceFolder = `${folders.work}/varnishd`;
const metricsPort = 9131;

/** Directory for the log, the statistics and the compiled rules, which are executed from here. */
const work: Mount = { path: folders.work, scratch: { memory: true, size: "64Mi" } };

/** Cached files are in memory: only the VCL compiler writes here. */
const temporary: Mount = { path: "/tmp", scratch: { size: "64Mi" } };

/** Exports the statistics in shared memory as Prometheus metrics. */
const exporter: ContainerArgs = {
    name: "exporter",
    image: images.varnishExporter,
    args: ["-n", instanceFolder],
    ports: { metrics: metricsPort },
    resources: { cpu: "10m", memory: "64Mi" },
    mounts: [work],
};

/** The server's arguments: the image's entrypoint would open a third port, for the PROXY protocol. */
const command = (memory: string): string[] => [
    "varnishd",
    "-F",
    ...["-n", instanceFolder],
    ...["-f", `${folders.rules}/default.vcl`],
    ...["-a", `http=:${ports.http},HTTP`],
    ...["-a", `${purgeSocket}=:${ports[purgeSocket]},HTTP`],
    ...["-s", `malloc,${mebibytesFor(memory)}M`],
    // For uncached responses: without a limit, slow readers of large responses would fill the memory.
    ...["-s", "Transient=malloc,64M"],
    ...["-p", "transit_buffer=1M"],
    // The log is in memory and only read by varnishlog in the pod.
    ...["-p", "vsl_space=16M"],
    // A connection goes to one pod behind the Service: short ones reach new pods soon.
    ...["-p", "backend_idle_timeout=4"],
];

/**
 * Varnish between the load balancer and a frontend: caches files, and pages that set a lifetime.
 *
 * The service's ports are `http`, for the load balancer, and `purge`, for components that drop what has changed with
 * the methods PURGE (an address) and BAN (a regular expression of addresses): only an edge that names it opens it.
 *
 * Varnish resolves the backend's name once, when it starts. That of a Service stays the same as long as the Service
 * exists, whatever becomes of its pods; a headless Service has none, and is no backend. Pods that start before the
 * Service is there end at once and are started again.
 */
export class FrontendCache extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service;

    constructor(instance: Instance, name: string, args: FrontendCacheArgs, opts?: ComponentOptions) {
        super(instance, "FrontendCache", name, opts);
        const { config, backend, startsAfter = [], timeoutSeconds = 120 } = args;
        const [port] = Object.entries(backend.ports)[0] ?? [];
        if (port === undefined) throw new RangeError(`${backend.node} has no port`);
        const uses = [backend.bind({}, [port])];
        const monitoring = instance.cluster.monitoringNamespace;
        const needs = metricsRules(monitoring, metricsPort);
        this.node = instance.addNode(name, { kind: "frontend cache", uses, networkRules: needs, startsAfter });
        const { node } = this;
        this.service = instance.service(name, ports, {});
        const rules = instance.add(
            this,
            "ConfigMap",
            name,
            {
                data: {
                    "default.vcl": cacheRules({
                        backend: { host: backend.host, port: backend.ports[port]! },
                        pass: args.pass,
                        ttlSeconds: config.ttlSeconds,
                        graceSeconds: config.graceSeconds,
                        maxFile: Math.floor(parseQuantity(config.maxFile)),
                        timeoutSeconds,
                        release: instance.image(args.contents).reference,
                    }),
                },
            },
            { node },
        );
        deployment(instance, this, node, {
            replicas: args.replicas ?? 1,
            pod: {
                containers: [
                    {
                        name: "varnish",
                        image: images.varnish,
                        command: command(config.memory),
                        ports,
                        resources: { ...args.resources, memory: memoryLimit(instance, name, config) },
                        probes: {
                            readiness: health(5, 3),
                            liveness: health(20, 6),
                        },
                        mounts: [{ path: folders.rules, configMap: rules }, work, temporary],
                        // The server terminates at once, with all running requests.
                        preStop: ["sh", "-c", sh`touch ${word(stopping)}; sleep ${drainSeconds + timeoutSeconds}`],
                    },
                    ...(monitoring ? [exporter] : []),
                ],
                user: 1000,
                graceSeconds: drainSeconds + timeoutSeconds + 10,
            },
        });
        clusterService(instance, this, node, ports);
        this.registerOutputs({ host: this.service.host });
    }
}

/** The container's memory, after checking the user's settings. */
function memoryLimit(instance: Instance, name: string, { memory, maxFile }: VarnishConfig): string {
    const least = memoryFor(mebibytesFor(memory));
    const given = instance.config.resources[name]?.memory;
    if (given !== undefined && mebibytes(given) < least)
        instance.problem(
            ["resources", name, "memory"],
            `"${given}" is too little for a cache of ${memory}; allowed: at least ${least}Mi`,
        );
    if (parseQuantity(maxFile) > parseQuantity(memory) / 2)
        instance.problem(
            ["frontendCache", "maxFile"],
            `"${maxFile}" is too much for a cache of ${memory}; allowed: at most half of frontendCache.memory`,
        );
    return `${least}Mi`;
}

const health = (periodSeconds: number, failureThreshold: number) => ({
    httpGet: { path: "/healthz", port: ports.http },
    periodSeconds,
    timeoutSeconds: 5,
    failureThreshold,
});

import { z } from "zod";
import { dev } from "./dev";
import { defaultEdge, edge, tls } from "./edge";
import { egress } from "./egress";
import { ownHost, ownNamespace, ownOnly } from "./own";
import { components, placementFields } from "./placement";
import { parseQuantity } from "./quantity";
import { quota } from "./quota";
import { certificates } from "./serverTls";
import {
    annotations,
    bytes,
    changed,
    cidr,
    clean,
    cpu,
    directory,
    dnsLabel,
    hostName,
    imageReference,
    labels,
    line,
    memory,
    seconds,
    server,
    storage,
    storageClass,
    subdomain,
} from "./scalars";

export * from "./scalars";

/** Requests and limits of one container. */
export const resources = z.strictObject({
    /** CPU request; no limit by default, because throttling makes probes fail. */
    cpu: cpu.optional(),
    /** Memory request and limit, equal so that no node is overcommitted. */
    memory: memory.optional(),
    cpuLimit: cpu.optional(),
    memoryRequest: memory.optional(),
    /**
     * Limit of the node's disk for logs and directories: a pod that uses more is evicted. @default their total limit
     */
    ephemeralStorage: storage.optional(),
    /** Request for it, which a node must have free. @default a quarter of their total limit, at most 1Gi */
    ephemeralStorageRequest: storage.optional(),
});

/** Whether every request is within its limit; otherwise the API server would refuse the pods. */
export function withinLimits({ cpu, cpuLimit, memory, memoryRequest, ...disk }: ResourcesConfig): boolean {
    const within = (request: string | undefined, limit: string | undefined) =>
        request === undefined || limit === undefined || parseQuantity(request) <= parseQuantity(limit);
    return (
        within(cpu, cpuLimit) &&
        within(memoryRequest, memory) &&
        within(disk.ephemeralStorageRequest, disk.ephemeralStorage)
    );
}

/** Upper bound for pods of one component, beyond any supported cluster. */
const mostPods = 1000;

/** A number, or bounds for an autoscaler. */
export const replicas = z.union([
    z.int().min(0).max(mostPods),
    z
        .strictObject({
            min: z.int().min(1).max(mostPods),
            max: z.int().min(1).max(mostPods),
            /** The autoscaler's target: average usage of the requested CPU, in percent. */
            cpu: z.int().min(1).max(100).default(70),
        })
        .refine((range) => range.min <= range.max, "min must not be larger than max"),
]);

/**
 * Sources of a volume that no storage class provides: at most one of these. Duplicate sources are found when the claims
 * are declared, because they have names by then.
 */
const sources = {
    /** Name of an existing PersistentVolume: `pvc-…`. Its data is kept and used. */
    existing: ownOnly(subdomain.optional()),
    /** An existing directory on one node's disk; the pods that use it run only on that node. */
    local: ownOnly(
        z.strictObject({ node: subdomain.max(63, "is longer than 63 characters"), path: directory }).optional(),
    ),
    /** An existing directory of an NFS server. */
    nfs: ownOnly(z.strictObject({ server, path: directory }).optional()),
    /** A volume of a CSI driver, by its handle. */
    csi: ownOnly(
        z
            .strictObject({
                driver: subdomain.max(63, "is longer than 63 characters"),
                handle: line.max(1024, "is longer than 1024 characters"),
                attributes: z.record(line, z.string()).default({}),
            })
            .optional(),
    ),
};

export const volumeSources = Object.keys(sources) as readonly (keyof typeof sources)[];

export const volume = z
    .strictObject({
        size: storage.optional(),
        /** With a source, the volume's own class, `""` for none. @default the cluster's */
        storageClass: z.union([z.literal(""), storageClass], `allowed: the name of a class, or "" for none`).optional(),
        /** Name of the claim, for an existing claim. @default the volume's */
        claim: ownOnly(dnsLabel.optional()),
        /**
         * Directory of the volume that contains a database's files, `.` for its root. The database then starts only
         * with these files. @default Plinth's own directory, in which a new database is created
         */
        path: ownOnly(
            z
                .string()
                .regex(
                    /^(\.|(?!(.*\/)?\.\.?(\/|$))(?!\/)\P{Cc}{1,1024})$/u,
                    "allowed: a directory below the volume's root, such as pgdata, or . for the root",
                )
                .transform(clean)
                .optional(),
        ),
        ...sources,
    })
    .refine(
        (settings) => volumeSources.filter((key) => settings[key] !== undefined).length <= 1,
        `allowed: one of ${volumeSources.join(", ")}, or none of them for a volume of a storage class`,
    );

/** Selects an object by kind and logical name, without prefix or hash. */
const target = {
    kind: z.string().min(1),
    name: z.string().min(1),
};

const operation = z.discriminatedUnion("op", [
    z.strictObject({ op: z.literal("add"), path: z.string(), value: z.unknown() }),
    z.strictObject({ op: z.literal("replace"), path: z.string(), value: z.unknown() }),
    z.strictObject({ op: z.literal("test"), path: z.string(), value: z.unknown() }),
    z.strictObject({ op: z.literal("remove"), path: z.string() }),
    z.strictObject({ op: z.literal("move"), from: z.string(), path: z.string() }),
    z.strictObject({ op: z.literal("copy"), from: z.string(), path: z.string() }),
]);

/** A change to one object: a map is merged into it, a list is a JSON Patch (RFC 6902). */
export const patch = z.strictObject({
    ...target,
    patch: z.union([z.array(operation), z.record(z.string(), z.unknown())]),
});

export const omission = z.strictObject(target);

/** A complete Kubernetes object that the user adds to an instance. */
export const extraObject = z.looseObject({
    apiVersion: z
        .string()
        .max(253)
        .regex(
            /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
            "allowed: VERSION or GROUP/VERSION, such as v1 or networking.k8s.io/v1",
        ),
    kind: z
        .string()
        .regex(/^[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/, "allowed: a kind such as ConfigMap or PodMonitor"),
    metadata: z.looseObject({
        name: dnsLabel,
        /** @default the instance's */
        namespace: dnsLabel.optional(),
        labels: labels.optional(),
        annotations: annotations.optional(),
    }),
});

/** Settings of the load balancer for all sites of an instance. */
export const http = z.strictObject({
    /**
     * Seconds of Strict-Transport-Security; 0 sends no header. Never sent over plain HTTP or with certificates that
     * browsers do not trust, because visitors could then not proceed. @default 31536000 (one year)
     */
    hstsSeconds: seconds.default(31_536_000),
    /** Largest request body. @default 64Mi */
    maxBody: bytes.default("64Mi"),
    compression: z.boolean().default(true),
    securityHeaders: z.boolean().default(true),
    accessLog: z.boolean().default(true),
    /** Client ranges that may access the site. @default all */
    allow: z.array(cidr).default([]),
});

export const sizeName = z.enum(["small", "medium", "large"]);
export type SizeName = z.infer<typeof sizeName>;

/** The keys that all instances of all platforms have. */
export const instanceFields = {
    host: ownHost(hostName),
    namespace: ownNamespace(
        z
            .union([
                dnsLabel.transform((name) => ({ name, create: true })),
                z.strictObject({ name: dnsLabel, create: z.boolean().default(true) }),
            ])
            .optional(),
    ),
    state: ownOnly(z.enum(["running", "stopped", "removed"]).default("running")),
    size: sizeName.default("small"),
    edge: edge.default(defaultEdge),
    tls: tls.default({ mode: "off", inFront: false }),
    /** Further names at which the site answers as it does at `host`. */
    aliases: z.array(ownHost(hostName)).default([]),
    /** Names from which visitors are redirected to `host`, path and query kept (308): www, an old domain. */
    redirects: z.array(ownHost(hostName)).default([]),
    http: http.prefault({}),
    /** `oneNode`: tiers that share files run on one node, on a ReadWriteOnce volume. */
    sharedFiles: z.literal("oneNode").optional(),
    volumes: z.record(z.string(), volume).default({}),
    images: z.record(z.string(), imageReference).default({}),
    resources: z.record(z.string(), resources).default({}),
    replicas: z.record(z.string(), replicas).default({}),
    /**
     * Additional destinations for pods that run the platform's code, for the balancer and backups. @default only those
     * that they need
     */
    egress: z.array(egress).default([]),
    /**
     * Certificates in PEM of your own authorities, which pods trust besides the public ones and those of the stack when
     * they connect to other servers: mail, object storage, interfaces. @default none
     */
    caBundle: certificates.optional(),
    env: z.record(z.string(), z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())).default({}),
    labels: labels.default({}),
    /** Of all objects except pods, for which there is `podAnnotations`. */
    annotations: annotations.default({}),
    ...placementFields,
    /** By component: placement, before that of the instance, and destinations besides those of the instance. */
    components,
    /** A time or any other text. Changing it replaces the pods of the whole instance, or of one component. */
    restartedAt: ownOnly(z.union([changed, z.record(z.string(), changed)]).optional()),
    /** What only a local cluster can have; only in the stack `dev`. */
    dev,
    /** Upper bounds for the whole namespace, by resource name: `requests.cpu`, `persistentvolumeclaims` … */
    quota: quota.optional(),
    /** Requests and limits of containers that set none. */
    limitRange: z.strictObject({ cpu, memory, ephemeralStorage: storage.optional() }).optional(),
    patches: z.array(patch).default([]),
    omit: z.array(omission).default([]),
    extraObjects: z.array(extraObject).default([]),
};

/** The schema that all platforms have in common. */
export const commonInstance = z.strictObject({ platform: z.string(), ...instanceFields });

export type InstanceConfig = z.infer<typeof commonInstance>;
export type ReplicasConfig = z.infer<typeof replicas>;
export type ResourcesConfig = z.infer<typeof resources>;
export type VolumeConfig = z.infer<typeof volume>;
export type PatchConfig = z.infer<typeof patch>;

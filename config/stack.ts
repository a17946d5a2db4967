import { z } from "zod";
import { defaultEdge, ownEdge } from "./edge";
import {
    annotations,
    cidr,
    directory,
    dnsLabel,
    domain,
    type InstanceConfig,
    instanceFields,
    labels,
    server,
    storageClass,
} from "./fields";
import { imageSources, type ImagesConfig } from "./imageSources";
import { ownNamespace } from "./own";

/** What a directory's name may have: more would mean something to a shell or to the driver. */
const subDirPart = "([A-Za-z0-9._-]|\\$\\{(pvc\\.metadata\\.namespace|pvc\\.metadata\\.name|pv\\.metadata\\.name)\\})+";

/** An NFS server whose directories csi-driver-nfs hands out: https://github.com/kubernetes-csi/csi-driver-nfs. */
export const nfs = z.strictObject({
    server,
    /** What the server exports, below which each volume has its directory. */
    share: directory,
    /**
     * Directory of each volume below the share; the driver fills in `${pvc.metadata.namespace}`, `${pvc.metadata.name}`
     * and `${pv.metadata.name}`. @default the volume's own name, `pvc-…`, which never meets the files of a former one
     */
    subDir: z
        .string()
        .max(1024, "is longer than 1024 characters")
        .regex(
            new RegExp(`^(?!(.*/)?\\.\\.?(/|$))${subDirPart}(/${subDirPart})*$`),
            "allowed: a relative path of letters, digits, '-', '_', '.' and the three variables, without . and .. alone",
        )
        .optional(),
    /** Mode of each directory, in octal; "0" leaves it as the server makes it. @default "0" */
    mountPermissions: z
        .string()
        .regex(/^0?[0-7]{1,4}$/, 'allowed: an octal mode in quotes, such as "0770"')
        .default("0"),
    /** What becomes of the directory when its PersistentVolume is deleted with reclaim policy Delete. @default delete */
    onDelete: z.enum(["delete", "retain", "archive"]).default("delete"),
    /** What becomes of a volume when its claim is deleted. @default Retain: deleting an object must not delete the data */
    reclaimPolicy: z.enum(["Retain", "Delete"]).default("Retain"),
    /** @default nfsvers=4.1 and hard, which waits for a server that is away instead of failing a database's write */
    mountOptions: z
        .array(
            z.string().regex(/^[^\s,\p{Cc}]{1,255}$/u, "allowed: one option without blanks and commas, such as hard"),
        )
        .default(["nfsvers=4.1", "hard"]),
});

/** Where a stack's objects go, and what that cluster offers. */
export const cluster = z.strictObject({
    /** Context of the kubeconfig. May be left out for `dev` only, which then accepts a local cluster. */
    context: z.string().min(1).optional(),
    /** Path of a kubeconfig file, or the environment variable that holds its path or contents. */
    kubeconfig: z
        .union([
            z.string().min(1),
            z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "allowed: the name of a variable") }),
        ])
        .optional(),
    /** @default the cluster's own default class */
    storageClass: storageClass.optional(),
    /** A class that provides ReadWriteMany volumes. */
    sharedStorageClass: storageClass.optional(),
    /** Makes a class of this server's directories, which is then the default of both classes above. */
    nfs: nfs.optional(),
    /** `full`: both directions; `ingress`: incoming only; `off`: no policies. */
    networkPolicy: z.enum(["full", "ingress", "off"]).default("full"),
    /**
     * The cluster's own ranges: of its pods, Services and nodes. Ways out to anywhere, or to a larger range, leave them
     * out. @default none: nothing is guessed
     */
    ranges: z
        .array(cidr.refine((range) => !range.endsWith("/0"), "allowed: ranges of the cluster, not all addresses"))
        .default([]),
    /** Whether something gives Services of type LoadBalancer an address. Without it nothing waits for one. */
    loadBalancer: z.boolean().default(true),
    /** Whether metrics-server runs. Without it autoscalers stay at their minimum, and a warning says so. */
    metrics: z.boolean().default(true),
    /** DNS domain of the cluster. */
    domain: domain.default("cluster.local"),
    /** Namespace of the Prometheus that scrapes metrics. @default nothing is opened for it */
    monitoringNamespace: dnsLabel.optional(),
    /**
     * Whether the Prometheus operator is told to scrape them: a PodMonitor for each component that has metrics, with
     * the labels by which that Prometheus chooses. Its CustomResourceDefinitions must be there. @default false
     */
    podMonitors: z.union([z.boolean(), z.strictObject({ labels })]).default(false),
});

/** The balancer that instances with `edge.type: shared` stand behind: customised with the keys of an instance. */
export const sharedEdge = z.strictObject({
    edge: ownEdge.default(defaultEdge),
    /** For the sites of instances that say nothing of TLS themselves (`tls.mode: off`). */
    tls: instanceFields.tls,
    namespace: ownNamespace(dnsLabel.default("edge")),
    size: instanceFields.size,
    volumes: instanceFields.volumes,
    images: instanceFields.images,
    resources: instanceFields.resources,
    replicas: instanceFields.replicas,
    env: instanceFields.env,
    labels: instanceFields.labels,
    annotations: instanceFields.annotations,
    restartedAt: instanceFields.restartedAt,
    quota: instanceFields.quota,
    limitRange: instanceFields.limitRange,
    patches: instanceFields.patches,
    omit: instanceFields.omit,
    extraObjects: instanceFields.extraObjects,
});

export const stackFields = {
    cluster: cluster.prefault({}),
    images: imageSources.prefault({}),
    edge: sharedEdge.optional(),
    labels: labels.default({}),
    annotations: annotations.default({}),
    namePrefix: z
        .string()
        .max(20)
        .regex(/^[a-z]([-a-z0-9]*)?$/, "allowed: lower-case letters, digits and '-', starting with a letter")
        .optional(),
    protect: z.boolean().optional(),
    /** What a run may delete or make anew, empty: `KIND/NAMESPACE/NAME`, as the refusal prints it. */
    acceptLoss: z
        .array(
            z
                .string()
                .regex(
                    /^[a-z]+(\/[a-z0-9][-a-z0-9.]*){1,2}$/,
                    "allowed: KIND/NAMESPACE/NAME, as the refusal prints it",
                ),
        )
        .default([]),
    /** Platforms from elsewhere: files, from the folder of the file in which this is written, or npm packages. */
    platforms: z.array(z.string().min(1)).default([]),
};

export type ClusterConfig = z.infer<typeof cluster>;
export type NfsConfig = z.infer<typeof nfs>;
export type SharedEdgeConfig = z.infer<typeof sharedEdge>;

/** An instance as its platform's schema returns it: the common keys and the platform's own. */
export type AnyInstance = InstanceConfig & Record<string, unknown> & { readonly name: string };

/** A whole stack, checked. */
export interface StackConfig {
    readonly project: string;
    readonly stack: string;
    readonly cluster: ClusterConfig;
    readonly images: ImagesConfig;
    readonly sharedEdge: SharedEdgeConfig;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly namePrefix: string;
    /** Whether namespaces, claims and generated secrets are protected from deletion. */
    readonly protect: boolean;
    /** Data that a run may lose, by name. */
    readonly acceptLoss: readonly string[];
    /** Platforms from elsewhere. */
    readonly platforms: readonly string[];
    readonly instances: readonly AnyInstance[];
    /** What is allowed but probably not meant. */
    readonly warnings: readonly string[];
}

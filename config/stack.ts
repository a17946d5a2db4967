import { z } from "zod";
import type { AddedList } from "./addedLists";
import { defaultEdge, ownEdge, type OwnEdgeConfig } from "./edge";
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
import { apiServer, dns, proxy } from "./network";
import { ownNamespace } from "./own";
import { certificates } from "./serverTls";
import type { InstanceFacts } from "./facts";
import { type SecretsFrom, secretsFrom } from "./secretsFrom";
import { type PlacementConfig, placementFields } from "./placement";

/** Characters allowed in a directory name: others may have a special meaning to a shell or to the driver. */
const subDirPart = "([A-Za-z0-9._-]|\\$\\{(pvc\\.metadata\\.namespace|pvc\\.metadata\\.name|pv\\.metadata\\.name)\\})+";

/** An NFS server on which csi-driver-nfs provisions directories: https://github.com/kubernetes-csi/csi-driver-nfs. */
export const nfs = z.strictObject({
    server,
    /** Path that the server exports; each volume has a directory below it. */
    share: directory,
    /**
     * Directory of each volume below the share; the driver fills in `${pvc.metadata.namespace}`, `${pvc.metadata.name}`
     * and `${pv.metadata.name}`. @default the volume's own name, `pvc-…`, which never contains files of a previous
     * volume
     */
    subDir: z
        .string()
        .max(1024, "is longer than 1024 characters")
        .regex(
            new RegExp(`^(?!(.*/)?\\.\\.?(/|$))${subDirPart}(/${subDirPart})*$`),
            "allowed: a relative path of letters, digits, '-', '_', '.' and the three variables, without . and .. alone",
        )
        .optional(),
    /** Mode of each directory, in octal; "0" keeps the server's default. @default "0" */
    mountPermissions: z
        .string()
        .regex(/^0?[0-7]{1,4}$/, 'allowed: an octal mode in quotes, such as "0770"')
        .default("0"),
    /**
     * What happens to the directory when its PersistentVolume is deleted with reclaim policy Delete. @default delete
     */
    onDelete: z.enum(["delete", "retain", "archive"]).default("delete"),
    /**
     * What happens to a volume when its claim is deleted. @default Retain, so that deleting an object does not delete
     * data
     */
    reclaimPolicy: z.enum(["Retain", "Delete"]).default("Retain"),
    /** @default nfsvers=4.1 and hard, which waits for an unreachable server instead of failing a database's write */
    mountOptions: z
        .array(
            z.string().regex(/^[^\s,\p{Cc}]{1,255}$/u, "allowed: one option without spaces and commas, such as hard"),
        )
        .default(["nfsvers=4.1", "hard"]),
});

/** The cluster that a stack is deployed to, and its features. */
export const cluster = z.strictObject({
    /** Context of the kubeconfig. Optional only for `dev`, which then accepts any local cluster. */
    context: z.string().min(1).optional(),
    /** Path of a kubeconfig file, or the environment variable that contains its path or contents. */
    kubeconfig: z
        .union([
            z.string().min(1),
            z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "allowed: the name of a variable") }),
        ])
        .optional(),
    /** @default the cluster's default class */
    storageClass: storageClass.optional(),
    /** A class that provides ReadWriteMany volumes. */
    sharedStorageClass: storageClass.optional(),
    /** Creates a class for directories of this server, which is then the default for both classes above. */
    nfs: nfs.optional(),
    /** `full`: both directions; `ingress`: incoming only; `off`: no policies. */
    networkPolicy: z.enum(["full", "ingress", "off"]).default("full"),
    /**
     * The cluster's own ranges: of its pods, Services and nodes. Egress to any address or to a larger range excludes
     * them. @default none, nothing is guessed
     */
    ranges: z
        .array(cidr.refine((range) => !range.endsWith("/0"), "allowed: ranges of the cluster, not all addresses"))
        .default([]),
    /**
     * States CPU limits, which some quotas demand: `true`, or how many times a container's request. They are for
     * containers without a `cpuLimit` of their own. @default false: a limit throttles, which makes probes fail
     */
    cpuLimits: z
        .union([
            z.boolean(),
            z
                .number()
                .min(1, "allowed: true, false, or a factor from 1 to 100")
                .max(100, "allowed: true, false, or a factor from 1 to 100"),
        ])
        .default(false),
    /** Whether it is OpenShift, which chooses users and groups of pods itself. @default false */
    openshift: z.boolean().default(false),
    /**
     * Ranges of the cluster's Services, for network plugins that look at the address of a Service before it becomes
     * that of a pod: each path to a component is then open to them, too, on its ports. @default none
     */
    serviceRanges: z.array(cidr).default([]),
    /** IPv4, IPv6 or both for all Services. @default the API server's, which is SingleStack */
    ipFamilyPolicy: z.enum(["SingleStack", "PreferDualStack", "RequireDualStack"]).optional(),
    /** Where pods ask for names. @default pods of all namespaces, and NodeLocal DNSCache */
    dns: dns.optional(),
    /** A proxy through which pods reach servers outside. @default none */
    proxy: proxy.optional(),
    /** For the NetworkPolicies of pods that operators make. @default any address, at ports 443 and 6443 */
    apiServer,
    /** Whether Services of type LoadBalancer get an address. If not, `launch` does not wait for one. */
    loadBalancer: z.boolean().default(true),
    /** Whether metrics-server is installed. Without it, autoscalers stay at their minimum, with a warning. */
    metrics: z.boolean().default(true),
    /** DNS domain of the cluster. */
    domain: domain.default("cluster.local"),
    /** Namespace of the Prometheus that scrapes metrics. @default none, no access is allowed */
    monitoringNamespace: dnsLabel.optional(),
    /**
     * Whether to create a PodMonitor for each component with metrics, with the labels that the Prometheus operator
     * selects. Its CustomResourceDefinitions must be installed. @default false
     */
    podMonitors: z.union([z.boolean(), z.strictObject({ labels })]).default(false),
});

/** The balancer of instances with `edge.type: shared`, customised with the same keys as an instance. */
export const sharedEdge = z.strictObject({
    edge: ownEdge.default(defaultEdge),
    /** For sites of instances that do not configure TLS themselves (`tls.mode: off`). */
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
    ...placementFields,
    components: instanceFields.components,
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
    /** Certificates in PEM of your own authorities, which the pods of all instances trust. @default none */
    caBundle: certificates.optional(),
    labels: labels.default({}),
    annotations: annotations.default({}),
    ...placementFields,
    namePrefix: z
        .string()
        .max(20)
        .regex(/^[a-z]([-a-z0-9]*)?$/, "allowed: lower-case letters, digits and '-', starting with a letter")
        .optional(),
    protect: z.boolean().optional(),
    /** Objects that a run may delete or recreate empty: `KIND/NAMESPACE/NAME`, as printed by the refusal. */
    acceptLoss: z
        .array(
            z
                .string()
                .regex(
                    /^[a-z]+(\/[a-z0-9][-a-z0-9.]*){1,2}$/,
                    "allowed: KIND/NAMESPACE/NAME, as printed by the refusal",
                ),
        )
        .default([]),
    /** Secret keys whose values are in Secrets that others create, by instance and key. */
    secretsFrom,
    /** Platforms from elsewhere: files, from the folder of the file in which this is written, or npm packages. */
    platforms: z.array(z.string().min(1)).default([]),
};

export type ClusterConfig = z.infer<typeof cluster>;
export type NfsConfig = z.infer<typeof nfs>;
export type SharedEdgeConfig = z.infer<typeof sharedEdge>;

/** An instance as its platform's schema returns it: the common keys and the platform's own. */
export type AnyInstance = InstanceConfig & Record<string, unknown> & { readonly name: string };

/** Settings of an instance's balancer: its own, or the stack's shared one. */
export const edgeIn = ({ edge }: Pick<InstanceConfig, "edge">, shared: SharedEdgeConfig): OwnEdgeConfig =>
    edge.type === "shared" ? shared.edge : edge;

/** Path of each entry of the lists to which layers add. */
export type ListPlaces = Readonly<Record<AddedList, readonly string[]>>;

/** A complete, valid stack. */
export interface StackConfig {
    readonly project: string;
    readonly stack: string;
    readonly cluster: ClusterConfig;
    readonly images: ImagesConfig;
    readonly sharedEdge: SharedEdgeConfig;
    readonly caBundle: string | undefined;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    /** Where all pods run. */
    readonly placement: PlacementConfig;
    readonly namePrefix: string;
    /** Whether namespaces, claims and generated secrets are protected from deletion. */
    readonly protect: boolean;
    /** Names of objects with data that a run may lose. */
    readonly acceptLoss: readonly string[];
    /** Where values of secret keys come from that others create, by instance and key. */
    readonly secretsFrom: SecretsFrom;
    /** Platforms from elsewhere. */
    readonly platforms: readonly string[];
    readonly instances: readonly AnyInstance[];
    /** What the files of instances say, by their names. */
    readonly facts: Readonly<Record<string, InstanceFacts>>;
    /** By names of instances. */
    readonly places: Readonly<Record<string, ListPlaces>>;
    /** Warnings about settings that are allowed but probably unintended. */
    readonly warnings: readonly string[];
}

/** What the checks read of a cluster's objects. */

interface Metadata {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
}

interface Condition {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
}

export interface NodeObject {
    readonly metadata: Metadata;
    readonly spec: {
        readonly providerID?: string;
        readonly unschedulable?: boolean;
        readonly taints?: readonly { readonly key: string; readonly effect: string }[];
    };
    readonly status: {
        readonly allocatable: Readonly<Record<string, string>>;
        readonly conditions?: readonly Condition[];
        readonly nodeInfo: { readonly architecture: string; readonly kubeletVersion: string };
    };
}

export interface PodObject {
    readonly metadata: Metadata;
    readonly spec: { readonly nodeName?: string; readonly containers: readonly object[] };
}

export interface StorageClassObject {
    readonly metadata: Metadata;
    readonly provisioner: string;
    readonly allowVolumeExpansion?: boolean;
}

export interface ServiceObject {
    readonly metadata: Metadata;
    readonly spec: { readonly type?: string };
    readonly status: { readonly loadBalancer?: { readonly ingress?: readonly object[] } };
}

export interface DaemonSetObject {
    readonly metadata: Metadata;
    readonly spec: {
        readonly template: {
            readonly spec: {
                readonly containers: readonly { readonly image: string; readonly args?: readonly string[] }[];
            };
        };
    };
}

export interface ApiServiceObject {
    readonly metadata: Metadata;
    readonly status?: { readonly conditions?: readonly Condition[] };
}

/** One line of `kubectl api-resources`. */
export interface ApiResource {
    /** Plural, as authorization knows it: `deployments`. */
    readonly name: string;
    /** `apps/v1` */
    readonly apiVersion: string;
    readonly kind: string;
}

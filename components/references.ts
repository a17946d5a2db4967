import { isPooler } from "./kinds";

/** Names of objects that a pod references. */
export interface References {
    readonly secrets: ReadonlySet<string>;
    readonly configMaps: ReadonlySet<string>;
    readonly claims: ReadonlySet<string>;
}

/** A pod template: what a pod is created from. */
export interface PodTemplate {
    readonly metadata?: {
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec?: object;
}

interface StartsPods {
    readonly apiVersion?: string;
    readonly kind: string;
    readonly [field: string]: unknown;
}

/** The pod template inside an object that starts pods; none where an operator completes it, as that of a Pooler. */
export function templateOf({ apiVersion = "", kind, spec }: StartsPods): PodTemplate | undefined {
    if (isPooler({ apiVersion, kind })) return undefined;
    const body = spec as { template?: PodTemplate; jobTemplate?: { spec?: { template?: PodTemplate } } } | undefined;
    return kind === "CronJob" ? body?.jobTemplate?.spec?.template : body?.template;
}

/** The pod spec inside an object that starts pods. */
export const podOf = (object: StartsPods): object | undefined => templateOf(object)?.spec;

type Plain = Readonly<Record<string, unknown>>;

/** All Secrets, ConfigMaps and claims that a pod spec references in its environment and volumes. */
export function referencesOf(pod: object): References {
    const secrets = new Set<string>();
    const configMaps = new Set<string>();
    const claims = new Set<string>();
    const add = (to: Set<string>, name: unknown) => {
        if (typeof name === "string") to.add(name);
    };
    const { volumes, initContainers, containers } = pod as Record<string, Plain[] | undefined>;
    for (const source of (volumes ?? []).flatMap((volume) => [
        volume,
        ...((volume["projected"] as { sources?: Plain[] })?.sources ?? []),
    ])) {
        add(secrets, (source["secret"] as Plain)?.["secretName"] ?? (source["secret"] as Plain)?.["name"]);
        add(configMaps, (source["configMap"] as Plain)?.["name"]);
        add(claims, (source["persistentVolumeClaim"] as Plain)?.["claimName"]);
    }
    for (const container of [...(initContainers ?? []), ...(containers ?? [])]) {
        const env = (container["env"] as Plain[] | undefined) ?? [];
        const from = (container["envFrom"] as Plain[] | undefined) ?? [];
        for (const { valueFrom } of env as { valueFrom?: Plain }[]) {
            add(secrets, (valueFrom?.["secretKeyRef"] as Plain)?.["name"]);
            add(configMaps, (valueFrom?.["configMapKeyRef"] as Plain)?.["name"]);
        }
        for (const source of from) {
            add(secrets, (source["secretRef"] as Plain)?.["name"]);
            add(configMaps, (source["configMapRef"] as Plain)?.["name"]);
        }
    }
    return { secrets, configMaps, claims };
}

export const secretsOf = (pod: object): ReadonlySet<string> => referencesOf(pod).secrets;

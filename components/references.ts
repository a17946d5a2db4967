/** Names of objects that a pod references. */
export interface References {
    readonly secrets: ReadonlySet<string>;
    readonly configMaps: ReadonlySet<string>;
    readonly claims: ReadonlySet<string>;
}

/** The pod spec inside an object that starts pods. */
export function podOf({
    kind,
    spec,
}: {
    readonly kind: string;
    readonly [field: string]: unknown;
}): object | undefined {
    const body = spec as
        { template?: { spec?: object }; jobTemplate?: { spec?: { template?: { spec?: object } } } } | undefined;
    return kind === "CronJob" ? body?.jobTemplate?.spec?.template?.spec : body?.template?.spec;
}

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

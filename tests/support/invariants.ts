import { referencesOf } from "../../components/references";
import { parseQuantity } from "../../config/quantity";
import type { Sent } from "./declare";

/** Rules for every set of objects that the program creates, for any configuration. */

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pods of every kind of workload
type Pod = any;

/** The pod templates, each with the workload that has it. */
export function podsOf(
    objects: readonly Sent[],
): { owner: Sent; template: { metadata?: { labels?: Record<string, string> }; spec: Pod } }[] {
    return objects.flatMap((owner) => {
        // Its operator completes the template.
        if (owner.kind === "Pooler") return [];
        if (owner.kind === "CronJob") return [{ owner, template: owner["spec"].jobTemplate.spec.template }];
        return owner["spec"]?.template?.spec?.containers ? [{ owner, template: owner["spec"].template }] : [];
    });
}

const namesOfOperator = (cluster: string, component: string) => ({
    "cnpg.io/cluster": cluster,
    "app.kubernetes.io/name": "postgresql",
    "app.kubernetes.io/instance": cluster,
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/managed-by": "cloudnative-pg",
});

/** Of the pods of mariadb-operator: as its `pkg/builder/labels` sets them. */
const namesOfMariadb = (name: string, app: string) => ({
    "app.kubernetes.io/name": app,
    "app.kubernetes.io/instance": name,
});

/**
 * Labels of the pods that operators make from objects. CloudNativePG, as its `pkg/specs` (`pods.go`, `jobs.go`,
 * `pgbouncer/deployments.go`) sets them: those of the object count on members, and its own on poolers. mariadb-operator
 * (`pkg/builder`): its own count on members and on the exporter, those of the object on Jobs.
 */
export function operatedPods(objects: readonly Sent[]): { owner: Sent; labels: Record<string, string> }[] {
    return objects.flatMap((owner) => {
        const { name } = owner.metadata;
        if (owner.kind === "Cluster")
            return [
                {
                    owner,
                    labels: {
                        "cnpg.io/podRole": "instance",
                        ...namesOfOperator(name, "database"),
                        ...owner["spec"].inheritedMetadata.labels,
                    },
                },
                // That fill a volume: they inherit nothing.
                { owner, labels: { "cnpg.io/jobRole": "join", ...namesOfOperator(name, "database") } },
            ];
        if (owner.kind === "MariaDB") {
            const { inheritMetadata, podMetadata, metrics } = owner["spec"];
            const inherited = { ...inheritMetadata.labels, ...podMetadata.labels };
            const exporter = {
                ...inheritMetadata.labels,
                ...metrics?.exporter.podMetadata.labels,
                ...namesOfMariadb(`${name}-metrics`, "exporter"),
            };
            return [
                {
                    owner,
                    labels: {
                        ...inherited,
                        ...namesOfMariadb(name, "mariadb"),
                        "statefulset.kubernetes.io/pod-name": `${name}-0`,
                    },
                },
                { owner, labels: inherited },
                ...(metrics ? [{ owner, labels: exporter }] : []),
            ];
        }
        if (owner.kind === "Pooler")
            return [
                {
                    owner,
                    labels: {
                        ...owner["spec"].template.metadata.labels,
                        "cnpg.io/poolerName": name,
                        "cnpg.io/podRole": "pooler",
                        ...namesOfOperator(owner["spec"].cluster.name, "pooler"),
                    },
                },
            ];
        return [];
    });
}

const id = ({ kind, metadata }: Sent) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
const matches = (selector: Record<string, string>, labels: Record<string, string> = {}) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value);

/** Whether a Service sends requests to such pods. */
const isServed = ({ metadata }: Pod, services: readonly Sent[]): boolean =>
    services.some(({ spec }) => spec.selector !== undefined && matches(spec.selector, metadata?.labels));

/** Minimum size in bytes of a container's logs that kubelets keep: five files of 10 MiB. */
const logs = 50 * 2 ** 20;

const diskLimit = ({ resources }: Pod): number => parseQuantity(resources?.limits?.["ephemeral-storage"] ?? "0");

/** Bytes that some of a pod's directories on the node's disk may hold. */
const fullSize = ({ volumes = [] }: Pod, which: (volume: Pod) => boolean): number =>
    volumes
        .filter((volume: Pod) => volume.emptyDir && volume.emptyDir.medium !== "Memory" && which(volume))
        .reduce((sum: number, { emptyDir }: Pod) => sum + parseQuantity(emptyDir.sizeLimit ?? "0"), 0);

export interface Expectations {
    /** Names of Secrets, Services and other objects that the fixture's user has made. */
    readonly existing?: readonly string[];
}

/** Every broken rule, as a sentence. */
export function brokenRules(objects: readonly Sent[], { existing = [] }: Expectations = {}): string[] {
    const broken: string[] = [];
    const rule = (holds: boolean, sentence: string) => {
        if (!holds) broken.push(sentence);
    };
    const seen = new Set<string>();
    const inNamespace = (namespace: string | undefined, kind: string) =>
        objects.filter((object) => object.kind === kind && object.metadata.namespace === namespace);
    const pods = podsOf(objects);
    const operated = operatedPods(objects);

    for (const object of objects) {
        const { name } = object.metadata;
        rule(!seen.has(id(object)), `${id(object)} exists twice`);
        seen.add(id(object));
        // Only cluster-wide objects have a dot: between their own name and that of their namespace.
        const label = object.kind === "PersistentVolume" ? name.replace(".", "-") : name;
        rule(
            name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label),
            `${id(object)}: the name is no DNS label`,
        );
        for (const [key, value] of Object.entries(object.metadata.labels ?? {}))
            rule(
                /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(value),
                `${id(object)}: label ${key}=${value} is not allowed`,
            );
        rule(
            object.metadata.labels?.["app.kubernetes.io/managed-by"] === "plinth",
            `${id(object)} does not say who manages it`,
        );
        const selector =
            object["spec"]?.selector?.matchLabels ??
            (object.kind === "Service" ? object["spec"].selector : undefined) ??
            object["spec"]?.podSelector?.matchLabels;
        // cert-manager creates these pods, in the namespace of the Ingress.
        const foreign = selector && "acme.cert-manager.io/http01-solver" in selector;
        if (selector && !foreign && pods.length > 0)
            rule(
                pods.some(
                    ({ owner, template }) =>
                        owner.metadata.namespace === object.metadata.namespace &&
                        matches(selector, template.metadata?.labels),
                ) ||
                    operated.some(
                        ({ owner, labels }) =>
                            owner.metadata.namespace === object.metadata.namespace && matches(selector, labels),
                    ) ||
                    inNamespace(object.metadata.namespace, "Deployment").length +
                        inNamespace(object.metadata.namespace, "StatefulSet").length ===
                        0,
                `${id(object)} selects no pod`,
            );
    }

    for (const { owner, template } of pods) {
        const where = id(owner);
        const { namespace } = owner.metadata;
        const { secrets, configMaps, claims } = referencesOf(template.spec);
        const resolve = (kind: string, names: ReadonlySet<string>) => {
            for (const name of names)
                rule(
                    existing.includes(name) ||
                        inNamespace(namespace, kind).some((object) => object.metadata.name === name),
                    `${where} refers to ${kind} ${name}, which does not exist`,
                );
        };
        resolve("Secret", secrets);
        resolve("Secret", new Set((template.spec.imagePullSecrets ?? []).map(({ name }: Pod) => name)));
        resolve("ConfigMap", configMaps);
        resolve("PersistentVolumeClaim", claims);
        const declared = new Set((template.spec.volumes ?? []).map((volume: Pod) => volume.name));
        const all = [...(template.spec.initContainers ?? []), ...template.spec.containers];
        const ports = all.flatMap((container: Pod) => (container.ports ?? []).map((port: Pod) => port.containerPort));
        rule(new Set(ports).size === ports.length, `${where}: two containers listen on one port`);
        for (const container of all) {
            const which = `${where}, container ${container.name}`;
            for (const mount of container.volumeMounts ?? []) {
                rule(declared.has(mount.name), `${which} mounts ${mount.name}, which is no volume`);
                const volume = template.spec.volumes.find((candidate: Pod) => candidate.name === mount.name);
                const file = mount.subPath as string | undefined;
                const source = volume?.configMap
                    ? inNamespace(namespace, "ConfigMap").find((map) => map.metadata.name === volume.configMap.name)
                    : undefined;
                if (source && file)
                    rule(
                        file in (source["data"] ?? {}),
                        `${which} mounts ${file}, which is not in ConfigMap ${source.metadata.name}`,
                    );
                const secret = volume?.secret
                    ? inNamespace(namespace, "Secret").find((one) => one.metadata.name === volume.secret.secretName)
                    : undefined;
                if (secret && file)
                    rule(
                        file in (secret["stringData"] ?? {}),
                        `${which} mounts ${file}, which is not in Secret ${secret.metadata.name}`,
                    );
            }
            const paths = (container.volumeMounts ?? []).map((mount: Pod) => mount.mountPath);
            rule(new Set(paths).size === paths.length, `${which} mounts two things at one path`);
            const names = (container.env ?? []).map(({ name }: Pod) => name);
            for (const { name, value = "" } of container.env ?? [])
                for (const [, other] of value.matchAll(/(?<!\$)\$\$\(([^()]+)\)/g))
                    rule(
                        !names.includes(other),
                        `${which}: ${name} holds $(${other}) as it is written, and not the value of ${other}; ` +
                            "to put that in, write a Secret of your own (`instance.valueOf`), or " +
                            '{ composed: expansion`…${variable("' +
                            `${other}")}…\` }`,
                    );
            for (const variable of container.env ?? []) {
                const ref = variable.valueFrom?.secretKeyRef;
                const secret = ref && inNamespace(namespace, "Secret").find((one) => one.metadata.name === ref.name);
                if (secret)
                    rule(
                        ref.key in (secret["stringData"] ?? {}),
                        `${which}: ${variable.name} wants key ${ref.key}, which Secret ${ref.name} does not have`,
                    );
            }
            for (const resource of ["cpu", "memory", "ephemeral-storage"]) {
                const request = container.resources?.requests?.[resource];
                const limit = container.resources?.limits?.[resource];
                rule(request !== undefined, `${which} requests no ${resource}`);
                if (request && limit)
                    rule(
                        parseQuantity(request) <= parseQuantity(limit),
                        `${which} requests more ${resource} than its limit`,
                    );
            }
            for (const resource of ["memory", "ephemeral-storage"])
                rule(container.resources?.limits?.[resource] !== undefined, `${which} has no limit of ${resource}`);
            const mounted = new Set((container.volumeMounts ?? []).map(({ name }: Pod) => name));
            rule(
                diskLimit(container) >= fullSize(template.spec, ({ name }) => mounted.has(name)) + logs,
                `${which}: its directories and logs may grow beyond its limit of ephemeral-storage`,
            );
            const security = container.securityContext ?? {};
            rule(security.allowPrivilegeEscalation === false, `${which} may gain privileges`);
            rule(security.capabilities?.drop?.includes("ALL") === true, `${which} keeps capabilities`);
            rule(
                (security.capabilities?.add ?? []).every((capability: string) => capability === "NET_BIND_SERVICE"),
                `${which} adds capabilities beyond the restricted level`,
            );
            rule(security.readOnlyRootFilesystem === true, `${which} can write its root`);
            rule(!/:latest$/.test(container.image), `${which} runs a floating image`);
            rule(
                /[:@]/.test(container.image.slice(container.image.lastIndexOf("/"))),
                `${which} runs an image without version`,
            );
        }
        for (const { name, emptyDir } of template.spec.volumes ?? [])
            if (emptyDir) rule(emptyDir.sizeLimit !== undefined, `${where}: the directory ${name} has no size`);
        const total = (containers: Pod[]) => containers.reduce((sum, one) => sum + diskLimit(one), 0);
        const ofPod = Math.max(total(template.spec.containers), ...(template.spec.initContainers ?? []).map(diskLimit));
        rule(
            ofPod >= fullSize(template.spec, () => true) + logs * template.spec.containers.length,
            `${where}: all directories and logs together may grow beyond the pod's limit of ephemeral-storage`,
        );
        const { securityContext } = template.spec;
        rule(securityContext?.runAsNonRoot === true && securityContext.runAsUser > 0, `${where} may run as root`);
        rule(securityContext?.seccompProfile?.type === "RuntimeDefault", `${where} has no seccomp profile`);
        rule(template.spec.automountServiceAccountToken === false, `${where} gets a service-account token`);
        rule(template.spec.enableServiceLinks === false, `${where} gets Service variables`);
        rule(
            (template.spec.volumes ?? []).every((volume: Pod) => !volume.hostPath),
            `${where} mounts a path of its node`,
        );
        if (owner.kind === "Deployment" || owner.kind === "StatefulSet") {
            rule(
                matches(owner["spec"].selector.matchLabels, template.metadata?.labels),
                `${where} does not select its own pods`,
            );
            rule(
                template.spec.containers[0].readinessProbe !== undefined ||
                    !isServed(template, inNamespace(owner.metadata.namespace, "Service")),
                `${where}: the main container has no readiness probe`,
            );
        }
        if (owner["spec"].strategy?.type === "RollingUpdate" && owner["spec"].replicas !== 1)
            rule(
                !(template.spec.volumes ?? []).some((volume: Pod) => {
                    const claim = volume.persistentVolumeClaim?.claimName;
                    return (
                        claim &&
                        !template.metadata?.labels?.["plinth.dev/shared-files"] &&
                        inNamespace(namespace, "PersistentVolumeClaim").some(
                            (one) => one.metadata.name === claim && one["spec"].accessModes[0] === "ReadWriteOnce",
                        )
                    );
                }),
                `${where}: several pods on a volume that one node mounts`,
            );
    }

    for (const service of objects.filter(({ kind }) => kind === "Service")) {
        const targets = pods.filter(
            ({ owner, template }) =>
                owner.metadata.namespace === service.metadata.namespace &&
                owner.kind !== "Job" &&
                owner.kind !== "CronJob" &&
                matches(service["spec"].selector, template.metadata?.labels),
        );
        for (const { template, owner } of targets) {
            const names = template.spec.containers.flatMap((container: Pod) =>
                (container.ports ?? []).flatMap((port: Pod) => [port.name, port.containerPort]),
            );
            for (const port of service["spec"].ports ?? [])
                rule(names.includes(port.targetPort), `${id(service)}: ${id(owner)} has no port ${port.targetPort}`);
        }
    }
    for (const monitor of objects.filter(({ kind }) => kind === "PodMonitor")) {
        const { selector, podMetricsEndpoints } = monitor["spec"];
        const watched = pods.filter(
            ({ owner, template }) =>
                owner.metadata.namespace === monitor.metadata.namespace &&
                matches(selector.matchLabels, template.metadata?.labels),
        );
        // Ports of operators' pods are not in any object.
        const others = operated.filter(
            ({ owner, labels }) =>
                owner.metadata.namespace === monitor.metadata.namespace && matches(selector.matchLabels, labels),
        );
        rule(watched.length + others.length > 0, `${id(monitor)} watches no pod`);
        for (const { template, owner } of watched)
            for (const { port } of podMetricsEndpoints)
                rule(
                    template.spec.containers.some((container: Pod) =>
                        container.ports?.some(({ name }: Pod) => name === port),
                    ),
                    `${id(monitor)}: ${id(owner)} has no port ${port}`,
                );
    }
    for (const scaler of objects.filter(({ kind }) => kind === "HorizontalPodAutoscaler")) {
        const target = inNamespace(scaler.metadata.namespace, "Deployment").find(
            (one) => one.metadata.name === scaler["spec"].scaleTargetRef.name,
        );
        rule(target !== undefined, `${id(scaler)} scales nothing`);
        rule(target?.["spec"].replicas === undefined, `${id(scaler)}: its target states replicas`);
    }
    for (const ingress of objects.filter(({ kind }) => kind === "Ingress"))
        for (const { http } of ingress["spec"].rules)
            for (const { backend } of http.paths) {
                const service = inNamespace(ingress.metadata.namespace, "Service").find(
                    (one) => one.metadata.name === backend.service.name,
                );
                rule(
                    service?.["spec"].ports.some(
                        (port: Pod) =>
                            port.name === backend.service.port.name || port.port === backend.service.port.number,
                    ) === true,
                    `${id(ingress)} leads to no port of a Service`,
                );
            }
    for (const route of objects.filter(({ kind }) => kind === "HTTPRoute")) {
        const { hostnames, rules } = route["spec"];
        rule(hostnames.length > 0 && hostnames.length <= 16, `${id(route)} has no host, or more than the API allows`);
        for (const backend of rules.flatMap(({ backendRefs }: Pod) => backendRefs)) {
            const service = inNamespace(route.metadata.namespace, "Service").find(
                (one) => one.metadata.name === backend.name,
            );
            rule(
                service?.["spec"].ports.some(({ port }: Pod) => port === backend.port) === true,
                `${id(route)} leads to no port of a Service`,
            );
        }
    }
    return broken;
}

import type { Conversion } from "./conversion";
import { komposeLabel } from "./extensions";
import { exposedAt } from "./kompose";

/** Labels of Kompose that have their meaning here, of a service: https://kompose.io/user-guide/#labels */
const honoured = [
    "controller.type",
    "cronjob.backoff_limit",
    "cronjob.concurrency_policy",
    "cronjob.schedule",
    "ephemeral-storage.limit",
    "ephemeral-storage.request",
    "hpa.cpu",
    "hpa.replicas.max",
    "hpa.replicas.min",
    "image-pull-policy",
    "image-pull-secret",
    "init.containers.command",
    "init.containers.image",
    "init.containers.name",
    "security-context.fsgroup",
    "service.expose",
    "service.external-traffic-policy",
    "service.group",
    "service.healthcheck.liveness.http_get_path",
    "service.healthcheck.liveness.http_get_port",
    "service.healthcheck.liveness.tcp_port",
    "service.healthcheck.readiness.disable",
    "service.healthcheck.readiness.http_get_path",
    "service.healthcheck.readiness.http_get_port",
    "service.healthcheck.readiness.interval",
    "service.healthcheck.readiness.retries",
    "service.healthcheck.readiness.start_period",
    "service.healthcheck.readiness.tcp_port",
    "service.healthcheck.readiness.test",
    "service.healthcheck.readiness.timeout",
    "service.name_override",
    "service.nodeport.port",
    "service.type",
    "volume.size",
    "volume.storage-class-name",
    "volume.subpath",
    "volume.type",
];

/** The others, each with the reason. */
const without: Readonly<Record<string, string>> = {
    "controller.port.expose": "ports of nodes are opened with open: [{service: …, type: NodePort}]",
    "hpa.memory": "autoscalers follow the CPU",
    "service.expose.ingress-class-name": "edge.ingress of the instance names the class",
    "service.expose.tls-secret": "tls of the instance says where certificates come from",
    "serviceaccount-name": "pods have no account at the API; patches give them one",
    "volume.selector": "volumes.NAME.existing of the instance names a volume",
};

const numbers = [
    "cronjob.backoff_limit",
    "service.healthcheck.liveness.http_get_port",
    "service.healthcheck.liveness.tcp_port",
    "service.healthcheck.readiness.http_get_port",
    "service.healthcheck.readiness.retries",
    "service.healthcheck.readiness.tcp_port",
    "service.nodeport.port",
];

/** Says which labels of Kompose have no meaning here. */
export function warnOfLabels({ notes, services }: Conversion, name: string): void {
    const service = services[name]!;
    for (const label of [...Object.keys(service.labels ?? {}), ...Object.keys(service.deploy?.labels ?? {})]) {
        const [, kompose] = /^kompose\.(.+)$/.exec(label) ?? [];
        if (kompose === undefined || honoured.includes(kompose)) continue;
        const reason = Object.hasOwn(without, kompose)
            ? `has no counterpart: ${without[kompose]}`
            : "is no label of Kompose that has a meaning here; see docs/compose.md";
        notes.warn(["services", name, "labels", label], reason);
    }
    const label = (key: string) => komposeLabel(service, key);
    const path = (key: string) => ["services", name, "labels", `kompose.${key}`];
    for (const key of numbers)
        if (label(key) !== undefined && !/^\d{1,5}$/.test(label(key)!))
            notes.refuse(path(key), `"${label(key)}" is not allowed; allowed: a number`);
    const type = label("controller.type");
    if (type !== undefined && !/^(deployment|statefulset|daemonset)$/i.test(type))
        notes.warn(path("controller.type"), `"${type}" has no counterpart: it is a Deployment or a StatefulSet`);
    const volume = label("volume.type");
    if (volume !== undefined && !/^(persistentVolumeClaim|emptyDir)$/i.test(volume))
        notes.warn(
            path("volume.type"),
            `"${volume}" has no counterpart; allowed: persistentVolumeClaim, emptyDir; volumes.NAME.local of the instance names a folder of a node`,
        );
    for (const one of (label("service.expose") ?? "").split(",")) {
        const { host } = exposedAt(one);
        if (host !== undefined)
            notes.warn(
                path("service.expose"),
                `"${host}" is not served: the project is at the instance's host; routes: [{service: ${name}, host: ${host}}] says more`,
            );
    }
}

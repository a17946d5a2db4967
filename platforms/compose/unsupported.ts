import type { Path, Service } from "../../compose";
import type { Conversion } from "./conversion";
import {
    actedUpon,
    findKeys,
    jobReasons,
    podReasons,
    resourceReasons,
    serviceReasons,
    triggerReasons,
} from "./counterparts";
import { warnOfLabels } from "./komposeLabels";
import { onceOf } from "./once";

/** Says what of a service has no counterpart. */
export function warnOfService(conversion: Conversion, name: string): void {
    const { notes, services, source } = conversion;
    const service = services[name]!;
    const job = source.loaded.project.jobs?.[name];
    const path = (...keys: Path) => ["services", name, ...keys];
    for (const reasons of [
        serviceReasons,
        ...(conversion.podOf(name) === name ? [] : [podReasons]),
        ...(job ? [jobReasons, triggerReasons] : []),
    ])
        findKeys(service, reasons, (keys, reason, value) => {
            // The vendor whose cards are asked for in any case.
            if (keys.at(-1) === "driver" && value === "nvidia") return;
            notes.warn(path(...keys), `has no counterpart: ${reason}`);
        });
    if (job?.triggers?.manual === false)
        notes.warn(path("triggers", "manual"), "has no counterpart: whoever may create Jobs can start it");
    warnOfLabels(conversion, name);
    for (const [keys, labels] of [
        [["labels"], service.labels],
        [["deploy", "labels"], service.deploy?.labels],
    ] as const) {
        const acting = Object.keys(labels ?? {}).filter((label) => actedUpon.test(label));
        if (acting.length === 0) continue;
        notes.warn(
            path(...keys),
            `${acting[0]}${acting.length > 1 ? ` and ${acting.length - 1} more` : ""} would be read by another program, which is not in the cluster; x-plinth.route says what the edge sends here`,
        );
    }
    warnOfPlace(conversion, name, service);
    warnOfRestarts(conversion, name, service);
    const unset = Object.entries(service.environment ?? {}).flatMap(([name, value]) => (value === null ? [name] : []));
    if (unset.length > 0)
        notes.warn(
            path("environment"),
            `${unset.slice(0, 5).join(", ")}${unset.length > 5 ? ` and ${unset.length - 5} more` : ""} ${unset.length > 1 ? "have" : "has"} no value, and none is taken from the machine's environment; set ${unset.length > 1 ? "them" : "it"} in variables if needed`,
        );
}

/** What a container shares with others, and where it runs. */
function warnOfPlace({ notes, services }: Conversion, name: string, service: Service): void {
    const path = (...keys: Path) => ["services", name, ...keys];
    if (service.network_mode?.startsWith("container:"))
        notes.refuse(
            path("network_mode"),
            `"${service.network_mode}" is a container outside the project; allowed: service:NAME, none, bridge`,
        );
    if (/^(service|container):/.test(service.pid ?? ""))
        notes.warn(
            path("pid"),
            "has no counterpart: only containers of one pod can share processes; use network_mode: service:NAME",
        );
    if (/^(service|container|shareable)/.test(service.ipc ?? ""))
        notes.warn(
            path("ipc"),
            "has no counterpart: only containers of one pod share memory; use network_mode: service:NAME",
        );
    for (const [index, from] of (service.volumes_from ?? []).entries())
        if (from.startsWith("container:"))
            notes.refuse(
                path("volumes_from", index),
                `"${from}" is a container outside the project; allowed: a service`,
            );
    for (const [index, { host_ip = "" }] of (service.ports ?? []).entries())
        if (host_ip !== "" && !/^(0\.0\.0\.0|::|127\..*|::1|localhost)$/.test(host_ip))
            notes.warn(path("ports", index), `has no counterpart: ${host_ip} is an address of Docker's machine`);
    for (const [network, settings] of Object.entries(service.networks ?? {}))
        if (settings?.use_service_name_alias === false)
            notes.warn(
                path("networks", network, "use_service_name_alias"),
                "has no counterpart: the service's name is known in all of its networks",
            );
    if (service.runtime !== undefined && service.runtime !== "nvidia")
        notes.warn(path("runtime"), `is runtimeClassName: ${service.runtime}, which the cluster must have`);
    for (const [other, { restart }] of Object.entries(service.depends_on ?? {})) {
        const isSaid = !service.links?.some((link) => link.split(":")[0] === other) && !sharesWith(service, other);
        if (restart && isSaid)
            notes.warn(path("depends_on", other, "restart"), "has no counterpart: nothing is restarted with it");
        if (services[other] && notes.isJob(other))
            notes.warn(path("depends_on", other), "is a job, which runs when its time comes: nothing waits for it");
    }
}

const sharesWith = ({ network_mode, ipc, pid, uts, cgroup }: Service, other: string): boolean =>
    [network_mode, ipc, pid, uts, cgroup].includes(`service:${other}`);

/** Restart policies: what is not done once is always started again. */
function warnOfRestarts(conversion: Conversion, name: string, { restart, deploy }: Service): void {
    const { notes } = conversion;
    const onFailure = /^on-failure/.test(restart ?? "") || deploy?.restart_policy?.condition === "on-failure";
    const isOnce = onceOf(conversion, conversion.podOf(name)) !== undefined || notes.isJob(name);
    const path: Path = ["services", name, ...(restart === undefined ? ["deploy", "restart_policy"] : ["restart"])];
    if (onFailure && !isOnce)
        notes.warn(
            path,
            "is started again whenever it ends; if it does its work once, say so with x-plinth.once: true",
        );
    else if (deploy?.restart_policy?.max_attempts !== undefined && !isOnce)
        notes.warn([...path, "max_attempts"], "has no counterpart: a container is started again whenever it ends");
}

/** Says what of networks, volumes, configs, secrets and models has no counterpart. */
export function warnOfProject({ notes, source }: Conversion): void {
    const { project } = source.loaded;
    for (const [section, reasons] of Object.entries(resourceReasons))
        for (const [name, resource] of Object.entries(project[section as "networks"] ?? {}))
            findKeys(resource, reasons, (keys, reason, value) => {
                if (keys.at(-1) === "driver" && value === "default") return;
                // Of Kompose, about the volume.
                if (/^kompose\.volume\.(size|storage-class-name)$/.test(String(keys.at(-1)))) return;
                notes.warn(
                    [section, name, ...keys],
                    reason.startsWith("is ") ? reason : `has no counterpart: ${reason}`,
                );
            });
    for (const [name, { driver, enable_ipv4 }] of Object.entries(project.networks ?? {})) {
        if (driver !== undefined && !/^(bridge|overlay)$/.test(driver))
            notes.warn(["networks", name, "driver"], `"${driver}" has no counterpart: the cluster has one network`);
        if (enable_ipv4 === false)
            notes.warn(
                ["networks", name, "enable_ipv4"],
                "has no counterpart: the cluster's network chooses addresses",
            );
    }
}

import type * as k8s from "@pulumi/kubernetes";
import type { Service } from "../../compose";
import type { DeploymentArgs } from "../../components/deployment";
import type { Fields } from "../../components/kinds";
import type { ContainerArgs } from "../../components/podArgs";
import type { ReplicasConfig, ResourcesConfig } from "../../config/fields";
import { komposeLabel } from "./extensions";
import type { Conversion } from "./conversion";
import { serviceLabel } from "./names";
import type { Notes } from "./notes";

type PodSpec = Fields<k8s.types.input.core.v1.PodSpec>;

/** How many pods a service has. */
export function replicasOf(
    name: string,
    service: Service,
    {
        source: {
            extensions: { services },
        },
        settings,
        notes,
    }: Conversion,
): ReplicasConfig {
    const { deploy, scale } = service;
    const isLabelled = komposeLabel(service, "controller.type")?.toLowerCase() === "daemonset";
    const mode = isLabelled ? "daemonset" : deploy?.mode;
    if (/^(global|daemonset)/.test(mode ?? "") && settings.replicas[serviceLabel(name)] === undefined)
        notes.refuse(
            ["services", name, ...(isLabelled ? ["labels", "kompose.controller.type"] : ["deploy", "mode"])],
            `"${mode}" would be one pod on each node, which is no part of a platform; allowed: replicated, replicated-job, or a number of pods: replicas.${serviceLabel(name)}`,
        );
    const own = services[name]!.replicas;
    if (own !== undefined) return own;
    const label = (key: string) => {
        const text = komposeLabel(service, `hpa.${key}`);
        return text !== undefined && /^\d+%?$/.test(text) ? parseInt(text, 10) : undefined;
    };
    const max = label("replicas.max");
    if (max !== undefined && max > 1)
        return { min: Math.max(1, label("replicas.min") ?? 1), max, cpu: label("cpu") ?? 50 };
    return scale ?? deploy?.replicas ?? 1;
}

const quantity = (bytes: string | undefined): string | undefined => {
    if (bytes === undefined || Number(bytes) <= 0) return undefined;
    const count = Number(bytes);
    const [unit, size] = (
        [
            ["Gi", 2 ** 30],
            ["Mi", 2 ** 20],
            ["Ki", 2 ** 10],
        ] as const
    ).find(([, one]) => count % one === 0) ?? ["", 1];
    return `${count / size}${unit}`;
};

const cores = (cpus: number | undefined): string | undefined =>
    cpus === undefined || cpus <= 0
        ? undefined
        : cpus % 1 === 0
          ? String(cpus)
          : `${Math.max(1, Math.round(cpus * 1000))}m`;

/** Requests and limits. Sizes of Compose are powers of 1024. Docker reserves nothing that is not asked for. */
export function resourcesOf({ deploy, mem_limit, mem_reservation, cpus }: Service): ResourcesConfig {
    const { limits, reservations } = deploy?.resources ?? {};
    const memory = quantity(limits?.memory ?? mem_limit);
    const memoryRequest = quantity(reservations?.memory ?? mem_reservation);
    const cpuLimit = cores(limits?.cpus ?? cpus);
    const cpu = cores(reservations?.cpus);
    const disk = (key: string) => deploy?.labels?.[`kompose.ephemeral-storage.${key}`];
    const [ephemeralStorageRequest, ephemeralStorage] = [disk("request"), disk("limit")];
    return {
        ...(ephemeralStorage ? { ephemeralStorage } : {}),
        ...(ephemeralStorageRequest ? { ephemeralStorageRequest } : {}),
        ...(cpu ? { cpu } : {}),
        ...(cpuLimit ? { cpuLimit } : {}),
        ...(memory ? { memory } : {}),
        ...(memoryRequest ? { memoryRequest } : {}),
    };
}

/** Graphics cards, which Kubernetes counts as a resource of their vendor's plug-in. */
export function graphicsOf(name: string, { deploy, gpus = [] }: Service, notes: Notes): Pick<ContainerArgs, "devices"> {
    const isCard = ({ capabilities = [] }: (typeof gpus)[number]) =>
        capabilities.length === 0 || capabilities.some((one) => /gpu|nvidia/.test(one));
    const reserved = deploy?.resources?.reservations?.devices ?? [];
    const wanted = [...reserved, ...gpus].filter(isCard);
    for (const [index, device] of reserved.entries())
        if (!isCard(device))
            notes.warn(
                ["services", name, "deploy", "resources", "reservations", "devices", index],
                `${device.capabilities?.join(", ")} has no counterpart; allowed: graphics cards`,
            );
    if (wanted.length === 0) return {};
    const count = wanted.reduce((sum, one) => {
        if (one.count === -1)
            notes.warn(["services", name], "asks for all graphics cards of a node; it gets one: set count to a number");
        return sum + (one.device_ids?.length ?? Math.max(1, one.count ?? 1));
    }, 0);
    return { devices: { "nvidia.com/gpu": String(count) } };
}

/** `update_config`: how pods are replaced. */
export function rolloutOf({ deploy }: Service): Pick<DeploymentArgs, "rollout"> {
    const update = deploy?.update_config;
    if (!update) return {};
    // Docker replaces all at once for zero, and stops first unless it is told otherwise.
    const atOnce = update.parallelism === undefined ? 1 : update.parallelism === 0 ? "100%" : update.parallelism;
    return update.order === "start-first"
        ? { rollout: { maxSurge: atOnce, maxUnavailable: 0 } }
        : { rollout: { maxSurge: 0, maxUnavailable: atOnce } };
}

/** `placement`: on which nodes pods run. */
export function placementOf(name: string, { deploy, platform }: Service, notes: Notes): Partial<PodSpec> {
    const nodes: Record<string, string> = {};
    const excluded: { key: string; operator: string; values: string[] }[] = [];
    const path = ["services", name, "deploy", "placement"];
    const [system, architecture] = platform?.split("/") ?? [];
    if (system) nodes["kubernetes.io/os"] = system;
    if (architecture) nodes["kubernetes.io/arch"] = architecture;
    for (const [index, constraint] of (deploy?.placement?.constraints ?? []).entries()) {
        const [, key = "", operator, value = ""] = /^\s*(\S+?)\s*(==|!=)\s*(\S+)\s*$/.exec(constraint) ?? [];
        const label =
            key === "node.hostname"
                ? "kubernetes.io/hostname"
                : key === "node.platform.os"
                  ? "kubernetes.io/os"
                  : key === "node.platform.arch"
                    ? "kubernetes.io/arch"
                    : (/^(?:node|engine)\.labels\.(.+)$/.exec(key)?.[1] ?? undefined);
        if (label === undefined)
            notes.warn(
                [...path, "constraints", index],
                `"${constraint}" has no counterpart; allowed: node.labels.KEY, node.hostname, node.platform.os and node.platform.arch`,
            );
        else if (operator === "==") nodes[label] = value;
        else excluded.push({ key: label, operator: "NotIn", values: [value] });
    }
    for (const key of ["preferences", "max_replicas_per_node"] as const)
        if (deploy?.placement?.[key] !== undefined)
            notes.warn([...path, key], "is left out: several pods are spread over nodes and zones in any case");
    return {
        ...(Object.keys(nodes).length > 0 ? { nodeSelector: nodes } : {}),
        ...(excluded.length > 0
            ? {
                  affinity: {
                      nodeAffinity: {
                          requiredDuringSchedulingIgnoredDuringExecution: {
                              nodeSelectorTerms: [{ matchExpressions: excluded }],
                          },
                      },
                  },
              }
            : {}),
    };
}

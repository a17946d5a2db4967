import { podOf as podSpecOf } from "../../components/references";
import { usualReference } from "../../config/images";
import { declareProgram } from "../../platforms/program";
import { serviceLabel } from "../../platforms/compose/names";
import { podOf } from "../../platforms/compose/pods";
import { lacksForRestricted } from "../../platforms/compose/security";
import type { Source } from "../../platforms/compose/source";
import { type RenderedObject, renderGiven } from "../render/rendering";
import { standalone, type StandaloneArgs } from "./standalone";

/** What becomes of one service. */
export interface ServiceReport {
    readonly service: string;
    /** `Deployment web`, or `in the pod of gateway` */
    readonly becomes: string;
    /** Names of its Services, with their ports. */
    readonly names: readonly string[];
    /** Claims that its pods mount. */
    readonly claims: readonly string[];
    /** Its name in keys of the instance, such as `replicas`. */
    readonly component: string;
    /** Whether it has one pod, and could have several: no volume is its own, and it does not work once. */
    readonly isScalable: boolean;
    /** What keeps it from Pod Security restricted; empty if it would fit with x-plinth.hardened. */
    readonly lacks: readonly string[];
}

/** What becomes of a Compose project. */
export interface ProjectReport {
    readonly name: string;
    readonly services: readonly ServiceReport[];
    /** Claims with their size and access mode. */
    readonly volumes: readonly (readonly [claim: string, size: string, mode: string])[];
    /** Images that are built here, as pods pull them. */
    readonly built: readonly string[];
    /** Keys of the secret values that were found. */
    readonly secrets: readonly string[];
    /** Services of other profiles. */
    readonly disabled: readonly string[];
    /** What has no counterpart, or is left to decide. */
    readonly warnings: readonly string[];
    readonly objects: number;
}

const workloads = ["Deployment", "StatefulSet", "Job", "CronJob"];

/**
 * Converts a project as an instance of a stack would be, and tells what becomes of each part.
 *
 * @throws ConfigError with everything that is refused, with file, line, service and key
 */
export function checkProject(args: StandaloneArgs): ProjectReport {
    const given = standalone(args);
    const { stack } = declareProgram(given, { offline: true });
    const facts = stack.config.facts[given.instance]!;
    const source = facts.source as Source;
    const { objects, outputs } = renderGiven(given);
    const named = (name: string) =>
        objects.filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === name);
    return {
        name: given.instance,
        services: Object.entries(source.loaded.project.services).map(([service, one]) => {
            const pod = podOf(source.loaded.project.services, service);
            const host = pod === service ? undefined : pod;
            const own = named(serviceLabel(pod));
            const workload = own.find(({ kind }) => workloads.includes(kind));
            return {
                service,
                becomes: host === undefined ? kindOf(workload) : `in the pod of ${host}`,
                names: own.filter(({ kind }) => kind === "Service").map(serviceText),
                claims: workload ? claimsOf(workload) : [],
                component: serviceLabel(service),
                isScalable: host === undefined && !source.data.takeovers[service] && canScale(workload),
                lacks: lacksForRestricted(one),
            };
        }),
        volumes: objects
            .filter(({ kind }) => kind === "PersistentVolumeClaim")
            .map(({ metadata, spec }) => {
                const { resources, accessModes } = spec as {
                    resources: { requests: { storage: string } };
                    accessModes: string[];
                };
                return [metadata.name, resources.requests.storage, accessModes[0]!] as const;
            }),
        built: Object.values(source.images).flatMap((image) =>
            image.built ? [usualReference(image, stack.config.images)] : [],
        ),
        secrets: Object.keys(facts.values ?? {}).filter((key) => {
            const rule = facts.secrets?.[key];
            return typeof rule !== "object" || rule.fixed === undefined;
        }),
        disabled: Object.keys(source.loaded.disabledServices),
        // The stack's own matters are not the project's.
        warnings: outputs.warnings
            .filter((warning) => !warning.includes("tls.mode off"))
            .map((warning) => warning.replace(`${given.instance}: `, "")),
        objects: objects.length,
    };
}

function canScale(workload: RenderedObject | undefined): boolean {
    if (workload?.kind !== "Deployment") return false;
    const { replicas, strategy } = workload["spec"] as { replicas?: number; strategy?: { type?: string } };
    return replicas === 1 && strategy?.type !== "Recreate";
}

const kindOf = (workload: RenderedObject | undefined): string =>
    workload ? `${workload.kind} ${workload.metadata.name}` : "nothing";

function serviceText({ metadata, spec }: RenderedObject): string {
    const { ports = [], clusterIP } = spec as {
        ports?: { port: number; protocol?: string }[];
        clusterIP?: string;
    };
    const all = ports.map(({ port, protocol }) => `${port}${protocol === "UDP" ? "/udp" : ""}`).join(",");
    return `${metadata.name}${clusterIP === "None" ? " (any port)" : `:${all}`}`;
}

const claimsOf = (workload: RenderedObject): string[] =>
    ((podSpecOf(workload) as { volumes?: { persistentVolumeClaim?: { claimName: string } }[] }).volumes ?? []).flatMap(
        ({ persistentVolumeClaim }) => (persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []),
    );

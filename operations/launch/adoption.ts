import type { DeploymentSpec } from "kubernetes-types/apps/v1";
import type { CronJobSpec, JobStatus } from "kubernetes-types/batch/v1";
import type { PodStatus } from "kubernetes-types/core/v1";
import type { IngressSpec } from "kubernetes-types/networking/v1";
import pc from "picocolors";
import { precious } from "../../components/kinds";
import { plinthLabels } from "../../components/labels";
import { consentName } from "../../components/names";
import { podOf } from "../../components/references";
import { namespaceOf } from "../../config/unique";
import { suggest } from "../../config/problems";
import { UserError } from "../system/errors";
import type { Kubectl } from "../cluster/kubectl";
import type { List, Live } from "../cluster/live";
import { existingIn } from "../cluster/ownership";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";
import { checkVolumes, existingOf, reassignArgs, namesExisting, volumeFacts } from "./volumeChecks";

/** What a run adopts, and what must be done first. */
export interface Adoption {
    /** Descriptions of what is adopted, one line each. */
    readonly adopted: readonly string[];
    /** Whether that includes foreign objects: the run must then be allowed to change existing objects. */
    readonly changesExisting: boolean;
    /** kubectl arguments that assign volumes of deleted claims to the new ones. */
    readonly patches: readonly (readonly string[])[];
}

const noAdoption: Adoption = { adopted: [], changesExisting: false, patches: [] };

/**
 * Checks the volumes of a stack before a run, and determines what the run adopts.
 *
 * @param live existing objects before the run; undefined if kubectl is missing
 * @param consent names of what may be adopted: namespaces, PersistentVolumes, and `secret/NAMESPACE/NAME`
 * @throws UserError that lists every obstacle; nothing is changed
 */
export async function examine(
    session: Session,
    live: readonly RenderedObject[] | undefined,
    consent: readonly string[],
): Promise<Adoption> {
    const rendering = await session.rendering();
    // Without kubectl, conflicts are left to the server, which refuses them with its own messages.
    if (!live) {
        if (namesExisting(rendering))
            console.error(pc.yellow("Whether the existing volumes fit was not checked: kubectl is missing."));
        return noAdoption;
    }
    const kubectl = await session.kubectl();
    const facts = await volumeFacts(kubectl, rendering, existingIn(live, rendering), consent.length > 0);
    if (facts.unseen.length > 0)
        console.error(
            pc.yellow(
                `Whether the volumes fit was not fully checked: this account may not list ${facts.unseen.join(" and ")}.`,
            ),
        );
    const namespaces = instanceNamespaces(rendering);
    const chosen = namespaces.filter((namespace) => consent.includes(namespace));
    const adopted = facts.foreign.filter((object) => isAdoptable(rendering, object, consent));
    const { problems, stale } = checkVolumes({ ...facts, adopted });
    const touched = [...new Set([...chosen, ...adopted.flatMap(({ metadata }) => metadata.namespace ?? [])])];
    const conflicting = facts.foreign.filter((object) => !adopted.includes(object));

    const possible = [
        ...namespaces,
        ...stale.map(({ volume }) => volume),
        ...facts.foreign.filter(({ kind }) => kind === "Secret").map(consentName),
    ];
    // Names that an interrupted run has already adopted are accepted again.
    const taken = [
        ...facts.live.filter(({ kind }) => kind === "Secret").map(consentName),
        ...rendering.objects.flatMap((object) => existingOf(rendering, object) ?? []),
    ];
    const unknown = consent.filter((name) => ![...possible, ...taken].includes(name));
    const refused = [
        ...problems,
        ...unknown.map(
            (name) =>
                `--adopt ${name}: not something that this stack can adopt${suggest(name, possible)}; allowed: ${possible.join(", ")}`,
        ),
        ...stale
            .filter(({ volume }) => !consent.includes(volume))
            .map(
                ({ volume, namespace, claim }) =>
                    `the volume ${volume} belongs to a deleted claim; to assign it and its data to ${namespace}/${claim}: ./plinth launch ${rendering.stack} --adopt ${volume}`,
            ),
        ...(touched.length > 0
            ? [
                  ...(await namespaceProblems(kubectl, rendering, touched, conflicting)),
                  // Such a run would adopt every object with the name of one of the stack's.
                  ...conflicting.map((object) => conflictRemedy(rendering, object)),
              ]
            : []),
        ...missingClaims(kubectl, facts.live, chosen),
    ];
    if (refused.length > 0)
        throw new UserError(
            `Nothing was changed, because of these problems:\n${refused.map((line) => `  ${line}`).join("\n")}`,
        );
    const given = stale.map(
        ({ volume, namespace, claim }) => `persistentvolume/${volume}, for the claim ${namespace}/${claim}`,
    );
    return {
        adopted: [...adopted.map(describe), ...given],
        changesExisting: adopted.length > 0,
        patches: stale.map(reassignArgs),
    };
}

/**
 * Only objects that hold data are adopted: everything else is created under other names. Secrets are overwritten, so
 * each must be named.
 */
export const isAdoptable = (
    rendering: Pick<Rendering, "outputs">,
    object: RenderedObject,
    consent: readonly string[],
): boolean => {
    const name = adoptedBy(rendering, object);
    return name !== undefined && consent.includes(name);
};

/** The name that consents to the adoption of a foreign object, if it can be adopted. */
function adoptedBy(rendering: Pick<Rendering, "outputs">, object: RenderedObject): string | undefined {
    const { kind, metadata } = object;
    if (kind === "Secret") return consentName(object);
    const namespace = kind === "Namespace" ? metadata.name : metadata.namespace;
    const isOurs = namespace !== undefined && instanceNamespaces(rendering).includes(namespace);
    return isOurs && ["Namespace", "PersistentVolumeClaim"].includes(kind) ? namespace : undefined;
}

const instanceNamespaces = ({ outputs }: Pick<Rendering, "outputs">): string[] =>
    Object.values(outputs.instances).map(({ namespace }) => namespace);

/** What to do about a foreign object with the name of one of the stack's; one line. */
export function conflictRemedy(rendering: Pick<Rendering, "outputs">, object: RenderedObject): string {
    const { kind, metadata } = object;
    const name = adoptedBy(rendering, object);
    if (kind === "Secret")
        return `${consentName(object)} would be overwritten: save its contents, then add --adopt ${name}`;
    if (name !== undefined)
        return `${consentName(object)} does not belong to this stack: to adopt it, add --adopt ${name}`;
    if (precious.includes(kind))
        return `${consentName(object)} does not belong to this stack, and data depends on it: choose another name`;
    const where = metadata.namespace ? `--namespace ${metadata.namespace} ` : "";
    return `${consentName(object)} does not belong to this stack: kubectl ${where}delete ${kind.toLowerCase()} ${metadata.name}`;
}

function describe(object: RenderedObject): string {
    if (object.kind !== "PersistentVolumeClaim") return consentName(object);
    const { volumeName, resources } = object["spec"] as {
        volumeName?: string;
        resources: { requests: { storage: string } };
    };
    return `${consentName(object)}: ${resources.requests.storage}, ${volumeName ? `volume ${volumeName}` : "no volume yet"}`;
}

/** A workload in a namespace, or an Ingress to it, with the fields of several kinds. */
interface ForeignObject extends Live {
    readonly spec: Pick<DeploymentSpec, "replicas"> & Pick<CronJobSpec, "suspend"> & Pick<IngressSpec, "rules">;
    readonly status?: Pick<PodStatus, "phase"> & Pick<JobStatus, "active">;
}

/**
 * Objects of the previous deployment that would conflict with the new one over data, names or hosts.
 *
 * @param conflicting foreign objects that must be deleted, because they have the names of the stack's
 */
async function namespaceProblems(
    kubectl: Kubectl,
    { project, stack, outputs }: Rendering,
    namespaces: readonly string[],
    conflicting: readonly RenderedObject[],
): Promise<string[]> {
    const label = `${project}.${stack}`;
    const foreign = async (kinds: string, ...where: string[]) =>
        (await kubectl.json<List<ForeignObject>>(["get", kinds, ...where])).items.filter(
            ({ metadata }) => metadata.labels?.[plinthLabels.stack] !== label,
        );
    const running = await Promise.all(
        namespaces.map((namespace) =>
            foreign("deployments,statefulsets,daemonsets,cronjobs,jobs,pods", "--namespace", namespace),
        ),
    );
    const workloads = running.flat();
    const deleted = new Set(conflicting.map(consentName));
    const stops = workloads.flatMap((workload) => {
        const { kind, spec, status, metadata } = workload;
        const there = `--namespace ${metadata.namespace}`;
        if (deleted.has(consentName(workload))) return [];
        // Plinth's own pods have only the labels of their component, not the stack's.
        if (kind === "Pod")
            return metadata.labels?.["app.kubernetes.io/managed-by"] === "plinth" ||
                ["Succeeded", "Failed"].includes(status?.phase ?? "") ||
                workloads.some((other) => runs(other, workload))
                ? []
                : [`${consentName(workload)} is still running: wait until it ends`];
        if (kind === "CronJob")
            return spec.suspend
                ? []
                : [`${consentName(workload)} would run again: kubectl ${there} delete cronjob ${metadata.name}`];
        if (kind === "Job")
            return status?.active
                ? [`${consentName(workload)} is still running: wait until it ends, or delete it`]
                : [];
        if (kind === "DaemonSet")
            return [`${consentName(workload)} is still running: kubectl ${there} delete daemonset ${metadata.name}`];
        if (!podOf({ kind, spec }) || spec.replicas === 0) return [];
        return [
            `${consentName(workload)} is still running: kubectl ${there} scale ${kind.toLowerCase()} ${metadata.name} --replicas 0`,
        ];
    });
    const hosts = new Set(
        Object.values(outputs.instances)
            .filter(({ namespace }) => namespaces.includes(namespace))
            .flatMap(({ urls }) => Object.values(urls).map((url) => new URL(url).hostname)),
    );
    const ingresses = (await foreign("ingresses", "--all-namespaces")).flatMap((ingress) => {
        const host = (ingress.spec.rules ?? [])
            .map((rule) => rule.host)
            .find((one) => one !== undefined && hosts.has(one));
        const { namespace, name } = ingress.metadata;
        return host
            ? [`${consentName(ingress)} has the host ${host}: kubectl --namespace ${namespace} delete ingress ${name}`]
            : [];
    });
    const isTutors = ({ metadata }: ForeignObject) => metadata.labels?.["app.kubernetes.io/managed-by"] === "tutor";
    const atOnce = workloads.some((workload) => workload.kind === "Deployment" && isTutors(workload))
        ? ["the Deployments and Services of Tutor, all at once and without the claims: tutor k8s stop"]
        : [];
    return [...stops, ...ingresses, ...atOnce];
}

/** Whether a Deployment or StatefulSet that is to be stopped has this pod, which ends with it. */
function runs({ kind, metadata, spec }: ForeignObject, pod: ForeignObject): boolean {
    if (metadata.namespace !== pod.metadata.namespace || spec.replicas === 0) return false;
    const { ownerReferences = [], labels = {} } = pod.metadata;
    const owner =
        kind === "Deployment"
            ? `ReplicaSet ${metadata.name}-${labels["pod-template-hash"]}`
            : `${kind} ${metadata.name}`;
    return ownerReferences.some((reference) => `${reference.kind} ${reference.name}` === owner);
}

/** Claims of the previous deployment that do not exist: they would be created empty. */
const missingClaims = ({ config }: Kubectl, live: readonly RenderedObject[], namespaces: readonly string[]): string[] =>
    config.instances.flatMap((instance) =>
        Object.entries(instance.volumes).flatMap(([volume, { claim }]) => {
            const namespace = namespaces.find((one) => one === namespaceOf(instance));
            if (!claim || !namespace) return [];
            const there = live.some(
                ({ kind, metadata }) =>
                    kind === "PersistentVolumeClaim" && metadata.namespace === namespace && metadata.name === claim,
            );
            return there
                ? []
                : [
                      `plinth:instances.${instance.name}.volumes.${volume}.claim: the namespace ${namespace} has no claim "${claim}"; allowed: one listed by kubectl --namespace ${namespace} get persistentvolumeclaims`,
                  ];
        }),
    );

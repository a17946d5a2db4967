import { workloads } from "../../components/kinds";
import { plinthLabels } from "../../components/labels";
import { consentName } from "../../components/names";
import { namespaceOf } from "../../config/unique";
import { checkLocks, clearLocks, prepare } from "../launch/prepare";
import { componentOf, listStack } from "../cluster/components";
import type { Pulumi } from "../engine/pulumi";
import type { Resource, State } from "../engine/state";
import { UserError } from "../system/errors";
import type { Claim, List, Live, Volume } from "../cluster/live";
import { noInstance } from "../stackfile/instances";
import type { Kubectl } from "../cluster/kubectl";
import type { Session } from "../session";
import { isFormer, listVolumes, ownerOf, volumeOf } from "../cluster/volumes";

/** What remains of a removed instance in the stack file, the engine's state and the cluster. */
export interface Leftovers {
    readonly name: string;
    readonly pulumi: Pulumi;
    readonly kubectl: Kubectl;
    /** Whether it is still in the stack file: it is not after an interrupted purge or forget. */
    readonly inFile: boolean;
    readonly resources: readonly Resource[];
    readonly claims: readonly Claim[];
    /** The volumes of its claims, and those marked by an interrupted purge. */
    readonly volumes: readonly Volume[];
    /** Volumes kept when the instance was forgotten. */
    readonly kept: readonly Volume[];
    /** Objects in its namespace that are not its own and would be deleted with the namespace. */
    readonly others: readonly Live[];
}

export interface LeftoversArgs {
    readonly session: Session;
    readonly name: string;
    /** `purge` or `forget`, for messages. */
    readonly command: string;
    /** Whether the lock of an interrupted run is cleared. */
    readonly recover: boolean;
}

/**
 * Finds what remains of an instance.
 *
 * @throws UserError if it is running or stopped, is unknown, or shares its namespace with foreign volumes or pods;
 * nothing is changed then
 */
export async function findLeftovers({ session, name, command, recover }: LeftoversArgs): Promise<Leftovers> {
    const { stack } = session;
    const kubectl = await session.kubectl();
    const { config } = kubectl;
    const written = config.instances.find((instance) => instance.name === name);
    if (written && written.state !== "removed")
        throw new UserError(
            `Nothing was changed: "${name}" is ${written.state}, but only a removed instance can be deleted. Remove it first, which keeps its data:\n` +
                `  ./plinth instance remove ${name} ${stack}`,
        );
    const pulumi = await prepare(session);
    checkLocks(session, recover, `./plinth ${command} ${name} ${stack}`);
    if (recover) await clearLocks(session);

    const state = await session.state();
    if (!state) throw new UserError(`"${stack}" has not been launched yet: ./plinth launch ${stack}`);
    const resources = resourcesOf(state, name);
    const volumes = await listVolumes(kubectl);
    const left = volumes.filter(
        (volume) => isFormer(volume, ownerOf(kubectl)) && volume.metadata.annotations?.[plinthLabels.instance] === name,
    );
    if (!written && resources.length === 0 && left.length === 0)
        throw new UserError(
            noInstance(stack, name, [...new Set([...config.instances.map((one) => one.name), ...instancesOf(state)])]),
        );
    const running = resources.filter(({ outputs }) => workloads.includes(outputs?.kind ?? ""));
    if (running.length > 0)
        throw new UserError(
            `Nothing was changed: "${name}" is still deployed, with ${running.map(({ outputs }) => consentName(outputs!)).join(", ")}.\n` +
                (written
                    ? `Its state in the file is already "removed"; apply it: ./plinth launch ${stack}`
                    : `Put it back into Pulumi.${stack}.yaml with state: removed, and launch the stack first.`),
        );

    const all = await listStack<Claim>(kubectl, "persistentvolumeclaims");
    const namespaces = namespacesOf(resources);
    const own = config.instances.find((one) => one.name === name);
    if (own) namespaces.add(namespaceOf(own));
    const claims = claimsOf(all, name, namespaces);
    const bound = claims.flatMap((claim) => volumeOf(claim, volumes) ?? []);
    const isMarked = ({ metadata }: Volume) => metadata.annotations?.[plinthLabels.purge] !== undefined;
    return {
        name,
        pulumi,
        kubectl,
        inFile: written !== undefined,
        resources,
        claims,
        volumes: [...bound, ...left.filter(isMarked)],
        kept: left.filter((volume) => !isMarked(volume)),
        others: await othersIn(kubectl, name, resources),
    };
}

/**
 * All resources of an instance in the engine's state: they descend from its Namespace component, which every platform
 * declares first and whose name is unique.
 */
export function resourcesOf({ deployment }: State, instance: string): Resource[] {
    const resources = deployment?.resources ?? [];
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    const isOf = (resource: Resource | undefined): boolean =>
        resource !== undefined &&
        (rootOf(resource) === instance || isOf(resource.parent === undefined ? undefined : byUrn.get(resource.parent)));
    return resources.filter(isOf);
}

/** The namespaces in which an instance's resources are. */
export const namespacesOf = (resources: readonly Resource[]): Set<string> =>
    new Set(
        resources.flatMap(({ outputs }) =>
            outputs?.kind === "Namespace" ? (outputs.metadata?.name ?? []) : (outputs?.metadata?.namespace ?? []),
        ),
    );

/**
 * The claims of an instance. Labels alone do not tell: a stack of the same name, with a state of its own, may be in
 * other namespaces of the cluster.
 */
export const claimsOf = (all: readonly Claim[], name: string, namespaces: ReadonlySet<string>): Claim[] =>
    all.filter((claim) => componentOf(claim).instance === name && namespaces.has(claim.metadata.namespace));

/** The instance of a Namespace component; undefined for other resources. */
function rootOf({ type, urn }: Resource): string | undefined {
    if (type !== "plinth:components:Namespace") return undefined;
    return urn.slice(urn.lastIndexOf("::") + 2).replace(/-namespace$/, "");
}

const instancesOf = ({ deployment }: State): string[] =>
    (deployment?.resources ?? []).flatMap((resource) => rootOf(resource) ?? []);

/** Kinds that users may have created in a namespace, and running workloads. */
const foreignKinds =
    "pods,deployments,statefulsets,daemonsets,jobs,cronjobs,services,ingresses,secrets,configmaps,persistentvolumeclaims";

/** Objects in the instance's namespace that are not its own. */
async function othersIn(kubectl: Kubectl, name: string, resources: readonly Resource[]): Promise<Live[]> {
    const namespace = resources.find(({ outputs }) => outputs?.kind === "Namespace")?.outputs?.metadata?.name;
    if (namespace === undefined) return [];
    const { items } = await kubectl.json<List<Live>>(["get", foreignKinds, "--namespace", namespace]);
    const own = new Set(resources.flatMap(({ outputs }) => (outputs?.kind ? consentName(outputs) : [])));
    const isOwn = (object: Live) =>
        own.has(consentName(object)) ||
        // Terminating pods, and objects of the instance that are missing from the state.
        (object.metadata.labels?.["app.kubernetes.io/managed-by"] === "plinth" &&
            componentOf(object).instance === name);
    const others = items.filter((object) => !isOwn(object) && object.metadata.name !== "kube-root-ca.crt");
    const inUse = others.filter(({ kind }) => kind === "Pod" || kind === "PersistentVolumeClaim");
    if (inUse.length > 0)
        throw new UserError(
            `Nothing was changed: the namespace ${namespace} would be deleted, but contains objects that do not belong to "${name}":\n` +
                `${inUse.map((object) => `  ${consentName(object)}`).join("\n")}\nSave their contents and delete them first.`,
        );
    return others;
}

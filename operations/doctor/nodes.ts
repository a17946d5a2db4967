import { type Amount, amountOf, largest, podRequest, type Requested, requestsOf, sum, times } from "../render/requests";
import type { Rendering } from "../render/rendering";
import { cores, count, gibibytes } from "../system/text";
import { type Finding, isOlder, ok, problem, release, warning } from "./finding";
import type { Node, Pod } from "../cluster/live";

/**
 * Kubernetes releases that stacks work on.
 *
 * The oldest is the first that supports everything used here without feature gates: `sleep` before a container stops
 * (1.30), `unhealthyPodEvictionPolicy` of policy/v1 (1.27), time zones of CronJobs (1.25), Pod Security (1.25) and
 * autoscaling/v2 (1.23). The newest is the last that the objects were tested on.
 */
export const supported = { oldest: "1.30", newest: "1.36" };

/** With a larger difference of clocks, certificates and tokens are refused. */
const clockTolerance = 60_000;

export interface ServerFacts {
    /** `v1.36.3` */
    readonly server: string;
    /** kubectl's version, if it is installed. */
    readonly client: string;
    /** Milliseconds by which the server's clock is ahead of this machine's. */
    readonly clock: number;
}

export function serverVersion({ server }: Pick<ServerFacts, "server">): Finding {
    const range = `${supported.oldest} to ${supported.newest}`;
    if (isOlder(server, supported.oldest))
        return problem(`${server}; supported: ${range}`, `upgrade the cluster: it would refuse some objects`);
    if (isOlder(supported.newest, server))
        return warning(
            `${server} is newer than the tested versions (${range})`,
            "check ./plinth preview before launch",
        );
    return ok(server);
}

/** One minor release of difference is allowed: https://kubernetes.io/releases/version-skew-policy/#kubectl */
export function skew({ server, client }: Pick<ServerFacts, "server" | "client">): Finding {
    const text = `kubectl ${client}, server ${server}`;
    const [ours, theirs] = [release(client), release(server)];
    if (Math.abs(ours.minor - theirs.minor) <= 1) return ok(text);
    return warning(
        `${text}: more than one minor release apart`,
        `install kubectl ${theirs.major}.${theirs.minor}: https://kubernetes.io/docs/tasks/tools/`,
    );
}

export function clock({ clock }: Pick<ServerFacts, "clock">): Finding {
    const seconds = Math.round(Math.abs(clock) / 1000);
    if (Math.abs(clock) <= clockTolerance) return ok(`${seconds} s from the server's`);
    return warning(
        `the server's clock is ${seconds} s ${clock > 0 ? "ahead of" : "behind"} this machine's`,
        "synchronise both with NTP: certificates and tokens would be refused",
    );
}

export interface CapacityFacts {
    readonly rendering: Pick<Rendering, "objects">;
    readonly nodes: readonly Node[];
    /** Pods that have not ended. */
    readonly pods: readonly Pod[];
}

/** Nodes that accept pods without tolerations, as the stack's pods are. */
const openNodes = (nodes: readonly Node[]): Node[] =>
    nodes.filter(
        ({ spec, status }) =>
            !spec.unschedulable &&
            !spec.taints?.some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute") &&
            status.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
    );

/** Whether the nodes have room for the stack in addition to other pods. */
export function capacity(facts: CapacityFacts): Finding {
    const { objects } = facts.rendering;
    const open = openNodes(facts.nodes);
    if (open.length === 0)
        return problem(
            `none of ${count(facts.nodes.length, "node")} accepts pods`,
            "check conditions, taints and cordons with kubectl describe nodes",
        );
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
    const others = facts.pods.filter(
        ({ metadata: { namespace, labels } }) =>
            !namespaces.has(namespace) || labels?.["app.kubernetes.io/managed-by"] !== "plinth",
    );
    const free = open.map((node) => freeOn(node, others));
    const requested = requestsOf(objects);
    const wanted = atLeast(requested);
    const all = sum(free);

    const tooLarge = placements(requested).find(({ amount }) => !free.some((room) => fits(amount, room)));
    if (tooLarge)
        return problem(
            `no node has room for ${tooLarge.what}: ${amountText(tooLarge.amount)} requested, ${amountText(largest(free))} free at most on one node`,
            "add a larger node, or reduce `size` or `resources` of the instance",
        );
    const text = `${amountText(wanted)} requested, ${amountText(all)} free on ${count(open.length, "node")}`;
    if (fits(wanted, all)) return ok(text);
    const remedy = "add a node, or reduce `size` or `replicas`";
    // Clouds may add nodes while pods are pending.
    return facts.nodes.some(({ spec }) => isCloud(spec.providerID)) ? warning(text, remedy) : problem(text, remedy);
}

interface Placement {
    readonly what: string;
    readonly amount: Amount;
}

/** What must fit on one node: a pod, or all pods that share files on one node. */
function placements(requested: readonly Requested[]): Placement[] {
    const claims = new Set(requested.flatMap(({ sharesNode, pods }) => (sharesNode && pods > 0 ? [sharesNode] : [])));
    return [
        ...requested.map((one) => ({ what: `a pod of ${one.workload}`, amount: one })),
        ...[...claims].map((claim) => ({
            what: `the pods that share ${claim}`,
            amount: atLeast(requested.filter(({ sharesNode }) => sharesNode === claim)),
        })),
    ];
}

/** Total requests of the pods that run permanently. */
const atLeast = (requested: readonly Requested[]): Amount => sum(requested.map((one) => times(one, one.pods)));

function freeOn({ metadata, status }: Node, pods: readonly Pod[]): Amount {
    const used = sum(pods.filter(({ spec }) => spec.nodeName === metadata.name).map(({ spec }) => podRequest(spec)));
    return largest([sum([amountOf(status.allocatable), times(used, -1)])]);
}

// Allows for rounding errors in sums of decimal fractions.
const fits = (wanted: Amount, room: Amount): boolean =>
    wanted.cpu <= room.cpu + 1e-6 && wanted.memory <= room.memory && wanted.disk <= room.disk;

const amountText = ({ cpu, memory, disk }: Amount): string =>
    `${cores(cpu)} cores, ${gibibytes(memory)} and ${gibibytes(disk)} of disk`;

/** Whether pods may write less than the disk of a node holds: otherwise it fills up before they are evicted. */
export function nodeDisks({ rendering, nodes }: Pick<CapacityFacts, "rendering" | "nodes">): Finding {
    const disks = openNodes(nodes).map(({ status }) => amountOf(status.allocatable).disk);
    const room = Math.max(0, ...disks);
    if (room === 0)
        return problem(
            "no node reports disk space for pods, so that none would accept them",
            "enable localStorageCapacityIsolation in the kubelets' configuration",
        );
    const [most] = requestsOf(rendering.objects).sort((a, b) => b.diskLimit - a.diskLimit);
    if (most === undefined || most.diskLimit <= room) return ok(`${gibibytes(room)} for pods on one node`);
    return warning(
        `a pod of ${most.workload} may write ${gibibytes(most.diskLimit)}, but a node has at most ${gibibytes(room)} for pods`,
        "use nodes with larger disks, or smaller directories: `volumes` in docs/storage.md",
    );
}

/** Platforms whose controllers give Services of type LoadBalancer an address and may add nodes, by `providerID`. */
const clouds =
    /^(aws|gce|azure|digitalocean|hcloud|openstack|linode|vultr|ibm|ocid1|oci|scaleway|exoscale|alicloud)[.:]/;

export const isCloud = (providerID: string | undefined): boolean => clouds.test(providerID ?? "");

/** Architectures that the images of `images/` are built for. */
const built = ["amd64", "arm64"];

export function architecture({ nodes }: Pick<CapacityFacts, "nodes">): Finding {
    const found = [...new Set(nodes.map(({ status }) => status.nodeInfo.architecture))].sort();
    const foreign = found.filter((name) => !built.includes(name));
    if (found.length === 0)
        return warning("unknown, because there is no node", `add nodes that are ${built.join(" or ")}`);
    if (foreign.length > 0)
        return problem(
            `nodes are ${found.join(" and ")}`,
            `keep pods off those that are ${foreign.join(" and ")}: images are built for ${built.join(" and ")}`,
        );
    if (found.length > 1)
        return warning(
            `nodes are ${found.join(" and ")}`,
            "push images for both: docker buildx bake --push builds them",
        );
    return ok(found.join(""));
}

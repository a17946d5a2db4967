import { setTimeout as sleep } from "node:timers/promises";
import { plinthLabels } from "../../components/labels";
import type { ControlPlane } from "../support/controlPlane";

/** What the tests read of a pod. */
export interface LivePod {
    readonly metadata: {
        readonly name: string;
        readonly uid: string;
        readonly labels: Readonly<Record<string, string>>;
        readonly deletionTimestamp?: string;
    };
    readonly spec: { readonly nodeName?: string };
    readonly status: {
        readonly phase: string;
        readonly conditions?: readonly { readonly type: string; readonly status: string }[];
        readonly containerStatuses?: readonly { readonly name: string; readonly restartCount: number }[];
    };
}

interface LiveService {
    readonly spec: { readonly type: string; readonly ports: readonly { port: number; nodePort?: number }[] };
    readonly status: { readonly loadBalancer?: { readonly ingress?: readonly { ip?: string; hostname?: string }[] } };
}

interface LiveNode {
    readonly metadata: { readonly name: string };
    readonly status: {
        readonly addresses: readonly { readonly type: string; readonly address: string }[];
        readonly conditions: readonly { readonly type: string; readonly status: string }[];
    };
}

/** What Pod Security's `restricted` asks of a pod and its container, for clusters that enforce it everywhere. */
export const restricted = {
    pod: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: "RuntimeDefault" } },
    container: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
} as const;

/** The component of a pod; those of an operator's pooler have it in a label of its own, after the instance. */
export const componentOf = ({ metadata: { labels } }: LivePod): string =>
    labels[plinthLabels.component]?.split(".").at(-1) ?? labels["app.kubernetes.io/name"]!;

const isReady = ({ status, metadata }: LivePod): boolean =>
    !metadata.deletionTimestamp &&
    (status.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");

/** One namespace of a cluster that runs containers, as its users and its failures see it. */
export class LiveNamespace {
    constructor(
        private readonly cluster: ControlPlane,
        readonly name: string,
        /** Address of a node that this machine reaches. @default that of the balancer, or of the first node */
        private readonly address?: string,
    ) {}

    kubectl = async (...args: string[]): Promise<string> =>
        (await this.cluster.kubectl(["--namespace", this.name, ...args])).stdout;

    apply = async (...objects: object[]): Promise<void> => {
        await this.cluster.kubectl(
            ["apply", "--filename", "-"],
            JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
        );
    };

    async exists(): Promise<boolean> {
        return (await this.kubectl("get", "namespace", this.name, "--ignore-not-found", "--output", "name")) !== "";
    }

    nodes = async (): Promise<LiveNode[]> =>
        (await this.cluster.json<{ items: LiveNode[] }>(["get", "nodes"])).items.filter(({ status }) =>
            status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True"),
        );

    /** The pods of a component that no one deletes, or those of the whole instance. Pods of Tasks are not among them. */
    async pods(component?: string): Promise<LivePod[]> {
        const { items } = JSON.parse(await this.kubectl("get", "pods", "--output", "json")) as {
            items: (LivePod & { metadata: { labels: { "batch.kubernetes.io/job-name"?: string } } })[];
        };
        return items.filter(
            (pod) =>
                !pod.metadata.deletionTimestamp &&
                !pod.metadata.labels["batch.kubernetes.io/job-name"] &&
                (component === undefined || componentOf(pod) === component),
        );
    }

    /** Names of the components that have pods. */
    async components(): Promise<string[]> {
        const names = (await this.pods()).map(componentOf);
        return [...new Set(names)].sort();
    }

    /** Waits until a component has this many ready pods, none of which is one of `gone`. @returns the seconds it took */
    async ready(component: string, count: number, gone: readonly string[] = [], seconds = 240): Promise<number> {
        return waitFor(`${count} ready pods of ${component}`, seconds, async () => {
            const pods = (await this.pods(component)).filter(isReady);
            return pods.length >= count && pods.every(({ metadata }) => !gone.includes(metadata.uid));
        });
    }

    /** Waits until no pod of a component is left, not even one that ends. */
    async gone(component: string, seconds: number): Promise<void> {
        const selector = `app.kubernetes.io/name=${component}`;
        await this.kubectl("wait", "pod", "--selector", selector, "--for=delete", `--timeout=${seconds}s`);
    }

    /** Base URL of a component's Service for this machine, such as http://192.0.2.10:30080. */
    async url(service: string): Promise<string> {
        const { spec, status } = JSON.parse(
            await this.kubectl("get", "service", service, "--output", "json"),
        ) as LiveService;
        const [port] = spec.ports;
        const balancer = status.loadBalancer?.ingress?.[0];
        if (balancer) return `http://${this.address ?? balancer.ip ?? balancer.hostname}:${port!.port}`;
        if (!port!.nodePort) throw new Error(`Service ${service} of type ${spec.type} cannot be reached from outside`);
        const [node] = await this.nodes();
        const internal = node!.status.addresses.find(({ type }) => type === "InternalIP")!.address;
        return `http://${this.address ?? internal}:${port!.nodePort}`;
    }

    /** A pod in which commands can run: a ready one, or, as while data are damaged, one that runs. */
    private async livePod(component: string): Promise<LivePod> {
        const pods = await this.pods(component);
        const pod = pods.find(isReady) ?? pods.find(({ status }) => status.phase === "Running");
        if (!pod) throw new Error(`${component} has no running pod`);
        return pod;
    }

    /** Runs a command in a pod of a component. */
    async exec(component: string, container: string, command: readonly string[], input?: string): Promise<string> {
        const pod = await this.livePod(component);
        const { stdout } = await this.cluster.kubectl(
            [
                "exec",
                ...(input === undefined ? [] : ["--stdin"]),
                ...["--namespace", this.name, pod.metadata.name, "--container", container, "--", ...command],
            ],
            input,
        );
        return stdout.trim();
    }

    /** Arguments of a kubectl that runs a command in a pod and passes its standard input on. */
    async execCommand(component: string, container: string, command: readonly string[]): Promise<string[]> {
        const pod = await this.livePod(component);
        const where = ["--namespace", this.name, pod.metadata.name, "--container", container];
        return [...this.cluster.command, "exec", "--stdin", ...where, "--", ...command];
    }

    /** Asks for a pod's eviction, as a drain does. @returns whether a disruption budget permitted it */
    async evict(pod: string): Promise<boolean> {
        const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace: this.name } };
        try {
            await this.cluster.kubectl(
                ["create", "--raw", `/api/v1/namespaces/${this.name}/pods/${pod}/eviction`, "--filename", "-"],
                JSON.stringify(eviction),
            );
            return true;
        } catch (error) {
            if (/disruption budget/.test(String(error))) return false;
            throw error;
        }
    }
}

/** Asks once a second. @returns the seconds it took @throws if it is not so in time */
export async function waitFor(what: string, seconds: number, is: () => Promise<boolean>): Promise<number> {
    const started = Date.now();
    let last: unknown;
    for (;;) {
        try {
            if (await is()) return (Date.now() - started) / 1000;
            last = undefined;
        } catch (error) {
            last = error;
        }
        if (Date.now() - started > seconds * 1000)
            throw new Error(`no ${what} after ${seconds} s`, last ? { cause: last } : undefined);
        await sleep(300);
    }
}

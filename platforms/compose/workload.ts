import type * as k8s from "@pulumi/kubernetes";
import { Component } from "../../components/component";
import { deployment, disruptionBudget } from "../../components/deployment";
import { type Edge, type NetworkRule, type Node, nodeId, Service as Endpoint } from "../../components/graph";
import type { HasNode } from "../../components/instance";
import type { Fields } from "../../components/kinds";
import { selectorOf } from "../../components/labels";
import { objectName } from "../../components/names";
import { podTemplate } from "../../components/pod";
import type { ContainerArgs, PodArgs } from "../../components/podArgs";
import { ScheduledTask } from "../../components/scheduledTask";
import { Task } from "../../components/task";
import { containerOf } from "./containers";
import { type Conversion, digestOf } from "./conversion";
import { graceSeconds } from "./probes";
import { komposeLabel } from "./extensions";
import { startContainers } from "./hooks";
import { schedulesOf } from "./schedules";
import { placementOf, replicasOf, rolloutOf } from "./deploy";
import { networkLabels } from "./networks";
import { retriesOf } from "./once";
import { doneContainer, hostsMount, prepareContainers } from "./order";
import { type KnownPorts, named } from "./ports";
import { fileHosts, podExtras } from "./podExtras";
import { identityOf } from "./security";
import { declareServices, declareSign, hostsOf } from "./services";
import type { MountPlan, Volumes } from "./volumes";

type Affinity = Fields<k8s.types.input.core.v1.Affinity>;

export interface WorkloadArgs {
    readonly volumes: Volumes;
    readonly ports: (pod: string) => KnownPorts;
    readonly uses: readonly Edge[];
    readonly networkRules: readonly NetworkRule[];
    readonly startsAfter: readonly HasNode[];
    /** Names in DNS to wait for. */
    readonly waitsFor: readonly string[];
    /** Whether it does its work once: `awaited` if others wait for its end. */
    readonly once: "awaited" | "alone" | undefined;
}

/** Seconds after which a scheduled run is ended: Docker sets no limit, and one that hangs would be the last one. */
const timeoutSeconds = 86_400;

/** The services of one pod, as a Deployment, or a StatefulSet where a volume belongs to a single pod. */
export class Workload extends Component implements HasNode {
    readonly node: Node;
    /** Its ports, for the edge. */
    readonly endpoint: Endpoint;
    /** Name in DNS once its work is done. */
    readonly doneName: string | undefined;

    constructor(
        private readonly conversion: Conversion,
        private readonly pod: string,
        private readonly args: WorkloadArgs,
    ) {
        super(conversion.instance, "ComposeService", conversion.component(pod));
        const { instance, services } = conversion;
        const name = conversion.component(pod);
        const { ports, uses, networkRules, startsAfter, once } = args;
        this.endpoint = endpointOf(conversion, pod, ports(pod));
        const { template, plans } = this.podArgs();
        const service = services[pod]!;
        const schedules = schedulesOf(conversion, pod);
        if (schedules) {
            const containers = tasked(template, uses);
            const tasks = schedules.map((schedule, index) => {
                const args = {
                    pod: { ...template, containers },
                    ...schedule,
                    timeoutSeconds,
                    networkRules,
                    startsAfter,
                };
                return new ScheduledTask(instance, index === 0 ? name : `${name}-${index + 1}`, args, { parent: this });
            });
            this.node = tasks[0]!.node;
            this.registerOutputs({});
            return;
        }
        if (once === "alone") {
            const containers = tasked(template, uses);
            const retries = retriesOf(conversion, pod);
            const tries = retries === undefined ? {} : { retries };
            this.node = new Task(
                instance,
                name,
                { pod: { ...template, containers }, ...tries, networkRules, startsAfter },
                { parent: this },
            ).node;
            this.registerOutputs({});
            return;
        }
        this.node = instance.addNode(name, { kind: once ? "task" : "service", uses, networkRules, startsAfter });
        if (once) {
            const hash = digestOf(template);
            this.doneName = objectName(name, "done", hash);
            const done = { "plinth.dev/done": hash };
            const { containers, ...rest } = template;
            deployment(instance, this, this.node, {
                pod: {
                    ...rest,
                    labels: { ...rest.labels, ...done },
                    initContainers: [...(rest.initContainers ?? []), ...containers.map(withoutServing)],
                    containers: [doneContainer],
                },
                replicas: 1,
                recreate: true,
            });
            declareServices(conversion, this, this.node, pod, ports(pod));
            declareSign(conversion, this, this.node, this.doneName, { ...selectorOf(this.node), ...done });
        } else {
            const ownsVolumes = plans.some(({ own }) => own.length > 0);
            const replicas = replicasOf(pod, service, conversion);
            const controller =
                conversion.source.extensions.services[pod]!.controller ??
                komposeLabel(service, "controller.type")?.toLowerCase();
            if (controller === "statefulset" || (ownsVolumes && controller === undefined))
                this.statefulSet(template, replicas);
            else
                deployment(instance, this, this.node, {
                    pod: template,
                    replicas,
                    recreate: ownsVolumes,
                    ...rolloutOf(service),
                });
            declareServices(conversion, this, this.node, pod, ports(pod));
        }
        this.registerOutputs({});
    }

    private podArgs(): { template: PodArgs; plans: MountPlan[] } {
        const { conversion, pod, args } = this;
        const { source, services, notes } = conversion;
        const members = conversion.inPod(pod);
        const plans = members.map((member) => args.volumes.plan(member));
        const hosts = [
            ...new Map(
                [
                    ...members.flatMap((member) => hostsOf(conversion, member, args.ports)),
                    ...fileHosts(conversion, pod),
                ].map((host) => [host[0], host]),
            ).values(),
        ];
        const ports = args.ports(pod);
        const containers = members.map((member, index) => {
            const made = containerOf(conversion, member, plans[index]!, index === 0 ? ports : { tcp: [], udp: [] });
            return hosts.length > 0 ? { ...made, mounts: [...(made.mounts ?? []), hostsMount] } : made;
        });
        const initContainers = members.flatMap((member, index) => {
            const { hardened } = source.extensions.services[member]!;
            return prepareContainers(
                conversion,
                conversion.component(member),
                {
                    waitsFor: index === 0 ? args.waitsFor : [],
                    hosts: index === 0 ? hosts : [],
                    fills: plans[index]!.fills,
                },
                containers[index]!.image,
                identityOf(member, services[member]!, notes).user,
                hardened,
            );
        });
        const shareNodeFor = plans.map((plan) => plan.shareNodeFor).find(Boolean);
        const { affinity, ...placement } = placementOf(pod, services[pod]!, notes) as { affinity?: Affinity };
        return {
            plans,
            template: {
                user: "image",
                ...podExtras(conversion, pod),
                labels: networkLabels(conversion, pod),
                initContainers: [
                    ...initContainers,
                    ...members.flatMap((member, index) => startContainers(conversion, member, containers[index]!)),
                ],
                containers,
                graceSeconds: Math.max(...members.map((member) => graceSeconds(services[member]!))),
                ...(shareNodeFor === undefined ? {} : { shareNodeFor }),
                more: {
                    ...podExtras(conversion, pod).more,
                    ...placement,
                    // Affinity to the node of shared files comes first.
                    ...(affinity && shareNodeFor === undefined ? { affinity } : {}),
                },
            },
        };
    }

    private statefulSet(pod: PodArgs, replicas: ReturnType<typeof replicasOf>): void {
        const { instance } = this.conversion;
        const { name } = this.node;
        const count = instance.replicas(name, replicas);
        if (typeof count === "object")
            instance.problem(
                ["replicas", name],
                `${JSON.stringify(count)} is not allowed; allowed: a number, because its pods have names of their own`,
            );
        const several = typeof count === "number" && count > 1;
        instance.add(
            this,
            "StatefulSet",
            name,
            {
                spec: {
                    replicas: typeof count === "object" ? count.min : count,
                    // The default never replaces a pod that is not ready.
                    podManagementPolicy: "Parallel",
                    serviceName: name,
                    selector: { matchLabels: selectorOf(this.node) },
                    template: podTemplate(instance, this.node, {
                        ...pod,
                        spread: several,
                    }),
                },
            },
            { node: this.node },
        );
        if (several) disruptionBudget(instance, this, this.node, selectorOf(this.node));
    }
}

/** A container that runs to its end: nobody calls it, and nobody asks it. */
const withoutServing = ({ probes: _, preStop: __, ports: ___, udp: ____, ...rest }: ContainerArgs): ContainerArgs => {
    const { lifecycle: _____, ...more } = rest.more ?? {};
    return { ...rest, more };
};

/** The containers of a task, the first of which has the edges of all. */
const tasked = ({ containers }: PodArgs, uses: readonly Edge[]): ContainerArgs[] =>
    containers.map(withoutServing).map((one, index) => (index === 0 ? { ...one, uses } : one));

/** A pod as others see it in the graph, on its ports. */
export function endpointOf(conversion: Conversion, pod: string, { tcp }: KnownPorts): Endpoint {
    const { instance } = conversion;
    const name = conversion.component(pod);
    return new Endpoint(
        nodeId(instance.namespace, name),
        `${name}.${instance.namespace}.svc.${instance.cluster.domain}`,
        named(tcp),
        {},
    );
}

import type { Instance } from "./instance";
import { hasMetrics, podMonitor } from "./metrics";
import { denyByDefault, namedMetadata, policyOf, unplacedHosts } from "./policies";
import { declarePlacement } from "./placement";
import { proxyRules } from "./proxy";
import { declarePullSecrets } from "./pullSecret";
import { blocksWithout, metadataRanges } from "./ranges";
import type { Resource } from "./resource";
import type { Stack } from "./stack";
import { clusterObjects } from "./storageClass";
import { checkIdentities } from "./workloadIdentity";

type ByNamespace = ReadonlyMap<string, Instance>;

/**
 * Checks everything that a stack's instances have declared (unmatched patches, cycles, unknown keys), then adds it to
 * the stack's plan. This is the only place where declared objects become resources.
 *
 * @throws ConfigError that lists every problem
 */
export function planStack(stack: Stack, instances: readonly Instance[]): void {
    const byNamespace = new Map(instances.map((instance) => [instance.namespace, instance]));
    stack.graph.checkEdges();
    const order = stack.graph.inOrder();
    declarePolicies(stack, byNamespace);
    declareMonitors(stack, byNamespace);
    declarePullSecrets(stack, [...byNamespace.values()]);
    declarePlacement(stack, [...byNamespace.values()]);
    for (const instance of byNamespace.values()) checkIdentities(instance, stack.graph.nodesIn(instance.namespace));
    warnOfConstraints(stack, [...byNamespace.values()]);
    for (const instance of byNamespace.values()) instance.check();
    stack.checkCommon();
    checkTwins(byNamespace);
    stack.problems.throwIfAny();

    clusterObjects(stack)?.plan.addCommon();
    for (const instance of byNamespace.values()) instance.objects.plan.addCommon();
    const gates = new Map<string, readonly Resource[]>();
    for (const node of order) {
        const before = node.startsAfter.flatMap((id) => gates.get(id) ?? []);
        const own = byNamespace.get(node.namespace)!.objects.plan.addNode(node, before);
        // Dependents of a node without workloads depend on what that node depends on.
        gates.set(node.id, own.length > 0 ? own : before);
    }
    // After the provider, before everything that is made from them.
    stack.plan.splice(1, 0, ...stack.existing.neededBy(stack.plan));
}

/** Reports objects of two instances that would collide in the cluster or for the engine. */
function checkTwins(instances: ByNamespace): void {
    const owners = new Map<string, Instance>();
    const own = (instance: Instance, identity: string, message: (other: string) => string) => {
        const other = owners.get(identity);
        if (!other) owners.set(identity, instance);
        else if (other !== instance)
            instance.problem([], `${message(other.path())}; rename the instance or the object`);
    };
    for (const instance of instances.values())
        for (const { object, resource } of instance.objects.identities()) {
            own(instance, object, (other) => `the object ${object} is also declared by ${other}`);
            own(instance, resource, (other) => `the engine could not distinguish ${object} from an object of ${other}`);
        }
}

/** Of OpenShift: its `restricted-v2` is about Pod Security's `restricted`. */
function warnOfConstraints({ config }: Stack, instances: readonly Instance[]): void {
    if (!config.cluster.openshift) return;
    for (const instance of instances)
        if ((instance.platform.podSecurity ?? "restricted") !== "restricted")
            instance.warn(
                "its pods need more than OpenShift's restricted-v2 allows; bind another security context constraint to the account that they run as (serviceAccount)",
            );
}

function declareMonitors({ graph, config, problems }: Stack, instances: ByNamespace): void {
    const { podMonitors, monitoringNamespace } = config.cluster;
    if (podMonitors === false) return;
    if (monitoringNamespace === undefined)
        problems.add(
            "plinth:cluster.podMonitors",
            "needs plinth:cluster.monitoringNamespace: without it no component has metrics",
        );
    for (const node of graph.nodes.filter(hasMetrics)) {
        const instance = instances.get(node.namespace)!;
        instance.objects.addCustom(instance.owner, node.name, podMonitor(node, podMonitors));
    }
}

function declarePolicies(stack: Stack, instances: ByNamespace): void {
    const { networkPolicy: mode, ranges, serviceRanges, dns, proxy } = stack.config.cluster;
    if (mode !== "full" && ranges.length > 0)
        stack.warnings.push(`plinth:cluster.ranges has no effect while plinth:cluster.networkPolicy is ${mode}`);
    if (mode === "off") return;
    for (const instance of instances.values())
        instance.add(instance.owner, "NetworkPolicy", "default-deny", {
            spec: denyByDefault(
                mode,
                instance.ownsNamespace ? undefined : { "app.kubernetes.io/instance": instance.name },
                dns,
            ),
        });
    const outside = blocksWithout([...metadataRanges, ...ranges]);
    for (const node of stack.graph.nodes.filter(({ pods }) => pods)) {
        const instance = instances.get(node.namespace)!;
        const spec = policyOf(stack.graph, node, {
            ...{ mode, outside },
            services: serviceRanges,
            outward: proxyRules(proxy),
            dns,
        });
        instance.add(instance.owner, "NetworkPolicy", node.name, { spec });
    }
    if (mode === "full") warnOfWaysOut(stack, instances);
}

function warnOfWaysOut({ graph, config }: Stack, instances: ByNamespace): void {
    const running = [...instances.values()].filter((instance) => instance.config.state === "running");
    for (const instance of running) {
        const nodes = graph.nodesIn(instance.namespace);
        for (const range of new Set(nodes.flatMap(namedMetadata)))
            instance.warn(`pods can reach ${range}, where clouds provide the credentials of their nodes`);
        if (config.cluster.ranges.length === 0) continue;
        for (const host of new Set(nodes.flatMap(unplacedHosts)))
            instance.warn(
                `${host} may be in plinth:cluster.ranges, which are closed; if so, set its own range: ` +
                    "in `cidrs` next to the host, or in `egress`",
            );
    }
}

import type { ClusterConfig } from "../../config/stack";
import type { RenderedObject, Rendering } from "../render/rendering";
import { type Finding, ok, problem, warning } from "./finding";
import { isCloud } from "./nodes";
import type { ApiService, DaemonSet, Node, Service } from "../cluster/live";

export interface NetworkFacts {
    readonly rendering: Pick<Rendering, "objects">;
    readonly cluster: Pick<ClusterConfig, "loadBalancer" | "metrics" | "networkPolicy">;
    readonly nodes: readonly Node[];
    readonly services: readonly Service[];
    readonly daemonSets: readonly DaemonSet[];
    /** Names of IngressClasses. */
    readonly ingressClasses: readonly string[];
    /** v1beta1.metrics.k8s.io; undefined if it is not registered. */
    readonly metricsApi: ApiService | undefined;
}

const ofKind = (objects: readonly RenderedObject[], kind: string) => objects.filter((object) => object.kind === kind);

const fullName = ({ metadata }: { metadata: { namespace?: string; name: string } }) =>
    `${metadata.namespace}/${metadata.name}`;

/** k3s has built-in controllers for Services of type LoadBalancer and for NetworkPolicies, without a DaemonSet. */
const isK3s = (nodes: readonly Node[]): boolean =>
    nodes.some(({ status }) => status.nodeInfo.kubeletVersion.includes("+k3s"));

/** Evidence that Services of type LoadBalancer will get an address; undefined if there is none. */
function balancerOf(facts: Pick<NetworkFacts, "services" | "nodes">): string | undefined {
    const served = facts.services.find(
        ({ spec, status }) => spec.type === "LoadBalancer" && (status?.loadBalancer?.ingress ?? []).length > 0,
    );
    if (served) return `${fullName(served)} has an address`;
    const provider = facts.nodes.map(({ spec }) => spec.providerID).find(isCloud);
    if (provider) return `the nodes are provided by ${provider.split(":")[0]}`;
    return isK3s(facts.nodes) ? "k3s has one" : undefined;
}

/** Whether the configuration's setting for load balancers matches the cluster. */
export function loadBalancer(facts: NetworkFacts): Finding {
    const edges = ofKind(facts.rendering.objects, "Service").filter(
        ({ spec }) => (spec as { type?: string }).type === "LoadBalancer",
    );
    if (edges.length === 0) return ok("not needed: no edge is of type LoadBalancer");
    const evidence = balancerOf(facts);
    if (facts.cluster.loadBalancer)
        return evidence
            ? ok(evidence)
            : warning(
                  `no sign that ${fullName(edges[0]!)} would get an address; launch would wait for one`,
                  "install one (MetalLB, cloud-provider-kind, minikube tunnel), or set plinth:cluster.loadBalancer: false",
              );
    return evidence
        ? warning(
              `${evidence}, but plinth:cluster.loadBalancer is false: launch does not wait for addresses`,
              "remove plinth:cluster.loadBalancer",
          )
        : ok("none, as configured in plinth:cluster.loadBalancer; launch does not wait for addresses");
}

export function ingressClass(facts: NetworkFacts): Finding {
    const wanted = [
        ...new Set(
            ofKind(facts.rendering.objects, "Ingress").flatMap(
                ({ spec }) => (spec as { ingressClassName?: string }).ingressClassName ?? [],
            ),
        ),
    ];
    if (wanted.length === 0) return ok("not needed: no edge is of type Ingress");
    const missing = wanted.filter((name) => !facts.ingressClasses.includes(name));
    if (missing.length === 0) return ok(wanted.join(", "));
    return problem(
        `"${missing.join('", "')}" does not exist; available: ${facts.ingressClasses.join(", ") || "none"}`,
        "install its ingress controller, or name another in edge.className",
    );
}

export function metricsServer(facts: NetworkFacts): Finding {
    const condition = facts.metricsApi?.status?.conditions?.find(({ type }) => type === "Available");
    const runs = condition?.status === "True";
    const scaled = ofKind(facts.rendering.objects, "HorizontalPodAutoscaler").length > 0;
    if (runs && (facts.cluster.metrics || !scaled)) return ok("v1beta1.metrics.k8s.io is available");
    if (runs)
        return warning(
            "v1beta1.metrics.k8s.io is available, but plinth:cluster.metrics is false",
            "remove plinth:cluster.metrics",
        );
    const state = facts.metricsApi ? `not available: ${condition?.message ?? "no condition"}` : "not installed";
    if (!scaled) return ok(`${state}; no autoscaler needs it`);
    if (!facts.cluster.metrics)
        return ok(`${state}, as configured in plinth:cluster.metrics; autoscalers stay at their minimum`);
    return warning(
        `${state}: autoscalers stay at their minimum`,
        "install it: https://github.com/kubernetes-sigs/metrics-server, or set plinth:cluster.metrics: false",
    );
}

/** Network plugins that enforce NetworkPolicies, by the names of their DaemonSets. */
const enforcing =
    /^(calico-node|(rke2-)?canal|(rke2-)?cilium|anetd|antrea-agent|weave-net|kube-router|ovnkube-node|azure-npm|kube-network-policies)$/;

/**
 * kindnet enforces policies since its release of 13 August 2024, which came with kind 0.24; its images are tagged by
 * date.
 */
const kindnetEnforces = 20240813;

/** Whether the cluster's network plugin enforces network policies: a guess, based on known DaemonSets. */
export function networkPolicies(facts: NetworkFacts): Finding {
    if (facts.cluster.networkPolicy === "off") return ok("none declared: plinth:cluster.networkPolicy is off");
    const found = enforcement(facts);
    if (typeof found !== "string" && found.enforced) return ok(`enforced by ${found.by}`);
    const remedy = "install a network plugin that enforces them, such as Calico or Cilium";
    return typeof found === "string"
        ? warning(`cannot tell whether they are enforced: ${found}`, `${remedy}, if yours does not`)
        : warning(
              `accepted, but not enforced by ${found.by}: every pod can reach every other`,
              found.by === "minikube's default network" ? "minikube start --cni calico, on a new profile" : remedy,
          );
}

function enforcement(facts: Pick<NetworkFacts, "daemonSets" | "nodes">): { by: string; enforced: boolean } | string {
    const containers = (name: string) =>
        facts.daemonSets.find(({ metadata }) => metadata.name === name)?.spec.template.spec.containers;
    const plugin = facts.daemonSets.find(({ metadata }) => enforcing.test(metadata.name));
    if (plugin) return { by: plugin.metadata.name, enforced: true };
    if (isK3s(facts.nodes)) return { by: "k3s", enforced: true };
    const amazon = containers("aws-node");
    if (amazon)
        return {
            by: "aws-node",
            enforced: amazon.some(({ args }) => args?.includes("--enable-network-policy=true")),
        };
    const [kindnet] = containers("kindnet") ?? [];
    if (kindnet) {
        const { image = "" } = kindnet;
        const date = /:v(\d{8})-/.exec(image)?.[1];
        return date ? { by: `kindnet of ${date}`, enforced: Number(date) >= kindnetEnforces } : image;
    }
    const flannel = facts.daemonSets.find(({ metadata }) => metadata.name.includes("flannel"));
    if (flannel) return { by: flannel.metadata.name, enforced: false };
    if (facts.nodes.some(({ metadata }) => metadata.labels?.["minikube.k8s.io/name"]))
        return { by: "minikube's default network", enforced: false };
    return "no DaemonSet of a known network plugin was found";
}

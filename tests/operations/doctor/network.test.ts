import { resolvers } from "../../../operations/doctor/resolvers";
import * as network from "../../../operations/doctor/network";
import type { Service } from "../../../operations/cluster/live";
import { expectFinding, node, type NodeArgs, object, rendering } from "../../support/doctor";
import { labelled } from "../../support/observed";

describe("doctor: the network", () => {
    const cluster = { loadBalancer: true, metrics: true, networkPolicy: "full" as const };
    const facts = (changes: Partial<network.NetworkFacts>): network.NetworkFacts => ({
        rendering: rendering(),
        cluster,
        nodes: [node("a", "1", "1Gi")],
        services: [],
        daemonSets: [],
        ingressClasses: [],
        metricsApi: undefined,
        ...changes,
    });
    const service = (address: object[]): Service => ({
        kind: "Service",
        metadata: labelled("ns", "other"),
        spec: { type: "LoadBalancer" },
        status: { loadBalancer: { ingress: address } },
    });

    it("finds a load balancer that assigns addresses, and contradictions to the configuration", () => {
        const edge = { rendering: rendering(object("Service", "edge", { type: "LoadBalancer" })) };
        const balancer = (changes: Partial<network.NetworkFacts>) =>
            network.loadBalancer(facts({ ...edge, ...changes }));
        const without = { cluster: { ...cluster, loadBalancer: false } };
        const served = { services: [service([{ ip: "192.0.2.1" }])] };
        expectFinding(network.loadBalancer(facts({})), "ok", "not needed");
        expectFinding(balancer(served), "ok", "ns/other has an address");
        expectFinding(balancer({ services: [service([])] }), "warning", "shop/edge", "loadBalancer: false");
        expectFinding(balancer({ nodes: [node("a", "1", "1Gi", { providerID: "gce://p/z/n" })] }), "ok", "gce");
        expectFinding(balancer({ nodes: [node("a", "1", "1Gi", { providerID: "kind://docker/kind/n" })] }), "warning");
        expectFinding(balancer({ nodes: [node("a", "1", "1Gi", { kubeletVersion: "v1.33.1+k3s1" })] }), "ok", "k3s");
        expectFinding(balancer(without), "ok");
        expectFinding(balancer({ ...without, ...served }), "warning", "loadBalancer is false");
    });
    it("finds the classes of Ingresses", () => {
        const wanted = rendering(object("Ingress", "edge", { ingressClassName: "nginx" }, "networking.k8s.io/v1"));
        expectFinding(network.ingressClass(facts({})), "ok", "not needed");
        expectFinding(network.ingressClass(facts({ rendering: wanted, ingressClasses: ["nginx"] })), "ok");
        expectFinding(
            network.ingressClass(facts({ rendering: wanted, ingressClasses: ["alb"] })),
            "problem",
            "nginx",
            "alb",
        );
    });
    it("requires metrics-server for autoscalers, and compares the configuration with the cluster", () => {
        const scaled = rendering(object("HorizontalPodAutoscaler", "web", {}, "autoscaling/v2"));
        const api = (status: string) => ({
            metadata: { name: "v1beta1.metrics.k8s.io" },
            status: { conditions: [{ type: "Available", status, message: "no endpoints" }] },
        });
        const metrics = (changes: Partial<network.NetworkFacts>) =>
            network.metricsServer(facts({ rendering: scaled, ...changes }));
        const without = { cluster: { ...cluster, metrics: false } };
        expectFinding(network.metricsServer(facts({})), "ok", "no autoscaler");
        expectFinding(metrics({ metricsApi: api("True") }), "ok");
        expectFinding(metrics({}), "warning", "not installed", "metrics: false");
        expectFinding(metrics({ metricsApi: api("False") }), "warning", "no endpoints");
        expectFinding(metrics(without), "ok", "autoscalers stay");
        expectFinding(metrics({ ...without, metricsApi: api("True") }), "warning", "metrics is false");
        expectFinding(network.metricsServer(facts({ ...without, metricsApi: api("True") })), "ok");
    });
    it("names the addresses of resolvers on the nodes that no policy opens", () => {
        const cache = (...args: string[]) => [
            { metadata: { name: "nodelocaldns" }, spec: { template: { spec: { containers: [{ image: "", args }] } } } },
        ];
        const found = (args: string[], changes = {}) =>
            resolvers({ cluster: { networkPolicy: "full", ...changes }, daemonSets: cache(...args) });
        expectFinding(resolvers({ cluster, daemonSets: [] }), "ok", "no NodeLocal");
        expectFinding(found(["-localip", "169.254.25.10"]), "ok", "169.254.25.10");
        const both = ["-localip=169.254.20.10,10.96.0.10"];
        expectFinding(found(both), "problem", "dns.addresses: [169.254.20.10, 10.96.0.10]");
        expectFinding(found(both, { dns: { addresses: ["169.254.20.10", "10.96.0.10"] } }), "ok");
        expectFinding(found(both, { networkPolicy: "ingress" }), "ok");
    });
    it("guesses from the network plugin whether policies are enforced", () => {
        const daemonSet = (name: string, image = "", args: string[] = []) => ({
            metadata: { name, namespace: "kube-system" },
            spec: { template: { spec: { containers: [{ image, args }] } } },
        });
        const policies = (...daemonSets: network.NetworkFacts["daemonSets"]) =>
            network.networkPolicies(facts({ daemonSets: [daemonSet("kube-proxy"), ...daemonSets] }));
        for (const name of ["calico-node", "cilium", "antrea-agent", "weave-net", "rke2-canal"])
            expectFinding(policies(daemonSet(name)), "ok", name);
        // Together with Calico, flannel only carries the packets.
        expectFinding(policies(daemonSet("kube-flannel-ds"), daemonSet("calico-node")), "ok");
        expectFinding(policies(daemonSet("kube-flannel-ds")), "warning", "not enforced by kube-flannel-ds");
        const kindnet = (tag: string) => policies(daemonSet("kindnet", `docker.io/kindest/kindnetd:${tag}`));
        expectFinding(kindnet("v20240513-cd2ac642"), "warning", "not enforced");
        expectFinding(kindnet("v20240813-c6f155d6"), "ok", "kindnet");
        expectFinding(kindnet("stable"), "warning", "cannot tell");
        expectFinding(policies(daemonSet("aws-node")), "warning", "not enforced");
        expectFinding(policies(daemonSet("aws-node", "", ["--enable-network-policy=true"])), "ok");
        expectFinding(policies(), "warning", "cannot tell");
        const on = (args: NodeArgs) => network.networkPolicies(facts({ nodes: [node("a", "1", "1Gi", args)] }));
        expectFinding(on({ kubeletVersion: "v1.33.1+k3s1" }), "ok", "k3s");
        expectFinding(on({ labels: { "minikube.k8s.io/name": "m" } }), "warning", "minikube start --cni calico");
        expectFinding(network.networkPolicies(facts({ cluster: { ...cluster, networkPolicy: "off" } })), "ok", "none");
    });
});

import { expect } from "chai";
import { declareEdges } from "../../support/edges";

describe("annotations of the balancer", () => {
    const warned = async (edge: object) => {
        const { warnings } = await declareEdges({ shop: { edge, tls: { mode: "custom", secretName: "tls" } } });
        return warnings.filter((line) => line.includes("has no effect")).join("\n");
    };
    const behind = { type: "Ingress", className: "nginx", trustedProxies: ["10.0.0.0/8"] };
    const hetzner = { "load-balancer.hetzner.cloud/location": "nbg1" };
    const alb = { "alb.ingress.kubernetes.io/target-type": "ip" };
    const nginx = { "nginx.ingress.kubernetes.io/limit-rps": "5" };

    it("are pointed out where nothing reads them with this type of edge", async () => {
        expect(await warned({ type: "ClusterIP", annotations: hetzner })).to.match(
            /edge\.annotations "load-balancer\.hetzner\.cloud\/location" has no effect: it is for Services of type LoadBalancer, and edge\.type is ClusterIP/,
        );
        expect(await warned({ ...behind, annotations: hetzner })).to.include("edge.type is Ingress");
        expect(await warned({ type: "LoadBalancer", annotations: nginx })).to.include("ingress controllers read it");
        expect(await warned({ ...behind, annotations: alb })).to.include('of edge.className "nginx"');
    });
    it("are not where something does, or may", async () => {
        expect(await warned({ type: "LoadBalancer", annotations: hetzner })).to.equal("");
        expect(await warned({ ...behind, annotations: { ...nginx, "example.org/team": "web" } })).to.equal("");
        expect(await warned({ ...behind, className: "internal", annotations: alb })).to.equal("");
    });
});

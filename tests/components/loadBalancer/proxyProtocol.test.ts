import { expect } from "chai";
import { caddyfileOf, declareEdges, edgeProblems } from "../../support/edges";

describe("the PROXY protocol", () => {
    const loadBalancer = { type: "LoadBalancer" };

    it("is believed of the ranges that are named, or of the trusted proxies", async () => {
        const text = async (edge: object) => caddyfileOf((await declareEdges({ shop: { edge } })).objects);
        expect(await text(loadBalancer)).not.to.contain("proxy_protocol");
        expect(await text({ ...loadBalancer, proxyProtocol: ["10.0.0.0/8", "2001:db8::/32"] })).to.contain(
            "allow 10.0.0.0/8 2001:db8::/32",
        );
        expect(await text({ ...loadBalancer, proxyProtocol: true, trustedProxies: ["10.1.0.0/16"] })).to.contain(
            "allow 10.1.0.0/16",
        );
        // Nobody but the controller reaches these pods.
        const passed = { type: "Ingress", className: "nginx", controllerNamespace: "ingress-nginx" };
        expect(await text({ ...passed, proxyProtocol: true })).to.contain("allow 0.0.0.0/0 ::/0");
    });

    it("is refused where it would be believed of anybody", async () => {
        const message = /shop\.edge\.proxyProtocol: true means edge\.trustedProxies, which is empty/;
        expect(await edgeProblems({ shop: { edge: { ...loadBalancer, proxyProtocol: true } } })).to.match(message);
        const passed = { type: "Ingress", className: "nginx", controllerNamespace: "nginx", proxyProtocol: true };
        expect(await edgeProblems({ shop: { edge: passed } }, { cluster: { networkPolicy: "off" } })).to.match(message);
    });

    for (const [annotation, value] of Object.entries({
        "load-balancer.hetzner.cloud/uses-proxyprotocol": "true",
        "service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol": "true",
        "service.beta.kubernetes.io/aws-load-balancer-proxy-protocol": "*",
        "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes":
            "preserve_client_ip.enabled=false,proxy_protocol_v2.enabled=true",
        "service.beta.kubernetes.io/ovh-loadbalancer-proxy-protocol": "v2-ssl-cn",
    }))
        it(`of a balancer is expected, or ${annotation} is refused`, async () => {
            const edge = { ...loadBalancer, annotations: { [annotation]: value } };
            expect(await edgeProblems({ shop: { edge } })).to.contain(
                `plinth:instances.shop.edge.annotations.${annotation}: "${value}" makes the balancer begin each connection`,
            );
            await declareEdges({ shop: { edge: { ...edge, proxyProtocol: ["10.0.0.0/8"] } } });
            await declareEdges({ shop: { edge: { ...loadBalancer, annotations: { [annotation]: "false" } } } });
        });
});

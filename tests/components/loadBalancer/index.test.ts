import { expect } from "chai";
import { find } from "../../support/declare";
import { caddyfileOf, declareEdges, edgePod, edgeTypes, impossible, type Plain, tlsModes } from "../../support/edges";

describe("LoadBalancer", () => {
    for (const [type, edge] of Object.entries(edgeTypes)) {
        for (const [mode, tls] of Object.entries(tlsModes)) {
            if (impossible.includes(`${type} ${mode}`)) continue;
            it(`${type} with TLS ${mode}`, async () => {
                const { objects, warnings } = await declareEdges({ shop: { edge, tls } });
                const inFront = type === "Ingress";
                const secure = mode !== "off" && !inFront;
                const names = find(objects, "Service", "edge")["spec"].ports.map(({ name }: { name: string }) => name);
                expect(names).to.deep.equal(secure ? ["http", "https"] : ["http"]);

                const keeps = secure && (mode === "acme" || mode === "internal");
                expect(objects.some(({ kind }) => kind === "PersistentVolumeClaim")).to.equal(keeps);
                expect(find(objects, "Deployment", "edge")["spec"].strategy.type).to.equal(
                    keeps ? "Recreate" : "RollingUpdate",
                );

                const text = caddyfileOf(objects);
                expect(text).to.include(`${secure ? "https" : "http"}://shop.example.org {`);
                expect(text).to.include("reverse_proxy frontend.bench-shop.svc.cluster.local:8080");
                expect(text).to.include("reverse_proxy frontend.bench-shop.svc.cluster.local:8090");
                expect(text.includes("issuer acme")).to.equal(secure && mode === "acme");
                expect(text.includes("tls internal")).to.equal(secure && mode === "internal");
                const hasFiles = mode === "custom" || mode === "certManager";
                expect(text.includes("import /run/caddy/tls/shop")).to.equal(secure && hasFiles);
                expect(text.includes("?Strict-Transport-Security")).to.equal(mode === "acme" || hasFiles);

                const policy = find(objects, "NetworkPolicy", "edge")["spec"];
                const opened = policy.egress.flatMap(({ to, ports }: { to?: Plain[]; ports: { port: number }[] }) =>
                    to?.some(({ ipBlock }) => !ipBlock) ? [] : ports.map(({ port }) => port),
                );
                expect(opened).to.deep.equal(secure && mode === "acme" ? [443, 80] : []);
                expect(policy.egress[0].ports.map(({ port }: { port: number }) => port)).to.deep.equal([8080, 8090]);
                const expected = [
                    ...(type === "LoadBalancer" && mode === "off" ? ["passwords are transmitted unencrypted"] : []),
                    ...(type === "Gateway" ? ["a route cannot set the largest request body"] : []),
                    ...(type === "NodePort" && mode === "acme"
                        ? ["the authority only connects to ports 80 and 443"]
                        : []),
                ];
                const said = warnings.filter((line) => !line.includes("allow-lists"));
                expect(said).to.have.length(expected.length);
                for (const [index, text_] of expected.entries()) expect(said[index]).to.include(text_);
            });
        }
    }

    it("rolls no pod when only a site changes", async () => {
        const pods = async (http: Plain) => {
            const { objects } = await declareEdges({ shop: { http } });
            return { template: find(objects, "Deployment", "edge")["spec"].template, text: caddyfileOf(objects) };
        };
        const [one, other] = [await pods({ maxBody: "1Mi" }), await pods({ maxBody: "2Mi" })];
        expect(other.text).not.to.equal(one.text);
        expect(other.template).to.deep.equal(one.template);
    });

    it("opens metrics only for the namespace that scrapes them", async () => {
        const { objects } = await declareEdges({ shop: {} }, { cluster: { monitoringNamespace: "monitoring" } });
        expect(find(objects, "NetworkPolicy", "edge")["spec"].ingress).to.deep.include({
            from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
            ports: [{ protocol: "TCP", port: 9180 }],
        });
        expect(caddyfileOf(objects)).to.include("http://:9180");
        expect(caddyfileOf((await declareEdges({ shop: {} })).objects)).not.to.include("9180");
    });

    it("keeps the address of a stopped instance, and its claim when removed", async () => {
        const kinds = async (state: string) =>
            (await declareEdges({ shop: { state, tls: tlsModes["acme"], edge: edgeTypes["LoadBalancer"] } })).objects
                .filter(({ metadata }) => metadata.name.startsWith("edge"))
                .map(({ kind }) => kind)
                .sort();
        expect(await kinds("stopped")).to.deep.equal(["NetworkPolicy", "PersistentVolumeClaim", "Service"]);
        expect(await kinds("removed")).to.deep.equal(["NetworkPolicy", "PersistentVolumeClaim"]);
    });

    it("gives its containers the capability without which the image's binary does not start", async () => {
        const { objects } = await declareEdges({ shop: {} });
        for (const { securityContext } of edgePod(objects).containers)
            expect(securityContext.capabilities).to.deep.equal({ drop: ["ALL"], add: ["NET_BIND_SERVICE"] });
    });

    it("answers on until a cloud's health checks have failed, where only nodes with a pod get connections", async () => {
        const drain = async (edge: object) =>
            edgePod((await declareEdges({ shop: { edge } })).objects).containers[0].lifecycle.preStop.sleep.seconds;
        expect(await drain({ type: "LoadBalancer" })).to.equal(30);
        expect(await drain({ type: "NodePort", httpPort: 30080 })).to.equal(30);
        expect(await drain({ type: "LoadBalancer", externalTrafficPolicy: "Cluster" })).to.equal(5);
        expect(await drain({ type: "ClusterIP" })).to.equal(5);
    });

    it("grants its longest request time to finish when it stops", async () => {
        const { objects } = await declareEdges({ shop: {} });
        const spec = edgePod(objects);
        const grace = Number(/grace_period (\d+)s/.exec(caddyfileOf(objects))![1]);
        expect(spec.terminationGracePeriodSeconds).to.be.greaterThan(
            grace + spec.containers[0].lifecycle.preStop.sleep.seconds,
        );
    });
});

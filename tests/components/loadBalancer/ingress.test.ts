import { expect } from "chai";
import { find } from "../../support/declare";
import { caddyfileOf, declareEdges, edgeProblems, tlsModes } from "../../support/edges";

const behind = (className: string, keys: object = {}) => ({
    edge: { type: "Ingress", className, trustedProxies: ["10.0.0.0/8"], ...keys },
    tls: tlsModes["custom"],
    http: { maxBody: "256Mi" },
});
const inFront = { mode: "off", inFront: true };

describe("behind an ingress controller", () => {
    for (const [className, annotations] of Object.entries({
        "nginx-internal": {
            "nginx.ingress.kubernetes.io/proxy-body-size": "268435456",
            "nginx.ingress.kubernetes.io/proxy-read-timeout": "600",
            "nginx.org/client-max-body-size": "268435456",
        },
        haproxy: { "haproxy.org/timeout-server": "600s", "haproxy-ingress.github.io/proxy-body-size": "268435456" },
        contour: { "projectcontour.io/response-timeout": "600s" },
        "webapprouting.kubernetes.azure.com": { "nginx.ingress.kubernetes.io/proxy-body-size": "268435456" },
        alb: {
            "alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=600",
            "alb.ingress.kubernetes.io/healthcheck-path": "/healthz",
            "alb.ingress.kubernetes.io/target-type": "ip",
        },
        "azure-application-gateway": {
            "appgw.ingress.kubernetes.io/request-timeout": "600",
            "appgw.ingress.kubernetes.io/health-probe-path": "/healthz",
        },
        "openshift-default": { "haproxy.router.openshift.io/timeout": "600s" },
    }))
        it(`${className} gets the site's limits`, async () => {
            const { objects, warnings } = await declareEdges({ shop: { ...behind(className), tls: inFront } });
            const { metadata, spec } = find(objects, "Ingress", "edge");
            expect(metadata.annotations).to.include(annotations);
            expect(spec.ingressClassName).to.equal(className);
            expect(warnings).to.deep.equal([]);
        });

    it("Kong and Google read them at the Service", async () => {
        const service = async (className: string) => {
            const { objects } = await declareEdges({ shop: behind(className) });
            return { objects, annotations: find(objects, "Service", "edge").metadata.annotations };
        };
        expect((await service("kong")).annotations).to.include({ "konghq.com/read-timeout": "600000" });
        const { objects, annotations } = await service("gce-internal");
        expect(annotations).to.include({
            "cloud.google.com/backend-config": '{"default":"edge"}',
            "cloud.google.com/neg": '{"ingress":true}',
        });
        expect(find(objects, "BackendConfig", "edge")["spec"]).to.deep.equal({
            timeoutSec: 600,
            healthCheck: { type: "HTTP", requestPath: "/healthz" },
        });
        // Google's controller ignores an Ingress whose class is in its specification alone.
        const { metadata, spec } = find(objects, "Ingress", "edge");
        expect(metadata.annotations).to.include({ "kubernetes.io/ingress.class": "gce-internal" });
        expect(spec).not.to.have.property("ingressClassName");
    });

    it("AWS's takes attributes of the user's besides the time-out, and certificates from ACM only", async () => {
        const attributes = "alb.ingress.kubernetes.io/load-balancer-attributes";
        const rendered = async (value: string, tls: object) => {
            const annotations = { [attributes]: value };
            const { objects, warnings } = await declareEdges({ shop: { ...behind("alb", { annotations }), tls } });
            return { value: find(objects, "Ingress", "edge").metadata.annotations[attributes], warnings };
        };
        const logs = "access_logs.s3.enabled=true";
        expect((await rendered(logs, inFront)).value).to.equal(`idle_timeout.timeout_seconds=600,${logs}`);
        const own = "idle_timeout.timeout_seconds=90";
        expect((await rendered(own, inFront)).value).to.equal(own);
        expect((await rendered(logs, tlsModes["custom"]!)).warnings.join()).to.match(
            /shop: tls\.mode custom: AWS's balancer takes certificates from ACM only/,
        );
    });

    it("Azure's gateway for containers, which reads no annotations of these, is one that is not known", async () => {
        const { warnings } = await declareEdges({ shop: { ...behind("azure-alb-external"), tls: inFront } });
        expect(warnings.join()).to.match(/edge\.className "azure-alb-external" is none .*256 MiB/);
    });

    describe("that passes TLS through", () => {
        const edge = (className: string, keys: object = {}) => ({
            ...behind(className, { terminates: "edge", ...keys }),
        });
        const asked = async (className: string, keys: object = {}) => {
            const { objects, warnings } = await declareEdges({ shop: edge(className, keys) });
            const { metadata, spec } = find(objects, "Ingress", "edge");
            expect(spec.rules[0].http.paths[0].backend.service.port).to.deep.equal({ name: "https" });
            expect(spec).not.to.have.property("tls");
            return { annotations: metadata.annotations, warnings };
        };

        it("is asked for it by the annotations of its class", async () => {
            const nginx = await asked("nginx");
            expect(nginx.annotations).to.include({
                "nginx.ingress.kubernetes.io/ssl-passthrough": "true",
                "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
            });
            expect(nginx.warnings).to.deep.equal([]);
            const { annotations, warnings } = await asked("haproxy");
            expect(annotations).to.include({
                "haproxy.org/ssl-passthrough": "true",
                "haproxy-ingress.github.io/ssl-passthrough": "true",
            });
            expect(annotations).not.to.have.property("haproxy.org/send-proxy-protocol");
            expect(warnings).to.deep.equal([]);
        });

        it("tells visitors' addresses by the PROXY protocol, where the balancer believes it", async () => {
            expect((await asked("haproxy", { proxyProtocol: true })).annotations).to.include({
                "haproxy.org/send-proxy-protocol": "proxy-v2",
                "haproxy-ingress.github.io/proxy-protocol": "v2",
            });
        });

        it("is refused where no Ingress can ask for it, and pointed out where it is not known", async () => {
            const refused = (className: string) => edgeProblems({ shop: edge(className) });
            expect(await refused("traefik")).to.match(
                /shop\.edge\.terminates: "edge" is not possible with edge\.className "traefik": an Ingress cannot ask for it, only an IngressRouteTCP .*; allowed: controller, or edge\.type ClusterIP/,
            );
            for (const className of ["kong", "contour"]) expect(await refused(className)).to.include("extraObjects");
            for (const className of ["alb", "gce", "azure-application-gateway"])
                expect(await refused(className)).to.include(
                    "always ends TLS itself; allowed: controller, or edge.type",
                );
            expect((await asked("internal")).warnings.join()).to.match(/edge\.className "internal" is none .*pass TLS/);
        });
    });

    it("the user's own annotations count, and other controllers are named with the figures to set", async () => {
        const own = { "nginx.ingress.kubernetes.io/proxy-body-size": "0" };
        const { objects } = await declareEdges({ shop: behind("nginx", { annotations: own }) });
        expect(find(objects, "Ingress", "edge").metadata.annotations).to.include(own);
        const warned = async (className: string) =>
            (await declareEdges({ shop: behind(className) })).warnings.join("\n");
        expect(await warned("cilium")).to.match(/shop: edge\.className "cilium" is none .*256 MiB .* 600 s/);
        expect(await warned("traefik")).to.match(/shop: Traefik .*readTimeout.*256 MiB/);
    });

    it("a shop that is told neither the controller nor its namespace is refused, since it would redirect for ever", async () => {
        const edge = { type: "Ingress", className: "nginx" };
        const tls = tlsModes["custom"];
        expect(await edgeProblems({ shop: { edge, tls } })).to.match(
            /shop\.edge\.trustedProxies: is empty: .*redirect for ever; allowed: .*edge\.controllerNamespace/,
        );
        const named = { ...edge, controllerNamespace: "ingress-nginx" };
        expect(caddyfileOf((await declareEdges({ shop: { edge: named, tls } })).objects)).to.contain(
            "trusted_proxies static 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7",
        );
        const known = await declareEdges({ shop: { edge: named, tls } }, { cluster: { ranges: ["10.244.0.0/16"] } });
        expect(caddyfileOf(known.objects)).to.contain("trusted_proxies static 10.244.0.0/16\n");
        // Without policies, anybody in the cluster could claim to be the controller.
        expect(await edgeProblems({ shop: { edge: named, tls } }, { cluster: { networkPolicy: "off" } })).to.contain(
            "shop.edge.trustedProxies: is empty",
        );
    });

    describe("OpenShift makes a Route of each host", () => {
        const ingress = async (keys: object, tls: object) => {
            const { objects } = await declareEdges({ shop: { ...behind("openshift-default", keys), tls } });
            const { metadata, spec } = find(objects, "Ingress", "edge");
            return { annotations: metadata.annotations, tls: spec.tls, path: spec.rules[0].http.paths[0] };
        };
        it("with the router's own certificate, or that of the site; without TLS only for plain sites", async () => {
            expect((await ingress({}, { mode: "off", inFront: true })).tls).to.deep.equal([{}]);
            const custom = await ingress({}, tlsModes["custom"]!);
            expect(custom.tls).to.have.length(1);
            expect(custom.tls[0].hosts).to.deep.equal(["shop.example.org"]);
            expect((await ingress({}, { mode: "off" })).tls).to.equal(undefined);
        });
        it("that passes TLS through only if it is told, and has no path", async () => {
            const { annotations, path, tls } = await ingress({ terminates: "edge" }, tlsModes["custom"]!);
            expect(annotations).to.include({ "route.openshift.io/termination": "passthrough" });
            expect(path).to.deep.include({ path: "", pathType: "ImplementationSpecific" });
            expect(tls).to.equal(undefined);
        });
        it("so plain sites and those with the router's certificate cannot share an edge: both are named", async () => {
            const { edge } = behind("openshift-default");
            const shared = { edge: { type: "shared" } };
            const front = { ...shared, tls: { mode: "off", inFront: true } };
            const values = { edge: { edge } };
            const message = await edgeProblems({ plain: shared, front }, values);
            expect(message).to.match(/^1 problem /);
            expect(message).to.match(
                /plinth:instances\.plain\.tls\.inFront: false is not possible on one balancer with front.*: plain would be redirected/,
            );
            const tlsOf = async (instances: Record<string, object>) => {
                const { objects } = await declareEdges(instances as Parameters<typeof declareEdges>[0], values);
                return find(objects, "Ingress", "edge")["spec"].tls as object[];
            };
            expect(await tlsOf({ front, other: front })).to.deep.equal([{}]);
            // A certificate of its own names its hosts, and leaves the others plain.
            const own = { ...shared, tls: tlsModes["custom"] };
            expect(
                (await tlsOf({ plain: shared, own })).map((tls) => (tls as { hosts: string[] }).hosts),
            ).to.deep.equal([["own.example.org"]]);
        });
        it("and an edge of type Route is refused with one sentence that says so", async () => {
            for (const values of [{ shop: { edge: { type: "Route" } } }, { shop: {} }] as const)
                expect(
                    await edgeProblems(values, "edge" in values.shop ? {} : { edge: { edge: { type: "Route" } } }),
                ).to.match(/"Route" is not allowed; allowed: Ingress with className: openshift-default/);
        });
    });
});

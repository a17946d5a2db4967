import { execFileSync } from "node:child_process";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { z } from "zod";
import { record } from "../../cli/record";
import { Instance } from "../../components/instance";
import { addressesOf, declareSharedEdge, edgeSecrets, isEncrypted, publish } from "../../components/loadBalancer";
import { givenAddresses } from "../../components/loadBalancer/address";
import { CertificateError, checkedPair, checkPair } from "../../components/loadBalancer/certificate";
import { Namespace } from "../../components/namespace";
import { Stack } from "../../components/stack";
import { WebTier } from "../../components/webTier";
import { instanceFields } from "../../config/fields";
import { readStack } from "../../config/read";
import { find, objectsOf, type Sent } from "../support/declare";
import { program } from "../support/tools";

type Plain = Record<string, unknown>;

/** Instances with one web tier each, published under its host, and the shared balancer if any uses it. */
async function declare(instances: Record<string, Plain>, values: Plain = {}, preview = false) {
    const platform = {
        name: "bench",
        schema: z.looseObject({ platform: z.literal("bench"), ...instanceFields }),
        defaults: () => ({}),
        secrets: edgeSecrets,
        hosts: ({ host }: { host: string }) => [host],
    };
    const complete = Object.fromEntries(
        Object.entries(instances).map(([name, keys]) => [
            name,
            { platform: "bench", host: `${name}.example.org`, ...keys },
        ]),
    );
    const config = { ...values, instances: complete };
    const warnings: string[] = [];
    const { resources, outputs } = await record(
        () => {
            const { stack: checked, secrets } = readStack([platform]);
            const stack = new Stack(checked, secrets, () => new k8s.Provider("cluster", {}));
            const declared = checked.instances.map((settings) => {
                const instance = new Instance(stack, settings);
                new Namespace(instance);
                const container = {
                    name: "nginx",
                    image: "opencart-nginx" as const,
                    ports: { http: 8080, admin: 8090 },
                    resources: {},
                };
                const { service } = new WebTier(instance, "frontend", { pod: { user: 101, containers: [container] } });
                publish(instance, [
                    {
                        host: settings.host,
                        routes: [
                            { to: service },
                            { path: "/admin", to: service, port: "admin", allow: ["192.0.2.0/24"] },
                        ],
                    },
                ]);
                return instance;
            });
            declareSharedEdge(stack);
            stack.register();
            warnings.push(...stack.warnings);
            return {
                addresses: Object.fromEntries(declared.map((instance) => [instance.name, addressesOf(instance)])),
            };
        },
        {
            project: "plinth",
            stack: "dev",
            config: Object.fromEntries(
                Object.entries(config).map(([key, value]) => [`plinth:${key}`, JSON.stringify(value)]),
            ),
            preview,
        },
    );
    return { objects: objectsOf(resources), resources, addresses: outputs["addresses"], warnings };
}

async function problems(instances: Record<string, Plain>, values: Plain = {}): Promise<string> {
    try {
        await declare(instances, values);
    } catch (error) {
        return (error as Error).message;
    }
    throw new Error("was accepted");
}

const tlsModes: Record<string, Plain> = {
    acme: { mode: "acme", email: "ops@example.org" },
    custom: { mode: "custom", secretName: "wildcard" },
    internal: { mode: "internal" },
    off: { mode: "off" },
};
const types: Record<string, Plain> = {
    LoadBalancer: { type: "LoadBalancer" },
    ClusterIP: { type: "ClusterIP", trustedProxies: ["10.0.0.0/8"] },
    NodePort: { type: "NodePort", httpPort: 30080, httpsPort: 30443 },
    Ingress: {
        type: "Ingress",
        className: "traefik",
        trustedProxies: ["10.0.0.0/8"],
        annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" },
    },
    passthrough: { type: "Ingress", className: "traefik", terminates: "edge" },
};
const impossible = ["Ingress internal", "passthrough off"];

/** A self-signed certificate and its key, in PEM. */
function certify(): { chain: string; key: string } {
    const text = execFileSync(
        "openssl",
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=a -keyout - -out -".split(
            " ",
        ),
        { stdio: "pipe" },
    ).toString();
    const start = text.indexOf("-----BEGIN CERTIFICATE");
    return { key: text.slice(0, start), chain: text.slice(start) };
}

const file = (objects: readonly Sent[]): string => find(objects, "ConfigMap", "edge")["data"].Caddyfile;
const edgePod = (objects: readonly Sent[]) => find(objects, "Deployment", "edge")["spec"].template.spec;

describe("LoadBalancer", () => {
    let chain: string;
    let key: string;
    before(function () {
        program(this, "openssl");
        ({ chain, key } = certify());
    });

    for (const [type, edge] of Object.entries(types)) {
        for (const [mode, tls] of Object.entries(tlsModes)) {
            if (impossible.includes(`${type} ${mode}`)) continue;
            it(`${type} with TLS ${mode}`, async () => {
                const { objects, warnings } = await declare({ shop: { edge, tls } });
                const inFront = type === "Ingress";
                const secure = mode !== "off" && !inFront;
                const names = find(objects, "Service", "edge")["spec"].ports.map(({ name }: { name: string }) => name);
                expect(names).to.deep.equal(secure ? ["http", "https"] : ["http"]);

                const keeps = secure && (mode === "acme" || mode === "internal");
                expect(objects.some(({ kind }) => kind === "PersistentVolumeClaim")).to.equal(keeps);
                expect(find(objects, "Deployment", "edge")["spec"].strategy.type).to.equal(
                    keeps ? "Recreate" : "RollingUpdate",
                );

                const text = file(objects);
                expect(text).to.include(`${secure ? "https" : "http"}://shop.example.org {`);
                expect(text).to.include("reverse_proxy frontend.bench-shop.svc.cluster.local:8080");
                expect(text).to.include("reverse_proxy frontend.bench-shop.svc.cluster.local:8090");
                expect(text.includes("issuer acme")).to.equal(secure && mode === "acme");
                expect(text.includes("tls internal")).to.equal(secure && mode === "internal");
                expect(text.includes("import /run/caddy/tls/shop")).to.equal(secure && mode === "custom");
                expect(text.includes("?Strict-Transport-Security")).to.equal(mode === "acme" || mode === "custom");

                const policy = find(objects, "NetworkPolicy", "edge")["spec"];
                const opened = policy.egress.flatMap(({ to, ports }: { to?: Plain[]; ports: { port: number }[] }) =>
                    to?.some(({ ipBlock }) => !ipBlock) ? [] : ports.map(({ port }) => port),
                );
                expect(opened).to.deep.equal(secure && mode === "acme" ? [443, 80] : []);
                expect(policy.egress[0].ports.map(({ port }: { port: number }) => port)).to.deep.equal([8080, 8090]);
                const expected = [
                    ...(type === "LoadBalancer" && mode === "off" ? ["passwords travel in clear"] : []),
                    ...(type === "NodePort" && mode === "acme" ? ["the authority connects to ports 80 and 443"] : []),
                ];
                const said = warnings.filter((line) => !line.includes("allow-lists"));
                expect(said).to.have.length(expected.length);
                for (const [index, text_] of expected.entries()) expect(said[index]).to.include(text_);
            });
        }
    }

    it("publishes all that a LoadBalancer can be asked for", async () => {
        const edge = {
            type: "LoadBalancer",
            address: "192.0.2.10",
            sourceRanges: ["198.51.100.0/24"],
            loadBalancerClass: "example.org/fast",
            annotations: { "example.org/tier": "1" },
            http3: true,
        };
        const { objects } = await declare({ shop: { edge, tls: tlsModes["internal"] } });
        const { spec, metadata } = find(objects, "Service", "edge");
        expect(spec).to.deep.include({
            type: "LoadBalancer",
            externalTrafficPolicy: "Local",
            loadBalancerIP: "192.0.2.10",
            loadBalancerClass: "example.org/fast",
            loadBalancerSourceRanges: ["198.51.100.0/24"],
        });
        expect(spec.ports.at(-1)).to.deep.equal({ name: "http3", port: 443, protocol: "UDP", targetPort: 8443 });
        expect(metadata.annotations).to.deep.equal({ "example.org/tier": "1" });
        expect(file(objects)).to.include("protocols h1 h2 h3");
        const ingress = find(objects, "NetworkPolicy", "edge")["spec"].ingress;
        expect(ingress.at(-1)).to.deep.equal({ ports: [{ protocol: "UDP", port: 8443 }] });
    });

    it("waits for an address only where one will come", async () => {
        const skips = async (edge: Plain, rest: Plain = {}, values: Plain = {}, kind = "Service") => {
            const { objects } = await declare({ shop: { edge, ...rest } }, values);
            return find(objects, kind, "edge").metadata.annotations?.["pulumi.com/skipAwait"] === "true";
        };
        expect(await skips(types["LoadBalancer"]!)).to.equal(false);
        expect(await skips(types["LoadBalancer"]!, {}, { cluster: { loadBalancer: false } })).to.equal(true);
        expect(await skips(types["ClusterIP"]!)).to.equal(true);
        expect(await skips(types["Ingress"]!, {}, {}, "Ingress")).to.equal(false);
        expect(await skips({ ...types["Ingress"]!, publicAddress: "192.0.2.1" }, {}, {}, "Ingress")).to.equal(true);
        expect(await skips(types["Ingress"]!, { state: "stopped" }, {}, "Ingress")).to.equal(true);
    });

    it("asks the ingress controller for the hosts, and for their certificate where it ends TLS", async () => {
        const ended = find(
            (await declare({ shop: { edge: types["Ingress"], tls: tlsModes["custom"] } })).objects,
            "Ingress",
            "edge",
        )["spec"];
        expect(ended.tls).to.deep.equal([{ hosts: ["shop.example.org"], secretName: "wildcard" }]);
        expect(ended.rules[0].http.paths[0].backend.service).to.deep.equal({ name: "edge", port: { name: "http" } });
        const passed = find(
            (await declare({ shop: { edge: types["passthrough"], tls: tlsModes["custom"] } })).objects,
            "Ingress",
            "edge",
        )["spec"];
        expect(passed).not.to.have.property("tls");
        expect(passed.rules[0].http.paths[0].backend.service.port).to.deep.equal({ name: "https" });
    });

    it("lets in only the ingress controller and what stands before it, where one knows its namespace", async () => {
        const admitted = async (edge: Plain) =>
            find((await declare({ shop: { edge } })).objects, "NetworkPolicy", "edge")["spec"].ingress;
        const port = { ports: [{ protocol: "TCP", port: 8080 }] };
        expect(await admitted({ ...types["Ingress"], controllerNamespace: "traefik" })).to.deep.equal([
            { from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "traefik" } } }], ...port },
            { from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ...port },
        ]);
        // No peers: a selector of all namespaces would shut out controllers that are not in the pods' network.
        expect(await admitted(types["Ingress"]!)).to.deep.equal([port]);
        expect(await admitted(types["NodePort"]!)).to.deep.equal([port]);
    });

    it("lets the ingress controller reach the pods with which cert-manager answers an authority", async () => {
        const named = { ...types["Ingress"], controllerNamespace: "traefik" };
        const { objects } = await declare({ shop: { edge: named, tls: tlsModes["acme"] } });
        const policy = find(objects, "NetworkPolicy", "edge-http01");
        expect(policy.metadata.namespace).to.equal(find(objects, "Ingress", "edge").metadata.namespace);
        expect(policy["spec"]).to.deep.equal({
            podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
            policyTypes: ["Ingress"],
            ingress: [
                {
                    from: [
                        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "traefik" } } },
                        { ipBlock: { cidr: "10.0.0.0/8" } },
                    ],
                    ports: [{ protocol: "TCP", port: 8089 }],
                },
            ],
        });
        const everyone = await declare({ shop: { edge: types["Ingress"], tls: tlsModes["acme"] } });
        expect(find(everyone.objects, "NetworkPolicy", "edge-http01")["spec"].ingress).to.deep.equal([
            { ports: [{ protocol: "TCP", port: 8089 }] },
        ]);
        const none = async (keys: Plain, values: Plain = {}) =>
            expect((await declare({ shop: keys }, values)).objects.map(({ metadata }) => metadata.name)).not.to.include(
                "edge-http01",
            );
        await none({ edge: named, tls: tlsModes["custom"] });
        await none({ edge: types["passthrough"], tls: tlsModes["acme"] });
        await none({ edge: named, tls: tlsModes["acme"] }, { cluster: { networkPolicy: "off" } });
    });

    it("trusts nobody unless told, and says so behind an ingress controller", async () => {
        const edge = { type: "Ingress", className: "traefik" };
        const { objects, warnings } = await declare({ shop: { edge } });
        expect(file(objects)).not.to.include("trusted_proxies");
        expect(warnings.join()).to.include("trustedProxies is empty");
        expect(
            file((await declare({ shop: { edge: { ...edge, trustedProxies: ["10.0.0.0/8"] } } })).objects),
        ).to.include("trusted_proxies static 10.0.0.0/8");
    });

    it("warns where links lack a port, and where the authority of certificates is shut out", async () => {
        const warned = async (edge: Plain, tls: Plain) =>
            (await declare({ shop: { edge, tls } })).warnings.filter((line) => !line.includes("in clear")).join("\n");
        const ranges = { type: "LoadBalancer", sourceRanges: ["192.0.2.0/24"] };
        expect(await warned({ type: "NodePort" }, tlsModes["off"]!)).to.include(
            "shop: edge.type NodePort without edge.httpPort",
        );
        expect(await warned({ type: "NodePort", httpPort: 30080 }, tlsModes["off"]!)).to.equal("");
        expect(await warned({ type: "NodePort", httpPort: 30080 }, tlsModes["custom"]!)).to.include(
            "without edge.httpsPort",
        );
        expect(await warned(ranges, tlsModes["acme"]!)).to.include("tls.mode acme with edge.sourceRanges");
        expect(await warned(ranges, tlsModes["custom"]!)).to.equal("");
    });

    it("warns of passwords in clear, unless TLS ends in front", async () => {
        const warned = async (keys: Plain, values: Plain = {}) =>
            (await declare({ shop: keys }, values)).warnings.some((line) =>
                line.startsWith("shop: tls.mode off: passwords"),
            );
        expect(await warned({})).to.equal(true);
        expect(await warned({ edge: { type: "shared" } })).to.equal(true);
        expect(await warned({ edge: { type: "shared" } }, { edge: { tls: tlsModes["internal"] } })).to.equal(false);
        expect(await warned({ tls: { mode: "off", inFront: true } })).to.equal(false);
        expect(await warned({ state: "removed" })).to.equal(false);
        expect(await warned({ edge: types["ClusterIP"] })).to.equal(false);
    });

    it("makes a Secret of a certificate in plinth:secrets, and mounts it", async () => {
        const secrets = { shop: { tlsCertificate: chain, tlsKey: key } };
        const { objects } = await declare({ shop: { tls: { mode: "custom" } } }, { secrets });
        expect(find(objects, "Secret", "edge-certificates")["stringData"]).to.deep.equal({
            "shop.crt": chain,
            "shop.key": key,
        });
        expect(edgePod(objects).volumes).to.deep.include({
            name: "edge-certificates-secret",
            secret: { secretName: "edge-certificates" },
        });
        expect(find(objects, "ConfigMap", "edge")["data"].certificates).to.equal(
            "shop /etc/edge-certificates/shop.crt /etc/edge-certificates/shop.key\n",
        );
        expect(JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"))).not.to.match(/-----BEGIN/);
    });

    it("makes a TLS Secret of it where the ingress controller reads it", async () => {
        const secrets = { shop: { tlsCertificate: chain, tlsKey: key } };
        const { objects } = await declare({ shop: { edge: types["Ingress"], tls: { mode: "custom" } } }, { secrets });
        const secret = find(objects, "Secret", "edge-tls");
        expect(secret["type"]).to.equal("kubernetes.io/tls");
        expect(secret["stringData"]).to.deep.equal({ "tls.crt": chain, "tls.key": key });
        expect(find(objects, "Ingress", "edge")["spec"].tls[0].secretName).to.equal("edge-tls");
        expect(JSON.stringify(edgePod(objects))).not.to.include("edge-tls");
    });

    it("waits for no Secret of the user's: its pods start without it", async () => {
        const { objects } = await declare({ shop: { tls: tlsModes["custom"] } });
        expect(edgePod(objects).volumes).to.deep.include({
            name: "wildcard-secret",
            secret: { secretName: "wildcard", optional: true },
        });
        const { initContainers, containers } = edgePod(objects);
        for (const { volumeMounts } of [...initContainers, ...containers])
            expect(volumeMounts).to.deep.include({
                name: "wildcard-secret",
                mountPath: "/etc/edge-tls/shop",
                readOnly: true,
            });
        expect(find(objects, "ConfigMap", "edge")["data"].certificates).to.equal(
            "shop /etc/edge-tls/shop/tls.crt /etc/edge-tls/shop/tls.key\n",
        );
    });

    it("changes no pod when only a site changes", async () => {
        const pods = async (http: Plain) => {
            const { objects } = await declare({ shop: { http } });
            return { template: find(objects, "Deployment", "edge")["spec"].template, text: file(objects) };
        };
        const [one, other] = [await pods({ maxBody: "1Mi" }), await pods({ maxBody: "2Mi" })];
        expect(other.text).not.to.equal(one.text);
        expect(other.template).to.deep.equal(one.template);
    });

    it("opens metrics only for the namespace that scrapes them", async () => {
        const { objects } = await declare({ shop: {} }, { cluster: { monitoringNamespace: "monitoring" } });
        expect(find(objects, "NetworkPolicy", "edge")["spec"].ingress).to.deep.include({
            from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
            ports: [{ protocol: "TCP", port: 9180 }],
        });
        expect(file(objects)).to.include("http://:9180");
        expect(file((await declare({ shop: {} })).objects)).not.to.include("9180");
    });

    it("keeps the address of a stopped instance, and its claim when removed", async () => {
        const kinds = async (state: string) =>
            (await declare({ shop: { state, tls: tlsModes["acme"], edge: types["LoadBalancer"] } })).objects
                .filter(({ metadata }) => metadata.name.startsWith("edge"))
                .map(({ kind }) => kind)
                .sort();
        expect(await kinds("stopped")).to.deep.equal(["NetworkPolicy", "PersistentVolumeClaim", "Service"]);
        expect(await kinds("removed")).to.deep.equal(["NetworkPolicy", "PersistentVolumeClaim"]);
    });

    it("gives its containers the capability without which the image's binary does not start", async () => {
        const { objects } = await declare({ shop: {} });
        for (const { securityContext } of edgePod(objects).containers)
            expect(securityContext.capabilities).to.deep.equal({ drop: ["ALL"], add: ["NET_BIND_SERVICE"] });
    });

    it("stops later than its longest request", async () => {
        const { objects } = await declare({ shop: {} });
        const spec = edgePod(objects);
        const grace = Number(/grace_period (\d+)s/.exec(file(objects))![1]);
        expect(spec.terminationGracePeriodSeconds).to.be.greaterThan(
            grace + spec.containers[0].lifecycle.preStop.sleep.seconds,
        );
    });

    describe("a certificate in plinth:secrets", () => {
        const refusal = (certificate: string, privateKey: string): CertificateError => {
            try {
                checkPair("shop", certificate, privateKey);
            } catch (error) {
                return error as CertificateError;
            }
            throw new Error("was accepted");
        };
        it("is accepted with its key, alone or with others after it", () => {
            expect(() => checkPair("shop", chain, key)).not.to.throw();
            expect(() => checkPair("shop", `${chain}${certify().chain}`, key)).not.to.throw();
        });
        it("is refused when it is none, is damaged, or is another one's, without a word of what was read", () => {
            const other = certify();
            const damaged = chain.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
            const cases: [string, string, string][] = [
                ["hidden", key, "plinth:secrets.shop.tlsCertificate: is no certificate"],
                [damaged, key, "plinth:secrets.shop.tlsCertificate: cannot be read: certificate 1 of 1"],
                [`${chain}${damaged}`, key, "tlsCertificate: cannot be read: certificate 2 of 2"],
                [chain, "hidden", "plinth:secrets.shop.tlsKey: is no private key"],
                [chain, other.key, "plinth:secrets.shop.tlsKey: does not belong to"],
                [`${other.chain}${chain}`, key, "plinth:secrets.shop.tlsKey: does not belong to"],
            ];
            for (const [certificate, privateKey, message] of cases) {
                const error = refusal(certificate, privateKey);
                expect(error.message).to.include(message).and.not.include("hidden");
                expect(error.__pulumiRunError).to.equal(true);
            }
        });
        it("ends the run before its Secret is sent", async () => {
            const pair = checkedPair("shop", pulumi.output(chain), pulumi.secret("hidden"));
            for (const value of [pair.chain, pair.key]) {
                const error = await (value as unknown as { promise(): Promise<string> }).promise().catch((e) => e);
                expect(error).to.be.instanceOf(CertificateError);
            }
        });
        it("may be a placeholder, where the program runs without the passphrase", () => {
            expect(() => checkPair("shop", "placeholder-a", "placeholder-b")).not.to.throw();
        });
    });

    describe("refuses", () => {
        it("a custom certificate that is nowhere, with the commands that set it", async () => {
            const message = await problems({ shop: { tls: { mode: "custom" } } });
            expect(message)
                .to.include("plinth:instances.shop.tls: mode custom has no certificate")
                .and.include("./plinth secrets set shop tlsCertificate dev and ./plinth secrets set shop tlsKey dev");
            const half = await problems(
                { shop: { tls: { mode: "custom" } } },
                { secrets: { shop: { tlsCertificate: "CHAIN" } } },
            );
            expect(half).to.include("secrets set shop tlsKey dev").and.not.include("tlsCertificate");
        });
        it("TLS modes that the ingress controller rules out", async () => {
            for (const pair of impossible) {
                const [type, mode] = pair.split(" ") as [string, string];
                expect(await problems({ shop: { edge: types[type], tls: tlsModes[mode] } })).to.include(
                    `plinth:instances.shop.tls.mode: "${mode}" is not possible`,
                );
            }
        });
        it("a public address that is neither an IP address nor a host name", async () => {
            for (const publicAddress of ["not a host!", "https://lb.example.org", "999.0.0.1", "lb.example.org:80", ""])
                expect(
                    await problems({ shop: { edge: { type: "ClusterIP", publicAddress } } }),
                    publicAddress,
                ).to.include(
                    `plinth:instances.shop.edge.publicAddress: "${publicAddress}" is not allowed; allowed: an IP address or a host name such as lb.example.org`,
                );
        });
        it("ranges that are none", async () => {
            const refused = (range: string) => problems({ shop: { http: { allow: [range] } } });
            for (const range of ["999.0.0.0/40", "192.0.2.0/33", "192.0.2.1", "2001:db8::/129", ":::/8", "::1"])
                expect(await refused(range), range).to.include(
                    `plinth:instances.shop.http.allow.0: "${range}" is not allowed; allowed: a range such as 192.0.2.0/24`,
                );
            const { objects } = await declare({ shop: { http: { allow: ["192.0.2.0/24", "2001:db8::/32"] } } });
            expect(file(objects)).to.include("not client_ip 192.0.2.0/24 2001:db8::/32");
        });
        it("two replicas on one volume of certificates", async () => {
            expect(await problems({ shop: { tls: tlsModes["acme"], replicas: { edge: 2 } } })).to.include(
                "plinth:instances.shop.replicas.edge",
            );
            const { objects } = await declare({ shop: { tls: tlsModes["custom"], replicas: { edge: 2 } } });
            expect(find(objects, "PodDisruptionBudget", "edge")["spec"].maxUnavailable).to.equal(1);
        });
        it("an instance with the name of the shared balancer", async () => {
            const message = await problems({ edge: { edge: { type: "shared" }, namespace: "elsewhere" } });
            expect(message).to.include("plinth:instances.edge: is the name of the shared balancer");
        });
    });

    describe("shared", () => {
        const shared = { edge: { type: "shared" } };

        it("serves every instance from one namespace, each with its own TLS", async () => {
            const values = {
                edge: {
                    edge: types["LoadBalancer"],
                    labels: { team: "edge" },
                    replicas: {},
                    patches: [
                        { kind: "Service", name: "edge", patch: { spec: { ipFamilyPolicy: "PreferDualStack" } } },
                    ],
                },
                secrets: { two: { tlsCertificate: chain, tlsKey: key } },
            };
            const { objects } = await declare(
                { one: { ...shared, tls: tlsModes["internal"] }, two: { ...shared, tls: { mode: "custom" } }, own: {} },
                values,
            );
            const edges = objects.filter(({ kind, metadata }) => kind === "Deployment" && metadata.name === "edge");
            expect(edges.map(({ metadata }) => metadata.namespace).sort()).to.deep.equal(["bench-own", "edge"]);
            const inEdge = objects.filter(({ metadata }) => metadata.namespace === "edge");
            expect(find(inEdge, "Service", "edge")["spec"].ipFamilyPolicy).to.equal("PreferDualStack");
            expect(find(inEdge, "Service", "edge").metadata.labels).to.include({ team: "edge" });
            expect(find(inEdge, "Secret", "edge-certificates")["stringData"]).to.have.all.keys("two.crt", "two.key");
            const text = file(inEdge);
            expect(text)
                .to.include("https://one.example.org {\n\ttls internal\n")
                .and.include("https://two.example.org {\n\timport /run/caddy/tls/two\n");
            expect(text).not.to.include("own.example.org");
            const policy = find(
                objects.filter(({ metadata }) => metadata.namespace === "bench-one"),
                "NetworkPolicy",
                "frontend",
            )["spec"];
            expect(policy.ingress[0].from[0].namespaceSelector.matchLabels).to.deep.equal({
                "kubernetes.io/metadata.name": "edge",
            });
        });
        it("rolls no pod when an instance comes with a certificate, stops or goes", async () => {
            const pair = { tlsCertificate: chain, tlsKey: key };
            const own = { ...shared, tls: tlsModes["custom"] };
            const template = async (instances: Record<string, Plain>) => {
                const secrets = Object.fromEntries(
                    ["two", "three"].filter((name) => name in instances).map((name) => [name, pair]),
                );
                const { objects } = await declare(instances, { secrets });
                const inEdge = objects.filter(({ metadata }) => metadata.namespace === "edge");
                return find(inEdge, "Deployment", "edge")["spec"];
            };
            const custom = { ...shared, tls: { mode: "custom" } };
            const before = await template({ one: shared, own });
            expect(await template({ one: shared, own, two: custom })).to.deep.equal(before);
            expect(await template({ one: shared, own, two: custom, three: custom })).to.deep.equal(before);
            expect(await template({ one: shared, own: { ...own, state: "stopped" } })).to.deep.equal(before);
            expect(await template({ one: shared, own, two: { ...custom, state: "removed" } })).to.deep.equal(before);
            const first = await template({ one: shared });
            expect(first.template.spec.volumes).to.deep.include({
                name: "edge-certificates-secret",
                secret: { secretName: "edge-certificates" },
            });
            expect(await template({ one: shared, two: custom })).to.deep.equal(first);
        });
        it("answers for stopped instances, and forgets removed ones", async () => {
            const { objects } = await declare({
                one: { ...shared, state: "stopped" },
                two: shared,
                three: { ...shared, state: "removed" },
            });
            expect(find(objects, "Secret", "edge-certificates")).not.to.have.property("stringData");
            const text = file(objects);
            expect(text).to.match(/http:\/\/one\.example\.org \{[\s\S]*? 503/);
            expect(text).not.to.include("three.example.org");
            expect(text.match(/ 503/g)).to.have.length(1);
        });
        it("keeps its claim and namespace when the last instance is removed", async () => {
            const { objects } = await declare({ one: { ...shared, tls: tlsModes["acme"], state: "removed" } });
            const inEdge = objects.filter(({ metadata }) => metadata.namespace === "edge");
            expect(inEdge.map(({ kind }) => kind).sort()).to.deep.equal([
                "NetworkPolicy",
                "NetworkPolicy",
                "PersistentVolumeClaim",
            ]);
        });
        it("has its own TLS for instances that say nothing of it", async () => {
            const { objects } = await declare({ one: shared }, { edge: { tls: tlsModes["internal"] } });
            expect(file(objects)).to.include("https://one.example.org {\n\ttls internal\n");
        });
        it("points at plinth:edge when its own settings are wrong", async () => {
            expect(await problems({ one: shared }, { edge: { omit: [{ kind: "Ingress", name: "edge" }] } })).to.include(
                "plinth:edge.omit.0: matches nothing",
            );
        });
        it("is not there when nobody uses it", async () => {
            expect((await declare({ one: {} })).objects.map(({ metadata }) => metadata.namespace)).not.to.include(
                "edge",
            );
        });
    });

    describe("address", () => {
        it("is what the user states, for DNS", async () => {
            const { addresses } = await declare(
                {
                    one: { edge: { type: "NodePort", publicAddress: "192.0.2.1" } },
                    two: { edge: { type: "ClusterIP", publicAddress: "lb.example.net" } },
                    three: { edge: { type: "shared" } },
                    four: { edge: { type: "LoadBalancer", publicAddress: "2001:db8::1" }, state: "removed" },
                    five: { edge: { type: "LoadBalancer" } },
                },
                { edge: { edge: { type: "LoadBalancer", publicAddress: "192.0.2.3" } } },
            );
            expect(addresses).to.deep.equal({
                one: ["192.0.2.1"],
                two: ["lb.example.net"],
                three: ["192.0.2.3"],
                four: [],
                five: [],
            });
        });
        it("is an IP address of each family or a host name, as the cloud gives it", () => {
            const given = (...ingress: { ip?: string; hostname?: string }[]) =>
                givenAddresses({ loadBalancer: { ingress } });
            expect(given({}, { ip: "192.0.2.1" }, { ip: "2001:db8::1" })).to.deep.equal(["192.0.2.1", "2001:db8::1"]);
            expect(given({ ip: "192.0.2.1", hostname: "a.example.net" })).to.deep.equal(["192.0.2.1"]);
            // A second CNAME of one name is not allowed.
            expect(given({ hostname: "a.example.net" }, { hostname: "b.example.net" })).to.deep.equal([
                "a.example.net",
            ]);
            expect(givenAddresses({ loadBalancer: {} })).to.deep.equal([]);
            expect(givenAddresses(undefined)).to.deep.equal([]);
        });
        it("is declared in a preview, too", async () => {
            const { objects } = await declare({ shop: { edge: types["LoadBalancer"] } }, {}, true);
            expect(find(objects, "Service", "edge")["spec"].type).to.equal("LoadBalancer");
        });
    });

    it("tells platforms whether browsers come by HTTPS", async () => {
        const encrypted = async (keys: Plain): Promise<boolean> => {
            let answer = false;
            const platform = {
                name: "bench",
                schema: z.looseObject({ platform: z.literal("bench"), ...instanceFields }),
                defaults: () => ({}),
                secrets: {},
                hosts: () => [],
            };
            const instances = { shop: { platform: "bench", host: "shop.example.org", ...keys } };
            await record(
                () => {
                    const { stack: checked, secrets } = readStack([platform]);
                    answer = isEncrypted(
                        new Instance(
                            new Stack(checked, secrets, () => new k8s.Provider("cluster", {})),
                            checked.instances[0]!,
                        ),
                    );
                    return {};
                },
                {
                    project: "plinth",
                    stack: "dev",
                    config: {
                        "plinth:instances": JSON.stringify(instances),
                        "plinth:edge": JSON.stringify({ tls: tlsModes["internal"] }),
                    },
                },
            );
            return answer;
        };
        expect(await encrypted({})).to.equal(false);
        expect(await encrypted({ tls: { mode: "off", inFront: true } })).to.equal(true);
        expect(await encrypted({ tls: tlsModes["custom"] })).to.equal(true);
        expect(await encrypted({ edge: { type: "shared" } })).to.equal(true);
    });
});

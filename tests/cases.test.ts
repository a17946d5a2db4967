import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parseQuantity } from "../config/quantity";
import { PlainPlan } from "../operations/render/plainPlan";
import type { RenderedObject, Rendering } from "../operations/render/rendering";
import { unchangeable } from "../operations/review/unchangeable";
import { readStackFile } from "../operations/stackfile/stackFile";
import { heartbeatCommand, heartbeatOption } from "../platforms/celery";
import { declareProgram } from "../platforms/program";
import { find, objectsOf, type Sent } from "./support/declare";
import { podsOf } from "./support/invariants";
import { addressesOf, canReach, canReachAddress } from "./support/policies";
import { scratch } from "./support/tools";

/** Stack files as users write them, each with the right behaviour in its first line. */
describe("stack files that users write", () => {
    const folder = scratch();
    after(() => folder.clean());

    const declared = (name: string, change?: (text: string) => string, stack?: string): Sent[] =>
        objectsOf(rendered(name, change, stack).resources);

    /** @param change of the text, for a case whose answer is a key */
    function rendered(name: string, change = (text: string) => text, stack = "case"): PlainPlan {
        const text = readFileSync(join(__dirname, "cases", `${name}.yaml`), "utf8");
        const changed = change(text);
        writeFileSync(join(folder.path, `Pulumi.${stack}.yaml`), changed);
        const given = readStackFile(stack, folder.path);
        const { plan } = declareProgram(given, { offline: true });
        return new PlainPlan(plan, given);
    }

    /** Replaces a part of a case, which must be there. */
    const put = (from: string, to: string) => (text: string) => {
        expect(text).to.include(from);
        return text.replace(from, to);
    };

    const refused = (name: string, stack?: string): string => {
        try {
            declared(name, undefined, stack);
        } catch (error) {
            return (error as Error).message;
        }
        throw new Error(`${name} was accepted`);
    };
    const caddyfile = (objects: readonly Sent[]): string => find(objects, "ConfigMap", "edge")["data"].Caddyfile;
    const acme = "email: ops@example.org";

    it("01: an Ingress that nothing is known of is refused with the key; with it, the shop is told https", () => {
        expect(refused("01")).to.match(/shop\.edge\.trustedProxies: is empty: .*edge\.controllerNamespace/);
        const named = declared("01", put("className: nginx", "className: nginx, controllerNamespace: ingress-nginx"));
        expect(caddyfile(named)).to.contain("trusted_proxies static");
    });

    it("02: an annotation for the PROXY protocol is refused with the key; with it, Caddy expects it", () => {
        expect(refused("02")).to.match(/uses-proxyprotocol: "true" makes the balancer .*edge\.proxyProtocol/);
        const key = put("edge: {type: LoadBalancer,", "edge: {type: LoadBalancer, proxyProtocol: [10.0.0.0/8],");
        expect(caddyfile(declared("02", key))).to.contain("proxy_protocol {");
    });

    it("03: health checks with the pod's address get 200", () => {
        const text = caddyfile(declared("03"));
        expect(text.slice(text.indexOf("\nhttp:// {"))).to.match(
            /^\nhttp:\/\/ \{[^}]*@address[^}]*\}[^}]*\/healthz 200/,
        );
    });

    it("04: the Ingress allows the bodies that the shop does", () => {
        const { annotations } = find(declared("04"), "Ingress", "edge").metadata;
        expect(Number(annotations["nginx.ingress.kubernetes.io/proxy-body-size"])).to.be.at.least(32 * 2 ** 20);
        expect(Number(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"])).to.be.at.least(300);
    });

    it("05: images come from below the mirror, without their registry's name", () => {
        const images = podsOf(declared("05")).flatMap(({ template }) =>
            (template.spec as { containers: { image: string }[] }).containers.map(({ image }) => image),
        );
        expect(images.some((image) => image.startsWith("harbor.example.org/dockerhub/library/caddy:"))).to.equal(true);
        expect(images.join()).not.to.contain("docker.io");
    });

    it("06: pods of the shop's code reach its own balancer", () => {
        const objects = declared("06");
        const pods = addressesOf(objects);
        const edge = pods.find(({ component }) => component === "edge")!;
        for (const name of ["frontend", "admin", "cron"])
            for (const port of [8080, 8443])
                expect(
                    canReach(
                        objects,
                        pods.find(({ component }) => component === name)!,
                        edge,
                        port,
                    ),
                ).to.equal(true);
    });

    it("08: www redirects to the shop, with a certificate", () => {
        const text = caddyfile(declared("08"));
        const block = text.slice(text.indexOf("\nhttps://www.shop.example.org {"));
        expect(block.slice(0, block.indexOf("\n}")))
            .to.contain("issuer acme")
            .and.contain("redir https://shop.example.org{uri} 308");
    });

    it("09: an instance's patches do not drop those of all", () => {
        const objects = declared("09");
        expect(find(objects, "Deployment", "edge")["spec"].template.spec.tolerations).to.have.length(1);
        expect(find(objects, "Service", "edge")["spec"].ipFamilyPolicy).to.equal("PreferDualStack");
    });

    it("10: pods reach the resolver on their nodes, at its usual address or at the one that is named", () => {
        const frontend = (objects: readonly Sent[]) =>
            addressesOf(objects).find(({ component }) => component === "frontend")!;
        const asked = (objects: readonly Sent[], address: string) =>
            ["UDP", "TCP"].map((protocol) => canReachAddress(objects, frontend(objects), address, 53, protocol));
        const usual = declared("10", put("egress: [{ports: [53], cidrs: [169.254.25.10/32]}]", "size: small"));
        expect(asked(usual, "169.254.25.10")).to.deep.equal([true, true]);
        const named = declared("10", put("context: kubespray", "context: kubespray, dns: {addresses: [10.233.0.3]}"));
        expect(asked(named, "10.233.0.3")).to.deep.equal([true, true]);
    });

    it("12: servers that take TLS only are refused with the key; with it, the shop connects with TLS", () => {
        const told = refused("12");
        expect(told).to.match(/shop\.database\.tls: is missing, and shop\.mysql\.database\.azure\.com takes TLS only/);
        expect(told).to.match(/shop\.cache\.tls: is missing, and shop\.redis\.cache\.windows\.net takes TLS only/);
        const objects = declared("12", (text) =>
            text.replaceAll("topology: external,", "topology: external, tls: true,"),
        );
        const { containers } = find(objects, "Deployment", "frontend")["spec"].template.spec;
        const env = Object.fromEntries(
            containers[0].env.map(({ name, value }: { name: string; value?: string }) => [name, value]),
        );
        expect(env).to.include({
            DB_TLS_CA: "/run/authorities/all.pem",
            CACHE_HOSTNAME: "tls://shop.redis.cache.windows.net",
        });
    });

    it("13 and 14: an authority may have a root and an account of its own", () => {
        const root = join(__dirname, "cases", "13.yaml");
        expect(readFileSync(root, "utf8")).to.contain("ca.corp.example");
        const account = "  plinth:secrets: {pprd: {acmeKeyId: kid, acmeHmacKey: a2V5}}\n";
        expect(caddyfile(declared("14", (text) => text + account))).to.contain("import /etc/edge-accounts/pprd");
        expect(() => declared("13", put(acme, `${acme}, caBundle: none`))).to.throw(/caBundle.*certificates in PEM/);
        expect(caddyfile(declared("13"))).to.contain("https://ca.corp.example:9000/acme/acme/directory");
    });

    it("15: cert-manager is asked for the certificate, which the edge mounts", () => {
        const objects = declared("15");
        expect(find(objects, "Certificate", "edge-tls")["spec"].issuerRef.name).to.equal("letsencrypt-dns");
        expect(caddyfile(objects)).to.contain("import /run/caddy/tls/shop");
    });

    it("11: one key gives CPU limits to all containers, Tasks and backups included", () => {
        const objects = declared("11", put("context: prod", "context: prod, cpuLimits: true"));
        for (const { template } of podsOf(objects)) {
            const { containers, initContainers = [] } = template.spec as Record<string, { resources: Sent }[]>;
            for (const { resources } of [...initContainers, ...containers!])
                expect(parseQuantity(resources["limits"].cpu)).to.equal(4 * parseQuantity(resources["requests"].cpu));
        }
        expect(podsOf(objects).length).to.be.greaterThan(5);
    });

    it("16: backups as the pod's own identity have no key, and a way to it that no other pod has", () => {
        const role = { "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/backup" };
        const account = `sharedFiles: oneNode, serviceAccount: {name: shop, annotations: ${JSON.stringify(role)}}`;
        const objects = declared("16", put("sharedFiles: oneNode", account));
        const own = podsOf(objects).filter(({ owner }) => ["backup", "restore"].includes(owner.metadata.name));
        expect(own).to.have.length(2);
        for (const { template } of own) {
            expect((template.spec as Sent)["serviceAccountName"]).to.equal("shop");
            expect(JSON.stringify(template)).not.to.match(/AWS_(ACCESS_KEY_ID|SECRET)/);
        }
        for (const from of addressesOf(objects)) {
            const isMeant = ["backup", "restore"].includes(from.component);
            expect(canReachAddress(objects, from, "169.254.170.23", 80), from.component).to.equal(isMeant);
            expect(canReachAddress(objects, from, "169.254.169.254", 80), from.component).to.equal(false);
            // Of AWS's security token service.
            if (isMeant) expect(canReachAddress(objects, from, "52.94.5.1", 443)).to.equal(true);
        }
    });

    it("17: pods reference a Secret that is there already", () => {
        const objects = declared("17");
        const { containers } = podsOf(objects).find(({ owner }) => owner.metadata.name === "frontend")!.template
            .spec as {
            containers: { env: object[] }[];
        };
        expect(JSON.stringify(containers)).to.contain('"secretKeyRef":{"key":"password","name":"shop-db"}');
        expect(
            objects.filter(({ kind, metadata }) => kind === "Secret" && metadata.name === "database"),
        ).to.have.length(0);
    });

    it("18: on OpenShift, users and groups of all pods are left to the cluster", () => {
        const objects = declared("18", put("context: openshift", "context: openshift, openshift: true"));
        expect(podsOf(objects).length).to.be.greaterThan(4);
        for (const { template } of podsOf(objects)) {
            const text = JSON.stringify(template);
            expect(text).not.to.match(/runAsUser|runAsGroup|fsGroup"/);
            // The rest stays.
            expect(text).to.contain('"runAsNonRoot":true').and.contain('"allowPrivilegeEscalation":false');
        }
        expect(JSON.stringify(podsOf(declared("18")).map(({ template }) => template))).to.contain('"runAsUser":999');
    });

    it("24: a worker that hears no more of its broker is restarted", () => {
        const worker = find(declared("24"), "Deployment", "worker")["spec"].template.spec.containers[0];
        expect(worker.livenessProbe.exec.command).to.deep.equal(
            // Kubernetes takes a single one for the beginning of a variable.
            heartbeatCommand().map((word) => word.replaceAll("$", "$$$$")),
        );
        expect(worker.command).to.include(heartbeatOption);
    });

    it("19: a stack's name that no label can hold is refused", () => {
        const name = "review-app-with-a-very-long-name-of-more-than-sixty-three-characters-abc";
        expect(refused("19", name)).to.match(/is the label of every object, and not allowed/);
    });

    it("23: a claim that shrinks is named before a launch", () => {
        const { resources } = rendered("23");
        const objects = objectsOf(resources) as unknown as RenderedObject[];
        const before = objectsOf(
            rendered("23", put("size: 5Gi", "size: 10Gi")).resources,
        ) as unknown as RenderedObject[];
        const outputs = {
            instances: { shop: { namespace: "opencart-shop", volumes: { database: { claim: "database" } } } },
        } as unknown as Rendering["outputs"];
        expect(unchangeable(before, { objects, outputs }, []).refused.join()).to.match(
            /^plinth:instances\.shop\.volumes\.database\.size: "5Gi" is less than the 10Gi .*volumes cannot shrink/,
        );
    });

    it("20: pods have annotations of their own", () => {
        const objects = declared("20", put(", annotations:", ", podAnnotations:"));
        for (const { template } of podsOf(objects))
            expect((template.metadata as Sent["metadata"]).annotations).to.include({
                "cluster-autoscaler.kubernetes.io/safe-to-evict": "true",
            });
    });

    it("21: what egress opens holds for the edge", () => {
        const objects = declared("21");
        const edge = addressesOf(objects).find(({ component }) => component === "edge")!;
        expect(canReachAddress(objects, edge, "10.1.2.3", 3128)).to.equal(true);
    });
});

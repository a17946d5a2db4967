import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parseQuantity } from "../../config/quantity";
import { renderGiven } from "../../operations/render/rendering";
import { platforms } from "../../platforms";
import { heartbeatCommand } from "../../platforms/celery";
import { find, givenOf, type Sent } from "../support/declare";
import { write } from "../support/files";
import { podsOf } from "../support/invariants";
import { addressesOf, canReach, canReachAddress } from "../support/policies";
import { scratch } from "../support/tools";

interface Container {
    readonly name: string;
    readonly image: string;
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
    readonly resources: { readonly limits: { readonly cpu: string }; readonly requests: { readonly cpu: string } };
    readonly livenessProbe?: { readonly exec?: { readonly command: readonly string[] } };
}

/** What each platform needs besides a host, and its components: those with its own code, and workers of Celery. */
const subjects: Readonly<
    Record<
        string,
        { readonly instance?: object; readonly code: readonly string[]; readonly workers?: readonly string[] }
    >
> = {
    opencart: { code: ["admin", "cron", "frontend"] },
    openmage: { code: ["admin", "cron", "frontend"] },
    openedx: { code: ["lms", "cms", "lms-worker", "cms-worker"], workers: ["lms-worker", "cms-worker"] },
    qxsms: {
        instance: {
            mail: { host: "smtp.example.org", from: "wpss@example.org" },
            administrator: { email: "admin@example.org" },
        },
        code: ["web", "worker"],
        workers: ["worker"],
    },
    qed: { code: ["qed-django", "qed-flask"], workers: ["qed-celery"] },
    // A service of a project requests no CPU unless somebody says so.
    compose: { instance: { file: "compose.yaml", resources: { web: { cpu: "100m" } } }, code: ["web"] },
};
const composeFile = `
services:
  web:
    image: nginx:1.29
    ports: ["80:80"]
    environment: {DB_HOST: db, DB_PASSWORD: "\${DB_PASSWORD:-generated}"}
    depends_on: [db]
  db:
    image: mariadb:11.8
    environment: {MARIADB_DATABASE: board, MARIADB_USER: board, MARIADB_PASSWORD: "\${DB_PASSWORD:-generated}"}
    volumes: [data:/var/lib/mysql]
    x-plinth: {as: database}
volumes: {data: {}}
`;
const placement = {
    nodeSelector: { pool: "web" },
    tolerations: [{ key: "pool", operator: "Exists" }],
    priorityClassName: "production",
    runtimeClassName: "gvisor",
    podAnnotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "true" },
    podLabels: { team: "web" },
    serviceAccount: { name: "site", annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/site" } },
};
const proxy = "http://10.1.2.3:3128";
const patchOf = (kind: string, name: string) => ({
    kind,
    name: "edge",
    patch: { metadata: { annotations: { [`example.org/${name}`]: "yes" } } },
});

describe("clusters as they are", () => {
    it("are those of every platform", () =>
        expect(Object.keys(subjects).sort()).to.deep.equal(Object.keys(platforms).sort()));

    for (const [platform, { instance = {}, code, workers = [] }] of Object.entries(subjects))
        describe(platform, () => {
            const folder = scratch();
            after(() => folder.clean());
            const rendered = (keys: object, cluster: object = {}): Sent[] => {
                write(folder.path, { "compose.yaml": composeFile });
                const given = givenOf({
                    ...placement,
                    cluster: {
                        context: "production",
                        dns: { addresses: ["10.233.0.3"], namespace: "kube-system" },
                        proxy: { http: proxy, https: proxy },
                        ipFamilyPolicy: "PreferDualStack",
                        cpuLimits: true,
                        ...cluster,
                    },
                    images: {
                        registry: "registry.example.org/plinth",
                        mirror: {
                            "docker.io": "harbor.example.org/dockerhub",
                            "ghcr.io": "harbor.example.org/ghcr",
                            "quay.io": "harbor.example.org/quay",
                        },
                    },
                    caBundle: readFileSync(join(__dirname, "..", "cases", "root.pem"), "utf8"),
                    defaults: { patches: [patchOf("Service", "all")] },
                    secrets: { site: { backupAccessKey: "key", backupSecretKey: "secret" } },
                    instances: {
                        site: {
                            platform,
                            host: "site.example.org",
                            sharedFiles: "oneNode",
                            backup: { target: { type: "s3", bucket: "copies.example.org" } },
                            patches: [patchOf("Deployment", "own")],
                            ...instance,
                            ...keys,
                        },
                    },
                });
                return renderGiven({ ...given, stackFolder: folder.path }).objects as unknown as Sent[];
            };
            const direct = {
                edge: { type: "LoadBalancer" },
                tls: { mode: "certManager", issuer: "letsencrypt-dns" },
                aliases: ["other.example.org"],
                redirects: ["www.site.example.org"],
            };
            const behind = {
                edge: { type: "Ingress", className: "nginx", controllerNamespace: "ingress-nginx" },
                tls: { mode: "off", inFront: true },
            };
            let objects: Sent[];
            let pods: { name: string; template: Sent; containers: Container[] }[];
            before(() => {
                objects = rendered(direct);
                pods = podsOf(objects).map(({ owner, template }) => {
                    const { initContainers = [], containers } = template.spec as Record<string, Container[]>;
                    return {
                        name: owner.metadata.name,
                        template: template as unknown as Sent,
                        containers: [...(initContainers as Container[]), ...containers!],
                    };
                });
            });
            const caddyfile = (all: readonly Sent[]): string => find(all, "ConfigMap", "edge")["data"].Caddyfile;
            const named = (component: string) => {
                const pod = addressesOf(objects).find((one) => one.component === component);
                if (!pod) throw new Error(`no ${component} among ${addressesOf(objects).map((one) => one.component)}`);
                return pod;
            };
            const valueOf = ({ env = [] }: Container, name: string) => env.find((one) => one.name === name)?.value;

            it("every pod runs where the stack says, Tasks and backups included", () => {
                expect(pods.map(({ name }) => name)).to.include.members(["edge", "backup", "restore"]);
                for (const { name, template } of pods) {
                    expect(template["spec"], name).to.deep.include({
                        nodeSelector: placement.nodeSelector,
                        tolerations: placement.tolerations,
                        priorityClassName: "production",
                        runtimeClassName: "gvisor",
                        serviceAccountName: "site",
                        automountServiceAccountToken: false,
                    });
                    expect(template.metadata.labels, name).to.include(placement.podLabels);
                    expect(template.metadata.annotations, name).to.include(placement.podAnnotations);
                }
            });

            it("every container states a CPU limit, and has its image from a mirror or the stack's registry", () => {
                for (const { name, containers } of pods)
                    for (const { image, resources } of containers) {
                        expect(parseQuantity(resources.limits.cpu), name).to.equal(
                            4 * parseQuantity(resources.requests.cpu),
                        );
                        expect(image).to.match(
                            /^(harbor\.example\.org\/(dockerhub|ghcr|quay)|registry\.example\.org\/plinth)\//,
                        );
                        expect(image).not.to.match(/(docker|ghcr|quay)\.io\//);
                    }
            });

            it("pods that go out have the proxy, the way to it and the authorities, and no others do", () => {
                const all = addressesOf(objects);
                const informed = pods.filter(({ containers }) => containers.some((one) => valueOf(one, "https_proxy")));
                for (const { name, containers } of informed) {
                    expect(containers[0]!.name, name).to.equal("authorities");
                    for (const container of containers.slice(1))
                        expect(
                            [valueOf(container, "https_proxy"), valueOf(container, "SSL_CERT_FILE")],
                            `${name} ${container.name}`,
                        ).to.deep.equal([proxy, "/run/authorities/all.pem"]);
                }
                const labelsOf = ({ template }: (typeof pods)[number]) => template.metadata.labels;
                for (const pod of pods) {
                    const address = all.find(({ labels }) => labels === labelsOf(pod))!;
                    expect(canReachAddress(objects, address, "10.1.2.3", 3128), pod.name).to.equal(
                        informed.includes(pod),
                    );
                }
                expect(informed.map(({ name }) => name)).to.include.members([...code, "backup", "restore"]);
            });

            it("every pod asks the named resolvers by UDP and TCP, and no others", () => {
                for (const pod of addressesOf(objects))
                    for (const protocol of ["UDP", "TCP"]) {
                        expect(canReachAddress(objects, pod, "10.233.0.3", 53, protocol), pod.component).to.equal(true);
                        expect(canReachAddress(objects, pod, "169.254.25.10", 53, protocol), pod.component).to.equal(
                            false,
                        );
                    }
            });

            it("further ways out are those of the platform's code, the balancer and backups, by UDP, too", () => {
                const egress = [{ ports: [123], protocol: "UDP", cidrs: ["192.0.2.9/32"] }];
                const opened = rendered({ ...direct, egress });
                const able = addressesOf(opened).filter((pod) => canReachAddress(opened, pod, "192.0.2.9", 123, "UDP"));
                expect(able.map(({ component }) => component)).to.include.members([...code, "edge", "backup"]);
                // Services of a Compose project reach any address by themselves.
                for (const pod of able.filter(({ component }) => !code.includes(component)))
                    expect(canReachAddress(opened, pod, "192.0.2.9", 124, "UDP"), pod.component).to.equal(false);
            });

            it("the platform's code may call its own site, through the balancer's pods", () => {
                for (const component of code)
                    for (const port of [8080, 8443])
                        expect(canReach(objects, named(component), named("edge"), port), component).to.equal(true);
            });

            it("health checks of clouds get 200 with any Host, where the policy lets them ask", () => {
                const text = caddyfile(objects);
                expect(text.slice(text.indexOf("\nhttp:// {"))).to.match(
                    /^\nhttp:\/\/ \{[^}]*@address[^}]*\}[^}]*\/healthz 200/,
                );
                const { ingress } = find(objects, "NetworkPolicy", "edge")["spec"];
                const open = (ingress as { from?: object[]; ports: { port: number }[] }[]).filter(({ from }) => !from);
                expect(open.flatMap(({ ports }) => ports.map(({ port }) => port))).to.include.members([
                    8080, 8443, 8081,
                ]);
            });

            it("further names have the certificate, an answer or a redirect", () => {
                const names = ["site.example.org", "other.example.org", "www.site.example.org"];
                const { dnsNames } = find(objects, "Certificate", "edge-tls")["spec"];
                expect(dnsNames).to.include.members(names);
                const text = caddyfile(objects);
                for (const name of names) expect(text).to.include(name);
                const block = text.slice(text.indexOf("\nhttps://www.site.example.org {"));
                expect(block.slice(0, block.indexOf("\n}"))).to.include("redir https://site.example.org{uri} 308");
            });

            it("patches of all instances and of its own count; Services have both families", () => {
                expect(find(objects, "Service", "edge").metadata.annotations).to.include({ "example.org/all": "yes" });
                expect(find(objects, "Deployment", "edge").metadata.annotations).to.include({
                    "example.org/own": "yes",
                });
                for (const { metadata, spec } of objects.filter(({ kind }) => kind === "Service"))
                    expect(spec.ipFamilyPolicy, metadata.name).to.equal("PreferDualStack");
                for (const { kind, metadata } of objects)
                    expect(metadata.labels, `${kind} ${metadata.name}`).to.include({
                        "plinth.dev/stack": "plinth.dev",
                    });
            });

            it("behind an ingress controller, the site is told https, and the controller its limits", () => {
                const routed = rendered(behind);
                expect(caddyfile(routed)).to.include("trusted_proxies static");
                const { annotations } = find(routed, "Ingress", "edge").metadata;
                const [, wanted = "0"] =
                    [...caddyfile(routed).matchAll(/max_size (\d+)/g)].sort((a, b) => Number(b[1]) - Number(a[1]))[0] ??
                    [];
                expect(Number(wanted)).to.be.greaterThan(0);
                expect(annotations["nginx.ingress.kubernetes.io/proxy-body-size"]).to.equal(wanted);
                expect(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]).to.equal("600");
            });

            it("on OpenShift, no pod names its users and groups", () => {
                for (const { template } of podsOf(rendered(direct, { openshift: true })))
                    expect(JSON.stringify(template)).not.to.match(/runAsUser|runAsGroup|fsGroup"/);
            });

            if (workers.length > 0)
                it("Celery's workers are asked for a sign of life", () => {
                    for (const name of workers) {
                        const worker = pods
                            .find((pod) => pod.name === name)!
                            .containers.find((one) => one.livenessProbe);
                        expect(worker?.livenessProbe?.exec?.command.join(), name).to.include(
                            heartbeatCommand().at(-1)!.replaceAll("$", "$$$$"),
                        );
                    }
                });
        });
});

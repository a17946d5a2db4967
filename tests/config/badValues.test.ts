import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { renderStack } from "../../operations/render/rendering";
import { isMapped, canonicalAddress, canonicalRange } from "../../config/addresses";
import { schedule, timeZone } from "../../config/schedule";
import { itSaysWhatIsWrong, type Mistakes, one, problemsOf, shop, stackOf } from "../support/badInput";

const cluster = (keys: object) => one({}, { "plinth:cluster": { context: "fixture", ...keys } });
const images = (keys: object) => one({}, { "plinth:images": keys });

/** What Kubernetes' own validation refuses, or would take for something else. */
describe("bad input", () => {
    const at = "plinth:instances.shop";
    const cases: Mistakes = {
        "names of classes": {
            of: async () => [
                ...(await cluster({ storageClass: "Fast SSD", sharedStorageClass: "a..b" })),
                ...(await one({ volumes: { database: { storageClass: "Fast SSD" } } })),
                ...(await one({ edge: { type: "Ingress", className: "My Class" } })),
                ...(await one({ edge: { type: "LoadBalancer", loadBalancerClass: "x y" } })),
                ...(await one({
                    edge: { type: "Gateway", gateway: { name: "My Gateway", namespace: "infra" }, terminates: "edge" },
                })),
                ...(await one({ edge: { type: "Gateway", gateway: { name: "public" } } })),
            ],
            says: [
                'plinth:cluster.storageClass: "Fast SSD" is not allowed; allowed: lower-case letters',
                'plinth:cluster.sharedStorageClass: "a..b" is not allowed',
                `${at}.volumes.database.storageClass: "Fast SSD" is not allowed; allowed: lower-case letters`,
                `${at}.edge.className: "My Class" is not allowed`,
                `${at}.edge.loadBalancerClass: "x y" is not allowed; allowed: a class such as`,
                `${at}.edge.gateway.name: "My Gateway" is not allowed`,
                `${at}.edge.terminates: "edge" is not allowed; allowed: gateway. Only a TLSRoute passes TLS through`,
                `${at}.edge.gateway.namespace: `,
            ],
        },
        "numbers out of range": {
            of: () =>
                one({
                    replicas: { frontend: 3_000_000_000 },
                    http: { hstsSeconds: 1e12 },
                    php: { maxChildren: 1e9 },
                    backup: { keep: { days: 1e9 }, timeoutSeconds: 3e9, target: { type: "volume" } },
                }),
            says: [
                `${at}.replicas.frontend: 3000000000 is not allowed; allowed: at most 1000`,
                `${at}.http.hstsSeconds: 1000000000000 is not allowed; allowed: at most 31536000`,
                `${at}.php.maxChildren: 1000000000 is not allowed; allowed: at most 1000`,
                `${at}.backup.keep.days: 1000000000 is not allowed`,
                `${at}.backup.timeoutSeconds: 3000000000 is not allowed`,
            ],
        },
        "quantities out of range": {
            of: () =>
                one({
                    resources: { frontend: { cpu: "0", memory: "500m" } },
                    volumes: { database: { size: "0" }, files: { size: "1.3" } },
                    http: { maxBody: "99999999Pi" },
                }),
            says: [
                `${at}.resources.frontend.cpu: "0" is not allowed; allowed: a quantity from 1m to 1024`,
                `${at}.resources.frontend.memory: "500m" is not allowed; allowed: a quantity of whole bytes`,
                `${at}.volumes.database.size: "0" is not allowed`,
                `${at}.volumes.files.size: "1.3" is not allowed`,
                `${at}.http.maxBody: "99999999Pi" is not allowed; allowed: a quantity of whole bytes from 1Mi to 1Ti`,
            ],
        },
        "a quota of unknown resources": {
            of: () =>
                one({ quota: { "requests cpu": "4", cpus: "1", pods: "1.5", "a b/c": "1", "limits.memory": "1m" } }),
            says: [
                `${at}.quota.requests cpu: "requests cpu" is not allowed; allowed: pods, `,
                `${at}.quota.cpus: "cpus" is not allowed`,
                `${at}.quota.a b/c: "a b/c" is not allowed`,
            ],
        },
        "a quota with fractions": {
            of: () => one({ quota: { pods: "1.5", "limits.memory": "1m", "count/jobs.batch": "100m" } }),
            says: [
                `${at}.quota.pods: "1.5" is not allowed; allowed: a whole number`,
                `${at}.quota.limits.memory: "1m" is not allowed; allowed: 0, or a quantity from`,
                `${at}.quota.count/jobs.batch: "100m" is not allowed; allowed: a whole number`,
            ],
        },
        "annotations that are too long together": {
            of: () =>
                one(
                    { annotations: { "example.org/a": "x".repeat(150_000) } },
                    { "plinth:annotations": { "example.org/b": "x".repeat(150_000) } },
                ),
            says: [`${at}.annotations: Deployment "frontend" would have more than 252 KiB of annotations`],
        },
        "labels that are invalid or reserved": {
            of: () => one({ labels: { "a..b/x": "x", "app.kubernetes.io/name": "x" }, annotations: { "A/x": "x" } }),
            says: [
                `${at}.labels.a..b/x: "a..b/x" is not allowed; allowed: a label key`,
                `${at}.labels.app.kubernetes.io/name: "app.kubernetes.io/name" is not allowed; allowed: any label except`,
                `${at}.annotations.A/x: "A/x" is not allowed`,
            ],
        },
        "invalid registries": {
            of: () => images({ registry: "my registry/x", mirror: "https://mirror.example.org" }),
            says: [
                'plinth:images.registry: "my registry/x" is not allowed; allowed: REGISTRY, or REGISTRY/FOLDER',
                'plinth:images.mirror: "https://mirror.example.org" is not allowed',
            ],
        },
        "a directory that leads out of the share": {
            of: () => cluster({ nfs: { server: "nas.example.org", share: "/srv", subDir: "../../etc" } }),
            says: ['plinth:cluster.nfs.subDir: "../../etc" is not allowed; allowed: a relative path'],
        },
        "ambiguous ranges": {
            of: () =>
                one({ http: { allow: ["10.0.0.5/8", "2001:db8::1/32", "::ffff:10.0.0.0/104", "fe80::1%eth0/64"] } }),
            says: [
                `${at}.http.allow.0: "10.0.0.5/8" is not allowed; allowed: 10.0.0.0/8 for the range, or 10.0.0.5/32 for only the address`,
                `${at}.http.allow.1: "2001:db8::1/32" is not allowed; allowed: 2001:db8::/32 for the range, or 2001:db8::1/128`,
                `${at}.http.allow.2: "::ffff:10.0.0.0/104" is not allowed; allowed: a range such as`,
                `${at}.http.allow.3: "fe80::1%eth0/64" is not allowed`,
            ],
        },
        "addresses and names of servers": {
            of: async () => [
                ...(await one({ edge: { type: "LoadBalancer", address: "lb.example.org" } })),
                ...(await one({ volumes: { files: { local: { node: "n".repeat(64), path: "/srv\nx" } } } })),
                ...(await one({ backup: { target: { type: "s3", bucket: "abc", endpoint: "http://127.1" } } })),
            ],
            says: [
                `${at}.edge.address: "lb.example.org" is not allowed; allowed: an IP address`,
                `${at}.volumes.files.local.node: `,
                `${at}.volumes.files.local.path: "/srv\\nx" is not allowed; allowed: an absolute path on one line`,
                `${at}.backup.target.endpoint: "http://127.1" is not allowed; allowed: a URL such as`,
            ],
        },
        "namespaces of Kubernetes itself": {
            of: async () => [
                ...(await one({ namespace: "default" })),
                ...(await one({}, { "plinth:edge": { namespace: "kube-public" } })),
            ],
            says: [
                `${at}.namespace: "default" exists in every cluster and cannot be created`,
                'plinth:edge.namespace: "kube-public" belongs to Kubernetes itself',
            ],
        },
        "a node port of the shared balancer": {
            of: () => {
                const edge = { type: "NodePort", httpPort: 30080 };
                return problemsOf(stackOf({ a: shop({ edge }) }, { "plinth:edge": { edge } }));
            },
            says: ["plinth:instances.a.edge.httpPort: 30080 is already the node port of plinth:edge"],
        },
        "characters that cannot be represented": {
            of: () => one({ env: { frontend: { A: "a\0b" } }, annotations: { "example.org/x": "\ud800" } }),
            says: [
                `${at}.env.frontend.A: the text contains a NUL character or a lone surrogate`,
                `${at}.annotations.example.org/x: the text contains`,
            ],
        },
        "a stack name that is not a valid label": {
            of: () => problemsOf(stackOf({ shop: shop() }), "s".repeat(60)),
            says: ["is the label of every object, and not allowed"],
        },
    };
    itSaysWhatIsWrong(cases);
});

describe("schedules and time zones", () => {
    const takes = (text: string) => schedule.safeParse(text).success;
    it("have at least one date", () => {
        for (const text of ["0 0 29 2 *", "0 0 31 1/2 *", "0 0 31 2 MON", "0 0 31 JAN-MAR *", "*/90 * * * *"])
            expect(takes(text), text).to.equal(true);
        for (const text of ["0 0 30 2 *", "0 0 31 2,4,6 *", "0 0 31 APR ?", "0 0 * * 7", "@daily", "TZ=UTC 0 0 * * *"])
            expect(takes(text), text).to.equal(false);
    });
    it("are zones in the database's spelling, because Kubernetes reads them from files", () => {
        const zones = [
            "UTC",
            "Etc/UTC",
            "Europe/Berlin",
            "Asia/Kolkata",
            "US/Pacific",
            "Etc/GMT+5",
            "America/Port_of_Spain",
        ];
        for (const zone of [...zones, "America/Port-au-Prince", "EST5EDT"])
            expect(timeZone.safeParse(zone).success, zone).to.equal(true);
        for (const zone of [
            "europe/berlin",
            "EUROPE/BERLIN",
            "utc",
            "asia/kolkata",
            "PST",
            "+02:00",
            "Europe/Nowhere",
            "",
        ])
            expect(timeZone.safeParse(zone).success, zone).to.equal(false);
    });
});

describe("addresses", () => {
    it("are normalised without changing their meaning", () => {
        expect(canonicalAddress("2001:DB8:0:0::1")).to.equal("2001:db8::1");
        expect(canonicalAddress("192.0.2.1")).to.equal("192.0.2.1");
        expect(canonicalRange("2001:DB8:0:0::/32")).to.deep.equal({ range: "2001:db8::/32", hasMore: false });
        expect(canonicalRange("10.0.0.5/8")).to.deep.equal({ range: "10.0.0.0/8", hasMore: true });
        expect(canonicalRange("0.0.0.0/0").hasMore).to.equal(false);
        expect(["::ffff:10.0.0.1", "::FFFF:a00:1/128", "2001:db8::1", "10.0.0.1", "x:y"].map(isMapped)).to.deep.equal([
            ...[true, true, false, false, false],
        ]);
    });
});

describe("a balancer that may lose clients' addresses", () => {
    const warned = async (keys: Record<string, unknown>) => {
        const folder = mkdtempSync(join(tmpdir(), "plinth-bad-"));
        try {
            writeFileSync(join(folder, "Pulumi.staging.yaml"), stringify({ config: stackOf({ shop: shop(keys) }) }));
            const { outputs } = await renderStack("staging", { folder });
            return outputs.warnings.filter((warning) => warning.includes("edge.externalTrafficPolicy Cluster"));
        } finally {
            rmSync(folder, { recursive: true });
        }
    };
    const edge = { type: "LoadBalancer", externalTrafficPolicy: "Cluster" };
    it("causes a warning if an allow-list compares them, with or without trusted proxies", async () => {
        for (const keys of [
            { edge, http: { allow: ["192.0.2.0/24"] } },
            { edge, adminAllow: ["192.0.2.0/24"] },
            { edge: { ...edge, trustedProxies: ["10.0.0.0/8"] }, adminAllow: ["192.0.2.0/24"] },
            {
                edge: { type: "NodePort", httpPort: 30080, externalTrafficPolicy: "Cluster" },
                adminAllow: ["192.0.2.0/24"],
            },
        ])
            expect(await warned(keys), JSON.stringify(keys)).to.have.length(1);
    });
    it("causes none without an allow-list, or if addresses are preserved", async () => {
        expect(await warned({ edge })).to.deep.equal([]);
        expect(await warned({ adminAllow: ["192.0.2.0/24"] })).to.deep.equal([]);
    });
});

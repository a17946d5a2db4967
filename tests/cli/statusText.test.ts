import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { ageOf, shortImage, statusText } from "../../cli/statusText";
import { notReady, type Status } from "../../operations/status/status";
import { at } from "../support/observed";

const now = Date.parse("2026-11-03T10:00:00Z");
const healthy: Status = {
    stack: "staging",
    nodes: [{ name: "a", ready: false, version: "v1.36.3", memory: "16Gi" }],
    instances: [
        { name: "shop", platform: "opencart", state: "running", namespace: "s", urls: { shop: "https://shop/" } },
        { name: "old", platform: "opencart", state: "stopped", namespace: "o", urls: { shop: "https://old/" } },
    ],
    urlsFrom: "engine",
    tiers: [
        {
            instance: "shop",
            component: "frontend",
            namespace: "s",
            kind: "Deployment",
            ready: 2,
            desired: 2,
            image: `registry.example.org:5000/plinth/php:8@sha256:${"a".repeat(64)}`,
            created: at,
            restarts: 1,
            ok: true,
        },
    ],
    tasks: [{ instance: "shop", component: "install", namespace: "s", state: "done", created: at }],
    scheduled: [
        {
            instance: "shop",
            component: "cron",
            namespace: "s",
            schedule: "0 * * * *",
            suspended: false,
            running: false,
            lastStart: "2026-11-03T09:59:00Z",
            lastSuccess: "2026-11-03T08:59:00Z",
            failed: true,
        },
    ],
    claims: [
        {
            instance: "shop",
            claim: "files",
            namespace: "s",
            phase: "Bound",
            waits: false,
            size: "10Gi",
            storageClass: "fast",
            fileSystem: { used: 2 ** 30, capacity: 8 * 2 ** 30 },
        },
        {
            instance: "old",
            claim: "files",
            namespace: "o",
            phase: "Pending",
            waits: false,
            size: "10Gi",
            storageClass: "fast",
        },
    ],
    certificates: [
        { namespace: "s", source: "volume edge-data", managedBy: "Caddy" },
        {
            namespace: "s",
            source: "tls/tls.crt",
            managedBy: "Secret",
            hosts: ["shop"],
            expires: "2026-12-24T00:00:00Z",
        },
    ],
    evictions: [],
    restores: [],
};

describe("readiness in status", () => {
    it("ignores what no platform depends on: nodes, scheduled runs, volumes of stopped instances", () => {
        expect(notReady(healthy, now)).to.deep.equal([]);
    });
    it("counts an instance in the middle of a restore, whose pods may all be ready", () => {
        const restores = [{ instance: "shop", backup: "20261103T020000Z-ab12", command: "./plinth continue" }];
        expect(notReady({ ...healthy, restores }, now)).to.deep.equal([
            "shop: a restore of 20261103T020000Z-ab12 is in progress or was interrupted; to continue: ./plinth continue",
        ]);
    });

    it("ignores a volume that waits for its first pod, and shows that it does", () => {
        const backups = { ...healthy.claims[0]!, claim: "backups", phase: "Pending", waits: true };
        const status = { ...healthy, claims: [backups] };
        expect(notReady(status, now)).to.deep.equal([]);
        expect(statusText(status, [], now)).to.contain("waits for its first pod");
        expect(notReady({ ...healthy, claims: [{ ...backups, waits: false }] }, now)).to.have.length(1);
    });
    it("counts tiers, Tasks, volumes and certificates, each with its reason", () => {
        const broken: Status = {
            ...healthy,
            tiers: [{ ...healthy.tiers[0]!, ok: false, reason: "php: ErrImagePull" }],
            tasks: [{ ...healthy.tasks[0]!, state: "failed", reason: "BackoffLimitExceeded: too often" }],
            claims: [
                { ...healthy.claims[0]!, phase: "Pending" },
                { ...healthy.claims[1]!, phase: "Lost" },
            ],
            certificates: [
                { ...healthy.certificates[1]!, expires: "2026-11-02T00:00:00Z" },
                { namespace: "s", source: "none", managedBy: "Secret", reason: "the Secret is missing" },
            ],
        };
        expect(notReady(broken, now)).to.deep.equal([
            "shop/frontend: php: ErrImagePull",
            "shop/install is not done (failed): BackoffLimitExceeded: too often",
            "volume s/files is Pending",
            "volume o/files is Lost",
            "certificate s/tls/tls.crt: expired on 2026-11-02",
            "certificate s/none: the Secret is missing",
        ]);
    });
});

describe("the text of status", () => {
    const lines = (status: Status, missing: string[] = []) =>
        stripVTControlCharacters(statusText(status, missing, now))
            .replace(/ +$/gm, "")
            .split("\n");
    it("has a line for each thing", () => {
        const text = lines(healthy);
        expect(text).to.include("a     no     v1.36.3  16.0 GiB");
        expect(text).to.include("shop      opencart  running  s          https://shop/");
        // Nothing answers there.
        expect(text).to.include("old       opencart  stopped  o");
        expect(text).to.include("shop/frontend  2/2    php:8@sha256:aaaaaaaaaaaa  2d   1");
        expect(text).to.include("shop/cron     last run failed (0 * * * *)       last success 61m ago");
        expect(text).to.include("shop/files  Bound    10Gi  1.0 GiB (13%)  fast");
        expect(text).to.include("old/files   Pending  10Gi  unknown        fast");
        expect(text).to.include("s/volume edge-data  obtained and renewed by Caddy");
        expect(text).to.include("s/tls/tls.crt       2026-12-24                     shop");
        expect(text.at(-1)).to.equal("Everything that should be ready is ready.");
    });
    it("reports evicted pods even after they are replaced, because their files are lost", () => {
        const eviction = {
            instance: "shop",
            component: "frontend",
            namespace: "s",
            count: 2,
            last: "2026-11-03T07:00:00Z",
            reason: 'Usage of EmptyDir volume "tmp" exceeds the limit "1Gi".',
            key: 'plinth:instances.shop.volumes."frontend.tmp".size',
        };
        const evicted = { ...healthy, evictions: [eviction] };
        expect(lines(evicted)).to.include(`shop/frontend  2      3h ago  ${eviction.reason} Raise ${eviction.key}`);
        expect(notReady(evicted, now)).to.deep.equal([]);
    });
    it("does not attribute the usage of a whole disk to a volume", () => {
        const fileSystem = { used: 50 * 2 ** 30, capacity: 250 * 2 ** 30 };
        const text = lines({ ...healthy, claims: [{ ...healthy.claims[0]!, fileSystem }] });
        expect(text).to.include("shop/files  Bound  10Gi  unknown, disk 20% full  fast");
    });
    it("ends with what is not ready", () => {
        expect(lines(healthy, ["one", "two"]).slice(-3)).to.deep.equal(["Not ready:", "  one", "  two"]);
    });
    it("omits empty sections", () => {
        const text = lines({ ...healthy, nodes: [], certificates: [] }).join("\n");
        expect(text).not.to.include("node").and.not.to.include("certificate");
    });
    it("abbreviates ages and images", () => {
        const age = (seconds: number) => ageOf(new Date(now - seconds * 1000).toISOString(), now);
        expect([age(-5), age(119), age(120), age(7200), age(172_800)]).to.deep.equal(["0s", "119s", "2m", "2h", "2d"]);
        expect(shortImage("localhost:5000/plinth/php:1")).to.equal("php:1");
    });
});

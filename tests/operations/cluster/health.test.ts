import { execFileSync } from "node:child_process";
import { expect } from "chai";
import {
    certificatesOf,
    claimOf,
    scheduledOf,
    tasksOf,
    tierOf,
    useOfVolumes,
} from "../../../operations/cluster/health";
import type { Claim, CronJob, Job, StorageClass, Workload } from "../../../operations/cluster/live";
import { at, labelled, pod, ready } from "../../support/observed";
import { program } from "../../support/tools";

describe("the health of a tier", () => {
    const workload = (status: Workload["status"], replicas?: number): Workload => ({
        kind: "Deployment",
        metadata: labelled("shop", "frontend", { generation: 3 }),
        spec: {
            ...(replicas === undefined ? {} : { replicas }),
            template: { spec: { containers: [{ name: "php", image: "registry.example.org/plinth/php:1" }] } },
        },
        status,
    });
    const settled = { observedGeneration: 3, replicas: 2, readyReplicas: 2, updatedReplicas: 2 };

    it("is ok when all its pods are ready and new", () => {
        const {
            ok,
            ready: count,
            desired,
            restarts,
        } = tierOf(workload(settled, 2), [
            pod({ ...ready, containerStatuses: [{ name: "php", ready: true, restartCount: 3 }] }),
            pod(ready, { namespace: "elsewhere" }),
        ]);
        expect({ ok, count, desired, restarts }).to.deep.equal({ ok: true, count: 2, desired: 2, restarts: 3 });
    });
    it("is not ok before the controller has seen the last change", () => {
        expect(tierOf(workload({ ...settled, observedGeneration: 2 }, 2), []).ok).to.equal(false);
    });
    it("is not ok while new pods do not become ready, and says why", () => {
        const waiting = { reason: "ErrImagePull" };
        const fresh = pod(
            { containerStatuses: [{ name: "php", ready: false, restartCount: 0, state: { waiting } }] },
            { creationTimestamp: "2026-11-02T10:00:00Z" },
        );
        // One old, one new that is ready, and one that is not.
        const tier = tierOf(workload({ ...settled, replicas: 3 }, 2), [pod(ready), pod(ready), fresh]);
        expect([tier.ok, tier.reason]).to.deep.equal([false, "php: ErrImagePull"]);
    });
    it("says why there are no pods at all", () => {
        const message = 'pods "frontend-1" is forbidden: exceeded quota';
        const conditions = [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message }];
        expect(tierOf(workload({ observedGeneration: 3, conditions }, 1), []).reason).to.equal(
            `FailedCreate: ${message}`,
        );
    });
});

describe("the health of tasks", () => {
    const job = (name: string, created: string, conditions: object[], active = 0): Job =>
        ({
            kind: "Job",
            metadata: labelled("shop", "install", { name, creationTimestamp: created }),
            spec: {},
            status: { conditions, active },
        }) as unknown as Job;
    const complete = { type: "Complete", status: "True" };
    const failed = { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "too often" };

    it("is that of the newest Job", () => {
        const tasks = tasksOf([job("new", "2026-11-02T10:00:00Z", [failed]), job("old", at, [complete])], []);
        expect(tasks.map(({ state, reason }) => [state, reason])).to.deep.equal([
            ["failed", "BackoffLimitExceeded: too often"],
        ]);
    });
    it("names what its pod waits for", () => {
        const own = pod({ phase: "Pending" }, { labels: { "job-name": "install-1" } });
        const [task] = tasksOf([job("install-1", at, [], 1)], [own]);
        expect([task!.state, task!.reason]).to.deep.equal(["running", "Pending"]);
    });
    it("distinguishes failed scheduled runs from active ones", () => {
        const cron = (status: CronJob["status"]): CronJob => ({
            kind: "CronJob",
            metadata: labelled("shop", "cron"),
            spec: { schedule: "0 * * * *" },
            status,
        });
        const later = "2026-11-01T11:00:00Z";
        expect(scheduledOf(cron({})).failed).to.equal(false);
        expect(scheduledOf(cron({ lastScheduleTime: at, lastSuccessfulTime: later })).failed).to.equal(false);
        expect(scheduledOf(cron({ lastScheduleTime: later, lastSuccessfulTime: at })).failed).to.equal(true);
        expect(scheduledOf(cron({ lastScheduleTime: later, lastSuccessfulTime: at, active: [{}] })).failed).to.equal(
            false,
        );
    });
});

describe("the use of volumes", () => {
    const claim: Claim = {
        kind: "PersistentVolumeClaim",
        metadata: labelled("shop", "database"),
        spec: { storageClassName: "fast", resources: { requests: { storage: "20Gi" } } },
        status: { phase: "Bound", capacity: { storage: "10Gi" } },
    };
    it("is the kubelet's figure for the claim", () => {
        const volume = [
            { usedBytes: 5, capacityBytes: 50, pvcRef: { name: "database", namespace: "other" } },
            { usedBytes: 7, capacityBytes: 70, pvcRef: { name: "database", namespace: "shop" } },
            { usedBytes: 9, capacityBytes: 90 },
        ];
        const { fileSystem, size, storageClass } = claimOf(claim, {
            use: useOfVolumes([{}, { pods: [{}, { volume }] }]),
        });
        expect({ fileSystem, size, storageClass }).to.deep.equal({
            fileSystem: { used: 7, capacity: 70 },
            size: "10Gi",
            storageClass: "fast",
        });
    });
    it("is unknown without a kubelet's figure", () =>
        expect(claimOf(claim, { use: new Map() })).not.to.have.property("fileSystem"));
    it("may begin with the first pod, where the storage class says so", () => {
        const pending: Claim = { ...claim, status: { phase: "Pending" } };
        const late: StorageClass = {
            metadata: { name: "fast" },
            provisioner: "x",
            volumeBindingMode: "WaitForFirstConsumer",
        };
        const user = pod({ phase: "Pending" });
        const mounts = {
            ...user,
            spec: { ...user.spec, volumes: [{ name: "a", persistentVolumeClaim: { claimName: "database" } }] },
        };
        const waits = (facts: object) => claimOf(pending, { use: new Map(), ...facts }).waits;
        expect(waits({ classes: [late], pods: [user] })).to.equal(true);
        // Its pod is there, and still there is no volume.
        expect(waits({ classes: [late], pods: [mounts] })).to.equal(false);
        expect(waits({ classes: [{ ...late, volumeBindingMode: "Immediate" }] })).to.equal(false);
        expect(waits({})).to.equal(false);
        expect(claimOf(claim, { use: new Map(), classes: [late] }).waits).to.equal(false);
    });
});

describe("the certificates of a Secret", () => {
    it("have hosts and an expiry date; the key next to them is not read", function () {
        const args = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a -keyout /dev/null -out -".split(" ");
        const hosts = ["-addext", "subjectAltName=DNS:shop.example.org,DNS:admin.example.org"];
        const pem = execFileSync(program(this, "openssl"), [...args, ...hosts], { stdio: "pipe" });
        const [certificate, ...others] = certificatesOf("shop", "tls", {
            "tls.crt": pem.toString("base64"),
            "tls.key": "not a key",
            "ca.crt": "not a certificate",
        });
        expect(others).to.deep.equal([]);
        expect(certificate!.hosts).to.deep.equal(["shop.example.org", "admin.example.org"]);
        const days = (Date.parse(certificate!.expires!) - Date.now()) / 86_400_000;
        expect(days).to.be.within(1.9, 2.1);
    });
    it("may be damaged", () => {
        const [certificate] = certificatesOf("shop", "edge", { "shop.crt": "bm9uZQ==" });
        expect(certificate!.reason).to.equal("is not a readable certificate");
        expect(certificate).not.to.have.property("expires");
    });
});

import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { claimOf, useOfVolumes } from "../../../operations/cluster/claimHealth";
import { certificatesOf, scheduledOf, tasksOf, tierOf } from "../../../operations/cluster/health";
import type { Claim, CronJob, Event, Job, StorageClass, Workload } from "../../../operations/cluster/live";
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

describe("what events say of pods that do not come", () => {
    const event = (kind: string, name: string, reason: string, message: string, own: object = {}): Event => ({
        kind: "Event",
        metadata: { name: "e", namespace: "shop", creationTimestamp: at },
        involvedObject: { kind, name, namespace: "shop", ...own },
        reason,
        message,
        lastTimestamp: "2026-11-02T10:00:00Z",
    });
    const refusal = 'create Pod database-0 in StatefulSet database failed error: pods "database-0" is forbidden: quota';
    const spec = { template: { spec: { containers: [{ name: "mariadb" }] } } };
    const statefulSet = (status: Workload["status"]): Workload => ({
        kind: "StatefulSet",
        metadata: labelled("shop", "database"),
        spec,
        status,
    });
    const running = {
        phase: "Running",
        containerStatuses: [{ name: "php", ready: false, restartCount: 0, state: { running: {} } }],
    };

    it("is why a StatefulSet or a Job has none", () => {
        const events = [
            event("StatefulSet", "database", "FailedCreate", refusal),
            event("StatefulSet", "other", "FailedCreate", "of another"),
            event("Job", "install-1", "FailedCreate", "Error creating: forbidden"),
        ];
        expect(tierOf(statefulSet({}), [], events).reason).to.equal(refusal);
        const job = { kind: "Job", metadata: labelled("shop", "install", { name: "install-1" }), spec };
        const [task] = tasksOf([job as unknown as Job], [], events);
        expect([task!.state, task!.reason]).to.deep.equal(["waits", "Error creating: forbidden"]);
    });
    it("is not what was said of a pod that is there by now", () => {
        const fresh = pod(running, labelled("shop", "database", { name: "database-0" }));
        const events = [event("StatefulSet", "database", "FailedCreate", refusal)];
        expect(tierOf(statefulSet({}), [fresh], events).reason).to.equal("php: not ready");
    });
    it("is which probe fails, of the pod itself and not of one before with its name", () => {
        const told = "Readiness probe failed: HTTP probe failed with statuscode: 503";
        const own = labelled("shop", "database", { name: "database-0", uid: "new" });
        const events = [
            event("Pod", "database-0", "Unhealthy", told, { uid: "new" }),
            event("Pod", "database-0", "Unhealthy", "of the one before", { uid: "old" }),
            event("Pod", "database-0", "FailedMount", "once, before it ran", { uid: "new" }),
        ];
        expect(tierOf(statefulSet({}), [pod(running, own)], events).reason).to.equal(`php: not ready: ${told}`);
    });
    it("is why a volume cannot be mounted, before a container has begun", () => {
        const told = 'MountVolume.SetUp failed for volume "tls" : secret "shop-tls" not found';
        const waiting = { waiting: { reason: "ContainerCreating" } };
        const creating = {
            phase: "Pending",
            containerStatuses: [{ name: "php", ready: false, restartCount: 0, state: waiting }],
        };
        const events = [event("Pod", "database-0", "FailedMount", told)];
        const own = labelled("shop", "database", { name: "database-0" });
        expect(tierOf(statefulSet({}), [pod(creating, own)], events).reason).to.equal(
            `php: ContainerCreating: ${told}`,
        );
    });
    it("is why a claim has no volume", () => {
        const claim: Claim = {
            kind: "PersistentVolumeClaim",
            metadata: labelled("shop", "database"),
            spec: {},
            status: { phase: "Pending" },
        };
        const told = "no persistent volumes available for this claim and no storage class is set";
        const events = [event("PersistentVolumeClaim", "database", "FailedBinding", told)];
        expect(claimOf(claim, { use: new Map(), events }).reason).to.equal(told);
    });
    it("is why the last run of a scheduled task came to nothing", () => {
        const cronJob: CronJob = {
            kind: "CronJob",
            metadata: labelled("shop", "cron"),
            spec: { schedule: "0 * * * *" },
            status: { lastScheduleTime: at, active: [{}] },
        };
        const ownerReferences = [{ apiVersion: "batch/v1", kind: "CronJob", name: "cron", uid: "1" }];
        const job = { kind: "Job", metadata: labelled("shop", "x", { name: "cron-1", ownerReferences }), spec };
        const facts = {
            runs: [job as unknown as Job],
            pods: [],
            events: [event("Job", "cron-1", "FailedCreate", "Error creating: forbidden")],
        };
        expect(scheduledOf(cronJob, facts).reason).to.equal("Error creating: forbidden");
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

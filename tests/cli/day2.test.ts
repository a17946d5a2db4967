import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { splitCommand } from "../../cli/commands/exec";
import { choosePort, type Service, webAddresses } from "../../cli/commands/open";
import { chooseComponent } from "../../cli/components";
import { driftIn, driftText, type PreviewDigest } from "../../cli/driftText";
import {
    certificatesOf,
    type Claim,
    claimOf,
    type CronJob,
    type Job,
    scheduledOf,
    tasksOf,
    tierOf,
    useOfVolumes,
    type Workload,
} from "../../cli/health";
import { type Pod, reasonOf } from "../../cli/pods";
import { chooseInstances, writeStates } from "../../cli/states";
import { ageOf, notReady, shortImage, type Status, statusText } from "../../cli/statusText";
import type { StackConfig } from "../../config/stack";
import { program, scratch } from "../support/tools";

const at = "2026-11-01T10:00:00Z";
const labelled = (instance: string, name: string, own: object = {}) => ({
    name,
    namespace: instance,
    creationTimestamp: at,
    labels: { "app.kubernetes.io/instance": instance, "app.kubernetes.io/name": name },
    ...own,
});

describe("the component that people name", () => {
    const components = [
        { instance: "shop", name: "frontend", namespace: "opencart-shop" },
        { instance: "shop", name: "database", namespace: "opencart-shop" },
        { instance: "pprd", name: "database", namespace: "opencart-pprd" },
        // A StatefulSet and a Job of one component.
        { instance: "pprd", name: "database", namespace: "opencart-pprd" },
    ];
    const choose = (target: string) => chooseComponent(target, components, "staging");

    it("goes by its own name where one instance has it, else by both", () => {
        expect(choose("frontend").namespace).to.equal("opencart-shop");
        expect(choose("pprd/database").namespace).to.equal("opencart-pprd");
        expect(() => choose("database")).to.throw("2 instances; name one of: pprd/database, shop/database");
    });
    it("is suggested, and all are listed, where there is none of that name", () => {
        expect(() => choose("fronted")).to.throw(
            'no component "fronted" in the cluster; did you mean "frontend"?; there are: pprd/database, shop/database, shop/frontend',
        );
        expect(() => choose("shop/databse")).to.throw('did you mean "shop/database"?');
    });
    it("is not taken for the stack", () => {
        expect(() => choose("production")).to.throw('"production" is a stack, which comes after the component');
    });
    it("needs something in the cluster", () => {
        expect(() => chooseComponent("frontend", [], "staging")).to.throw("./plinth launch staging");
    });
});

describe("the command after --", () => {
    const split = (line: string, words: string) => {
        const { words: before, command } = splitCommand(words.split(" "), line.split(" "));
        return `${before.join(" ")} | ${command.join(" ")}`;
    };
    it("is apart from component and stack", () => {
        expect(split("node plinth exec frontend -- ls -l", "frontend ls -l")).to.equal("frontend | ls -l");
        expect(split("node plinth exec frontend dev -c php -- ls", "frontend dev ls")).to.equal("frontend dev | ls");
    });
    it("may have dashes of its own", () => {
        expect(split("node plinth exec a -- sh -- x", "a sh -- x")).to.equal("a | sh -- x");
    });
    it("may be missing", () => {
        expect(split("node plinth exec frontend dev", "frontend dev")).to.equal("frontend dev | ");
        expect(split("node plinth exec frontend --", "frontend")).to.equal("frontend | ");
    });
});

describe("the port to open", () => {
    const service = (...ports: Service["spec"]["ports"]): Service => ({
        kind: "Service",
        metadata: labelled("shop", "edge"),
        spec: { ports },
    });
    const edge = service(
        { name: "http", port: 80, protocol: "TCP" },
        { name: "http3", port: 443, protocol: "UDP" },
        { name: "https", port: 443, protocol: "TCP" },
    );
    it("is the encrypted one, or the first", () => {
        expect(choosePort(edge).name).to.equal("https");
        expect(choosePort(service({ name: "mysql", port: 3306 }, { name: "admin", port: 1 })).name).to.equal("mysql");
    });
    it("is the one asked for, by name or number, unless it is UDP", () => {
        expect(choosePort(edge, "80").name).to.equal("http");
        expect(choosePort(edge, "http").port).to.equal(80);
        expect(() => choosePort(edge, "http3")).to.throw('no port "http3"');
        expect(() => choosePort(edge, "htps")).to.throw('did you mean "https"?; there are: http, https');
    });
    it("is said with the host that the site answers to", () => {
        const urls = { shop: "http://shop.localhost:30080/", admin: "http://shop.localhost:30080/admin/" };
        const instances = { shop: { urls }, other: { urls: { shop: "https://other.example.org/" } } };
        const addresses = (instance: string) =>
            webAddresses({ instances } as unknown as Parameters<typeof webAddresses>[0], instance, "https", 8443);
        expect(addresses("shop")).to.deep.equal([
            "  shop      https://shop.localhost:8443/",
            "  admin     https://shop.localhost:8443/admin/",
        ]);
        // The shared balancer stands before all instances.
        expect(addresses("edge")).to.have.length(3);
        expect(addresses("other")).to.deep.equal([
            "  shop      curl --resolve other.example.org:8443:127.0.0.1 --header 'Host: other.example.org' https://other.example.org:8443/",
        ]);
    });
});

const pod = (status: Pod["status"], own: object = {}): Pod => ({
    kind: "Pod",
    metadata: labelled("shop", "frontend", { name: "frontend-1", ...own }),
    spec: { nodeName: "a", containers: [{ name: "php" }, { name: "nginx" }] },
    status,
});
const ready = { conditions: [{ type: "Ready", status: "True" }] };

describe("why a pod is not ready", () => {
    const container = (name: string, state: object, more: object = {}) => ({
        name,
        ready: false,
        restartCount: 0,
        state,
        ...more,
    });
    it("is nothing when it is", () => expect(reasonOf(pod(ready))).to.equal(undefined));
    it("is the scheduler's word", () => {
        const message = "0/3 nodes are available: 3 Insufficient memory.";
        const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
        expect(reasonOf(pod({ phase: "Pending", conditions }))).to.equal(`Unschedulable: ${message}`);
    });
    it("is the container that cannot start, not those that wait for it", () => {
        const waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' };
        const status = {
            initContainerStatuses: [container("files", { waiting })],
            containerStatuses: [container("php", { waiting: { reason: "PodInitializing" } })],
        };
        expect(reasonOf(pod(status))).to.equal('files: ImagePullBackOff: Back-off pulling image "x"');
    });
    it("names how the container ended before", () => {
        const lastState = { terminated: { reason: "OOMKilled", exitCode: 137 } };
        const php = container("php", { waiting: { reason: "CrashLoopBackOff" } }, { lastState });
        expect(reasonOf(pod({ containerStatuses: [php] }))).to.equal(
            "php: CrashLoopBackOff (before: OOMKilled, exit code 137)",
        );
    });
    it("names the containers whose probes fail", () => {
        const containers = [container("php", {}, { ready: true }), container("nginx", {})];
        expect(reasonOf(pod({ phase: "Running", containerStatuses: containers }))).to.equal("nginx: not ready");
    });
    it("tells an eviction and an end", () => {
        expect(reasonOf(pod({ phase: "Failed", reason: "Evicted", message: "low on memory" }))).to.equal(
            "Evicted: low on memory",
        );
        expect(reasonOf(pod(ready, { deletionTimestamp: at }))).to.equal("Terminating");
    });
});

describe("the health of a tier", () => {
    const workload = (status: Workload["status"], replicas?: number): Workload => ({
        kind: "Deployment",
        metadata: labelled("shop", "frontend", { generation: 3 }),
        spec: {
            ...(replicas === undefined ? {} : { replicas }),
            template: { spec: { containers: [{ image: "registry.example.org/plinth/php:1" }] } },
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
    it("is not ok while new pods do not get ready beside the old ones, and says why", () => {
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
    it("tells a scheduled run that failed from one that goes on", () => {
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
    it("is what the kubelet says of that claim", () => {
        const volume = [
            { usedBytes: 5, capacityBytes: 50, pvcRef: { name: "database", namespace: "other" } },
            { usedBytes: 7, capacityBytes: 70, pvcRef: { name: "database", namespace: "shop" } },
            { usedBytes: 9, capacityBytes: 90 },
        ];
        const { fileSystem, size, storageClass } = claimOf(claim, useOfVolumes([{}, { pods: [{}, { volume }] }]));
        expect({ fileSystem, size, storageClass }).to.deep.equal({
            fileSystem: { used: 7, capacity: 70 },
            size: "10Gi",
            storageClass: "fast",
        });
    });
    it("is unknown where no kubelet tells", () => expect(claimOf(claim, new Map())).not.to.have.property("fileSystem"));
});

describe("the certificates of a Secret", () => {
    it("have their hosts and their last day; the key beside them is not looked at", function () {
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
        expect(certificate!.reason).to.include("can be read");
        expect(certificate).not.to.have.property("expires");
    });
});

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
            size: "10Gi",
            storageClass: "fast",
            fileSystem: { used: 2 ** 30, capacity: 8 * 2 ** 30 },
        },
        { instance: "old", claim: "files", namespace: "o", phase: "Pending", size: "10Gi", storageClass: "fast" },
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
};

describe("what should be ready", () => {
    it("leaves out what keeps no platform from working: nodes, scheduled runs, volumes of stopped instances", () => {
        expect(notReady(healthy, now)).to.deep.equal([]);
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
            "certificate s/tls/tls.crt: has expired on 2026-11-02",
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
        expect(text).to.include("s/volume edge-data  Caddy gets and renews its own");
        expect(text).to.include("s/tls/tls.crt       2026-12-24                     shop");
        expect(text.at(-1)).to.equal("Everything that should be ready is.");
    });
    it("takes the use of a whole disk for nobody's volume", () => {
        const fileSystem = { used: 50 * 2 ** 30, capacity: 250 * 2 ** 30 };
        const text = lines({ ...healthy, claims: [{ ...healthy.claims[0]!, fileSystem }] });
        expect(text).to.include("shop/files  Bound  10Gi  unknown, disk 20% full  fast");
    });
    it("ends with what is not ready", () => {
        expect(lines(healthy, ["one", "two"]).slice(-3)).to.deep.equal(["Not ready:", "  one", "  two"]);
    });
    it("leaves out what there is nothing of", () => {
        const text = lines({ ...healthy, nodes: [], certificates: [] }).join("\n");
        expect(text).not.to.include("node").and.not.to.include("certificate");
    });
    it("says ages and images in short", () => {
        const age = (seconds: number) => ageOf(new Date(now - seconds * 1000).toISOString(), now);
        expect([age(-5), age(119), age(120), age(7200), age(172_800)]).to.deep.equal(["0s", "119s", "2m", "2h", "2d"]);
        expect(shortImage("localhost:5000/plinth/php:1")).to.equal("php:1");
    });
});

describe("the instances to stop and to start", () => {
    const stack = {
        stack: "staging",
        instances: [
            { name: "shop", state: "running" },
            { name: "pprd", state: "stopped" },
            { name: "old", state: "removed" },
        ],
    } as unknown as StackConfig;
    it("are those in the other state, and removed ones by name only", () => {
        expect(chooseInstances(stack, [], "stopped")).to.deep.equal(["shop"]);
        expect(chooseInstances(stack, [], "running")).to.deep.equal(["pprd"]);
        expect(chooseInstances(stack, ["old"], "running")).to.deep.equal(["old"]);
    });
    it("are checked, all at once", () => {
        expect(() => chooseInstances(stack, ["shpo", "pprd", "x"], "stopped")).to.throw(
            /no instance "shpo"; did you mean "shop"\?; there are: shop, pprd, old\n.*no instance "x"/,
        );
    });
    it("are nobody's where all are in that state", () => {
        const stopped = { ...stack, instances: stack.instances.slice(1) };
        expect(() => chooseInstances(stopped, [], "stopped")).to.throw(
            'No instance of "staging" is running: pprd is stopped, old is removed',
        );
    });
});

describe("the state in a stack file", () => {
    const folder = scratch();
    after(() => folder.clean());
    const path = join(folder.path, "Pulumi.test.yaml");
    const edit = (text: string, names: string[], state: "running" | "stopped") => {
        writeFileSync(path, text);
        return { diff: writeStates(path, names, state), text: () => readFileSync(path, "utf8") };
    };
    const before = `config:
  plinth:defaults: {tls: {mode: "off"}}   # kept
  plinth:instances:
    shop:                                 # the first
      platform: opencart
      host: shop.example.org
      state: running                      # kept, too
    pprd: {platform: opencart, host: pprd.example.org}
`;

    it("is changed or added, and all else stays as it is", () => {
        const { diff, text } = edit(before, ["shop", "pprd"], "stopped");
        expect(diff).to.deep.equal([
            "-      state: running                      # kept, too",
            "+      state: stopped                      # kept, too",
            "-    pprd: {platform: opencart, host: pprd.example.org}",
            "+    pprd: {platform: opencart, host: pprd.example.org, state: stopped}",
        ]);
        expect(text().split("\n").slice(0, 6)).to.deep.equal(before.split("\n").slice(0, 6));
    });
    it("shows a line that is added as such", () => {
        const block = before.replace(/ +state: .*\n/, "");
        expect(edit(block, ["shop"], "stopped").diff).to.deep.equal(["+      state: stopped"]);
        const last = "config:\n  plinth:instances:\n    shop:\n      platform: opencart";
        expect(edit(last, ["shop"], "stopped").diff).to.deep.equal(["+      state: stopped"]);
    });
    it("is left alone where it is right", () => {
        const { diff, text } = edit(before, ["shop"], "running");
        expect(diff).to.deep.equal([]);
        expect(text()).to.equal(before);
    });
    it("is not written where the instance is not", () => {
        expect(() => edit(before, ["old"], "running")).to.throw('the instance "old" is not in');
        expect(readFileSync(path, "utf8")).to.equal(before);
    });
});

describe("drift in the engine's words", () => {
    const step = (op: string, type: string, name: string, more: object = {}) => ({
        op,
        urn: `urn:pulumi:dev::plinth::plinth:components:WebTier$${type}::shop-${name}`,
        newState: { inputs: { metadata: { name, namespace: "shop" } } },
        ...more,
    });
    const deployment = "kubernetes:apps/v1:Deployment";
    const digest: PreviewDigest = {
        steps: [
            step("refresh", deployment, "frontend"),
            step("same", deployment, "admin"),
            step("update", "pulumi:providers:kubernetes", "cluster"),
            step("create", "kubernetes:core/v1:Service", "cache", { detailedDiff: null }),
            step("update", deployment, "frontend", {
                detailedDiff: { "spec.replicas": {}, 'spec.template.metadata.labels["a.b/c"]': {} },
                oldState: { inputs: { spec: { replicas: 5, template: { metadata: { labels: { "a.b/c": "x" } } } } } },
                newState: { inputs: { metadata: { name: "frontend", namespace: "shop" }, spec: { replicas: 2 } } },
            }),
            step("update", "kubernetes:core/v1:Secret", "database", {
                detailedDiff: { "stringData.password": {} },
                oldState: { inputs: { stringData: { password: "old-password" } } },
                newState: {
                    inputs: { metadata: { name: "database", namespace: "shop" }, stringData: { password: "new" } },
                },
            }),
        ],
    };
    it("is what a run would do to objects of the cluster", () => {
        expect(driftIn(digest).map(({ kind, name, what }) => `${kind} ${name} ${what}`)).to.deep.equal([
            "Deployment frontend changed",
            "Secret database changed",
            "Service cache missing",
        ]);
        expect(driftIn({})).to.deep.equal([]);
    });
    it("is said with both values, but never a Secret's", () => {
        const text = driftText("dev", driftIn(digest));
        expect(text)
            .to.include("3 objects of the cluster are not")
            .and.to.include("  Service shop/cache is not in the cluster\n")
            .and.to.include("    spec.replicas: 5, should be 2\n")
            .and.to.include('    spec.template.metadata.labels["a.b/c"]: x, should not be there\n')
            .and.to.include("    stringData.password\n");
        expect(JSON.stringify(driftIn(digest)) + text).not.to.match(/old-password|"new"/);
    });
    it("may be none", () => expect(driftText("dev", [])).to.equal('No drift: the cluster is as "dev" says.'));
});

import { expect } from "chai";
import { rightsToLaunch, rightsToPreview } from "../../cli/doctor/access";
import * as access from "../../cli/doctor/access";
import { runChecks } from "../../cli/doctor/checks";
import type { Finding, Level } from "../../cli/doctor/finding";
import type { Facts } from "../../cli/doctor/gather";
import * as machine from "../../cli/doctor/machine";
import * as network from "../../cli/doctor/network";
import * as nodes from "../../cli/doctor/nodes";
import type { NodeObject, ServiceObject, StorageClassObject } from "../../cli/doctor/objects";
import * as storage from "../../cli/doctor/storage";
import { type RenderedObject, renderStack } from "../../cli/rendering";
import { dependencies } from "../../package.json";

/** Checks level and words of a finding; whatever is not fine must come with a remedy. */
function expectFinding(finding: Finding, level: Level, ...words: readonly string[]): void {
    expect(finding.level, finding.text).to.equal(level);
    for (const word of words) expect(`${finding.text}\n${finding.remedy ?? ""}`).to.include(word);
    expect(finding.remedy !== undefined, "a remedy").to.equal(level === "warning" || level === "problem");
}

const object = (kind: string, name: string, spec: object, apiVersion = "v1"): RenderedObject => ({
    apiVersion,
    kind,
    metadata: { name, namespace: "shop" },
    spec,
});

const rendering = (...objects: readonly RenderedObject[]) => ({ objects, project: "plinth", stack: "production" });

describe("doctor: this machine", () => {
    const engine = (version: string) => machine.pulumiCli({ engine: { command: "/bin/pulumi", version } });

    it("wants a Pulumi CLI of the SDK's major version, of the releases that were tried", () => {
        expectFinding(engine(`v${dependencies.pulumi}`), "ok", dependencies.pulumi, "/bin/pulumi");
        expectFinding(engine("v3.99.1"), "warning", "v3.99.1", "install");
        expectFinding(engine("v4.0.0"), "problem", "needs 3.x");
        const none = machine.pulumiCli({ engine: { what: "the Pulumi CLI", remedy: "" } });
        expectFinding(none, "warning", `launch fetches ${dependencies.pulumi}`);
    });
    it("wants Node.js as package.json does, and better a newer one", () => {
        expectFinding(machine.nodeVersion({ node: "24.1.0" }), "ok");
        expectFinding(machine.nodeVersion({ node: "20.19.4" }), "warning", "22 or newer");
        expectFinding(machine.nodeVersion({ node: "20.18.0" }), "problem", "needed is 20.19");
    });
    it("needs no Go, unless an old one is there", () => {
        expectFinding(machine.goVersion({ go: undefined }), "ok", "not installed");
        expectFinding(machine.goVersion({ go: "go version go1.26.8 linux/amd64" }), "ok", "1.26");
        expectFinding(machine.goVersion({ go: "go version go1.19.8 linux/amd64" }), "warning", "go.dev");
    });
    it("tells a lock that is held from one that was left", () => {
        const lock = (...locks: { pid: number; host: string; alive: boolean }[]) =>
            machine.lock({ locks, stack: "dev" });
        expectFinding(lock(), "ok");
        expectFinding(lock({ pid: 7, host: "here", alive: false }), "problem", "./plinth launch dev --recover");
        const both = lock({ pid: 7, host: "here", alive: false }, { pid: 8, host: "there", alive: true });
        expectFinding(both, "warning", "process 8 on there", "wait");
    });
    it("knows where the passphrase comes from, or the key", () => {
        const provider = (
            environment: Record<string, string>,
            { url = "s3://team", env = {}, named }: { url?: string; env?: Record<string, string>; named?: string } = {},
        ) => machine.secretsProvider({ environment, backend: { url, env }, secretsProvider: named });
        expectFinding(provider({}), "warning", "no passphrase is set");
        expectFinding(provider({}, { named: "awskms://alias/plinth" }), "ok", "awskms://alias/plinth");
        expectFinding(provider({}, { named: "passphrase" }), "warning");
        expectFinding(provider({}, { url: "https://api.pulumi.com" }), "ok", "api.pulumi.com");
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE: "x" }), "ok");
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE: "" }), "warning", "empty");
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE_FILE: __filename }), "ok", __filename);
        expectFinding(provider({ PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere/at/all" }), "problem", "/nowhere/at/all");
        // The one that the stack dev has of its own.
        expectFinding(provider({}, { env: { PULUMI_CONFIG_PASSPHRASE_FILE: __filename } }), "ok");
    });
});

describe("doctor: the server", () => {
    it("is within the supported range", () => {
        const { oldest, newest } = nodes.supported;
        const minor = (version: string, by: number) => `v1.${Number(version.split(".")[1]) + by}.2-eks-1`;
        expectFinding(nodes.serverVersion({ server: minor(oldest, 0) }), "ok");
        expectFinding(nodes.serverVersion({ server: minor(newest, 0) }), "ok");
        expectFinding(nodes.serverVersion({ server: minor(oldest, -1) }), "problem", oldest, newest);
        expectFinding(nodes.serverVersion({ server: minor(newest, 1) }), "warning");
    });
    it("is at most one minor release from kubectl, in either direction", () => {
        const skew = (client: string) => nodes.skew({ client, server: "v1.33.1" });
        for (const client of ["v1.32.9", "v1.33.0", "v1.34.0"]) expectFinding(skew(client), "ok");
        for (const client of ["v1.31.9", "v1.35.0"]) expectFinding(skew(client), "warning", "install kubectl 1.33");
    });
    it("has about the same time", () => {
        expectFinding(nodes.clock({ clock: -59_000 }), "ok");
        expectFinding(nodes.clock({ clock: 61_000 }), "warning", "61 s ahead of");
        expectFinding(nodes.clock({ clock: -120_000 }), "warning", "120 s behind");
    });
});

interface NodeArgs {
    readonly providerID?: string;
    readonly kubeletVersion?: string;
    readonly labels?: Record<string, string>;
    readonly architecture?: string;
    readonly taint?: string;
    readonly ready?: boolean;
}

const node = (name: string, cpu: string, memory: string, args: NodeArgs = {}): NodeObject => ({
    metadata: { name, labels: args.labels ?? {} },
    spec: {
        ...(args.providerID ? { providerID: args.providerID } : {}),
        ...(args.taint ? { taints: [{ key: "role", effect: args.taint }] } : {}),
    },
    status: {
        allocatable: { cpu, memory },
        conditions: [{ type: "Ready", status: args.ready === false ? "False" : "True" }],
        nodeInfo: { architecture: args.architecture ?? "amd64", kubeletVersion: args.kubeletVersion ?? "v1.36.3" },
    },
});

const container = (cpu: string, memory: string) => ({ name: "c", resources: { requests: { cpu, memory } } });

describe("doctor: room on the nodes", () => {
    const tier = (kind: string, name: string, replicas: number, pod: object, labels = {}) =>
        object(kind, name, { replicas, template: { metadata: { labels }, spec: pod } }, "apps/v1");
    const web = tier("Deployment", "web", 2, { containers: [container("500m", "1Gi")] });
    const capacity = (
        objects: readonly RenderedObject[],
        on: readonly NodeObject[],
        pods: nodes.CapacityFacts["pods"] = [],
    ) => nodes.capacity({ rendering: rendering(...objects), nodes: on, pods });
    const pod = (namespace: string, labels: Record<string, string> = {}) => ({
        metadata: { name: "p", namespace, labels },
        spec: { nodeName: "a", containers: [container("1", "1Gi")] },
    });

    it("is enough to the byte, and not by a byte less", () => {
        expectFinding(capacity([web], [node("a", "1", "2Gi")]), "ok", "1.00 cores and 2.0 GiB requested");
        expectFinding(capacity([web], [node("a", "1", "2097151Ki")]), "problem", "add a node");
        expectFinding(capacity([web], [node("a", "999m", "2Gi")]), "problem");
    });
    it("is what others have left, not what the stack itself has taken", () => {
        const on = [node("a", "1", "2Gi")];
        expectFinding(capacity([web], on, [pod("kube-system")]), "problem");
        expectFinding(capacity([web], on, [pod("shop")]), "problem");
        const ours = { "app.kubernetes.io/managed-by": "plinth" };
        expectFinding(capacity([web], on, [pod("shop", ours)]), "ok");
        expectFinding(capacity([web], on, [pod("another-shop", ours)]), "problem");
    });
    it("may come from a cloud's autoscaler, but not for a pod that no node has room for", () => {
        const cloud = { providerID: "aws:///eu-west-1a/i-0" };
        expectFinding(capacity([web], [node("a", "500m", "1Gi", cloud)]), "warning");
        expectFinding(
            capacity([web], [node("a", "4", "512Mi", cloud)]),
            "problem",
            "no node has room for a pod of Deployment shop/web",
        );
    });
    it("is for Tasks, too, one pod at a time, with init containers that want more", () => {
        const task = object("Job", "install", {
            template: { spec: { initContainers: [container("100m", "3Gi")], containers: [container("100m", "1Gi")] } },
        });
        expectFinding(
            capacity([web, task], [node("a", "2", "2Gi")]),
            "problem",
            "a pod of Job shop/install: 0.10 cores and 3.0 GiB requested",
            "3.0 GiB",
        );
        expectFinding(capacity([web, task], [node("a", "2", "3Gi")]), "ok", "2.0 GiB requested");
    });
    it("is for sidecars beside the containers, and for as many pods as an autoscaler keeps", () => {
        const sidecar = { ...container("100m", "1Gi"), restartPolicy: "Always" };
        const scaled = object("Deployment", "web", {
            template: { spec: { initContainers: [sidecar], containers: [container("100m", "1Gi")] } },
        });
        const scaler = object("HorizontalPodAutoscaler", "web", { minReplicas: 3, maxReplicas: 9 });
        expectFinding(capacity([scaled], [node("a", "8", "8Gi")]), "ok", "0.20 cores and 2.0 GiB requested");
        expectFinding(capacity([scaled, scaler], [node("a", "8", "8Gi")]), "ok", "0.60 cores and 6.0 GiB requested");
    });
    it("is on one node for all pods that share files there", () => {
        const labels = { "plinth.dev/shared-files": "files" };
        const sharing = ["web", "admin"].map((name) =>
            tier("Deployment", name, 2, { containers: [container("500m", "1Gi")] }, labels),
        );
        const two = [node("a", "1", "2Gi"), node("b", "1", "2Gi")];
        expectFinding(capacity(sharing, two), "problem", "the pods that share shop/files: 2.00 cores");
        expectFinding(capacity(sharing, [node("a", "2", "4Gi")]), "ok");
    });
    it("is not on nodes that are not ready, cordoned or tainted", () => {
        const closed = [node("a", "8", "8Gi", { ready: false }), node("b", "8", "8Gi", { taint: "NoSchedule" })];
        closed.push({ ...node("c", "8", "8Gi"), spec: { unschedulable: true } });
        expectFinding(capacity([web], closed), "problem", "none of 3 nodes takes pods");
        expectFinding(capacity([web], [node("a", "8", "8Gi", { taint: "PreferNoSchedule" })]), "ok");
    });
    it("is for the architectures that images are built for", () => {
        const on = (...names: string[]) =>
            nodes.architecture({ nodes: names.map((architecture) => node("n", "1", "1Gi", { architecture })) });
        expectFinding(on("arm64", "arm64"), "ok", "arm64");
        expectFinding(on("amd64", "arm64"), "warning", "amd64 and arm64");
        expectFinding(on("amd64", "s390x"), "problem", "s390x");
    });
});

describe("doctor: storage classes", () => {
    const claim = (mode: string, storageClassName?: string) =>
        object("PersistentVolumeClaim", "data", {
            accessModes: [mode],
            ...(storageClassName ? { storageClassName } : {}),
        });
    const storageClass = (
        name: string,
        args: { usual?: boolean; provisioner?: string; grows?: boolean } = {},
    ): StorageClassObject => ({
        metadata: {
            name,
            annotations: { "storageclass.kubernetes.io/is-default-class": String(args.usual ?? false) },
        },
        provisioner: args.provisioner ?? "nfs.csi.k8s.io",
        allowVolumeExpansion: args.grows ?? false,
    });
    const facts = (claims: readonly RenderedObject[], ...storageClasses: StorageClassObject[]) => ({
        rendering: rendering(...claims),
        storageClasses,
    });
    const once = [claim("ReadWriteOnce")];

    it("has a default one where claims name none", () => {
        expectFinding(
            storage.storageClass(facts(once, storageClass("gp3", { usual: true }))),
            "ok",
            "gp3 (the default)",
        );
        expectFinding(
            storage.storageClass(facts(once, storageClass("gp3"))),
            "problem",
            "there are: gp3",
            "storageClass",
        );
        expectFinding(storage.storageClass(facts([])), "ok");
        // Whoever names a volume asks no class for one.
        const bound = object("PersistentVolumeClaim", "data", { volumeName: "pvc-1", storageClassName: "" });
        expectFinding(storage.storageClass(facts([bound])), "ok");
        // Shared volumes are another check's.
        expectFinding(storage.storageClass(facts([claim("ReadWriteMany", "shared")])), "ok");
    });
    it("has the drivers that the stack itself names", () => {
        const own = { ...object("StorageClass", "own", {}), provisioner: "nfs.csi.k8s.io" };
        const volume = object("PersistentVolume", "v", { csi: { driver: "ebs.csi.aws.com", volumeHandle: "x" } });
        const drivers = (...installed: string[]) =>
            storage.csiDrivers({ rendering: rendering(own, volume), csiDrivers: installed });
        expectFinding(drivers("nfs.csi.k8s.io", "ebs.csi.aws.com"), "ok");
        expectFinding(drivers("ebs.csi.aws.com"), "problem", "not installed: nfs.csi.k8s.io", "csi-driver-nfs");
        expectFinding(storage.csiDrivers({ rendering: rendering(...once), csiDrivers: [] }), "ok", "none is needed");
        // Its class is not there before the first run.
        const classes = facts([claim("ReadWriteMany", "own"), own]);
        expectFinding(storage.sharedStorageClass(classes), "ok", "own, by nfs.csi.k8s.io");
    });
    it("has the ones that claims name", () => {
        const named = [claim("ReadWriteOnce", "fast")];
        expectFinding(storage.storageClass(facts(named, storageClass("fast"))), "ok", "fast, by nfs.csi.k8s.io");
        expectFinding(
            storage.storageClass(facts(named, storageClass("slow", { usual: true }))),
            "problem",
            '"fast"',
            "slow",
        );
    });
    it("shares volumes where several nodes mount them", () => {
        const shared = [claim("ReadWriteMany", "shared")];
        expectFinding(storage.sharedStorageClass(facts(once)), "ok", "no volume is shared");
        expectFinding(storage.sharedStorageClass(facts(shared, storageClass("shared"))), "ok", "shared, by");
        expectFinding(
            storage.sharedStorageClass(facts(shared, storageClass("gp3"))),
            "problem",
            "sharedFiles: oneNode",
        );
        const disk = storageClass("shared", { provisioner: "ebs.csi.aws.com" });
        expectFinding(storage.sharedStorageClass(facts(shared, disk)), "problem", "one node at a time");
    });
    it("lets the volumes that are used grow", () => {
        const others = storageClass("other");
        const grows = storageClass("gp3", { usual: true, grows: true });
        expectFinding(storage.volumeExpansion(facts(once, grows, others)), "ok", "gp3");
        expectFinding(
            storage.volumeExpansion(facts(once, storageClass("gp3", { usual: true }))),
            "warning",
            "gp3 does not",
        );
    });
});

describe("doctor: the way in, and between pods", () => {
    const cluster = { loadBalancer: true, metrics: true, networkPolicy: "full" as const };
    const facts = (changes: Partial<network.NetworkFacts>): network.NetworkFacts => ({
        rendering: rendering(),
        cluster,
        nodes: [node("a", "1", "1Gi")],
        services: [],
        daemonSets: [],
        ingressClasses: [],
        metricsApi: undefined,
        ...changes,
    });
    const service = (address: object[]): ServiceObject => ({
        metadata: { name: "other", namespace: "ns" },
        spec: { type: "LoadBalancer" },
        status: { loadBalancer: { ingress: address } },
    });

    it("finds something that gives addresses, and contradictions to the configuration", () => {
        const edge = { rendering: rendering(object("Service", "edge", { type: "LoadBalancer" })) };
        const balancer = (changes: Partial<network.NetworkFacts>) =>
            network.loadBalancer(facts({ ...edge, ...changes }));
        const without = { cluster: { ...cluster, loadBalancer: false } };
        const served = { services: [service([{ ip: "192.0.2.1" }])] };
        expectFinding(network.loadBalancer(facts({})), "ok", "not needed");
        expectFinding(balancer(served), "ok", "ns/other has an address");
        expectFinding(balancer({ services: [service([])] }), "warning", "shop/edge", "loadBalancer: false");
        expectFinding(balancer({ nodes: [node("a", "1", "1Gi", { providerID: "gce://p/z/n" })] }), "ok", "gce");
        expectFinding(balancer({ nodes: [node("a", "1", "1Gi", { providerID: "kind://docker/kind/n" })] }), "warning");
        expectFinding(balancer({ nodes: [node("a", "1", "1Gi", { kubeletVersion: "v1.33.1+k3s1" })] }), "ok", "k3s");
        expectFinding(balancer(without), "ok");
        expectFinding(balancer({ ...without, ...served }), "warning", "loadBalancer is false");
    });
    it("finds the classes of Ingresses", () => {
        const wanted = rendering(object("Ingress", "edge", { ingressClassName: "nginx" }, "networking.k8s.io/v1"));
        expectFinding(network.ingressClass(facts({})), "ok", "not needed");
        expectFinding(network.ingressClass(facts({ rendering: wanted, ingressClasses: ["nginx"] })), "ok");
        expectFinding(
            network.ingressClass(facts({ rendering: wanted, ingressClasses: ["alb"] })),
            "problem",
            "nginx",
            "alb",
        );
    });
    it("wants metrics-server for autoscalers, and what the configuration says of it to be true", () => {
        const scaled = rendering(object("HorizontalPodAutoscaler", "web", {}, "autoscaling/v2"));
        const api = (status: string) => ({
            metadata: { name: "v1beta1.metrics.k8s.io" },
            status: { conditions: [{ type: "Available", status, message: "no endpoints" }] },
        });
        const metrics = (changes: Partial<network.NetworkFacts>) =>
            network.metricsServer(facts({ rendering: scaled, ...changes }));
        const without = { cluster: { ...cluster, metrics: false } };
        expectFinding(network.metricsServer(facts({})), "ok", "no autoscaler");
        expectFinding(metrics({ metricsApi: api("True") }), "ok");
        expectFinding(metrics({}), "warning", "not installed", "metrics: false");
        expectFinding(metrics({ metricsApi: api("False") }), "warning", "no endpoints");
        expectFinding(metrics(without), "ok", "autoscalers stay");
        expectFinding(metrics({ ...without, metricsApi: api("True") }), "warning", "metrics is false");
        expectFinding(network.metricsServer(facts({ ...without, metricsApi: api("True") })), "ok");
    });
    it("guesses whether policies are kept, by the network plugin", () => {
        const daemonSet = (name: string, image = "", args: string[] = []) => ({
            metadata: { name, namespace: "kube-system" },
            spec: { template: { spec: { containers: [{ image, args }] } } },
        });
        const policies = (...daemonSets: network.NetworkFacts["daemonSets"]) =>
            network.networkPolicies(facts({ daemonSets: [daemonSet("kube-proxy"), ...daemonSets] }));
        for (const name of ["calico-node", "cilium", "antrea-agent", "weave-net", "rke2-canal"])
            expectFinding(policies(daemonSet(name)), "ok", name);
        // Beside Calico, flannel only carries the packets.
        expectFinding(policies(daemonSet("kube-flannel-ds"), daemonSet("calico-node")), "ok");
        expectFinding(policies(daemonSet("kube-flannel-ds")), "warning", "not enforced by kube-flannel-ds");
        const kindnet = (tag: string) => policies(daemonSet("kindnet", `docker.io/kindest/kindnetd:${tag}`));
        expectFinding(kindnet("v20240513-cd2ac642"), "warning", "not enforced");
        expectFinding(kindnet("v20240813-c6f155d6"), "ok", "kindnet");
        expectFinding(kindnet("stable"), "warning", "cannot tell");
        expectFinding(policies(daemonSet("aws-node")), "warning", "not enforced");
        expectFinding(policies(daemonSet("aws-node", "", ["--enable-network-policy=true"])), "ok");
        expectFinding(policies(), "warning", "cannot tell");
        const on = (args: NodeArgs) => network.networkPolicies(facts({ nodes: [node("a", "1", "1Gi", args)] }));
        expectFinding(on({ kubeletVersion: "v1.33.1+k3s1" }), "ok", "k3s");
        expectFinding(on({ labels: { "minikube.k8s.io/name": "m" } }), "warning", "minikube start --cni calico");
        expectFinding(network.networkPolicies(facts({ cluster: { ...cluster, networkPolicy: "off" } })), "ok", "none");
    });
});

describe("doctor: what we may do", () => {
    const apiResources = [
        { name: "namespaces", apiVersion: "v1", kind: "Namespace" },
        { name: "pods", apiVersion: "v1", kind: "Pod" },
        { name: "replicasets", apiVersion: "apps/v1", kind: "ReplicaSet" },
        { name: "deployments", apiVersion: "apps/v1", kind: "Deployment" },
    ];
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
    const deployment = object("Deployment", "web", {}, "apps/v1");

    it("asks once for each verb of each kind, in each namespace", () => {
        const questions = access.questionsOf([namespace, deployment, { ...deployment }], apiResources);
        expect(
            questions.map(({ verb, group, resource, namespace: where = "", name = "" }) =>
                [verb, group, resource, where, name].join(" ").trim(),
            ),
        ).to.deep.equal([
            "create  namespaces",
            "get  namespaces  shop",
            "patch  namespaces  shop",
            ...["get", "create", "patch", "list", "watch", "delete"].map((verb) => `${verb} apps deployments shop`),
            ...["list", "watch"].map((verb) => `${verb}  pods shop`),
            ...["list", "watch"].map((verb) => `${verb} apps replicasets shop`),
        ]);
    });
    it("asks for the list of volumes and classes only where a claim names a volume that the stack does not make", () => {
        const resources = [
            { name: "persistentvolumes", apiVersion: "v1", kind: "PersistentVolume" },
            { name: "storageclasses", apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
        ];
        const wide = (...objects: RenderedObject[]) =>
            access
                .questionsOf(objects, resources)
                .filter(({ verb, name }) => verb === "list" && name === undefined)
                .map(({ resource }) => resource);
        const claim = object("PersistentVolumeClaim", "data", { volumeName: "pvc-1" });
        expect(wide(claim)).to.deep.equal(["persistentvolumes", "storageclasses"]);
        const own = { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "pvc-1" } };
        expect(wide(claim, own)).to.deep.equal([]);
    });
    it("names the rights that are missing, apart for preview and launch", () => {
        const rights = access
            .questionsOf([namespace, deployment], apiResources)
            .map((question) => ({ ...question, allowed: ["get", "list", "watch"].includes(question.verb) }));
        expectFinding(rightsToPreview({ rights }), "problem", "create, patch in shop: deployments.apps");
        expectFinding(rightsToPreview({ rights }), "problem", "patch: namespaces/shop");
        expectFinding(rightsToLaunch({ rights }), "problem", "missing: delete in shop: deployments.apps");
        const all = rights.map((right) => ({ ...right, allowed: true }));
        expectFinding(rightsToPreview({ rights: all }), "ok");
        expectFinding(rightsToLaunch({ rights: all.filter(({ verb }) => verb !== "delete") }), "ok");
    });
    it("names kinds that the server does not have", () => {
        const monitor = object("ServiceMonitor", "m", {}, "monitoring.coreos.com/v1");
        expectFinding(access.knownKinds({ rendering: rendering(deployment), apiResources }), "ok");
        expectFinding(
            access.knownKinds({ rendering: rendering(deployment, monitor), apiResources }),
            "problem",
            "monitoring.coreos.com/v1 ServiceMonitor",
        );
        // Another version of a kind is another kind.
        const old = { ...deployment, apiVersion: "apps/v1beta1" };
        expectFinding(access.knownKinds({ rendering: rendering(old), apiResources }), "problem", "apps/v1beta1");
    });
    it("names objects of somebody else's", () => {
        expectFinding(access.ownership({ foreign: [] }), "ok");
        expectFinding(access.ownership({ foreign: [namespace] }), "problem", "Namespace shop", "create: false");
        expectFinding(
            access.ownership({ foreign: Array(7).fill(deployment) }),
            "problem",
            "Deployment shop/web",
            "2 more",
        );
    });
    it("concludes from dry runs whether Pod Security is enforced", () => {
        const yes = { accepted: true, message: "" };
        const no = (message: string) => ({ accepted: false, message });
        const judge = (answers: Partial<access.PodSecurityAnswers>) =>
            access.podSecurity({
                podSecurity: { level: "restricted", namespace: yes, nonsense: no("must be one of"), ...answers },
            });
        expectFinding(judge({}), "ok", "`restricted` is enforced");
        expectFinding(judge({ pod: no("violates PodSecurity") }), "ok", "refused");
        expectFinding(judge({ pod: yes }), "warning", "is accepted");
        expectFinding(judge({ nonsense: yes }), "warning", "not enforced");
        expectFinding(judge({ namespace: no("denied by webhook x") }), "problem", "denied by webhook x");
        expectFinding(judge({ namespace: no('namespaces "shop" is forbidden: User "u" cannot patch') }), "not checked");
    });
});

describe("doctor as a whole", () => {
    it("makes every check that it can, and says of each other one why not", async () => {
        const { objects, outputs } = await renderStack("dev");
        const known: object = { mistakes: undefined, rendering: { objects, outputs }, go: undefined };
        const facts = new Proxy(known, {
            get: (values, name) => {
                if (!(name in values)) throw new Error(`no ${String(name)}`);
                return Reflect.get(values, name) as unknown;
            },
        }) as Facts;
        const results = runChecks(facts);
        const made = results.filter(({ level }) => level !== "not checked");
        expect(made.map(({ check }) => check)).to.deep.equal([
            "Go",
            "configuration",
            "shared storage class",
            "load balancer",
            "ingress class",
        ]);
        expect(results.find(({ check }) => check === "capacity")!.text).to.equal("no nodes");
        expect(results).to.have.length.greaterThan(20);
    });
});

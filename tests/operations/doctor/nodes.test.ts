import * as nodes from "../../../operations/doctor/nodes";
import type { Node } from "../../../operations/cluster/live";
import type { RenderedObject } from "../../../operations/render/rendering";
import { expectFinding, node, object, rendering } from "../../support/doctor";
import { labelled } from "../../support/observed";

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

const container = (cpu: string, memory: string, disk = "1Gi", most = disk) => ({
    name: "c",
    resources: {
        requests: { cpu, memory, "ephemeral-storage": disk },
        limits: { memory, "ephemeral-storage": most },
    },
});

describe("doctor: room on the nodes", () => {
    const tier = (kind: string, name: string, replicas: number, pod: object, labels = {}) =>
        object(kind, name, { replicas, template: { metadata: { labels }, spec: pod } }, "apps/v1");
    const web = tier("Deployment", "web", 2, { containers: [container("500m", "1Gi")] });
    const capacity = (
        objects: readonly RenderedObject[],
        on: readonly Node[],
        pods: nodes.CapacityFacts["pods"] = [],
    ) => nodes.capacity({ rendering: rendering(...objects), nodes: on, pods });
    const pod = (namespace: string, labels: Record<string, string> = {}) => ({
        kind: "Pod",
        metadata: labelled(namespace, "p", { labels }),
        spec: { nodeName: "a", containers: [container("1", "1Gi")] },
    });

    it("is sufficient to the byte", () => {
        expectFinding(
            capacity([web], [node("a", "1", "2Gi")]),
            "ok",
            "1.00 cores, 2.0 GiB and 2.0 GiB of disk requested",
        );
        expectFinding(capacity([web], [node("a", "1", "2097151Ki")]), "problem", "add a node");
        expectFinding(capacity([web], [node("a", "999m", "2Gi")]), "problem");
    });
    it("includes the node's own disk, which may be unknown", () => {
        const on = (disk: string) => capacity([web], [node("a", "8", "64Gi", { disk })]);
        expectFinding(on("2147483648"), "ok", "2.0 GiB of disk requested");
        expectFinding(on("2147483647"), "problem", "2.0 GiB of disk requested");
        expectFinding(on(""), "problem", "0.0 GiB of disk free at most on one node");
    });
    it("is short if a pod may write more than a node has, which is full before the pod is evicted", () => {
        const disks = (most: string, disk: string) => {
            const pods = tier("CronJob", "backup", 0, {});
            const template = { spec: { containers: [container("1", "1Gi", "1Gi", most)] } };
            const spec = { jobTemplate: { spec: { template } } };
            return nodes.nodeDisks({
                rendering: rendering(web, { ...pods, spec }),
                nodes: [node("a", "8", "8Gi", { disk }), node("b", "8", "8Gi", { disk: "1Gi" })],
            });
        };
        expectFinding(disks("30Gi", "30Gi"), "ok", "30.0 GiB for pods on one node");
        expectFinding(
            disks("300Gi", "94Gi"),
            "warning",
            "a pod of CronJob shop/backup may write 300.0 GiB, but a node has at most 94.0 GiB",
        );
        expectFinding(disks("1Gi", ""), "ok");
        expectFinding(nodes.nodeDisks({ rendering: rendering(web), nodes: [] }), "problem", "no node reports");
    });
    it("excludes what others use, but not what the stack itself uses", () => {
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
    it("must suffice for Tasks, one pod at a time, with larger init containers", () => {
        const task = object("Job", "install", {
            template: { spec: { initContainers: [container("100m", "3Gi")], containers: [container("100m", "1Gi")] } },
        });
        expectFinding(
            capacity([web, task], [node("a", "2", "2Gi")]),
            "problem",
            "a pod of Job shop/install: 0.10 cores, 3.0 GiB and 1.0 GiB of disk requested",
            "3.0 GiB",
        );
        expectFinding(capacity([web, task], [node("a", "2", "3Gi")]), "ok", "2.0 GiB and 2.0 GiB of disk requested");
    });
    it("must suffice for sidecars, and for an autoscaler's minimum of pods", () => {
        const sidecar = { ...container("100m", "1Gi"), restartPolicy: "Always" };
        const scaled = object("Deployment", "web", {
            template: { spec: { initContainers: [sidecar], containers: [container("100m", "1Gi")] } },
        });
        const scaler = object("HorizontalPodAutoscaler", "web", { minReplicas: 3, maxReplicas: 9 });
        expectFinding(
            capacity([scaled], [node("a", "8", "8Gi")]),
            "ok",
            "0.20 cores, 2.0 GiB and 2.0 GiB of disk requested",
        );
        expectFinding(
            capacity([scaled, scaler], [node("a", "8", "8Gi")]),
            "ok",
            "0.60 cores, 6.0 GiB and 6.0 GiB of disk requested",
        );
    });
    it("must be on one node for all pods that share files there", () => {
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
        expectFinding(capacity([web], closed), "problem", "none of 3 nodes accepts pods");
        expectFinding(capacity([web], [node("a", "8", "8Gi", { taint: "PreferNoSchedule" })]), "ok");
    });
    it("is on nodes of the architectures that images are built for", () => {
        const on = (...names: string[]) =>
            nodes.architecture({ nodes: names.map((architecture) => node("n", "1", "1Gi", { architecture })) });
        expectFinding(on("arm64", "arm64"), "ok", "arm64");
        expectFinding(on("amd64", "arm64"), "warning", "amd64 and arm64");
        expectFinding(on("amd64", "s390x"), "problem", "s390x");
        expectFinding(on(), "warning", "no node");
    });
});

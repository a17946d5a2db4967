import { expect } from "chai";
import { awaitRules } from "../../../operations/launch/awaitRules";
import { UserError } from "../../../operations/system/errors";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import type { RenderedObject } from "../../../operations/render/rendering";
import { KubectlError, kubectlFailure } from "../../../operations/cluster/kubectlError";
import type { Pod } from "../../../operations/cluster/live";
import { digestOf } from "../../../components/loadBalancer/reload";
import { at, edgePod, labelled, line, tierPod } from "../../support/observed";

const list = "shop /etc/edge-certificates/shop.crt /etc/edge-certificates/shop.key\n";
const wanted = digestOf("new", list, ["CERTIFICATE"]);
const served = line(wanted, true);
const former = line(digestOf("old", list, ["CERTIFICATE"]), true);

const workload = (name: string, spec: object): RenderedObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: labelled("shop", name),
    spec: { template: { spec } },
});
const rendering = {
    stack: "production",
    objects: [
        workload("edge", edgePod("edge").spec),
        workload("frontend", tierPod("frontend", "frontend-nginx-2").spec),
    ],
};

/** A cluster's state at one check: its pods, and the log of each edge's pod, or why it is unavailable. */
interface Look {
    readonly pods: readonly Pod[];
    readonly said: Readonly<Record<string, string | UserError>>;
    readonly touch?: UserError;
    /** Why its pods are not listed. */
    readonly list?: UserError;
}

/** kubectl's error with that message. */
const failed = (message: string) => new KubectlError(message, kubectlFailure(message), message);

/** kubectl of a cluster that goes through these states; the last one stays. */
function cluster(...looks: Look[]) {
    const calls: string[] = [];
    let seen = -1;
    const answer = (args: readonly string[]): string | UserError => {
        const [verb, what, name = ""] = args;
        const now = () => looks[Math.min(seen, looks.length - 1)]!;
        if (verb === "get" && what === "pods") {
            seen += 1;
            const { pods, list: listed = pods } = now();
            return listed instanceof Error ? listed : JSON.stringify({ items: listed });
        }
        if (what === "configmap") return JSON.stringify({ data: { Caddyfile: "new", certificates: list } });
        if (what === "secret") {
            const data = { "shop.crt": "CERTIFICATE", "shop.key": "PRIVATE" };
            return JSON.stringify({
                data: Object.fromEntries(
                    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
                ),
            });
        }
        if (verb === "logs") return now().said[what!] ?? "";
        if (verb === "annotate") return now().touch ?? `${name} annotated`;
        throw new Error(`unexpected: kubectl ${args.join(" ")}`);
    };
    const read = (args: readonly string[]): Promise<string> => {
        calls.push(args.join(" "));
        const said = answer(args);
        return said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
    };
    const reading = { read, json: async (args: readonly string[]) => JSON.parse(await read(args)) as unknown };
    return { calls, kubectl: { ...reading, quiet: reading } as unknown as Kubectl };
}

const wait = (kubectl: Kubectl, timeout = 2000) => awaitRules(kubectl, rendering, { timeout, interval: 5 });
const refusal = async (...looks: Look[]): Promise<string> => {
    const error: unknown = await wait(cluster(...looks).kubectl, 100).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UserError).and.to.include({ exitCode: 1 });
    return (error as UserError).message;
};
const touches = (calls: readonly string[]) => calls.filter((call) => call.startsWith("annotate"));
const [one, two] = [edgePod("edge-1"), edgePod("edge-2")];

describe("a launch, after the update", () => {
    it("checks once if every pod is up to date, and touches none", async () => {
        const { kubectl, calls } = cluster({ pods: [one, two], said: { "edge-1": served, "edge-2": former + served } });
        await wait(kubectl);
        expect(calls.filter((call) => call.startsWith("get pods"))).to.have.length(1);
        expect(touches(calls)).to.deep.equal([]);
    });

    it("makes the kubelets of outdated pods update their files, and waits for them", async () => {
        const { kubectl, calls } = cluster(
            { pods: [one, two], said: { "edge-1": former, "edge-2": served } },
            { pods: [one, two], said: { "edge-1": former, "edge-2": served } },
            { pods: [one, two], said: { "edge-1": former + served, "edge-2": served } },
        );
        await wait(kubectl);
        expect(touches(calls)).to.have.length(1);
        expect(touches(calls)[0])
            .to.match(/^annotate pods edge-1 --namespace shop --overwrite plinth.dev\/looked-again=20/)
            .and.not.to.include("edge-2");
    });

    it("touches pods again that may have been touched too early", async () => {
        const lagging = Array.from({ length: 11 }, () => ({ pods: [one], said: { "edge-1": former } }));
        const { kubectl, calls } = cluster(...lagging, { pods: [one], said: { "edge-1": served } });
        await wait(kubectl, 30_000);
        const times = touches(calls).map((call) => call.split("=").at(-1));
        expect(times).to.have.length(2);
        expect(new Set(times).size).to.equal(times.length);
    });

    it("names the pod that hangs, with its node, and fails", async () => {
        const message = await refusal({ pods: [one, two], said: { "edge-1": served, "edge-2": former } });
        expect(message)
            .to.include("shop/edge-2 on a: has not reported that it serves them")
            .and.to.include("./plinth launch production")
            .and.not.to.include("edge-1");
    });

    it("does not wait for a pod that has rejected the rules, and shows Caddy's message", async () => {
        const words = "the new configuration is invalid, the old one stays: unrecognized directive: x";
        const started = Date.now();
        const { kubectl } = cluster({ pods: [one], said: { "edge-1": former + line(wanted, false, words) } });
        const error: unknown = await wait(kubectl, 60_000).catch((thrown: unknown) => thrown);
        expect((error as UserError).message).to.include(`shop/edge-1 on a: ${words}`);
        expect(Date.now() - started).to.be.lessThan(5000);
    });

    it("waits for terminating pods with former rules, of edges and tiers, and names those that remain", async () => {
        const ends = { deletionTimestamp: at };
        const leaving = edgePod("edge-0", {}, ends);
        const frontend = tierPod("frontend-0", "frontend-nginx-1", {}, ends);
        const { kubectl, calls } = cluster(
            { pods: [leaving, one, frontend], said: { "edge-0": former, "edge-1": served } },
            { pods: [one, frontend], said: { "edge-1": served } },
            { pods: [one], said: { "edge-1": served } },
        );
        await wait(kubectl);
        expect(calls.filter((call) => call.startsWith("get pods"))).to.have.length(3);
        expect(touches(calls)).to.deep.equal([]);
        const message = await refusal({ pods: [leaving, frontend, one], said: { "edge-1": served } });
        expect(message)
            .to.include("shop/edge-0 on a: is terminating")
            .and.to.include("shop/frontend-0 on a: is terminating");
    });

    it("waits for the pods of an edge that was removed from the stack", async () => {
        const objects = [{ apiVersion: "v1", kind: "Service", metadata: labelled("shop", "edge") }];
        const { kubectl, calls } = cluster({ pods: [one], said: { "edge-1": served } }, { pods: [], said: {} });
        await awaitRules(kubectl, { stack: "production", objects }, { timeout: 1000, interval: 5 });
        expect(calls.filter((call) => call.startsWith("get pods"))).to.have.length(2);
    });

    it("ignores pods of other stacks, on simulated nodes, and those that do not run", async () => {
        const theirs = edgePod("theirs", {}, labelled("other", "edge", { name: "theirs" }));
        const simulated = edgePod("simulated", {
            containerStatuses: [{ name: "caddy", ready: true, restartCount: 0, state: { running: {} } }],
        });
        const pending = edgePod("pending", { phase: "Pending", conditions: [], containerStatuses: [] });
        const { kubectl, calls } = cluster({ pods: [theirs, simulated, pending], said: {} });
        await wait(kubectl);
        expect(calls).to.have.length(1);
    });

    it("reports unverified pods if logs may not be read, and does not fail", async () => {
        const no = failed('kubectl logs failed: Error from server (Forbidden): pods "edge-1" is forbidden');
        const { kubectl, calls } = cluster({ pods: [one], said: { "edge-1": no } });
        await wait(kubectl);
        expect(touches(calls)).to.deep.equal([]);
    });

    it("waits for the kubelet's own interval if it may not annotate pods, and tries that once", async () => {
        const touch = failed('kubectl annotate failed: pods "edge-1" is forbidden');
        const said = { "edge-1": former };
        const lagging = Array.from({ length: 15 }, () => ({ pods: [one], said, touch }));
        const { kubectl, calls } = cluster(...lagging, { pods: [one], said: { "edge-1": served } });
        await wait(kubectl, 30_000);
        expect(touches(calls)).to.have.length(1);
    });

    it("continues after a short outage of the server, and only warns if pods may not be listed", async () => {
        const away = failed("kubectl get failed: The connection to the server was refused");
        const said = { "edge-1": served };
        const { kubectl, calls } = cluster({ pods: [], said, list: away }, { pods: [one], said });
        await wait(kubectl);
        expect(calls.filter((call) => call.startsWith("logs"))).to.have.length(1);
        const no = failed('kubectl get failed: pods is forbidden: User "u" cannot list resource "pods"');
        await wait(cluster({ pods: [], said, list: no }).kubectl);
        expect(await refusal({ pods: [], said, list: away })).to.include("shop: kubectl get failed: The connection");
    });

    it("continues if a pod ends between two requests, and fails for a pod on an unreachable node", async () => {
        const gone = failed('kubectl logs failed: pods "edge-1" not found');
        await wait(
            cluster({ pods: [one], said: { "edge-1": gone }, touch: gone }, { pods: [two], said: { "edge-2": served } })
                .kubectl,
        );
        const silent = failed("kubectl logs failed: dial tcp 10.0.0.1:10250: i/o timeout");
        expect(await refusal({ pods: [one], said: { "edge-1": silent } })).to.include("i/o timeout");
    });
});

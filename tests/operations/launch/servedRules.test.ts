import { expect } from "chai";
import { digestOf } from "../../../components/loadBalancer/reload";
import { judgeEdge, judgeTier, admitsVisitors, sourceOf, wantedBy } from "../../../operations/launch/servedRules";
import { at, edgePod, line, pod, ready, tierPod } from "../../support/observed";

const wanted = digestOf("new", "", []);
const former = digestOf("old", "", []);
const judge = (log: string, on = edgePod("edge-1")) => judgeEdge(on, wanted, log);

describe("whether an edge's pod is up to date", () => {
    it("is its latest report on the cluster's own configuration", () => {
        expect(judge(line(former, true) + line(wanted, true))).to.deep.equal({ is: "new" });
        expect(judge(line(former, true))).to.include({ is: "old" });
        // A path that was closed, opened, and is to be closed again.
        expect(judge(line(wanted, true) + line(former, true))).to.include({ is: "old" });
        expect(judge(line(wanted, true) + line(former, true) + line(wanted, true))).to.deep.equal({ is: "new" });
        expect(judge(line(wanted, false, "no") + line(former, true))).to.include({ is: "old" });
    });
    it("is rejected, with Caddy's messages on that configuration alone", () => {
        const log = line(former, false, "unrecognized directive: a") + line(wanted, false, "unrecognized directive: b");
        expect(judge(log)).to.deep.equal({ is: "refused", why: "unrecognized directive: b" });
    });
    it("is pending while it retries, with the reason", () => {
        const failing = line(wanted, undefined, "the reload failed and will be tried again: timeout");
        expect(judge(failing + failing)).to.deep.equal({
            is: "old",
            why: "the reload failed and will be tried again: timeout",
        });
        expect(judge(failing + line(wanted, true))).to.deep.equal({ is: "new" });
    });
    it("includes every reason why a certificate is not served", () => {
        const log =
            line(wanted, undefined, "the certificate of shop does not work and is not used: bad PEM") +
            line(wanted, false, "configuration reloaded, but not with all certificates that it names");
        expect(judge(log)).to.deep.include({ is: "refused" });
        expect((judge(log) as { why: string }).why)
            .to.include("of shop")
            .and.to.include("bad PEM");
    });
    it("is pending without a readable report", () => {
        expect(judge("")).to.deep.equal({ is: "old", why: "has not reported that it serves them" });
        expect(judge('{"level":"info","logg\nsh: out of memory\n')).to.include({ is: "old" });
        expect(judge("", edgePod("edge-1", { conditions: [] })).is).to.equal("old");
    });
    it("is pending for a terminating pod with former rules, and not for one with the new ones", () => {
        const ends = edgePod("edge-1", {}, { deletionTimestamp: at });
        expect(judge(line(former, true), ends)).to.deep.equal({ is: "old", why: "is terminating" });
        expect(judge(line(wanted, false, "no"), ends)).to.deep.equal({ is: "old", why: "is terminating" });
        expect(judge(line(wanted, true), ends)).to.deep.equal({ is: "new" });
    });
});

describe("what an edge's pod should serve", () => {
    const mounted = edgePod("edge-1");
    it("is found through its volumes", () => {
        expect(sourceOf(mounted, "/etc/caddy/Caddyfile")).to.deep.equal({
            kind: "configmap",
            name: "edge",
            key: "Caddyfile",
        });
        expect(sourceOf(mounted, "/etc/edge-certificates/shop.crt")).to.deep.equal({
            kind: "secret",
            name: "edge-certificates",
            key: "shop.crt",
        });
        expect(sourceOf(mounted, "/etc/edge-tls/other/tls.crt")).to.equal(undefined);
        expect(sourceOf(mounted, "/etc/caddy-other/x")).to.equal(undefined);
        expect(sourceOf(mounted, "/run/caddy/tls/shop")).to.equal(undefined);
    });
    it("are the files and the public halves of the certificates that they list, if they exist", async () => {
        const files: Record<string, string> = {
            "/etc/caddy/Caddyfile": "sites",
            "/etc/caddy/certificates": "a /a.crt /a.key\nb /b.crt /b.key\n",
            "/a.crt": "A",
            "/a.key": "private",
        };
        const asked: string[] = [];
        const digest = await wantedBy((path) => {
            asked.push(path);
            return Promise.resolve(files[path] === undefined ? undefined : Buffer.from(files[path]));
        });
        expect(digest).to.equal(digestOf("sites", files["/etc/caddy/certificates"]!, ["A"]));
        expect(asked).not.to.include("/a.key");
    });
});

describe("whether a tier's pod is up to date", () => {
    it("depends on the ConfigMaps of its Deployment", () => {
        const template = { volumes: [{ name: "nginx", configMap: { name: "frontend-nginx-2" } }, { name: "tmp" }] };
        expect(judgeTier(tierPod("frontend-1", "frontend-nginx-2"), template)).to.deep.equal({ is: "new" });
        const former = tierPod("frontend-1", "frontend-nginx-1");
        expect(judgeTier(former, template)).to.deep.equal({ is: "old", why: "is an old version" });
        const ends = tierPod("frontend-1", "frontend-nginx-1", {}, { deletionTimestamp: at });
        expect(judgeTier(ends, template)).to.deep.equal({ is: "old", why: "is terminating" });
        // Scaled down, or drained from its node: nothing changed for visitors.
        const scaled = tierPod("frontend-1", "frontend-nginx-2", {}, { deletionTimestamp: at });
        expect(judgeTier(scaled, template)).to.deep.equal({ is: "new" });
    });
    it("is false for a pod that the stack no longer declares", () => {
        expect(judgeTier(tierPod("frontend-1", "frontend-nginx-1"), undefined)).to.include({ is: "old" });
    });
});

describe("pods that serve no requests", () => {
    const running = { running: { startedAt: at } };
    const status = (...states: [string, object, string?][]) => ({
        ...ready,
        containerStatuses: states.map(([name, state, containerID]) => ({
            name,
            ready: true,
            restartCount: 0,
            state,
            ...(containerID ? { containerID } : {}),
        })),
    });
    it("are those with a stopped server, without a server, or on simulated nodes", () => {
        expect(admitsVisitors(edgePod("edge-1"))).to.equal(true);
        expect(
            admitsVisitors(edgePod("edge-1", status(["caddy", { waiting: {} }], ["reload", running, "c://2"]))),
        ).to.equal(false);
        expect(admitsVisitors(edgePod("edge-1", status(["caddy", running], ["reload", running])))).to.equal(false);
        expect(admitsVisitors(edgePod("edge-1", { phase: "Pending", containerStatuses: [] }))).to.equal(false);
        expect(admitsVisitors(edgePod("edge-1", status(["caddy", { terminated: { exitCode: 0 } }, "c://1"])))).to.equal(
            false,
        );
        const worker = pod(ready) as ReturnType<typeof edgePod>;
        expect(admitsVisitors({ ...worker, spec: { containers: [{ name: "worker" }] } })).to.equal(false);
    });
    it("do not include a server that still runs in a terminating pod", () => {
        expect(admitsVisitors(edgePod("edge-1", {}, { deletionTimestamp: at }))).to.equal(true);
    });
});

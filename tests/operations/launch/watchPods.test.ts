import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import { KubectlError, kubectlFailure } from "../../../operations/cluster/kubectlError";
import type { Pod, Workload } from "../../../operations/cluster/live";
import { type WatchArgs, watchPods } from "../../../operations/launch/watchPods";
import type { RenderedObject } from "../../../operations/render/rendering";
import { labelled, pod, ready } from "../../support/observed";

const image = "registry.example.org/plinth/opencart-php:4.1.0.4";
const spec = (php: string) => ({ containers: [{ name: "php", image: php }, { name: "nginx" }] });
const frontend = (php = image) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: labelled("shop", "frontend"),
    spec: { replicas: 1, template: { spec: spec(php) } },
});
const waiting = (reason: string, message: string, php = image, name = "frontend-1"): Pod => ({
    ...pod(
        {
            containerStatuses: [
                { name: "php", ready: false, restartCount: 0, state: { waiting: { reason, message } } },
            ],
        },
        { name },
    ),
    spec: spec(php),
});
const isPulled = (seconds: number) => `Back-off pulling image "${image}": retry in ${seconds}s`;
const unpulled = (php = image) => waiting("ErrImagePull", "not found", php);
const healthy: Pod = { ...pod(ready), spec: spec(image) };

type Look = readonly Pod[] | Error;

/**
 * Watches a run of the engine while the cluster shows one look after the other, and the last one from then on.
 *
 * @param more looks at the last one, after which the engine is done
 */
async function watched(looks: readonly Look[], args: WatchArgs = {}, more = 10) {
    let seen = -1;
    let done = () => undefined as void;
    const json = (kinds: readonly string[]) => {
        if (kinds[1] === "events") return Promise.resolve({ items: [] });
        if (kinds[1] !== "pods") seen += 1;
        if (seen === looks.length + more) done();
        const shown = looks[Math.min(Math.max(seen, 0), looks.length - 1)]!;
        if (shown instanceof Error) {
            if (looks.length === 1) setTimeout(done, 50);
            return Promise.reject(shown);
        }
        const isUp = shown.every(({ status }) => status === healthy.status);
        const tier: Workload = {
            ...frontend(),
            status: { observedGeneration: 1, readyReplicas: isUp ? 1 : 0, updatedReplicas: 1, replicas: 1 },
        };
        return Promise.resolve({ items: kinds[1] === "pods" ? shown : [tier] });
    };
    const config = { stack: "staging", instances: [{ name: "shop", namespace: "shop", edge: { type: "own" } }] };
    const kubectl = { quiet: { json }, config, selector: "" } as unknown as Kubectl;
    const said: string[] = [];
    const { error } = console;
    console.error = (line: string) => said.push(stripVTControlCharacters(line));
    let interrupted = false;
    try {
        await watchPods(
            kubectl,
            { objects: [frontend()] as unknown as RenderedObject[], stack: "staging" },
            (signal) =>
                new Promise((end, fail) => {
                    done = end;
                    signal.addEventListener("abort", () => {
                        interrupted = true;
                        // What the engine says itself does not matter then.
                        fail(new Error("update canceled"));
                    });
                }),
            { interval: 2, patience: 60_000, ...args },
        );
        return { said, interrupted, failure: "", looks: seen + 1 };
    } catch (failure) {
        return { said, interrupted, failure: (failure as Error).message, looks: seen + 1 };
    } finally {
        console.error = error;
    }
}

describe("a launch, while the engine waits", () => {
    it("says what is not ready and why, once, whatever the numbers in it", async () => {
        const looks = [1, 2, 4, 8].map((seconds) => [waiting("CrashLoopBackOff", `back-off ${seconds}s restarting`)]);
        const { said, failure } = await watched([...looks, [healthy]]);
        expect(said).to.deep.equal(["Not ready: shop/frontend: php: CrashLoopBackOff: back-off 2s restarting"]);
        expect(failure).to.equal("");
    });

    it("says each reason once, however often they take turns", async () => {
        const [fails, waits] = [[unpulled()], [waiting("ImagePullBackOff", "Back-off")]];
        const { said } = await watched([fails, fails, waits, waits, fails, fails, waits, waits]);
        expect(said.map((line) => line.split(": ")[3])).to.deep.equal(["ErrImagePull", "ImagePullBackOff"]);
    });

    it("says it again after it was ready, and leaves out what is over at the next look", async () => {
        const crash = [waiting("CrashLoopBackOff", "back-off")];
        const starting = [waiting("ContainerCreating", "")];
        const { said } = await watched([starting, [healthy], crash, crash, [healthy], crash, crash, [healthy]]);
        expect(said).to.have.length(2);
        expect(said.join()).not.to.include("ContainerCreating");
    });

    it("ends the engine where a container cannot start for too long, and names it", async () => {
        const { interrupted, failure } = await watched([[unpulled()]], { patience: 20 }, 20_000);
        expect(interrupted).to.equal(true);
        expect(failure)
            .to.match(/^The launch was ended, .*\n {2}shop\/frontend: php: ErrImagePull: not found\n/)
            .and.to.match(/continue: \.\/plinth launch staging$/);
        const inTurn = Array.from({ length: 5000 }, (_, at) =>
            at % 2 ? [unpulled()] : [waiting("ImagePullBackOff", isPulled(at))],
        );
        expect((await watched(inTurn, { patience: 100 }, 20_000)).interrupted).to.equal(true);
    });

    it("waits where another try may help: the time is not up, the image has come, it crashes", async () => {
        expect((await watched([[unpulled()]])).failure).to.equal("");
        const comes = [[unpulled()], [healthy], [unpulled()], [healthy]];
        expect((await watched(comes, { patience: 1, interval: 4 })).failure).to.equal("");
        const crash = waiting("CrashLoopBackOff", "back-off 5m0s restarting");
        expect((await watched([[crash]], { patience: 1 })).failure).to.equal("");
    });

    it("does not judge pods that the engine is about to replace, or that are being deleted", async () => {
        expect((await watched([[unpulled("registry.example.org/old:1")]], { patience: 1 })).failure).to.equal("");
        const leaving = unpulled();
        const deleted = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: "2026-11-01T10:00:00Z" } };
        expect((await watched([[deleted]], { patience: 1 })).failure).to.equal("");
    });

    it("does not wait for a name that no registry can have", async () => {
        const { failure } = await watched([[waiting("InvalidImageName", "couldn't parse image name")]], {}, 20_000);
        expect(failure).to.include("InvalidImageName: couldn't parse image name");
    });

    it("leaves it to the engine where this account may not look, and looks again after any other error", async () => {
        const refused = (message: string) => new KubectlError(message, kubectlFailure(message), message);
        const forbidden = refused('Error from server (Forbidden): pods is forbidden: User "ci" cannot list');
        // In all namespaces, and in the stack's own.
        expect(await watched([forbidden])).to.deep.equal({ said: [], interrupted: false, failure: "", looks: 2 });
        const lost = refused("Unable to connect to the server: net/http: TLS handshake timeout");
        expect((await watched([lost, [unpulled()]], { patience: 10 }, 20_000)).interrupted).to.equal(true);
    });
});

import { expect } from "chai";
import { reasonOf } from "../../../operations/cluster/pods";
import { at, pod, ready } from "../../support/observed";

describe("why a pod is not ready", () => {
    const container = (name: string, state: object, more: object = {}) => ({
        name,
        ready: false,
        restartCount: 0,
        state,
        ...more,
    });
    it("is empty if it is", () => expect(reasonOf(pod(ready))).to.equal(undefined));
    it("is the scheduler's message", () => {
        const message = "0/3 nodes are available: 3 Insufficient memory.";
        const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
        expect(reasonOf(pod({ phase: "Pending", conditions }))).to.equal(`Unschedulable: ${message}`);
    });
    it("is the container that cannot start, not the waiting ones", () => {
        const waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' };
        const status = {
            initContainerStatuses: [container("files", { waiting })],
            containerStatuses: [container("php", { waiting: { reason: "PodInitializing" } })],
        };
        expect(reasonOf(pod(status))).to.equal('files: ImagePullBackOff: Back-off pulling image "x"');
    });
    it("includes how the container last exited", () => {
        const lastState = { terminated: { reason: "OOMKilled", exitCode: 137 } };
        const php = container("php", { waiting: { reason: "CrashLoopBackOff" } }, { lastState });
        expect(reasonOf(pod({ containerStatuses: [php] }))).to.equal(
            "php: CrashLoopBackOff (before: OOMKilled, exit code 137)",
        );
    });
    it("includes the containers with failing probes", () => {
        const containers = [container("php", {}, { ready: true }), container("nginx", {})];
        expect(reasonOf(pod({ phase: "Running", containerStatuses: containers }))).to.equal("nginx: not ready");
    });
    it("distinguishes eviction and completion", () => {
        expect(reasonOf(pod({ phase: "Failed", reason: "Evicted", message: "low on memory" }))).to.equal(
            "Evicted: low on memory",
        );
        expect(reasonOf(pod(ready, { deletionTimestamp: at }))).to.equal("Terminating");
    });
});

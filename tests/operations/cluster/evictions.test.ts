import { expect } from "chai";
import { evictionsOf } from "../../../operations/cluster/evictions";
import type { Event, Pod } from "../../../operations/cluster/live";
import { at, labelled, pod, ready } from "../../support/observed";

const later = "2026-11-02T10:00:00Z";

/** A pod as left by a kubelet after an eviction. */
const evicted = (message: string, own: object = {}): Pod =>
    pod(
        {
            phase: "Failed",
            reason: "Evicted",
            message,
            conditions: [
                { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", lastTransitionTime: later },
            ],
        },
        own,
    );
const event = (name: string, message: string, own: object = {}): Event => ({
    kind: "Event",
    metadata: { name: `${name}.1`, namespace: "shop", creationTimestamp: at },
    involvedObject: { kind: "Pod", name, namespace: "shop" },
    reason: "Evicted",
    message,
    lastTimestamp: later,
    ...own,
});
const find = (pods: readonly Pod[], events: readonly Event[] = [], instances = ["shop"]) =>
    evictionsOf(pods, events, instances);

describe("pods that were evicted", () => {
    it("are reported with the kubelet's message, and the key that raises the limit", () => {
        const key = (message: string, own: object = {}) => find([evicted(message, own)])[0]!.key;
        const root = "plinth:instances.shop";
        expect(key('Usage of EmptyDir volume "nginx-tmp" exceeds the limit "320Mi". ')).to.equal(
            `${root}.volumes."frontend.nginx-tmp".size`,
        );
        expect(key('Container php exceeded its local ephemeral storage limit "300Mi". ')).to.equal(
            `${root}.resources.frontend.ephemeralStorage`,
        );
        expect(key('Container nginx exceeded its local ephemeral storage limit "300Mi". ')).to.equal(
            `${root}.resources."frontend.nginx".ephemeralStorage`,
        );
        expect(key("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ")).to.equal(
            `${root}.resources.frontend.ephemeralStorage`,
        );
        const low =
            "The node was low on resource: ephemeral-storage. Threshold quantity: 1, available: 0. Container php was using 2Gi, " +
            "request is 64Mi, has larger consumption of ephemeral-storage. ";
        expect(key(low)).to.equal(`${root}.resources.frontend.ephemeralStorageRequest`);
        expect(find([evicted(low)])[0]!.reason).to.equal(low.trim());
        // No configuration key helps there.
        expect(key("The node was low on resource: memory. Container php was using 1Gi. ")).to.equal(undefined);
    });
    it("of the shared balancer have its own keys", () => {
        const message = 'Usage of EmptyDir volume "data" exceeds the limit "16Mi". ';
        const own = evicted(message, labelled("edge", "edge", { name: "edge-1" }));
        expect(find([own])[0]!.key).to.equal('plinth:edge.volumes."edge.data".size');
    });
    it("are counted, latest first, without running ones", () => {
        const message = 'Usage of EmptyDir volume "tmp" exceeds the limit "1Gi". ';
        const all = find([
            evicted(message),
            evicted(message, { name: "frontend-2" }),
            evicted("The node was low on resource: memory. ", {
                labels: { "app.kubernetes.io/instance": "shop", "app.kubernetes.io/name": "admin" },
            }),
            pod(ready, { name: "frontend-3" }),
            pod({ phase: "Failed", reason: "NodeShutdown" }, { name: "frontend-4" }),
        ]);
        expect(all.map(({ component, count, last }) => [component, count, last])).to.deep.equal([
            ["frontend", 2, later],
            ["admin", 1, later],
        ]);
    });
    it("of a StatefulSet have left only an event, under the name of their successor", () => {
        const message = 'Usage of EmptyDir volume "tmp" exceeds the limit "1Gi". ';
        const database = pod(ready, labelled("shop", "database", { name: "database-0" }));
        const [found, ...others] = find([database], [event("database-0", message), event("gone-1", message)]);
        expect(others).to.deep.equal([]);
        expect(found).to.deep.include({
            component: "database",
            last: later,
            key: 'plinth:instances.shop.volumes."database.tmp".size',
        });
        expect(find([database], [event("database-0", message, { lastTimestamp: null })])[0]!.last).to.equal(at);
        // Already reported by the pod itself.
        expect(find([evicted(message)], [event("frontend-1", message)])).to.have.length(1);
    });
});

import { expect } from "chai";
import { claim, sharedClaim } from "../../components/claim";
import type { Instance } from "../../components/instance";
import type { PodArgs } from "../../components/podArgs";
import { Task } from "../../components/task";
import { WebTier } from "../../components/webTier";
import { Worker } from "../../components/worker";
import { images } from "../../config/images";
import { type DeclareArgs, declare, problemsOf } from "../support/declare";

const pod = (content: string, shareNodeFor?: string): PodArgs => ({
    user: 1000,
    containers: [
        {
            name: "blog",
            image: images.busybox,
            ports: { http: 8080 },
            resources: {},
            mounts: [{ path: "/content", claim: content }],
        },
    ],
    ...(shareNodeFor === undefined ? {} : { shareNodeFor }),
});
const own = (instance: Instance) => claim(instance, instance.owner, "content", { size: "1Gi" });
const said = (build: (instance: Instance) => void, args: DeclareArgs = {}) => problemsOf(declare(build, args));

describe("a claim that only one node at a time can mount", () => {
    it("is refused for a tier whose rollout starts a second pod", async () => {
        const web = (more: object) => (instance: Instance) => {
            new WebTier(instance, "web", { pod: pod(own(instance)), ...more });
        };
        expect(await said(web({}))).to.equal(
            'the claim "content" can be on one node at a time (ReadWriteOnce), and a rollout of "web" starts a pod while the old one ' +
                "still has it; declare the tier as single, or the claim with sharedClaim and the pods with its shareNodeFor",
        );
        expect(await said(web({ single: true }))).to.equal("");
    });
    it("is refused for two workloads, even with one pod at a time each", async () => {
        const two = (instance: Instance) => {
            const content = own(instance);
            new Task(instance, "upgrade", { pod: pod(content) });
            new Worker(instance, "worker", { pod: pod(content), single: true });
        };
        expect(await said(two)).to.equal(
            'the claim "content" can be on one node at a time (ReadWriteOnce), and pods of "upgrade" and "worker" may be on two; ' +
                "declare the claim with sharedClaim, and all of their pods with its shareNodeFor",
        );
    });
    it("is allowed if all of its pods stay on one node, and refused if one of them does not", async () => {
        const shared = (forgetful: boolean) => (instance: Instance) => {
            const { claim: content, shareNodeFor } = sharedClaim(instance, instance.owner, "content", { size: "1Gi" });
            new Task(instance, "upgrade", { pod: pod(content, shareNodeFor) });
            new WebTier(instance, "web", { pod: pod(content, forgetful ? undefined : shareNodeFor), replicas: 3 });
        };
        expect(await said(shared(false))).to.equal("");
        expect(await said(shared(true))).to.include('a rollout of "web" starts a pod');
        // On a class that several nodes can mount there is no such problem.
        const cluster = { sharedStorageClass: "shared" };
        expect(await said(shared(true), { values: { cluster } })).to.equal("");
    });
});

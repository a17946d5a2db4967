import { expect } from "chai";
import type { RenderedObject, Rendering } from "../../../operations/render/rendering";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import { checkVolumes, reassignArgs, type VolumeFacts, volumeFacts } from "../../../operations/launch/volumeChecks";
import { KubectlError, kubectlFailure } from "../../../operations/cluster/kubectlError";
import type { Volume } from "../../../operations/cluster/live";

const claim = (spec: object, size = "2Gi", uid?: string): RenderedObject => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace: "shop", name: "data", ...(uid ? { uid } : {}) },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } }, ...spec },
});

const volume = (spec: object, phase = "Released"): Volume => ({
    metadata: { name: "pvc-1" },
    spec: { capacity: { storage: "2Gi" }, accessModes: ["ReadWriteOnce"], storageClassName: "nfs", ...spec },
    status: { phase },
});

const outputs = {
    instances: { shop: { namespace: "shop", volumes: { database: { claim: "data", size: "", storageClass: "" } } } },
} as unknown as Rendering["outputs"];

const check = (wanted: RenderedObject, facts: Partial<VolumeFacts> = {}) =>
    checkVolumes({ rendering: { objects: [wanted], outputs }, live: [], volumes: [], classes: [], ...facts });
const key = "plinth:instances.shop.volumes.database";

describe("volumes before a run", () => {
    const classes = [{ metadata: { name: "fixed" }, provisioner: "x", allowVolumeExpansion: false }];

    it("do not shrink, and grow if their class allows it, in any unit", () => {
        const live = [claim({ storageClassName: "fixed" }, "2048Mi")];
        expect(check(claim({}), { live, classes }).problems).to.deep.equal([]);
        expect(check(claim({}, "1Gi"), { live, classes }).problems).to.deep.equal([
            `${key}.size: "1Gi" is less than the 2048Mi of the claim shop/data, and volumes cannot shrink; allowed: 2048Mi or more`,
        ]);
        expect(check(claim({}, "3Gi"), { live, classes }).problems[0]).to.include(
            'its class "fixed" does not support volume expansion',
        );
        const able = [{ ...classes[0]!, allowVolumeExpansion: true }];
        expect(check(claim({}, "3Gi"), { live, classes: able }).problems).to.deep.equal([]);
        const plain = [claim({ storageClassName: "" })];
        expect(check(claim({}, "3Gi"), { live: plain, classes }).problems[0]).to.include("it has no storage class");
    });

    it("of a former deployment must fit the claims that take them over", () => {
        const live = [claim({ storageClassName: "old", volumeName: "pvc-9" })];
        const wanted = claim({ storageClassName: "new", accessModes: ["ReadWriteMany"] });
        expect(check(wanted, { live }).problems).to.deep.equal([]);
        const { problems } = check(wanted, { live, adopted: live });
        expect(problems[0]).to.include(`${key}.storageClass: "new" is not that of the claim shop/data; allowed: "old"`);
        expect(problems[1]).to.include("is ReadWriteOnce, but the stack's would be ReadWriteMany");
    });

    it("that exist must match in class, size and access, or would never be bound", () => {
        const wanted = claim({ volumeName: "pvc-1", accessModes: ["ReadWriteMany"] }, "3Gi");
        const { problems } = check(wanted, { volumes: [volume({})] });
        expect(problems[0]).to.include(`${key}.storageClass: "" is not that of the volume pvc-1`);
        expect(problems[1]).to.include(`${key}.size: "3Gi" is more than the volume pvc-1 has; allowed: at most 2Gi`);
        expect(problems[2]).to.include("is not ReadWriteMany");
        expect(check(wanted).problems[0]).to.include('the PersistentVolume "pvc-1" does not exist');
    });

    it("that the account may not list block only runs that take something over", async () => {
        const wanted = claim({ volumeName: "pvc-1" }, "3Gi");
        const rendering = { project: "plinth", stack: "dev", objects: [wanted], outputs } as unknown as Rendering;
        const answering = (words: string) =>
            ({
                json: () =>
                    Promise.reject(new KubectlError(`kubectl get failed: ${words}`, kubectlFailure(words), words)),
            }) as unknown as Kubectl;
        const nothing = { own: [], foreign: [] };
        const forbidden = answering('(Forbidden): persistentvolumes is forbidden: User "ci" cannot list');
        const facts = await volumeFacts(forbidden, rendering, nothing, false);
        expect(facts.unseen).to.deep.equal(["persistentvolumes", "storageclasses"]);
        expect(checkVolumes(facts)).to.deep.equal({ problems: [], stale: [] });
        // An unreadable class does not refuse growth either.
        expect(checkVolumes({ ...facts, live: [claim({ storageClassName: "fixed" })] }).problems).to.deep.equal([]);
        const error = (kubectl: Kubectl, adopts: boolean) =>
            volumeFacts(kubectl, rendering, nothing, adopts).then(() => "", String);
        expect(await error(forbidden, true))
            .to.include("this account may not list persistentvolumes")
            .and.include("is forbidden");
        expect(await error(answering("(ServiceUnavailable): try again"), false)).to.include("try again");
    });

    it("of another claim stay with it, and those of a deleted claim are released to the new one", () => {
        const wanted = claim({ volumeName: "pvc-1", storageClassName: "nfs" });
        const claimRef = { namespace: "old", name: "db", uid: "1" };
        expect(check(wanted, { volumes: [volume({ claimRef }, "Bound")] }).problems[0]).to.include(
            '"pvc-1" is in use by the claim old/db',
        );
        const { problems, stale } = check(wanted, { volumes: [volume({ claimRef })] });
        expect(problems).to.deep.equal([]);
        expect(stale).to.deep.equal([{ volume: "pvc-1", namespace: "shop", claim: "data" }]);
        expect(JSON.parse(reassignArgs(stale[0]!).at(-1)!)).to.deep.equal({
            metadata: {
                annotations: { "plinth.dev/stack": null, "plinth.dev/instance": null, "plinth.dev/purge": null },
            },
            spec: {
                persistentVolumeReclaimPolicy: "Retain",
                claimRef: { namespace: "shop", name: "data", uid: null, resourceVersion: null },
            },
        });
        // The same name in a recreated namespace is not the same claim.
        const ours = { namespace: "shop", name: "data", uid: "1" };
        expect(check(wanted, { volumes: [volume({ claimRef: ours })] }).stale).to.have.length(1);
        const live = [claim({ volumeName: "pvc-1", storageClassName: "nfs" }, "2Gi", "1")];
        expect(check(wanted, { live, volumes: [volume({ claimRef: ours }, "Bound")] }).stale).to.deep.equal([]);
    });
});

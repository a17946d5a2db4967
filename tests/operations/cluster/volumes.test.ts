import { expect } from "chai";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import type { Claim, Volume } from "../../../operations/cluster/live";
import { placeOf, leftoverOf, stackVolumes } from "../../../operations/cluster/volumes";
import { volumesText } from "../../../cli/volumesText";

const provisioned = { "pv.kubernetes.io/provisioned-by": "a driver" };

const volume = (name: string, source: object, more: { annotations?: object; phase?: string; claim?: string } = {}) =>
    ({
        metadata: { name, annotations: more.annotations ?? provisioned },
        spec: {
            capacity: { storage: "10Gi" },
            storageClassName: "nfs",
            persistentVolumeReclaimPolicy: "Retain",
            claimRef: { namespace: "opencart-shop", name: more.claim ?? "files" },
            ...source,
        },
        status: { phase: more.phase ?? "Bound" },
    }) as unknown as Volume;

const nfs = (attributes: object, volumeHandle = "nfs-1#srv/nfs#pvc-1##") =>
    volume("pvc-1", { csi: { driver: "nfs.csi.k8s.io", volumeHandle, volumeAttributes: attributes } });

describe("the location of a volume's data", () => {
    it("is server and path of NFS, with any driver", () => {
        expect(placeOf(nfs({ server: "nfs-1", share: "/srv/nfs", subdir: "pvc-1" }))).to.equal("nfs-1:/srv/nfs/pvc-1");
        expect(placeOf(nfs({ Server: "nfs-1", Share: "/", subDir: "a/b/" }))).to.equal("nfs-1:/a/b");
        expect(placeOf(nfs({ server: "nfs-1", share: "/" }))).to.equal("nfs-1:/");
        expect(placeOf(volume("old", { nfs: { server: "nfs-1", path: "/srv/old" } }))).to.equal("nfs-1:/srv/old");
    });
    it("is a path on a node, with its name if known", () => {
        const term = { matchExpressions: [{ key: "kubernetes.io/hostname", values: ["node-a"] }] };
        const nodeAffinity = { required: { nodeSelectorTerms: [term] } };
        expect(placeOf(volume("a", { local: { path: "/disk" }, nodeAffinity }))).to.equal("/disk on node-a");
        expect(placeOf(volume("a", { hostPath: { path: "/disk" } }))).to.equal("/disk on the node");
    });
    it("is the driver's volume handle, or unknown", () => {
        expect(placeOf(volume("a", { csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" } }))).to.equal(
            "ebs.csi.aws.com vol-1",
        );
        expect(placeOf(volume("a", { rbd: { image: "a" } }))).to.equal("not reported by the driver");
    });
});

describe("what remains of a deleted volume", () => {
    const attributes = { server: "nfs-1", share: "/srv/nfs", subdir: "pvc-1" };
    it("is nothing if a driver created it, unless its class keeps the directory", () => {
        expect(leftoverOf(nfs(attributes))).to.equal(undefined);
        expect(leftoverOf(nfs({ ...attributes, onDelete: "archive" }))).to.include(
            "nfs-1:/srv/nfs/archived-pvc-1 stays",
        );
        expect(leftoverOf(nfs(attributes, "nfs-1#srv/nfs#pvc-1##retain"))).to.include("nfs-1:/srv/nfs/pvc-1 stays");
    });
    it("is everything if it was created by hand", () => {
        const byHand = volume("a", { nfs: { server: "nfs-1", path: "/srv/a" } }, { annotations: {} });
        expect(leftoverOf(byHand)).to.include("nfs-1:/srv/a stays");
    });
});

describe("the volumes of a stack", () => {
    const label = { "app.kubernetes.io/instance": "shop" };
    const claim = {
        kind: "PersistentVolumeClaim",
        metadata: { name: "files", namespace: "opencart-shop", labels: label },
        spec: { storageClassName: "nfs", resources: { requests: { storage: "10Gi" } } },
        status: { phase: "Bound" },
    } as unknown as Claim;
    const marked = { "plinth.dev/stack": "plinth.production", "plinth.dev/instance": "old" };
    const kubectl = (items: Volume[]) =>
        ({
            config: { project: "plinth", stack: "production", instances: [] },
            json: () => Promise.resolve({ items }),
        }) as unknown as Kubectl;

    it("are those of its claims, and those of former instances: certain by annotation, likely by name", async () => {
        const elsewhere = { claimRef: { namespace: "opencart-old", name: "files" } };
        const all = await stackVolumes(
            kubectl([
                volume("pvc-1", { hostPath: { path: "/one" } }),
                volume("pvc-before", { hostPath: { path: "/before" } }, { phase: "Released" }),
                volume("pvc-old", elsewhere, { phase: "Released", annotations: marked }),
                // It has been taken over since.
                volume("pvc-taken", elsewhere, { phase: "Bound", annotations: marked }),
                volume("pvc-theirs", elsewhere, { phase: "Released" }),
                // Of another stack with a former namespace of that name.
                volume(
                    "pvc-staging",
                    { hostPath: { path: "/two" } },
                    { phase: "Released", annotations: { ...marked, "plinth.dev/stack": "plinth.staging" } },
                ),
            ]),
            [claim],
            new Map(),
        );
        expect(all.map(({ volume: name, instance, state }) => [name, instance, state])).to.deep.equal([
            ["pvc-1", "shop", "Bound"],
            ["pvc-before", undefined, "Released"],
            ["pvc-old", "old", "Released"],
        ]);
        const lines = volumesText(all)
            .split("\n")
            .map((line) => line.trimEnd());
        expect(lines[1]).to.match(/^shop +opencart-shop\/files +pvc-1 +Bound +10Gi +unknown +nfs +Retain +\/one on/);
        expect(lines[2]).to.match(/^possibly this stack's +opencart-shop\/files +pvc-before +Released/);
    });
});

import type { StorageClass } from "../../../operations/cluster/live";
import * as storage from "../../../operations/doctor/storage";
import type { RenderedObject } from "../../../operations/render/rendering";
import { expectFinding, object, rendering } from "../../support/doctor";

describe("doctor: storage classes", () => {
    const claim = (mode: string, storageClassName?: string) =>
        object("PersistentVolumeClaim", "data", {
            accessModes: [mode],
            ...(storageClassName ? { storageClassName } : {}),
        });
    const storageClass = (
        name: string,
        args: { usual?: boolean; provisioner?: string; grows?: boolean } = {},
    ): StorageClass => ({
        metadata: {
            name,
            annotations: { "storageclass.kubernetes.io/is-default-class": String(args.usual ?? false) },
        },
        provisioner: args.provisioner ?? "nfs.csi.k8s.io",
        allowVolumeExpansion: args.grows ?? false,
    });
    const facts = (claims: readonly RenderedObject[], ...storageClasses: StorageClass[]) => ({
        rendering: rendering(...claims),
        storageClasses,
    });
    const once = [claim("ReadWriteOnce")];

    it("require a default one if claims name none", () => {
        expectFinding(
            storage.storageClass(facts(once, storageClass("gp3", { usual: true }))),
            "ok",
            "gp3 (the default)",
        );
        expectFinding(
            storage.storageClass(facts(once, storageClass("gp3"))),
            "problem",
            "available: gp3",
            "storageClass",
        );
        expectFinding(storage.storageClass(facts([])), "ok");
        // A claim that names a volume needs no class.
        const bound = object("PersistentVolumeClaim", "data", { volumeName: "pvc-1", storageClassName: "" });
        expectFinding(storage.storageClass(facts([bound])), "ok");
        // Another check covers shared volumes.
        expectFinding(storage.storageClass(facts([claim("ReadWriteMany", "shared")])), "ok");
    });
    it("require the drivers that the stack itself names", () => {
        const own = { ...object("StorageClass", "own", {}), provisioner: "nfs.csi.k8s.io" };
        const volume = object("PersistentVolume", "v", { csi: { driver: "ebs.csi.aws.com", volumeHandle: "x" } });
        const drivers = (...installed: string[]) =>
            storage.csiDrivers({ rendering: rendering(own, volume), csiDrivers: installed });
        expectFinding(drivers("nfs.csi.k8s.io", "ebs.csi.aws.com"), "ok");
        expectFinding(drivers("ebs.csi.aws.com"), "problem", "not installed: nfs.csi.k8s.io", "csi-driver-nfs");
        expectFinding(
            storage.csiDrivers({ rendering: rendering(...once), csiDrivers: [] }),
            "ok",
            "no driver is named",
        );
        // Its class does not exist before the first run.
        const classes = facts([claim("ReadWriteMany", "own"), own]);
        expectFinding(storage.sharedStorageClass(classes), "ok", "own, by nfs.csi.k8s.io");
    });
    it("require the ones that claims name", () => {
        const named = [claim("ReadWriteOnce", "fast")];
        expectFinding(storage.storageClass(facts(named, storageClass("fast"))), "ok", "fast, by nfs.csi.k8s.io");
        expectFinding(
            storage.storageClass(facts(named, storageClass("slow", { usual: true }))),
            "problem",
            '"fast"',
            "slow",
        );
    });
    it("must share volumes that several nodes mount", () => {
        const shared = [claim("ReadWriteMany", "shared")];
        expectFinding(storage.sharedStorageClass(facts(once)), "ok", "not needed: no volume is shared");
        expectFinding(storage.sharedStorageClass(facts(shared, storageClass("shared"))), "ok", "shared, by");
        expectFinding(
            storage.sharedStorageClass(facts(shared, storageClass("gp3"))),
            "problem",
            "sharedFiles: oneNode",
        );
        const disk = storageClass("shared", { provisioner: "ebs.csi.aws.com" });
        expectFinding(storage.sharedStorageClass(facts(shared, disk)), "problem", "one node at a time");
    });
    it("should allow growth of the volumes in use", () => {
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

import { expect } from "chai";
import { unchangeable } from "../../../operations/review/unchangeable";
import type { RenderedObject } from "../../../operations/render/rendering";
import { object } from "../../support/doctor";

describe("objects that cannot be changed", () => {
    const set = (spec: object) => object("StatefulSet", "database", { replicas: 1, ...spec }, "apps/v1");
    const outputs = { instances: {} } as Parameters<typeof unchangeable>[1]["outputs"];
    const changes = (was: object, now: object) =>
        unchangeable([set(was)], { objects: [set(now)], outputs }, []).replaced;

    it("are named with the field, if the engine has to replace them", () => {
        expect(
            changes({ serviceName: "database" }, { serviceName: "other", podManagementPolicy: "Parallel" }),
        ).to.deep.equal([
            "StatefulSet shop/database: spec.podManagementPolicy, spec.serviceName cannot be changed, so the engine deletes it and creates it again",
        ]);
    });
    it("are not if only what may change does", () => {
        expect(changes({ template: { a: 1 } }, { template: { a: 2 }, replicas: 3 })).to.deep.equal([]);
        expect(unchangeable([], { objects: [set({})], outputs }, []).replaced).to.deep.equal([]);
    });
    it("are Services that get or lose an address of their own, and no others", () => {
        const service = (spec: object) => object("Service", "api", { selector: { app: "api" }, ...spec });
        const of = (was: object, now: object) =>
            unchangeable([service(was)], { objects: [service(now)], outputs }, []).replaced;
        const ports = [{ port: 8080 }];
        const replaced = [
            "Service shop/api: spec.clusterIP cannot be changed, so the engine deletes it and creates it again",
        ];
        expect(of({ ports }, { clusterIP: "None" })).to.deep.equal(replaced);
        expect(of({ clusterIP: "None" }, { ports })).to.deep.equal(replaced);
        expect(of({ ports }, { ports: [{ port: 80 }], type: "NodePort" })).to.deep.equal([]);
        expect(of({ clusterIP: "None" }, { clusterIP: "None", ports })).to.deep.equal([]);
    });
    it("are claims, but a class that is named for the first time may be the one that they have", () => {
        const claim = (storageClassName?: string) =>
            object("PersistentVolumeClaim", "data", {
                accessModes: ["ReadWriteOnce"],
                resources: { requests: { storage: "1Gi" } },
                ...(storageClassName === undefined ? {} : { storageClassName }),
            });
        const of = (was: RenderedObject, now: RenderedObject) => unchangeable([was], { objects: [now], outputs }, []);
        const first = of(claim(), claim("fast"));
        expect(first.refused).to.deep.equal([]);
        expect(first.unclear.join()).to.match(/storageClass: "fast" is named for the first time/);
        const other = of(claim("slow"), claim("fast"));
        expect(other.refused.join()).to.match(
            /storageClass: "fast" is not that of the claim shop\/data; allowed: "slow"/,
        );
        expect(other.unclear).to.deep.equal([]);
    });
});

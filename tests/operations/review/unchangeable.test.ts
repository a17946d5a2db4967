import { expect } from "chai";
import { unchangeable } from "../../../operations/review/unchangeable";
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
});

import { expect } from "chai";
import { runChecks } from "../../../operations/doctor/checks";
import type { Facts } from "../../../operations/doctor/gather";
import { renderStack } from "../../../operations/render/rendering";

describe("doctor as a whole", () => {
    it("makes every check that it can, and says why it skips others", async () => {
        const { objects, outputs } = await renderStack("dev");
        const known: object = { mistakes: undefined, rendering: { objects, outputs }, go: undefined };
        const facts = new Proxy(known, {
            get: (values, name) => {
                if (!(name in values)) throw new Error(`no ${String(name)}`);
                return Reflect.get(values, name) as unknown;
            },
        }) as Facts;
        const results = runChecks(facts);
        const made = results.filter(({ level }) => level !== "not checked");
        expect(made.map(({ check }) => check)).to.deep.equal([
            "Go",
            "configuration",
            "shared storage class",
            "load balancer",
            "ingress class",
            "Gateways",
        ]);
        expect(results.find(({ check }) => check === "capacity")!.text).to.equal("no nodes");
        expect(results).to.have.length.greaterThan(20);
    });
});

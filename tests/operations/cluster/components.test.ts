import { expect } from "chai";
import { chooseComponent } from "../../../operations/cluster/components";

describe("the component that people name", () => {
    const components = [
        { instance: "shop", name: "frontend", namespace: "opencart-shop" },
        { instance: "shop", name: "database", namespace: "opencart-shop" },
        { instance: "pprd", name: "database", namespace: "opencart-pprd" },
        // A StatefulSet and a Job of one component.
        { instance: "pprd", name: "database", namespace: "opencart-pprd" },
    ];
    const choose = (target: string) => chooseComponent(target, components, "staging");

    it("goes by its own name where one instance has it, else by both", () => {
        expect(choose("frontend").namespace).to.equal("opencart-shop");
        expect(choose("pprd/database").namespace).to.equal("opencart-pprd");
        expect(() => choose("database")).to.throw("2 instances; name one of: pprd/database, shop/database");
    });
    it("is suggested, and all are listed, where there is none of that name", () => {
        expect(() => choose("fronted")).to.throw(
            'no component "fronted" in the cluster; did you mean "frontend"?; available: pprd/database, shop/database, shop/frontend',
        );
        expect(() => choose("shop/databse")).to.throw('did you mean "shop/database"?');
    });
    it("is not taken for the stack", () => {
        expect(() => choose("production")).to.throw('"production" is a stack, which comes after the component');
    });
    it("needs something in the cluster", () => {
        expect(() => chooseComponent("frontend", [], "staging")).to.throw("./plinth launch staging");
    });
});

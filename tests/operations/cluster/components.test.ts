import { expect } from "chai";
import { chooseComponent } from "../../../operations/cluster/components";

describe("the component named on the command line", () => {
    const components = [
        { instance: "shop", name: "frontend", namespace: "opencart-shop" },
        { instance: "shop", name: "database", namespace: "opencart-shop" },
        { instance: "pprd", name: "database", namespace: "opencart-pprd" },
        // A StatefulSet and a Job of one component.
        { instance: "pprd", name: "database", namespace: "opencart-pprd" },
    ];
    const choose = (target: string) => chooseComponent(target, components, "staging");

    it("needs only its own name if one instance has it, otherwise both names", () => {
        expect(choose("frontend").namespace).to.equal("opencart-shop");
        expect(choose("pprd/database").namespace).to.equal("opencart-pprd");
        expect(() => choose("database")).to.throw("2 instances; name one of: pprd/database, shop/database");
    });
    it("is suggested, and all are listed, if none has that name", () => {
        expect(() => choose("fronted")).to.throw(
            'no component "fronted" in the cluster; did you mean "frontend"?; available: pprd/database, shop/database, shop/frontend',
        );
        expect(() => choose("shop/databse")).to.throw('did you mean "shop/database"?');
    });
    it("is not mistaken for the stack", () => {
        expect(() => choose("production")).to.throw('"production" is a stack, which comes after the component');
    });
    it("must have objects in the cluster", () => {
        expect(() => chooseComponent("frontend", [], "staging")).to.throw("./plinth launch staging");
    });
});

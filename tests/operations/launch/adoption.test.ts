import { expect } from "chai";
import { conflictRemedy, isAdoptable } from "../../../operations/launch/adoption";
import type { Rendering } from "../../../operations/render/rendering";

const rendering = { outputs: { instances: { shop: { namespace: "shop" } } } } as unknown as Rendering;
const object = (kind: string, name: string, namespace?: string) => ({
    apiVersion: "v1",
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
});

describe("taking over", () => {
    const namespace = object("Namespace", "shop");
    const claim = object("PersistentVolumeClaim", "data", "shop");
    const secret = object("Secret", "database", "shop");
    const deployment = object("Deployment", "web", "shop");
    const elsewhere = object("PersistentVolumeClaim", "data", "other");
    const all = [namespace, claim, secret, deployment, elsewhere];
    const taken = (...consent: string[]) => all.filter((one) => isAdoptable(rendering, one, consent));

    it("is limited to the names with consent", () => {
        expect(taken()).to.deep.equal([]);
        expect(taken("shop")).to.deep.equal([namespace, claim]);
        expect(taken("secret/shop/database")).to.deep.equal([secret]);
        expect(taken("shop", "other", "secret/shop/database")).to.deep.equal([namespace, claim, secret]);
    });

    it("names the consent that each object needs, and never offers to delete data", () => {
        expect(all.map((one) => conflictRemedy(rendering, one))).to.deep.equal([
            "namespace/shop does not belong to this stack: to adopt it, add --adopt shop",
            "persistentvolumeclaim/shop/data does not belong to this stack: to adopt it, add --adopt shop",
            "secret/shop/database would be overwritten: save its contents, then add --adopt secret/shop/database",
            "deployment/shop/web does not belong to this stack: kubectl --namespace shop delete deployment web",
            "persistentvolumeclaim/other/data does not belong to this stack, and data depends on it: choose another name",
        ]);
    });
});

import { expect } from "chai";
import { splitTarget } from "../../../cli/commands/data";
import { refuseForgotten } from "../../../cli/commands/purge";
import { deleteClaims } from "../../../operations/removal/deleteInstance";
import type { Claim } from "../../../operations/cluster/live";
import { claimsOf, type Leftovers, namespacesOf, resourcesOf } from "../../../operations/removal/leftovers";
import { labelled } from "../../support/observed";

describe("the resources of an instance in the engine's state", () => {
    const stack = "urn:pulumi:s::plinth::pulumi:pulumi:Stack::plinth-s";
    const urn = (type: string, name: string) => `urn:pulumi:s::plinth::${type}::${name}`;
    const root = (name: string) => ({
        urn: urn("plinth:components:Namespace", `${name}-namespace`),
        type: "plinth:components:Namespace",
        parent: stack,
    });
    const below = (parent: string, type: string, name: string) => ({ urn: urn(type, name), type, parent });
    const shop = root("shop");
    const twin = root("shop-two");
    const database = below(shop.urn, "plinth:components:Database", "shop-database");
    const own = [
        shop,
        database,
        below(database.urn, "kubernetes:core/v1:PersistentVolumeClaim", "shop-database"),
        below(shop.urn, "random:index/randomPassword:RandomPassword", "shop-database-password"),
    ];
    const resources = [
        { urn: stack, type: "pulumi:pulumi:Stack" },
        ...own,
        twin,
        below(twin.urn, "kubernetes:core/v1:PersistentVolumeClaim", "shop-two-database"),
        below(stack, "random:index/randomPassword:RandomPassword", "shop-key"),
    ];
    it("are the descendants of its Namespace component, whatever else begins with its name", () => {
        expect(resourcesOf({ deployment: { resources } }, "shop")).to.deep.equal(own);
        expect(resourcesOf({ deployment: { resources } }, "sho")).to.deep.equal([]);
        expect(resourcesOf({}, "shop")).to.deep.equal([]);
    });
});

describe("the claims of an instance", () => {
    const claim = (namespace: string, instance: string) =>
        ({
            kind: "PersistentVolumeClaim",
            metadata: { ...labelled(instance, "database"), namespace },
        }) as unknown as Claim;
    const object = (kind: string, metadata: { name: string; namespace?: string }) => ({
        urn: kind,
        type: kind,
        outputs: { kind, metadata },
    });

    it("are those in its own namespaces, not those of a stack of the same name elsewhere in the cluster", () => {
        const namespaces = namespacesOf([
            object("Namespace", { name: "shop" }),
            object("Secret", { name: "tls", namespace: "edge" }),
            { urn: "password", type: "random" },
        ]);
        expect([...namespaces]).to.deep.equal(["shop", "edge"]);
        const [own, edges] = [claim("shop", "shop"), claim("edge", "shop")];
        const all = [own, claim("somebody-elses", "shop"), edges, claim("shop", "other")];
        expect(claimsOf(all, "shop", namespaces)).to.deep.equal([own, edges]);
    });
});

describe("the claims that an operator has made", () => {
    it("are deleted, which the engine does not know, and the others are the engine's", async () => {
        const claim = (name: string) =>
            ({
                kind: "PersistentVolumeClaim",
                metadata: labelled("shop", name, { namespace: "shops" }),
                spec: {},
            }) as Claim;
        const resources = [{ urn: "files", type: "x", outputs: claim("files") }];
        const asked: string[] = [];
        const kubectl = { read: (args: readonly string[]) => Promise.resolve(String(asked.push(args.join(" ")))) };
        const claims = [claim("files"), claim("storage-database-mariadb-0")];
        await deleteClaims(kubectl, { claims, resources } as unknown as Leftovers);
        expect(asked).to.have.length(1);
        expect(asked[0]).to.match(/^delete persistentvolumeclaim storage-database-mariadb-0 --namespace shops/);
    });
});

describe("an instance that was forgotten", () => {
    const kept = [{ metadata: { name: "pvc-1" }, spec: {} }];
    const remains = (more: object) =>
        ({ name: "shop", inFile: false, resources: [], volumes: [], kept, ...more }) as unknown as Leftovers;
    it("is not purged: its volumes are deleted one by one, unless other resources remain", () => {
        expect(() => refuseForgotten("production", remains({}))).to.throw(
            /^Nothing was deleted: "shop" of "production" was forgotten.*\n {2}\.\/plinth volumes delete pvc-1 production$/,
        );
        for (const more of [{ inFile: true }, { resources: [{}] }, { volumes: kept }])
            expect(() => refuseForgotten("production", remains(more))).not.to.throw();
    });
});

describe("a volume and a path in it", () => {
    it("are separated by a colon, and the path stays within", () => {
        expect(splitTarget("files")).to.deep.equal({ volume: "files", path: "" });
        expect(splitTarget("files:/")).to.deep.equal({ volume: "files", path: "" });
        expect(splitTarget("files:a//./b:c/")).to.deep.equal({ volume: "files", path: "/a/b:c" });
        expect(() => splitTarget("files:/a/../../b")).to.throw('".." is not allowed');
    });
});

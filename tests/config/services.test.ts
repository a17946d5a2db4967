import { expect } from "chai";
import type { z } from "zod";
import { documentStore } from "../../config/documentStore";
import { explain } from "../../config/explain";
import { ownIn } from "../../config/own";
import { search, searchOf } from "../../config/search";

const messages = (schema: z.ZodType, value: object) => {
    const { error } = schema.safeParse(value);
    return explain(schema, value, error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
};

/** What no other instance may have, as it is compared. */
const identities = (schema: z.ZodType, written: object, instance: string, platform = "campus") => {
    const owner = { platform, namespace: `${platform}-${instance}`, identity: `plinth/dev/${platform}-${instance}` };
    return ownIn(schema, schema.parse(written))
        .filter(({ own }) => own.identity)
        .map(({ path, value, own }) => `${path.join(".")} ${own.what} ${JSON.stringify(own.identity!(value, owner))}`);
};

describe("Configuration of a search engine", () => {
    const external = { topology: "external", url: "https://search.example.org" };

    it("gives each instance its own prefix on one server, and finds those who share one", () => {
        const [usual] = identities(search, external, "one");
        expect(usual).to.equal('prefix index prefix ["https://search.example.org","campus-one_"]');
        expect(identities(search, external, "two")).not.to.deep.equal([usual]);
        expect(identities(search, { ...external, prefix: "campus-one_" }, "two")).to.deep.equal([usual]);
        // The port that it has anyway.
        expect(identities(search, { ...external, url: "https://search.example.org:443" }, "one")).to.deep.equal([
            usual,
        ]);
        const host = identities(search, { topology: "single", publicHost: "search.example.org" }, "one");
        expect(host).to.deep.equal(['publicHost host "search.example.org"']);
    });

    it("requires a host of a server in the cluster that browsers search", () => {
        expect(messages(searchOf({ isPublic: true }), { topology: "single" }).join()).to.match(
            /^publicHost: is missing/,
        );
        expect(messages(search, { topology: "single" })).to.deep.equal([]);
    });

    it("refuses prefixes of which one could be the beginning of another, and URLs with more than an origin", () => {
        for (const prefix of ["shop", "a_b_", "_", "shöp_", "a b_"])
            expect(messages(search, { ...external, prefix }), prefix).to.have.length(1);
        expect(messages(search, { ...external, prefix: "shop-2_" })).to.deep.equal([]);
        for (const url of ["search.example.org", "https://search.example.org/meili", "https://key@search.example.org"])
            expect(messages(search, { ...external, url }).join(), url).to.match(/^url: .*allowed: a URL/);
    });
});

describe("Configuration of a document store", () => {
    const external = { topology: "external", hosts: ["db.example.org"] };

    it("gives each platform its own database on one server", () => {
        const [usual] = identities(documentStore, external, "one");
        expect(identities(documentStore, external, "two")).to.deep.equal([usual]);
        expect(identities(documentStore, { ...external, port: 27017 }, "two")).to.deep.equal([usual]);
        expect(identities(documentStore, { ...external, name: "two" }, "two")).not.to.deep.equal([usual]);
        expect(identities(documentStore, external, "one", "wiki")).not.to.deep.equal([usual]);
        // The order in which members are listed says nothing.
        const set = (...hosts: string[]) => identities(documentStore, { ...external, hosts, replicaSet: "rs" }, "one");
        expect(set("a.example.org", "b.example.org")).to.deep.equal(set("b.example.org", "a.example.org"));
    });

    it("refuses several hosts without a replica set, and more than a name with srv", () => {
        const hosts = ["a.example.org", "b.example.org"];
        expect(messages(documentStore, { ...external, hosts }).join()).to.match(
            /^replicaSet: .*the name of the replica set, whenever there are several hosts/,
        );
        expect(messages(documentStore, { ...external, hosts, replicaSet: "rs" })).to.deep.equal([]);
        for (const some of [hosts, ["192.0.2.7"]])
            expect(messages(documentStore, { ...external, hosts: some, srv: true, replicaSet: "rs" }).join()).to.match(
                /^hosts.*with srv one host name/,
            );
        expect(messages(documentStore, { ...external, hosts: [] }).join()).to.match(/^hosts/);
    });

    it("refuses administrators as the platform's user, and consent that names no version", () => {
        for (const changes of [{ user: "root" }, { user: "plinth" }, { upgradeFrom: "6.0" }, { name: "a.b" }])
            expect(messages(documentStore, { topology: "single", ...changes }), JSON.stringify(changes)).to.have.length(
                1,
            );
        expect(messages(documentStore, { ...external, name: "a.b" })).to.have.length(1);
    });
});

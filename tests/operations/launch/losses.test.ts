import { expect } from "chai";
import type { Resource } from "../../../operations/engine/state";
import { stepsIn } from "../../../operations/engine/enginePreview";
import { lossesIn, refusalOf, fulfilledConsent, unusedConsent } from "../../../operations/launch/losses";

const urn = (type: string, name: string) =>
    `urn:pulumi:production::plinth::plinth:components:Instance$${type}::${name}`;

function object(api: string, kind: string, name: string, namespace?: string): Resource {
    const type = `kubernetes:${api}:${kind}`;
    const metadata = { name, ...(namespace ? { namespace } : {}) };
    return { urn: urn(type, `shop-${name}`), type, outputs: { kind, metadata } };
}

const passwordType = "random:index/randomPassword:RandomPassword";
const namespace = object("core/v1", "Namespace", "shop");
const claim = object("core/v1", "PersistentVolumeClaim", "files", "shop");
const volume = object("core/v1", "PersistentVolume", "shop-files");
const database = object("apps/v1", "StatefulSet", "database", "shop");
const secret = object("core/v1", "Secret", "database", "shop");
const frontend = object("apps/v1", "Deployment", "frontend", "shop");
const password: Resource = { urn: urn(passwordType, "shop-database"), type: passwordType };
const digestKey: Resource = { urn: `urn:pulumi:production::plinth::${passwordType}::digest-key`, type: passwordType };
const state = [namespace, claim, volume, database, secret, frontend, password, digestKey];

const lost = (op: string, atRest: string[] = []) =>
    lossesIn(
        state,
        state.map((resource) => ({ op, urn: resource.urn })),
        atRest,
    ).map(({ name }) => name);

const data = ["namespace/shop", "persistentvolumeclaim/shop/files", "persistentvolume/shop-files"];

describe("what a run would lose", () => {
    it("includes objects with data, except those that keep them when replaced", () => {
        const replaced = [...data, "statefulset/shop/database", "secret/shop/database", "randompassword/shop-database"];
        for (const op of ["replace", "create-replacement", "delete-replaced"])
            expect(lost(op), op).to.deep.equal(replaced);
        expect(lost("delete")).to.deep.equal(replaced.filter((name) => !name.startsWith("secret/")));
        expect(lost("create")).to.deep.equal([...data, "secret/shop/database"]);
        for (const op of ["same", "update", "refresh", "read"]) expect(lost(op), op).to.deep.equal([]);
    });

    it("excludes the database of a stopped instance, which keeps its volumes", () => {
        expect(lost("delete", ["shop"])).to.deep.equal([...data, "randompassword/shop-database"]);
        expect(lost("replace", ["shop"])).to.include("statefulset/shop/database");
        expect(lost("delete", ["other"])).to.include("statefulset/shop/database");
    });

    it("includes servers of an operator, whose volumes are deleted with them", () => {
        const cluster = (apiVersion: string): Resource => {
            const { outputs, ...resource } = object(apiVersion, "Cluster", "database", "shop");
            return { ...resource, outputs: { ...outputs, apiVersion } };
        };
        const own = cluster("postgresql.cnpg.io/v1");
        for (const op of ["create", "replace", "delete"])
            expect(
                lossesIn([own], [{ op, urn: own.urn }], ["shop"]).map(({ name }) => name),
                op,
            ).to.deep.equal(["cluster/shop/database"]);
        const other = cluster("cluster.x-k8s.io/v1beta1");
        expect(lossesIn([other], [{ op: "delete", urn: other.urn }], [])).to.deep.equal([]);
    });

    it("includes servers of an operator that leaves their volumes behind, as those of StatefulSets", () => {
        const { outputs, ...resource } = object("k8s.mariadb.com/v1alpha1", "MariaDB", "database", "shop");
        const own: Resource = { ...resource, outputs: { ...outputs, apiVersion: "k8s.mariadb.com/v1alpha1" } };
        const losses = (op: string, stopped: string[] = []) =>
            lossesIn([own], [{ op, urn: own.urn }], stopped).map(({ name }) => name);
        for (const op of ["replace", "delete"]) expect(losses(op), op).to.deep.equal(["mariadb/shop/database"]);
        expect(losses("create")).to.deep.equal([]);
        expect(losses("delete", ["shop"])).to.deep.equal([]);
    });

    it("excludes what did not exist before", () => {
        expect(lossesIn([], [{ op: "create", urn: claim.urn }], [])).to.deep.equal([]);
    });

    it("requires consent for each by name, in the file or for one run", () => {
        const losses = lossesIn(
            state,
            [
                { op: "delete", urn: claim.urn },
                { op: "replace", urn: database.urn },
            ],
            [],
        );
        const [first, second] = losses.map(({ name }) => name) as [string, string];
        const refusal = refusalOf("production", losses, { written: [first] });
        expect(refusal)
            .to.include(`  ${second} would be deleted and recreated`)
            .and.to.include(`./plinth launch production --accept-loss ${second}\n`)
            .and.to.include(`plinth:acceptLoss: [${first}, ${second}]`)
            .and.not.to.include(`  ${first} would`);
        expect(refusalOf("production", losses, { written: [first], given: [second] })).to.equal(undefined);
        expect(refusalOf("production", losses, { written: [first, second] })).to.equal(undefined);
        expect(refusalOf("production", losses, { written: [], given: [`${first}s`] })).to.match(
            new RegExp(`^--accept-loss ${first}s: would not be lost; did you mean "${first}"`),
        );
    });

    it("offers the file's line or the engine's command that lifts a protection", () => {
        const hold = (resource: Resource): Resource => ({ ...resource, protect: true });
        const losses = lossesIn(
            [hold(claim), hold(password), hold(namespace), secret],
            [
                { op: "replace", urn: claim.urn },
                { op: "replace", urn: password.urn },
                { op: "delete", urn: namespace.urn },
                { op: "create", urn: secret.urn },
            ],
            [],
        );
        const names = losses.map(({ name }) => name);
        const [files, generated, whole] = names as [string, string, string];
        const given = refusalOf("production", losses, { written: [], given: names });
        expect(given)
            .to.match(
                new RegExp(`  ${files} would be .*; it is protected\n  ${generated} would be .*; it is protected\n`),
            )
            .and.to.include(`  plinth:acceptLoss: [${names.join(", ")}]`)
            .and.to.include(`pulumi state unprotect '${namespace.urn}' --stack production`)
            .and.to.include("state: removed")
            .and.not.to.include("--accept-loss")
            .and.not.to.include("  secret/shop/database would");
        const written = refusalOf("production", losses, { written: names });
        expect(written).to.include(`  ${whole} would be deleted`).and.not.to.include(`  ${files} would`);
        const freed = losses.map((loss) => ({ ...loss, isProtected: loss.name !== whole && loss.isProtected }));
        expect(refusalOf("production", freed, { written: names })).to.equal(undefined);
        expect(refusalOf("production", freed, { written: [], given: names, protects: false })).to.equal(undefined);
    });

    it("reports consent that is no longer needed", () => {
        const losses = lossesIn(state, [{ op: "delete", urn: claim.urn }], []);
        const name = losses[0]!.name;
        expect(unusedConsent("production", losses, [name])).to.equal(undefined);
        expect(fulfilledConsent("production", losses, [name])).to.include(
            `is no longer needed; the loss has happened: ${name}.`,
        );
        expect(unusedConsent("production", [], [name])).to.include(`would not be lost: ${name}.`);
        expect(fulfilledConsent("production", [], [name])).to.equal(undefined);
    });

    it("is read from the engine's events, counting only announced steps", () => {
        const event = (key: string, op: string) =>
            JSON.stringify({ sequence: 1, [key]: { metadata: { op, urn: "u" } } });
        const log = [event("resourcePreEvent", "delete"), event("resOutputsEvent", "same"), '{"cancelEvent":{}}', ""];
        expect(stepsIn(log.join("\n"))).to.deep.equal([{ op: "delete", urn: "u" }]);
    });
});

import { expect } from "chai";
import type { z } from "zod";
import { checkSeries, guardedSeries, SeriesError, seriesOf, upgradesInPlace } from "../../components/database/series";
import { cache } from "../../config/cache";
import { database, databaseOf } from "../../config/database";
import { explain } from "../../config/explain";
import { declare } from "../support/declare";

describe("Series of a database", () => {
    it("are read from the tag of the image", () => {
        expect(seriesOf("mariadb", "11.4.12-noble")).to.equal("mariadb 11.4");
        expect(seriesOf("mariadb", "11.8")).to.equal("mariadb 11.8");
        expect(seriesOf("mysql", "8.4-oracle")).to.equal("mysql 8.4");
        expect(seriesOf("postgres", "16.4-alpine")).to.equal("postgres 16");
        expect(seriesOf("postgres", "17")).to.equal("postgres 17");
        expect(seriesOf("postgres", "18beta1")).to.equal("postgres 18");
        expect(seriesOf("mongo", "7.0.39-jammy")).to.equal("mongo 7.0");
        expect(seriesOf("meilisearch", "v1.36.0")).to.equal("meilisearch 1.36");
    });
    it("are not guessed from a tag that names none or may move", () => {
        for (const tag of ["", "latest", "lts", "lts-noble", "10", "11-noble", "20260102", "2026.01", "8e4.1"])
            for (const engine of ["mariadb", "mysql"] as const) expect(seriesOf(engine, tag), tag).to.equal(undefined);
        for (const tag of ["", "latest", "alpine", "bookworm", "20260102", "17f3c9e"])
            expect(seriesOf("postgres", tag), tag).to.equal(undefined);
    });
    it("upgrade in place, only to a newer one of the same engine", () => {
        expect(upgradesInPlace("mariadb 11.4", "mariadb 11.8")).to.equal(true);
        expect(upgradesInPlace("mariadb 10.11", "mariadb 11.4")).to.equal(true);
        expect(upgradesInPlace("mariadb 11.8", "mariadb 11.4")).to.equal(false);
        expect(upgradesInPlace("mariadb 10.11", "mariadb 10.6")).to.equal(false);
        expect(upgradesInPlace("mysql 8.0", "mariadb 11.8")).to.equal(false);
        expect(upgradesInPlace("postgres 16", "postgres 17")).to.equal(false);
        expect(upgradesInPlace("mongo 6.0", "mongo 7.0")).to.equal(true);
        expect(upgradesInPlace("mongo 5.0", "mongo 7.0")).to.equal(false);
        expect(upgradesInPlace("mongo 7.0", "mongo 6.0")).to.equal(false);
    });
    it("change only with consent that names the current one", () => {
        const check = (known: string, wanted: string, consent?: string) => () =>
            checkSeries("here", known, wanted, consent);
        expect(check("mariadb 11.8", "mariadb 11.8")()).to.equal("mariadb 11.8");
        expect(check("mariadb 11.4", "mariadb 11.8", "mariadb 11.4")()).to.equal("mariadb 11.8");
        expect(check("mariadb 11.4", "mariadb 11.8")).to.throw(SeriesError, 'set here.upgradeFrom to "mariadb 11.4"');
        expect(check("mariadb 10.6", "mariadb 11.8", "mariadb 11.4")).to.throw(SeriesError);
        // Reverts an upgrade that the pod has refused.
        expect(check("mariadb 11.8", "mariadb 11.4")).to.throw(SeriesError, "upgradeFrom is enough");
        expect(check("mariadb 11.8", "mariadb 11.4", "mariadb 11.8")()).to.equal("mariadb 11.4");
        expect(check("mariadb 11.4", "mariadb 11.8")).not.to.throw(SeriesError, "upgradeFrom is enough");
        expect(check("postgres 16", "postgres 17")).to.throw(SeriesError, "./plinth database upgrade");
        expect(check("postgres 17", "postgres 16")).to.throw(SeriesError, "dump the data with postgres 17");
    });
});

describe("A series in the state", () => {
    it("is held only once it has been compared, and with consent the former one no longer", async () => {
        const held = async (upgradeFrom?: string) => {
            const { resources } = await declare((instance) => {
                guardedSeries(instance, "database", "mariadb 11.8", upgradeFrom);
            });
            return resources.filter(({ name }) => name.startsWith("bench-database-"));
        };
        const [series, first, ...others] = await held();
        expect([series!.name, first!.name, others]).to.deep.equal([
            "bench-database-series",
            "bench-database-holds-mariadb-11-8",
            [],
        ]);
        expect(first!.dependencies).to.deep.equal([series!.urn]);
        const [, next, former] = await held("mariadb 11.4");
        expect(next).to.deep.equal(first);
        expect([former!.name, former!.protect, former!.dependencies]).to.deep.equal([
            "bench-database-holds-mariadb-11-4",
            false,
            [],
        ]);
    });
});

describe("Configuration of a database", () => {
    const message = (schema: z.ZodType, value: object) => {
        const { error } = schema.safeParse(value);
        return explain(schema, value, error!.issues).map(({ path, message }) => `${path.join(".")}: ${message}`);
    };
    it("lists the available topologies", () => {
        for (const [schema, others] of [
            [database, '"single", "replicated", "galera", "operator", "external"'],
            [databaseOf(["postgres"]), '"single", "external"'],
            [cache, '"single", "external"'],
        ] as const) {
            const [line] = message(schema, { topology: "sharded" });
            expect(line).to.equal(`topology: "sharded" is not allowed; allowed: ${others}`);
        }
    });
    it("requires the host of an external one, and an engine that the platform supports", () => {
        expect(message(database, { topology: "external" }).join()).to.match(/^host: is missing/);
        expect(databaseOf(["mysql"]).safeParse({ topology: "single", engine: "postgres" }).success).to.equal(false);
        expect(databaseOf(["mysql"]).parse({ topology: "single" }).engine).to.equal("mysql");
        expect(database.safeParse({ topology: "single", upgradeFrom: "11.4" }).success).to.equal(false);
    });
});

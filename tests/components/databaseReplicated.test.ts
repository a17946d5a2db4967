import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Database } from "../../components/database";
import { guardScript } from "../../components/database/guard";
import { replicationFiles } from "../../components/database/replication";
import type { DatabaseConfig } from "../../config/database";
import { ownDirectory, run, shells, standIn } from "../support/datadir";
import { declareClients } from "../support/databaseClients";
import { declare, type DeclareArgs, find, type Sent } from "../support/declare";
import { addressesOf, canReach } from "../support/policies";
import { program, scratch } from "../support/tools";

type Replicated = Extract<DatabaseConfig, { topology: "replicated" }>;

const replicated = (more: Partial<Replicated> = {}): Replicated => ({
    ...{ topology: "replicated", engine: "mariadb", replicas: 2, source: 0, lost: [] },
    ...{ synchronous: true, maxLagSeconds: 30, readFrom: "members" },
    ...more,
});

const sent = async (config: DatabaseConfig, args: DeclareArgs = {}) => {
    const { objects, resources } = await declare((instance) => {
        const database = new Database(instance, "database", {
            ...{ config, database: "open_cart", user: "opencart", size: "10Gi" },
            resources: { cpu: "100m", memory: "512Mi" },
        });
        declareClients(instance, {
            writes: database.service.bind({ DB: "host" }),
            reads: database.readService.bind({ DB: "host" }),
        });
    }, args);
    return { objects, resources };
};

const sets = (objects: readonly Sent[]) =>
    objects.filter(({ kind }) => kind === "StatefulSet").sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
/** Names of the StatefulSets whose pods a Service selects. */
const selected = (objects: readonly Sent[], service: string): string[] => {
    const wanted = Object.entries(find(objects, "Service", service).spec.selector);
    return sets(objects)
        .filter(({ spec }) => wanted.every(([key, value]) => spec.template.metadata.labels[key] === value))
        .map(({ metadata }) => metadata.name);
};

describe("Database with replicas", () => {
    it("sends writes to the source, and reads to all members or to all except the source", async () => {
        for (const source of [0, 1, 2]) {
            const names = ["database", "database-1", "database-2"];
            const { objects } = await sent(replicated({ source }));
            expect(selected(objects, "database")).to.deep.equal([names[source]]);
            expect(selected(objects, "database-read")).to.deep.equal(names);
            names.forEach((name, ordinal) => expect(selected(objects, `database-${ordinal}`)).to.deep.equal([name]));
            const apart = await sent(replicated({ source, readFrom: "replicas" }));
            expect(selected(apart.objects, "database-read")).to.deep.equal(names.filter((_, one) => one !== source));
        }
    });

    it("declares another source without restarting pods: a restarted one loses what it has not applied", async () => {
        const [before, after] = await Promise.all([sent(replicated()), sent(replicated({ source: 1, lost: [0] }))]);
        const templates = ({ objects }: { objects: readonly Sent[] }) => sets(objects).map(({ spec }) => spec);
        expect(templates(after)).to.deep.equal(templates(before));
        const read = ({ objects }: { objects: readonly Sent[] }) =>
            find(objects, "ConfigMap", "database-source").data.source;
        expect(read(before)).to.match(/^0\n\S+\n\n$/);
        expect(read(after)).to.match(/^1\n\S+\n0\n$/);
        // A run waits for the source, but not for members, which may be dead or copy data for hours.
        const waits = ({ objects }: { objects: readonly Sent[] }) =>
            sets(objects).map(({ metadata }) => !metadata.annotations["pulumi.com/skipAwait"]);
        expect(waits(before)).to.deep.equal([true, false, false]);
        expect(waits(after)).to.deep.equal([false, true, false]);
    });

    it("uses the claim, StatefulSet and accounts of a single server for its first member, and returns them", async () => {
        const one = (await sent({ topology: "single", engine: "mariadb" })).objects;
        const several = (await sent(replicated())).objects;
        for (const [kind, name] of [
            ["PersistentVolumeClaim", "database"],
            ["Secret", "database"],
        ] as const)
            expect(find(several, kind, name)).to.deep.equal(find(one, kind, name));
        // Fields that the API does not allow to be updated.
        const fixed = (objects: readonly Sent[]) => {
            const { selector, serviceName, podManagementPolicy } = find(objects, "StatefulSet", "database").spec;
            return { selector, serviceName, podManagementPolicy };
        };
        expect(fixed(several)).to.deep.equal(fixed(one));
    });

    it("starts a new term whenever the source changes", async () => {
        const { resources } = await sent(replicated({ source: 1 }));
        const term = resources.find(({ name }) => name === "bench-database-term")!;
        expect(term.inputs["keepers"]).to.deep.equal({ source: "1" });
        // The Service leads to the new source only once that is declared.
        const service = resources.find(({ type, name }) => /:Service$/.test(type) && name === "bench-database")!;
        expect(service.dependencies.join()).to.include("bench-database-source");
    });

    it("opens paths between all members, and from writers and readers to all, whichever is the source", async () => {
        const [{ objects }, before] = await Promise.all([sent(replicated({ source: 1 })), sent(replicated())]);
        const policies = (all: readonly Sent[]) => all.filter(({ kind }) => kind === "NetworkPolicy");
        expect(policies(objects)).to.deep.equal(policies(before.objects));
        const pods = addressesOf(objects);
        const named = (name: string) => pods.find(({ component }) => component === name)!;
        const members = ["database", "database-1", "database-2"];
        const reached = (from: string) => members.filter((to) => canReach(objects, named(from), named(to), 3306));
        for (const member of members) expect(reached(member)).to.deep.equal(members);
        expect(reached("writes")).to.deep.equal(members);
        expect(reached("reads")).to.deep.equal(members);
    });

    it("gives each member its own volume, and keeps it when the instance is removed", async () => {
        const volumes = { database: { size: "20Gi" }, "database-2": { storageClass: "fast" } };
        const claims = async (state: string) =>
            (await sent(replicated(), { instance: { state, volumes } })).objects
                .filter(({ kind }) => kind === "PersistentVolumeClaim")
                .map(({ metadata, spec }) => [metadata.name, spec.resources.requests.storage, spec.storageClassName]);
        const all = [
            ["database", "20Gi", undefined],
            ["database-1", "20Gi", undefined],
            ["database-2", "20Gi", "fast"],
        ];
        for (const state of ["running", "stopped", "removed"]) expect(await claims(state)).to.deep.equal(all);
    });

    it("sizes all members by the keys of the first, and a single one by its own keys", async () => {
        const resources = { database: { memory: "1Gi" }, "database-1": { memory: "2Gi" } };
        const { objects } = await sent(replicated(), { instance: { resources } });
        const memory = sets(objects).map(({ spec }) => spec.template.spec.containers[0].resources.limits.memory);
        expect(memory).to.deep.equal(["1Gi", "2Gi", "1Gi"]);
        const pool = (name: string) => {
            const settings = objects.find(
                ({ kind, metadata }) =>
                    kind === "ConfigMap" && new RegExp(`^${name}-[0-9a-f]{10}$`).test(metadata.name),
            )!;
            return /buffer_pool_size = (\d+)/.exec(settings["data"]["plinth.cnf"])![1];
        };
        expect(pool("database-2")).to.equal(pool("database"));
        expect(Number(pool("database-1"))).to.be.greaterThan(Number(pool("database")));
    });

    describe("on the volume", () => {
        const folder = scratch();
        after(() => folder.clean());
        const volume = (name: string, notes: string): string => {
            const data = join(ownDirectory(join(folder.path, name), {}), "data");
            ownDirectory(join(data, "mysql"), {});
            for (const [file, text] of [
                ["ibdata1", ""],
                ["mariadb_upgrade_info", "11.8.8-MariaDB"],
                ["binlog.000001", "log"],
                ["plinth-member", notes],
            ] as const)
                writeFileSync(join(data, file), text);
            return join(folder.path, name);
        };
        const guard = (shell: readonly string[], root: string, more: Record<string, string> = {}) => {
            const env = {
                SERIES: "mariadb 11.8",
                UPGRADE_FROM: "",
                DATA: "data",
                ADOPTED: "",
                KEY: "k",
                DATABASE: "d",
            };
            const { status, stderr } = run([...shell, "-c", guardScript(root)], {
                env: { ...env, ...standIn(folder.path, "mariadb 11.8"), ...more },
            });
            return `${status} ${stderr}`;
        };

        for (const shell of shells)
            it(`a single server continues with the data of a source, never with those of a replica (${shell[0]})`, () => {
                const source = volume(`source-${shell[0]}`, "server_id 7\nrole source\nled t0\n");
                const replica = volume(`replica-${shell[0]}`, "server_id 8\nrole replica\nled t0\n");
                expect(guard(shell, source)).to.equal("0 ");
                const former = volume(`former-${shell[0]}`, "server_id 9\nrole former\nled t0\n");
                for (const behind of [replica, former])
                    expect(guard(shell, behind)).to.match(
                        /^1 .*holds the data of a replica.*set database\.source to 0/,
                    );
                expect(guard(shell, replica, { REPLICATED: "yes" })).to.equal("0 ");
                // Members repeat an aborted copy; a single server must not start on one.
                writeFileSync(join(replica, "data", "plinth-seeding"), "");
                expect(guard(shell, replica, { REPLICATED: "yes" })).to.equal("0 ");
                expect(guard(shell, replica)).to.match(/^1 .*a copy of another member's data that was broken off/);
            });

        it("has scripts that shellcheck accepts", function () {
            const shellcheck = program(this, "shellcheck");
            const path = ownDirectory(join(folder.path, "scripts"), {});
            for (const [name, text] of Object.entries(replicationFiles())) writeFileSync(join(path, name), text);
            const { status, stdout } = run([
                ...[shellcheck, "--shell=sh", "--external-sources", `--source-path=${path}`],
                ...Object.keys(replicationFiles()).map((name) => join(path, name)),
            ]);
            expect(status, stdout).to.equal(0);
        });
    });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Database } from "../../components/database";
import { guardScript } from "../../components/database/guard";
import { galeraScripts } from "../../components/database/galera/files";
import { checkSeries, SeriesError } from "../../components/database/series";
import type { DatabaseConfig, GaleraConfig } from "../../config/database";
import { ownDirectory, run, shells, standIn } from "../support/datadir";
import { declareClients } from "../support/databaseClients";
import { declare, type DeclareArgs, find, type Sent } from "../support/declare";
import { addressesOf, canReach } from "../support/policies";
import { program, scratch } from "../support/tools";

const galera = (more: Partial<GaleraConfig> = {}): GaleraConfig => ({
    ...{ topology: "galera", engine: "mariadb", members: 3 },
    ...more,
});

const sent = (config: DatabaseConfig, args: DeclareArgs = {}) =>
    declare((instance) => {
        const database = new Database(instance, "database", {
            ...{ config, database: "open_cart", user: "opencart", size: "10Gi" },
            resources: { cpu: "100m", memory: "512Mi" },
        });
        declareClients(instance, {
            writes: database.service.bind({ DB: "host", PORT: "port" }),
            reads: database.readService.bind({ DB: "host", PORT: "port" }),
        });
    }, args);

const containersOf = (objects: readonly Sent[]) =>
    find(objects, "StatefulSet", "database").spec.template.spec.containers as {
        name: string;
        ports: { name: string; containerPort: number }[];
        env: { name: string; value: string }[];
    }[];

describe("Database as a Galera cluster", () => {
    it("leads writers to the proxies, and readers to the servers, by ports that the policies open", async () => {
        const { objects } = await sent(galera());
        const target = (name: string) => {
            const [{ port, targetPort }] = find(objects, "Service", name).spec.ports;
            const found = containersOf(objects).find(({ ports = [] }) => ports.some((one) => one.name === targetPort))!;
            // Policies name the pods' ports, so both have to be the same.
            expect(found.ports.find((one) => one.name === targetPort)!.containerPort).to.equal(port);
            return [found.name, port];
        };
        expect(target("database")).to.deep.equal(["proxy", 3306]);
        expect(target("database-read")).to.deep.equal(["mariadb", 3307]);
        const pods = addressesOf(objects);
        const pod = (name: string) => pods.find(({ component }) => component === name)!;
        const reached = (from: string) =>
            [3306, 3307, 3308, 4567, 4568, 4444].filter((port) => canReach(objects, pod(from), pod("database"), port));
        expect(reached("writes")).to.deep.equal([3306]);
        expect(reached("reads")).to.deep.equal([3307]);
        expect(reached("database")).to.deep.equal([3307, 3308, 4567, 4568, 4444]);
    });

    it("starts all members at once, and gives each the names of all", async () => {
        for (const members of [3, 5]) {
            const { objects } = await sent(galera({ members }));
            const { spec } = find(objects, "StatefulSet", "database");
            expect([spec.replicas, spec.podManagementPolicy]).to.deep.equal([members, "Parallel"]);
            const [server] = containersOf(objects);
            const names = server!.env.find(({ name }) => name === "HOSTS")!.value.split(" ");
            expect(names).to.have.length(members);
            expect(names[1]).to.equal(`database-1.${spec.serviceName}.bench.svc.cluster.local`);
            const service = find(objects, "Service", spec.serviceName).spec;
            expect([service.clusterIP, service.publishNotReadyAddresses]).to.deep.equal(["None", true]);
            expect(find(objects, "PodDisruptionBudget", "database").spec.maxUnavailable).to.equal(1);
        }
    });

    it("gives each member its own volume, by the name that its StatefulSet looks for, and keeps it", async () => {
        const volumes = { database: { size: "20Gi" }, "database-2": { storageClass: "fast" } };
        for (const state of ["running", "stopped", "removed"]) {
            const { objects } = await sent(galera(), { instance: { state, volumes } });
            const claims = objects.filter(({ kind }) => kind === "PersistentVolumeClaim");
            expect(
                claims.map(({ metadata, spec }) => [
                    metadata.name,
                    spec.resources.requests.storage,
                    spec.storageClassName,
                ]),
            ).to.deep.equal([
                ["data-database-0", "20Gi", undefined],
                ["data-database-1", "20Gi", undefined],
                ["data-database-2", "20Gi", "fast"],
            ]);
        }
    });

    it("never changes what its StatefulSet may not change, when volumes grow", async () => {
        const fixed = async (size: string) => {
            const { objects } = await sent(galera(), { instance: { volumes: { database: { size } } } });
            const { volumeClaimTemplates, selector, serviceName } = find(objects, "StatefulSet", "database").spec;
            return { volumeClaimTemplates, selector, serviceName };
        };
        expect(await fixed("10Gi")).to.deep.equal(await fixed("40Gi"));
    });

    it("declares who begins without restarting a pod, since none would become ready", async () => {
        const position = "6f2c2ad0-ed66-11f1-a413-63d5ffc1a348:1234";
        const [before, after] = await Promise.all([sent(galera()), sent(galera({ begin: { member: 1, position } }))]);
        const template = ({ objects }: { objects: readonly Sent[] }) => find(objects, "StatefulSet", "database").spec;
        expect(template(after)).to.deep.equal(template(before));
        const read = ({ objects }: { objects: readonly Sent[] }) =>
            find(objects, "ConfigMap", "database-begin").data.begin;
        expect([read(before), read(after)]).to.deep.equal(["\n", `1 ${position}\n`]);
    });

    it("exports the figures of each server, not those of the writer", async () => {
        const { objects } = await sent(galera(), { values: { cluster: { context: "c", monitoringNamespace: "m" } } });
        expect(find(objects, "Secret", "database-metrics").stringData["exporter.cnf"]).to.match(/^port = 3307$/m);
    });

    it("refuses existing data, which the members' volumes never have, and images that cannot fill members", async () => {
        const problem = async (instance: DeclareArgs["instance"]) => {
            try {
                await sent(galera(), { instance: instance! });
                return "none";
            } catch (error) {
                return String(error);
            }
        };
        expect(await problem({ volumes: { database: { path: "old" } } })).to.match(
            /volumes\.database\.path: "old" is not allowed with database\.topology: galera/,
        );
        expect(await problem({ volumes: { database: { claim: "mine" } } })).to.match(
            /volumes\.database\.claim: "mine" .*allowed: data-database-0/,
        );
        expect(await problem({ images: { mariadb: "docker.io/library/mariadb:11.4.2" } })).to.match(
            /images\.mariadb: "docker\.io\/library\/mariadb:11\.4\.2" .*allowed: MariaDB 11\.6 or later/,
        );
    });

    it("refuses to take the place of servers with data, and to be replaced, without consent", () => {
        const [others, members] = ["mariadb 11.8", "mariadb 11.8 galera"] as const;
        for (const [known, wanted] of [
            [others, members],
            [members, others],
        ] as const) {
            expect(() => checkSeries("p.database", known, wanted, undefined)).to.throw(
                SeriesError,
                `p.database.topology: the volumes of ${known} hold data`,
            );
            expect(() => checkSeries("p.database", known, wanted, undefined)).to.throw(
                `make a backup, set p.database.upgradeFrom to "${known}", launch, and restore`,
            );
            expect(checkSeries("p.database", known, wanted, known)).to.equal(wanted);
        }
    });

    describe("on the volume", () => {
        const folder = scratch();
        after(() => folder.clean());

        for (const shell of shells)
            it(`begins a copy anew that was broken off (${shell[0]})`, () => {
                const root = join(folder.path, shell[0]!);
                const data = ownDirectory(join(root, "data"), {});
                ownDirectory(join(data, "mysql"), {});
                for (const file of ["ibdata1", "sst_in_progress"]) writeFileSync(join(data, file), "");
                const env = { SERIES: "mariadb 11.8", UPGRADE_FROM: "", DATA: "data", ADOPTED: "", KEY: "k" };
                const guard = (script: string) =>
                    run([...shell, "-c", script], {
                        env: { ...env, DATABASE: "d", ...standIn(folder.path, "mariadb 11.8") },
                    }).status;
                expect(guard(guardScript(root, undefined, true))).to.equal(0);
                expect(guard(guardScript(root))).to.equal(1);
            });

        it("has scripts that shellcheck accepts", function () {
            const shellcheck = program(this, "shellcheck");
            const path = ownDirectory(join(folder.path, "scripts"), {});
            for (const [name, text] of Object.entries(galeraScripts())) writeFileSync(join(path, name), text);
            const { status, stdout } = run([
                ...[shellcheck, "--shell=sh", "--external-sources", `--source-path=${path}`],
                ...Object.keys(galeraScripts()).map((name) => join(path, name)),
            ]);
            expect(status, stdout).to.equal(0);
        });
    });
});

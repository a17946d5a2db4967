import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Database } from "../../components/database";
import { guardScript } from "../../components/database/guard";
import { startScript } from "../../components/database/mysql";
import { fingerprint, installMariaDb, ownDirectory, run, serverUser, shells, standIn } from "../support/datadir";
import { declare, find, type Sent } from "../support/declare";
import { Session } from "../support/session";
import { seriesOf } from "../support/needs";
import { Daemon, figures, freePort, program, scratch } from "../support/tools";

const render = async (password: string, rootPassword: string, volumes: object = {}): Promise<readonly Sent[]> => {
    const values = {
        cluster: { context: "kind-dev", monitoringNamespace: "monitoring" },
        secrets: { bench: { databasePassword: password, databaseRootPassword: rootPassword } },
    };
    const { objects } = await declare(
        (instance) =>
            new Database(instance, "database", {
                config: { topology: "single", engine: "mariadb" },
                database: "open_cart",
                user: "opencart",
                resources: { cpu: "100m", memory: "512Mi" },
                size: "10Gi",
                settings: { sql_mode: "NO_ENGINE_SUBSTITUTION" },
            }),
        { values, instance: { volumes } },
    );
    return objects;
};

describe(`MariaDB ${seriesOf("mariadbd")} with the rendered files`, function () {
    this.timeout(120_000);
    const folder = scratch();
    const volume = join(folder.path, "volume");
    const data = join(volume, "data");
    const init = join(folder.path, "init.sql");
    const cnf = join(folder.path, "plinth.cnf");
    const passwords = {
        first: "erste's\\\"$Wort",
        second: "zweites'; -- \\",
        root: "wur`zel%s",
        newRoot: "neue Wurzel\\",
    };
    let user: { uid?: number; gid?: number };
    let port: number;
    let server: Daemon | undefined;

    const sql = (statement: string, password: string, account = "opencart", database = "open_cart") =>
        run(
            [
                "mariadb",
                "--no-defaults",
                "--batch",
                "--raw",
                "--skip-column-names",
                "--host=127.0.0.1",
                `--port=${port}`,
                `--user=${account}`,
                database,
            ],
            {
                env: { MYSQL_PWD: password },
                input: statement,
            },
        );

    /** Starts as the pod does: through the rendered wrapper, with a stand-in for the image's entrypoint. */
    async function start(password: string, volumes: object = {}, rootPassword = passwords.root): Promise<Daemon> {
        const objects = await render(password, rootPassword, volumes);
        writeFileSync(cnf, find(objects, "ConfigMap", "database").data["plinth.cnf"]);
        writeFileSync(init, find(objects, "Secret", "database-root").stringData["init.sql"]);
        writeFileSync(join(folder.path, "start.sh"), startScript("mariadb", data, init));
        server = new Daemon("sh", [join(folder.path, "start.sh")], {
            env: { ...process.env, PATH: `${folder.path}:/usr/sbin:${process.env["PATH"]}` },
            ...user,
        });
        await server.ready(async () => {
            const { status, stderr } = sql("SELECT 1", password);
            if (status !== 0) throw new Error(stderr);
        });
        return server;
    }

    before(async function () {
        user = serverUser("mysql");
        for (const name of ["mariadbd", "mariadb-install-db"]) program(this, name, { by: user });
        port = await freePort();
        ownDirectory(volume, user);
        const options = ["--innodb-log-file-size=4M", "--auth-root-authentication-method=normal"];
        const temporary = installMariaDb(data, join(folder.path, "tables"), user, ...options);
        const entrypoint = join(folder.path, "docker-entrypoint.sh");
        const places = `--defaults-file=${cnf} --datadir=${data} ${temporary} --socket=${data}/s --port=${port} --bind-address=127.0.0.1 --pid-file=${data}/p`;
        writeFileSync(entrypoint, `#!/bin/sh\nserver=$1\nshift\nexec "$server" ${places} "$@"\n`);
        chmodSync(entrypoint, 0o755);
    });
    afterEach(async () => {
        await server?.stop();
        server = undefined;
    });
    after(() => folder.clean());

    it("passes its statements to a server with data, and none to the first start", async () => {
        const objects = await render("a", "b");
        expect(find(objects, "ConfigMap", "database").data["start.sh"]).to.equal(startScript("mariadb"));
        const stub = ownDirectory(join(folder.path, "stub"), {});
        writeFileSync(join(stub, "docker-entrypoint.sh"), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
        chmodSync(join(stub, "docker-entrypoint.sh"), 0o755);
        const env = { PATH: `${stub}:${process.env["PATH"]}` };
        for (const shell of shells) {
            const started = (directory: string) =>
                run([...shell, "-c", startScript("mariadb", directory, "/x/init.sql")], { env })
                    .stdout.trim()
                    .split("\n");
            expect(started(join(folder.path, "empty"))).to.deep.equal(["mariadbd"]);
            expect(started(data)).to.deep.equal(["mariadbd", "--init-file=/x/init.sql"]);
        }
    });

    it("runs with the file's sizes and the platform's own lines", async () => {
        const daemon = await start(passwords.first);
        const read =
            "SELECT @@innodb_buffer_pool_size DIV 1048576, @@innodb_log_file_size DIV 1048576, @@max_connections, @@collation_server, @@sql_mode";
        expect(sql(read, passwords.first).stdout.trim().split("\t")).to.deep.equal([
            "128",
            "48",
            "72",
            "utf8mb4_unicode_ci",
            "NO_ENGINE_SUBSTITUTION",
        ]);
        // Those before 11.5 ignore it.
        const told = daemon.output.replace(/^.*unknown variable 'loose_max_tmp_total_space_usage=.*$/gm, "");
        expect(told).not.to.match(/\[ERROR\]|unknown (variable|option)/i);
    });

    it("is ready once the platform can log in, and not before", async () => {
        const objects = await render(passwords.first, passwords.root);
        const { command } = find(objects, "StatefulSet", "database").spec.template.spec.containers[0].readinessProbe
            .exec;
        const env = { MARIADB_USER: "opencart", MARIADB_DATABASE: "open_cart", MYSQL_TCP_PORT: String(port) };
        const ready = (password: string) => run(command, { env: { ...env, MARIADB_PASSWORD: password } }).status;
        expect(ready(passwords.first)).not.to.equal(0);
        await start(passwords.first);
        expect(ready(passwords.first)).to.equal(0);
        expect(ready("wrong")).not.to.equal(0);
    });

    it("has metrics for Prometheus, through an account that cannot read rows", async function () {
        const exporter = program(this, "prometheus-mysqld-exporter");
        await start(passwords.first);
        const objects = await render(passwords.first, passwords.root);
        const { stringData } = find(objects, "Secret", "database-metrics");
        // Statements of the image's first start, which does not get the others.
        expect(sql("DROP USER 'plinth-metrics'@'127.0.0.1'", passwords.root, "root", "mysql").status).to.equal(0);
        expect(sql(stringData["metrics.sql"], passwords.root, "root", "mysql").status).to.equal(0);
        const file = join(folder.path, "exporter.cnf");
        writeFileSync(file, stringData["exporter.cnf"].replace("3306", String(port)));
        const seen = await figures(exporter, [`--config.my-cnf=${file}`], {});
        expect(seen).to.match(/^mysql_up 1$/m);
        expect(Number(/^mysql_global_variables_innodb_buffer_pool_size (\S+)$/m.exec(seen)![1])).to.equal(
            128 * 2 ** 20,
        );
        const refused = sql("SELECT 1", stringData["password"], "plinth-metrics", "open_cart");
        expect(refused.stderr).to.contain("1044");
    });

    it("applies changed passwords to existing data at every start, including a lost administrator's password", async () => {
        const daemon = await start(passwords.first);
        expect(sql("CREATE TABLE kept (id INT); INSERT INTO kept VALUES (7)", passwords.first).status).to.equal(0);
        // The underscore in the name is not a wildcard: openXcart does not belong to the platform.
        expect(sql("SHOW GRANTS", passwords.first).stdout).to.contain("`open\\_cart`.*");
        expect(await daemon.stop()).to.equal(0);
        for (const round of [1, 2]) {
            const again = await start(passwords.second, { database: { existing: "pvc-left" } }, passwords.newRoot);
            expect(sql("SELECT id FROM kept", passwords.second).stdout.trim(), `round ${round}`).to.equal("7");
            const refused = sql("SELECT 1", passwords.first);
            expect(refused.status).not.to.equal(0);
            expect(refused.stderr).to.contain("1045");
            expect(sql("SELECT 1", passwords.newRoot, "root", "mysql").status).to.equal(0);
            for (const old of [passwords.root, ""])
                expect(sql("SELECT 1", old, "root", "mysql").stderr).to.contain("1045");
            // An error in the file would be one line in the log, and the rest skipped.
            expect(again.output).not.to.match(/ERROR: \d+/);
            expect(await again.stop()).to.equal(0);
        }
    });

    it("closes open connections when it restarts with another password, and refuses the old one", async () => {
        const before = await start(passwords.first);
        sql("CREATE TABLE rotated (id INT); INSERT INTO rotated VALUES (1)", passwords.first);
        const client = new Session(
            [
                ...([
                    "mariadb",
                    "--no-defaults",
                    "--batch",
                    "--unbuffered",
                    "--skip-column-names",
                    "--skip-reconnect",
                ] as const),
                ...["--host=127.0.0.1", `--port=${port}`, "--user=opencart", "open_cart"],
            ],
            { MYSQL_PWD: passwords.first },
        );
        try {
            // After what the client says of its connection.
            expect(await client.say("SELECT id FROM rotated;", /1/)).to.match(/^1\n$/m);
            await client.say("BEGIN; INSERT INTO rotated VALUES (2); SELECT 'open';", /open/);
            const began = Date.now();
            expect(await before.stop()).to.equal(0);
            await start(passwords.second);
            console.log(`        the new password is taken ${Date.now() - began} ms after the stop signal`);
            expect(sql("SELECT 1", passwords.first).stderr).to.contain("1045");
            expect(await client.say("COMMIT;", /ERROR/)).to.match(/ERROR (2006|2013|1927|1053)/);
            // Committed rows are there, others are not.
            expect(sql("SELECT id FROM rotated", passwords.second).stdout.trim()).to.equal("1");
        } finally {
            client.end();
        }
    });

    describe("guard of the volume", () => {
        const installed = seriesOf("mariadbd");
        const series = `mariadb ${installed}`;
        // The images' next: one step further than any that this test can run on.
        const next = "mariadb 12.3";
        const guard = (
            shell: readonly string[],
            root: string,
            wanted: string,
            upgradeFrom = "",
            image = standIn(folder.path, wanted),
            more: Record<string, string> = {},
        ) =>
            run([...shell, "-c", guardScript(root)], {
                env: {
                    SERIES: wanted,
                    UPGRADE_FROM: upgradeFrom,
                    DATA: wanted.startsWith("postgres") ? "17/docker" : "data",
                    ADOPTED: "",
                    KEY: "volumes.database",
                    DATABASE: "open_cart",
                    ...image,
                    ...more,
                },
            });
        const copy = join(folder.path, "copy");
        // Older series have the other name.
        const versionFile = () =>
            ["mariadb_upgrade_info", "mysql_upgrade_info"].find((name) => existsSync(join(copy, "data", name)))!;

        beforeEach(() => {
            rmSync(copy, { recursive: true, force: true });
            cpSync(volume, copy, { recursive: true, preserveTimestamps: true });
        });

        for (const shell of shells) {
            const refuses = (wanted: string, reason: string, upgradeFrom = "") => {
                const before = fingerprint(copy);
                const { status, stderr } = guard(shell, copy, wanted, upgradeFrom);
                expect(status, stderr).to.equal(1);
                expect(stderr).to.contain(reason).and.contain(`refused to start ${wanted}`);
                expect(fingerprint(copy)).to.deep.equal(before);
            };
            const passes = (wanted: string, upgradeFrom = "", root = copy) => {
                const { status, stderr } = guard(shell, root, wanted, upgradeFrom);
                expect(status, stderr).to.equal(0);
            };
            const written = (version: string) => writeFileSync(join(copy, "data", versionFile()), version);

            it(`accepts the data's own version and an empty volume (${shell[0]})`, () => {
                passes(series);
                const adopted = guard(shell, copy, series, "", standIn(folder.path, series), { ADOPTED: "yes" });
                expect(adopted.status, adopted.stderr).to.equal(0);
                const empty = ownDirectory(join(folder.path, "new"), {});
                ownDirectory(join(empty, "lost+found"), {});
                passes(series, "", empty);
            });
            it(`checks the server's actual version, whatever the tag, before it compares the data (${shell[0]})`, () => {
                const real = { PATH: `/usr/sbin:${process.env["PATH"]}` };
                const none = ownDirectory(join(folder.path, "none"), {});
                const empty = ownDirectory(join(folder.path, "nothing"), {});
                const before = fingerprint(copy);
                const asked = (wanted: string, image: { PATH: string }, root: string) => {
                    const { status, stderr } = guard(shell, root, wanted, series, image);
                    return `${status} ${stderr}`;
                };
                expect(asked(series, real, copy)).to.equal("0 ");
                for (const root of [empty, copy]) {
                    expect(asked(next, real, root)).to.match(
                        /^1 refused to start mariadb 12\.3: its image, named in images\.mariadb, holds mariadb ([\d.]+) \(.*Ver \1\./,
                    );
                    expect(asked(next, standIn(folder.path, "mariadb 11.4"), root)).to.contain("holds mariadb 11.4 (");
                }
                expect(asked("mysql 8.4", standIn(folder.path, "mysql 8.4"), empty)).to.equal("0 ");
                expect(asked("mysql 8.4", standIn(folder.path, "mysql 9.7"), empty)).to.match(
                    /^1 .*holds mysql 9\.7 \(/,
                );
                writeFileSync(join(none, "mysqld"), "#!/bin/sh\necho mysqld  Ver 8.4.2-MariaDB\n", { mode: 0o755 });
                expect(asked("mysql 8.4", { PATH: `${none}:${process.env["PATH"]}` }, empty)).to.match(
                    /^1 .*holds mariadb 8\.4 \(/,
                );
                writeFileSync(join(none, "mysqld"), "#!/bin/sh\n", { mode: 0o755 });
                expect(asked("mysql 8.4", { PATH: `${none}:${process.env["PATH"]}` }, empty)).to.match(
                    /^1 .*holds an unknown server \(/,
                );
                writeFileSync(join(none, "mysqld"), "#!/bin/sh\nexit 127\n", { mode: 0o755 });
                expect(asked("mysql 8.4", { PATH: `${none}:${process.env["PATH"]}` }, empty)).to.match(
                    /^1 .*named in images\.mysql, has no such server/,
                );
                expect(fingerprint(copy)).to.deep.equal(before);
                expect(fingerprint(empty)).to.deep.equal({});
            });
            it(`refuses another version without consent, and changes nothing (${shell[0]})`, () => {
                refuses(next, `holds data of ${series}: make a backup`);
                refuses(next, `holds data of ${series}`, "mariadb 11.4");
                passes(next, series);
                written("12.3.1-MariaDB");
                refuses(series, `holds data of ${next}`);
            });
            it(`reads the redo log if a first start left no version file (${shell[0]})`, () => {
                rmSync(join(copy, "data", versionFile()));
                passes(series);
                refuses(next, `holds data of ${series}`);
                rmSync(join(copy, "data", "ib_logfile0"));
                refuses(series, "data of an unknown version");
            });
            it(`refuses the data of another engine (${shell[0]})`, () => {
                refuses("mysql 8.4", `another engine, ${series}`, series);
                refuses("postgres 17", `another engine, ${series}`);
                // A file of MySQL 8.4; no such server is available here to create the rest.
                writeFileSync(join(copy, "data", "mysql.ibd"), "");
                const history =
                    '{"file_format":"1","upgrade_history":[{"version":"8.0.36","initialize":true},\n{"version":"8.4.11"}]}';
                writeFileSync(join(copy, "data", "mysql_upgrade_history"), history);
                refuses(series, "another engine, mysql 8.4");
                passes("mysql 8.4");
                refuses("mysql 9.7", "holds data of mysql 8.4: make a backup");
            });
        }

        for (const shell of shells) {
            it(`names the path of data elsewhere on the volume (${shell[0]})`, () => {
                const image = standIn(folder.path, series);
                const told = (root: string, more: Record<string, string> = {}) => {
                    const { status, stderr } = guard(shell, root, series, "", image, more);
                    return `${status} ${stderr}`;
                };
                mkdirSync(join(copy, "bitnami"));
                renameSync(join(copy, "data"), join(copy, "bitnami", "mysql"));
                const before = fingerprint(copy);
                expect(told(copy)).to.contain('begin anew in data: set volumes.database.path to "bitnami/mysql"');
                expect(told(join(copy, "bitnami"))).to.contain('set volumes.database.path to "mysql"');
                const root = join(copy, "bitnami", "mysql");
                expect(told(root)).to.contain('set volumes.database.path to "."');
                expect(guard(shell, root, next).stderr).to.contain(`holds data of ${series}`);
                const adopted = { DATA: ".", ADOPTED: "yes" };
                expect(told(root, adopted)).to.equal("0 ");
                expect(told(root, { ...adopted, DATABASE: "old-shop" })).to.contain(
                    `1 refused to start ${series}: the data in . have no database "old-shop": set database.name`,
                );
                expect(told(copy, { DATA: "bitnami/mysql", ADOPTED: "yes" })).to.equal("0 ");
                const none = ownDirectory(join(folder.path, "empty-volume"), {});
                expect(told(none, adopted)).to.contain(`1 refused to start ${series}: no data are in . of the volume`);
                expect(fingerprint(copy)).to.deep.equal(before);
            });
        }
    });

    it("starts on data in the root of a volume, as other deployments have them", async () => {
        const objects = await render("a", "b", { database: { path: "." } });
        const [container] = find(objects, "StatefulSet", "database").spec.template.spec.containers;
        const mount = container.volumeMounts.find((one: { mountPath: string }) => one.mountPath === "/var/lib/mysql");
        expect(mount).to.deep.equal({ mountPath: "/var/lib/mysql", name: "database" });
        const found = ownDirectory(join(data, "lost+found"), user);
        try {
            await start(passwords.first, { database: { path: "." } });
            expect(sql("SHOW DATABASES", passwords.root, "root", "mysql").stdout).not.to.contain("lost");
            expect(sql("SELECT id FROM kept", passwords.first).stdout.trim()).to.equal("7");
        } finally {
            rmSync(found, { recursive: true });
        }
    });

    it("has scripts that shellcheck accepts", function () {
        const shellcheck = program(this, "shellcheck");
        for (const script of [guardScript(), startScript("mariadb"), startScript("mysql")]) {
            const { status, stdout } = run([shellcheck, "--shell=sh", "-"], { input: script });
            expect(status, stdout).to.equal(0);
        }
    });
});

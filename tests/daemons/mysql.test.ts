import { chmodSync, cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Database } from "../../components/database";
import { guardScript } from "../../components/database/guard";
import { startScript } from "../../components/database/mysql";
import { fingerprint, ownDirectory, run, serverUser } from "../support/datadir";
import { declare, find, type Sent } from "../support/declare";
import { optional, seriesOf } from "../support/needs";
import { Session } from "../support/session";
import { Daemon, figures, freePort, program, scratch } from "../support/tools";

const render = async (password: string, rootPassword: string): Promise<readonly Sent[]> => {
    const values = {
        cluster: { context: "kind-dev", monitoringNamespace: "monitoring" },
        secrets: { bench: { databasePassword: password, databaseRootPassword: rootPassword } },
    };
    const { objects } = await declare(
        (instance) =>
            new Database(instance, "database", {
                config: { topology: "single", engine: "mysql" },
                database: "open_cart",
                user: "opencart",
                resources: { cpu: "100m", memory: "1Gi" },
                size: "10Gi",
                settings: { sql_mode: "NO_ENGINE_SUBSTITUTION" },
            }),
        { values },
    );
    return objects;
};

const series = seriesOf("mysqld");

// The image has 8.4, which no Debian has.
describe(`MySQL ${series} with the rendered files`, function () {
    this.timeout(180_000);
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
                ...["mysql", "--no-defaults", "--batch", "--raw", "--skip-column-names", "--host=127.0.0.1"],
                ...[`--port=${port}`, `--user=${account}`, database],
            ],
            { env: { MYSQL_PWD: password }, input: statement },
        );

    /** Starts as the pod does: through the rendered wrapper, with a stand-in for the image's entrypoint. */
    async function start(password: string, rootPassword = passwords.root): Promise<Daemon> {
        const objects = await render(password, rootPassword);
        writeFileSync(cnf, find(objects, "ConfigMap", "database").data["plinth.cnf"]);
        writeFileSync(init, find(objects, "Secret", "database-root").stringData["init.sql"]);
        writeFileSync(join(folder.path, "start.sh"), startScript("mysql", data, init));
        server = new Daemon("sh", [join(folder.path, "start.sh")], {
            env: { ...process.env, PATH: `${folder.path}:/usr/sbin:${process.env["PATH"]}` },
            ...user,
        });
        await server.ready(async () => {
            const { status, stderr } = sql("SELECT 1", password);
            if (status !== 0) throw new Error(stderr);
        }, 90);
        return server;
    }

    before(async function () {
        user = serverUser("mysql");
        const mysqld = optional(this, "mysqld", { by: user });
        optional(this, "mysql");
        port = await freePort();
        ownDirectory(volume, user);
        const own = ownDirectory(join(folder.path, "own"), user);
        const made = run([mysqld, "--no-defaults", "--initialize-insecure", `--datadir=${data}`], user);
        expect(made.status, made.stderr).to.equal(0);
        const entrypoint = join(folder.path, "docker-entrypoint.sh");
        const places = `--defaults-file=${cnf} --datadir=${data} --tmpdir=${own} --socket=${own}/s --port=${port} --bind-address=127.0.0.1 --pid-file=${own}/p`;
        writeFileSync(entrypoint, `#!/bin/sh\nserver=$1\nshift\nexec "$server" ${places} "$@"\n`);
        chmodSync(entrypoint, 0o755);
    });
    afterEach(async () => {
        await server?.stop();
        server = undefined;
    });
    after(() => folder.clean());

    it("runs with the file's sizes and the platform's own lines, of which none is unknown or out of date", async () => {
        const daemon = await start(passwords.first);
        const read =
            "SELECT @@innodb_redo_log_capacity DIV 1048576, @@max_connections, @@collation_server, @@sql_mode, @@log_bin, @@local_infile, @@performance_schema";
        const [redo, connections, ...rest] = sql(read, passwords.first).stdout.trim().split("\t");
        const written = find(await render("a", "b"), "ConfigMap", "database").data["plinth.cnf"] as string;
        expect(written).to.contain(`innodb_redo_log_capacity = ${redo}M`);
        expect(written).to.contain(`max_connections = ${connections}`);
        expect(rest).to.deep.equal(["utf8mb4_unicode_ci", "NO_ENGINE_SUBSTITUTION", "0", "0", "0"]);
        expect(daemon.output).not.to.match(/\[ERROR\]|unknown (variable|option)|is deprecated/i);
    });

    it("is ready once the platform can log in, and not before", async () => {
        const objects = await render(passwords.first, passwords.root);
        const { command } = find(objects, "StatefulSet", "database").spec.template.spec.containers[0].readinessProbe
            .exec;
        const env = { MYSQL_USER: "opencart", MYSQL_DATABASE: "open_cart", MYSQL_TCP_PORT: String(port) };
        const ready = (password: string) => run(command, { env: { ...env, MYSQL_PASSWORD: password } }).status;
        expect(ready(passwords.first)).not.to.equal(0);
        await start(passwords.first);
        expect(ready(passwords.first)).to.equal(0);
        expect(ready("wrong")).not.to.equal(0);
    });

    it("has metrics for Prometheus, through an account that cannot read rows", async function () {
        const exporter = program(this, "prometheus-mysqld-exporter");
        await start(passwords.first);
        const { stringData } = find(await render(passwords.first, passwords.root), "Secret", "database-metrics");
        // Statements of the image's first start, which does not get the others.
        expect(sql("DROP USER 'plinth-metrics'@'127.0.0.1'", passwords.root, "root", "mysql").status).to.equal(0);
        const made = sql(stringData["metrics.sql"], passwords.root, "root", "mysql");
        expect(made.status, made.stderr).to.equal(0);
        const file = join(folder.path, "exporter.cnf");
        writeFileSync(file, stringData["exporter.cnf"].replace("3306", String(port)));
        const seen = await figures(exporter, [`--config.my-cnf=${file}`], {});
        expect(seen).to.match(/^mysql_up 1$/m);
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
            const again = await start(passwords.second, passwords.newRoot);
            expect(sql("SELECT id FROM kept", passwords.second).stdout.trim(), `round ${round}`).to.equal("7");
            expect(sql("SELECT 1", passwords.newRoot, "root", "mysql").status).to.equal(0);
            expect(sql("SELECT 1", passwords.first).stderr).to.contain("1045");
            for (const old of [passwords.root, ""])
                expect(sql("SELECT 1", old, "root", "mysql").stderr).to.contain("1045");
            // An error in the file would be a line in the log, and the rest skipped.
            expect(again.output).not.to.match(/\[ERROR\]|ERROR: \d+/);
            expect(await again.stop()).to.equal(0);
        }
    });

    it("closes open connections when it restarts with another password, and refuses the old one", async () => {
        const before = await start(passwords.first);
        sql("CREATE TABLE rotated (id INT); INSERT INTO rotated VALUES (1)", passwords.first);
        const options = ["--batch", "--unbuffered", "--skip-column-names", "--skip-reconnect", "--host=127.0.0.1"];
        const client = new Session(
            ["mysql", "--no-defaults", ...options, `--port=${port}`, "--user=opencart", "open_cart"],
            { MYSQL_PWD: passwords.first },
        );
        try {
            await client.say("BEGIN; INSERT INTO rotated VALUES (2); SELECT 'open';", /^open$/m);
            const began = Date.now();
            expect(await before.stop()).to.equal(0);
            await start(passwords.second);
            console.log(`        the new password is taken ${Date.now() - began} ms after the stop signal`);
            expect(sql("SELECT 1", passwords.first).stderr).to.contain("1045");
            expect(await client.say("COMMIT;", /ERROR/)).to.match(/ERROR (2006|2013|4031|1053)/);
            // Committed rows are there, others are not.
            expect(sql("SELECT id FROM rotated", passwords.second).stdout.trim()).to.equal("1");
        } finally {
            client.end();
        }
    });

    it("guards the volume by the server's own version and that of its data", () => {
        const copy = join(folder.path, "copy");
        cpSync(volume, copy, { recursive: true, preserveTimestamps: true });
        const before = fingerprint(copy);
        const guard = (wanted: string) => {
            const env = { SERIES: wanted, UPGRADE_FROM: "", DATA: "data", ADOPTED: "", KEY: "volumes.database" };
            const { status, stderr } = run(["sh", "-c", guardScript(copy)], { env: { ...env, DATABASE: "open_cart" } });
            return `${status} ${stderr}`;
        };
        expect(guard(`mysql ${series}`)).to.equal("0 ");
        expect(guard("mysql 5.7")).to.contain(`holds mysql ${series} (`);
        expect(fingerprint(copy)).to.deep.equal(before);
    });
});

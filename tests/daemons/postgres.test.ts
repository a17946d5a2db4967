import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Database } from "../../components/database";
import { guardScript } from "../../components/database/guard";
import { accountsScript, dataPath } from "../../components/database/postgres";
import { postgres } from "../../components/languages/sql";
import { fingerprint, ownDirectory, run, serverUser, shells, standIn } from "../support/datadir";
import { declare, find, type Sent } from "../support/declare";
import { Session } from "../support/session";
import { someTexts, written } from "../support/texts";
import { seriesOf } from "../support/needs";
import { Daemon, figures, freePort, program, scratch } from "../support/tools";

const guardEnvironment = (series: string, path?: string) => ({
    SERIES: series,
    UPGRADE_FROM: "",
    DATA: dataPath(series, path),
    ADOPTED: path ? "yes" : "",
    KEY: "volumes.database",
    DATABASE: "open_cart",
});

interface Container {
    readonly name: string;
    readonly args: string[];
    readonly command: string[];
    readonly env: { name: string; value?: string }[];
    readonly readinessProbe: { exec: { command: string[] } };
    readonly startupProbe: { exec: { command: string[] } };
}

const major = seriesOf("postgres", 1);

describe(`PostgreSQL ${major} with the rendered files`, function () {
    this.timeout(120_000);
    const folder = scratch();
    const volume = join(folder.path, "volume");
    const data = join(volume, major, "docker");
    const sockets = join(folder.path, "sockets");
    const scripts = join(folder.path, "scripts");
    const passwords = { first: "we'ird\"$pw\\", second: "an ot'her $$ \\n", root: "ro'ot\\" };
    let objects: readonly Sent[];
    let user: { uid?: number; gid?: number };
    let port: number;
    let server: Daemon | undefined;

    const container = (name: string): Container =>
        find(objects, "StatefulSet", "database").spec.template.spec.containers.find(
            (one: Container) => one.name === name,
        );
    const variable = (name: string) => container("postgres").env.find((one) => one.name === name)!.value!;
    const psql = (statement: string, password: string, account = "opencart", database = "open_cart") =>
        run(
            [
                "psql",
                "-X",
                "-t",
                "-A",
                "-w",
                "-h",
                "127.0.0.1",
                "-p",
                String(port),
                "-U",
                account,
                "-d",
                database,
                "-c",
                statement,
            ],
            {
                env: { PGPASSWORD: password },
            },
        );
    const local = (statement: string) =>
        run(["psql", "-X", "-t", "-A", "-h", sockets, "-p", String(port), "-U", "postgres", "-c", statement]);

    async function start(...extra: string[]): Promise<Daemon> {
        const args = [
            ...container("postgres").args,
            "-c",
            "log_statement=all",
            "-c",
            `unix_socket_directories=${sockets}`,
        ];
        server = new Daemon("postgres", ["-D", data, "-p", String(port), ...args, ...extra], { env, ...user });
        await server.ready(async () => {
            if (local("SELECT 1").status !== 0) throw new Error("not yet");
        });
        return server;
    }
    let env: NodeJS.ProcessEnv;

    /** The sidecar, as the pod runs it. */
    const accounts = (password: string, rootPassword = passwords.root) =>
        new Daemon("sh", [join(scripts, "accounts.sh")], {
            env: {
                ...env,
                PGPORT: String(port),
                APP_USER: "opencart",
                APP_DATABASE: "open_cart",
                APP_PASSWORD: password,
                ROOT_PASSWORD: rootPassword,
                METRICS_PASSWORD: find(objects, "Secret", "database-metrics").stringData["password"],
            },
            ...user,
        });
    const done = (sidecar: Daemon) =>
        sidecar.ready(async () => {
            if (!sidecar.output.includes("accounts and passwords are those of the configuration"))
                throw new Error("not yet");
        });

    before(async function () {
        user = serverUser("postgres");
        const initdb = program(this, "initdb", { by: user });
        program(this, "psql");
        env = { ...process.env, PATH: `${join(initdb, "..")}:${process.env["PATH"]}`, LC_ALL: "C.UTF-8" };
        port = await freePort();
        ({ objects } = await declare(
            (instance) =>
                new Database(instance, "database", {
                    config: { topology: "single", engine: "postgres" },
                    database: "open_cart",
                    user: "opencart",
                    resources: { cpu: "100m", memory: "512Mi" },
                    size: "10Gi",
                    settings: { random_page_cost: "1.1" },
                }),
            { values: { cluster: { context: "kind-dev", monitoringNamespace: "monitoring" } } },
        ));
        for (const path of [volume, join(volume, major), data, sockets]) ownDirectory(path, user);
        ownDirectory(scripts, {});
        const files = find(objects, "ConfigMap", "database").data;
        expect(files["accounts.sh"]).to.equal(accountsScript());
        writeFileSync(join(scripts, "accounts.sh"), accountsScript(sockets, scripts));
        writeFileSync(join(scripts, "accounts.sql"), files["accounts.sql"]);
        // The entrypoint also passes the administrator's first password in a file.
        const passwordFile = join(scripts, "first");
        writeFileSync(passwordFile, `${passwords.root}\n`);
        const init = [
            initdb,
            "-D",
            data,
            "-U",
            "postgres",
            `--pwfile=${passwordFile}`,
            ...variable("POSTGRES_INITDB_ARGS").split(" "),
        ];
        const made = run(init, { ...user, env: { PATH: env["PATH"]! } });
        expect(made.status, made.stderr).to.equal(0);
    });
    afterEach(async () => {
        await server?.stop("SIGINT");
        server = undefined;
    });
    after(() => folder.clean());

    it("runs with the rendered settings", async () => {
        await start();
        const read = (name: string) => local(`SHOW ${name}`).stdout.trim();
        expect(
            [
                "shared_buffers",
                "max_connections",
                "work_mem",
                "maintenance_work_mem",
                "max_wal_size",
                "random_page_cost",
            ].map(read),
        ).to.deep.equal(["128MB", "32", "4MB", "25MB", "2560MB", "1.1"]);
    });

    it("reads any quoted string unchanged", async () => {
        await start();
        const all = written(someTexts(), postgres.literal);
        const statement = `SELECT string_agg(encode(convert_to(text, 'UTF8'), 'hex'), ',' ORDER BY at) FROM (VALUES ${all.map(([, text], at) => `(${at},${text})`).join(", ")}) AS texts (at, text)`;
        const read = local(statement).stdout.trim().split(",");
        expect(read.map((hex) => Buffer.from(hex, "hex").toString())).to.deep.equal(all.map(([text]) => text));
    });

    it("waits for the real server, then creates role, database and passwords that need quoting", async () => {
        const temporary = await start("-c", "listen_addresses=");
        const sidecar = accounts(passwords.first);
        try {
            await new Promise((resolve) => setTimeout(resolve, 2500));
            expect(local("SELECT count(*) FROM pg_roles WHERE rolname = 'opencart'").stdout.trim()).to.equal("0");
            await temporary.stop("SIGINT");
            const real = await start("-c", "listen_addresses=127.0.0.1");
            await done(sidecar);
            expect(psql("CREATE TABLE kept AS SELECT 7 AS id", passwords.first).status).to.equal(0);
            expect(psql("SELECT current_user", passwords.root, "postgres", "postgres").stdout.trim()).to.equal(
                "postgres",
            );
            expect(real.output).to.contain("SET log_statement").and.not.contain("ALTER ROLE");
        } finally {
            // As process 1 of its container it must follow the image's stop signal, which is SIGINT.
            expect(await sidecar.stop("SIGINT")).to.equal(0);
        }
    });

    it("applies changed passwords to existing data at every start, including a lost administrator's password", async () => {
        await start("-c", "listen_addresses=127.0.0.1");
        const newRoot = `${passwords.root} new`;
        for (const round of [1, 2]) {
            const sidecar = accounts(passwords.second, newRoot);
            await done(sidecar);
            expect(await sidecar.stop()).to.equal(0);
            expect(sidecar.output, `round ${round}`).not.to.contain("ERROR");
            expect(psql("SELECT id FROM kept", passwords.second).stdout.trim()).to.equal("7");
            expect(psql("SELECT 1", newRoot, "postgres", "postgres").status).to.equal(0);
            for (const refused of [
                psql("SELECT 1", passwords.first),
                psql("SELECT 1", passwords.root, "postgres", "postgres"),
            ]) {
                expect(refused.status).not.to.equal(0);
                expect(refused.stderr).to.contain("password authentication failed");
            }
        }
    });

    it("has metrics for Prometheus, through a role that cannot read rows", async function () {
        const exporter = program(this, "prometheus-postgres-exporter");
        await start("-c", "listen_addresses=127.0.0.1");
        const sidecar = accounts(passwords.second);
        await done(sidecar);
        await sidecar.stop();
        const password = find(objects, "Secret", "database-metrics").stringData["password"];
        const given = container("exporter").env.map(({ name, value }) => [name, value ?? password]);
        const seen = await figures(exporter, [], {
            ...Object.fromEntries(given),
            DATA_SOURCE_URI: `127.0.0.1:${port}/postgres?sslmode=disable`,
        });
        expect(seen).to.match(/^pg_up 1$/m);
        expect(seen).to.match(/^pg_settings_max_connections\{[^}]*\} 32$/m);
        const refused = psql("SELECT * FROM kept", password, "plinth-metrics");
        expect(refused.stderr).to.contain("permission denied");
    });

    it("accepts the old password until the accounts are updated, and closes open connections with the server", async () => {
        const third = `${passwords.second} third`;
        const client = () =>
            new Session(
                [
                    "psql",
                    "-X",
                    "-q",
                    "-t",
                    "-A",
                    "-w",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    String(port),
                    "-U",
                    "opencart",
                    "-d",
                    "open_cart",
                ],
                { PGPASSWORD: passwords.second },
            );
        const before = await start("-c", "listen_addresses=127.0.0.1");
        const open = client();
        const began = Date.now();
        try {
            expect(await open.say("SELECT id FROM kept;", /\n/)).to.equal("7\n");
            await open.say("BEGIN; INSERT INTO kept VALUES (8); SELECT 'open';", /open/);
            expect(await before.stop("SIGINT")).to.equal(0);
            expect(await open.say("COMMIT;", /closed|terminat|lost/)).to.match(
                /closed the connection|terminating connection/,
            );
        } finally {
            open.end();
        }
        await start("-c", "listen_addresses=127.0.0.1");
        expect(psql("SELECT 1", passwords.second).status).to.equal(0);
        expect(psql("SELECT 1", third).status).not.to.equal(0);
        const survivor = client();
        const sidecar = accounts(third);
        try {
            expect(await survivor.say("SELECT 'connected';", /connected/)).to.contain("connected");
            await done(sidecar);
            console.log(`        the new password is taken ${Date.now() - began} ms after the stop signal`);
            expect(psql("SELECT id FROM kept", third).stdout.trim()).to.equal("7");
            expect(psql("SELECT 1", passwords.second).stderr).to.contain("password authentication failed");
            // A change alone closes no connection; the server's restart does.
            expect(await survivor.say("SELECT 'still ' || 'there';", /still there/)).to.contain("still there");
        } finally {
            survivor.end();
            await sidecar.stop();
            // Back to the password of the other tests.
            const back = accounts(passwords.second);
            await done(back);
            await back.stop();
        }
    });

    it("has started once it accepts connections over TCP, without a line in its log", async () => {
        const { command } = container("postgres").startupProbe.exec;
        const env = { APP_USER: "opencart", APP_DATABASE: "open_cart", PGPORT: String(port) };
        // As on the image's first start.
        const hidden = await start("-c", "listen_addresses=");
        expect(run(command, { env }).status).not.to.equal(0);
        await hidden.stop();
        const daemon = await start("-c", "listen_addresses=127.0.0.1");
        const before = daemon.output;
        expect(run(command, { env }).status).to.equal(0);
        expect(daemon.output).to.equal(before);
    });

    it("is ready once the platform can log in", async () => {
        await start("-c", "listen_addresses=127.0.0.1");
        const { command } = container("postgres").readinessProbe.exec;
        const ready = (password: string) =>
            run(command, {
                env: { APP_USER: "opencart", APP_DATABASE: "open_cart", APP_PASSWORD: password, PGPORT: String(port) },
            }).status;
        expect(ready(passwords.second)).to.equal(0);
        expect(ready("wrong")).not.to.equal(0);
    });

    it("stops on the image's stop signal despite connected clients", async () => {
        const daemon = await start("-c", "listen_addresses=127.0.0.1");
        const client = new Daemon("psql", [
            "-X",
            "-h",
            sockets,
            "-p",
            String(port),
            "-U",
            "postgres",
            "-c",
            "SELECT pg_sleep(60)",
        ]);
        await daemon.ready(async () => {
            if (
                local("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'").stdout.trim() !== "1"
            )
                throw new Error("not yet");
        });
        const began = Date.now();
        expect(await daemon.stop("SIGINT")).to.equal(0);
        expect(Date.now() - began).to.be.below(20_000);
        await client.stop();
    });

    for (const shell of shells) {
        it(`guards the volume against every other major version (${shell[0]})`, () => {
            const installed = `postgres ${major}`;
            const next = `postgres ${Number(major) + 1}`;
            const guard = (series: string, root = volume, image = standIn(folder.path, series)) =>
                run([...shell, "-c", guardScript(root)], {
                    ...user,
                    env: { ...guardEnvironment(series), UPGRADE_FROM: installed, ...image },
                });
            const real = { PATH: env["PATH"]! };
            expect(guard(installed, volume, real).status).to.equal(0);
            expect(guard(installed).status).to.equal(0);
            const before = fingerprint(volume);
            for (const series of [next, "postgres 14"]) {
                const { status, stderr } = guard(series);
                expect(status).to.equal(1);
                expect(stderr).to.contain(`holds data of ${installed}, which no other major version opens`);
            }
            expect(guard(next, sockets, real).stderr).to.contain(
                `refused to start ${next}: its image, named in images.postgres, holds ${installed} (postgres (PostgreSQL) ${major}.`,
            );
            expect(guard("mariadb 11.8").stderr).to.contain(`another engine, ${installed}`);
            const moved = guard(installed, join(volume, major, "docker"));
            expect(moved.status).to.equal(1);
            expect(moved.stderr).to.contain(`would begin anew in ${major}/docker: set volumes.database.path to "."`);
            expect(fingerprint(volume)).to.deep.equal(before);
        });
    }

    it("has a script that shellcheck accepts", function () {
        const { status, stdout } = run([program(this, "shellcheck"), "--shell=sh", "-"], { input: accountsScript() });
        expect(status, stdout).to.equal(0);
    });
});

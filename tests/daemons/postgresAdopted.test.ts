import { chmodSync, chownSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Database } from "../../components/database";
import { accountsScript } from "../../components/database/postgres";
import { guardScript } from "../../components/database/guard";
import { fingerprint, ownDirectory, run, serverUser, shells } from "../support/datadir";
import { declare, find, type Sent } from "../support/declare";
import { seriesOf } from "../support/needs";
import { Daemon, freePort, program, scratch } from "../support/tools";

interface Container {
    readonly name: string;
    readonly args: string[];
    readonly env: { name: string; value?: string }[];
    readonly volumeMounts: { mountPath: string; name: string; subPath?: string }[];
}

// Data as the official image creates them for POSTGRES_USER: that user is the administrator; postgres does not exist.
const major = seriesOf("postgres", 1);

describe(`PostgreSQL ${major} on the data of a former deployment`, function () {
    this.timeout(120_000);
    const folder = scratch();
    const volume = join(folder.path, "volume");
    const sockets = join(folder.path, "sockets");
    const scripts = join(folder.path, "scripts");
    const passwords = { APP_PASSWORD: "new'one", ROOT_PASSWORD: "ro'ot" };
    let env: NodeJS.ProcessEnv;
    let user: { uid?: number; gid?: number };
    let port: number;

    const rendered = async (path: string | undefined): Promise<readonly Sent[]> => {
        const { objects } = await declare(
            (instance) =>
                new Database(instance, "database", {
                    config: { topology: "single", engine: "postgres", name: "survey", user: "panel" },
                    database: "platform",
                    user: "platform",
                    resources: { cpu: "100m", memory: "512Mi" },
                    size: "1Gi",
                }),
            {
                instance: {
                    images: { postgres: `postgres:${major}-alpine` },
                    volumes: { database: { claim: "db-pvc", ...(path === undefined ? {} : { path }) } },
                },
            },
        );
        return objects;
    };
    const container = (objects: readonly Sent[], name: string): Container => {
        const { initContainers, containers } = find(objects, "StatefulSet", "database").spec.template.spec;
        return [...initContainers, ...containers].find((one: Container) => one.name === name);
    };
    const plain = ({ env: variables }: Container) =>
        Object.fromEntries(variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
    /** The init container, on the volume as it is now. */
    const examine = async (path: string | undefined, shell: readonly string[], as = user, root = volume) => {
        const variables = plain(container(await rendered(path), "check-volume"));
        return run([...shell, "-c", guardScript(root)], { ...as, env: { ...variables, PATH: env["PATH"]! } });
    };
    const psql = (statement: string, role = "panel", password = passwords.APP_PASSWORD) =>
        run(["psql", "-XtAw", "-h", "127.0.0.1", "-p", String(port), "-U", role, "-d", "survey", "-c", statement], {
            env: { PGPASSWORD: password },
        });
    async function start(data: string, args: readonly string[]): Promise<Daemon> {
        const places = ["-D", data, "-p", String(port), "-c", `unix_socket_directories=${sockets}`];
        const server = new Daemon("postgres", [...places, ...args], { env, ...user });
        await server.ready(async () => {
            const { status, stderr } = run(["pg_isready", "-h", sockets, "-p", String(port)]);
            if (status !== 0) throw new Error(stderr);
        });
        return server;
    }

    before(async function () {
        user = serverUser("postgres");
        const initdb = program(this, "initdb", { by: user });
        program(this, "psql");
        env = { ...process.env, PATH: `${join(initdb, "..")}:${process.env["PATH"]}`, LC_ALL: "C.UTF-8" };
        port = await freePort();
        for (const path of [volume, sockets]) ownDirectory(path, user);
        ownDirectory(scripts, {});
        writeFileSync(join(scripts, "accounts.sh"), accountsScript(sockets, scripts));
        writeFileSync(
            join(scripts, "accounts.sql"),
            find(await rendered("."), "ConfigMap", "database").data["accounts.sql"],
        );
        const password = join(scripts, "first");
        writeFileSync(password, "of-the-old-tree\n");
        const init = [
            initdb,
            "-D",
            volume,
            "-U",
            "panel",
            "--auth-local=trust",
            "--auth-host=md5",
            `--pwfile=${password}`,
        ];
        const made = run(init, { ...user, env: { PATH: env["PATH"]! } });
        expect(made.status, made.stderr).to.equal(0);
        const server = await start(volume, ["-c", "listen_addresses="]);
        const sql = (database: string, statement: string) =>
            run(["psql", "-XtAw", "-h", sockets, "-p", String(port), "-U", "panel", "-d", database, "-c", statement]);
        expect(sql("postgres", "CREATE DATABASE survey").status).to.equal(0);
        expect(sql("survey", "CREATE TABLE kept AS SELECT 7 AS id").status).to.equal(0);
        await server.stop("SIGINT");
    });
    after(() => folder.clean());

    for (const shell of shells) {
        it(`is checked first: data in the root are found, and it starts only with their path (${shell[0]})`, async () => {
            const before = fingerprint(volume);
            const refused = await examine(undefined, shell);
            expect(refused.status).to.equal(1);
            expect(refused.stderr).to.contain(
                `would begin anew in ${major}/docker: set plinth:instances.bench.volumes.database.path to "."`,
            );
            expect(await examine(".", shell)).to.include({ status: 0, stderr: "" });
            const wrong = await examine("pgdata", shell);
            expect(wrong.status).to.equal(1);
            expect(wrong.stderr).to.contain(
                'begin anew in pgdata: set plinth:instances.bench.volumes.database.path to "."',
            );
            expect(fingerprint(volume)).to.deep.equal(before);
        });

        it(`does not mistake an empty volume for the existing data (${shell[0]})`, async () => {
            const empty = ownDirectory(join(folder.path, "empty"), user);
            expect((await examine(undefined, shell, user, empty)).status).to.equal(0);
            const { status, stderr } = await examine("pgdata", shell, user, empty);
            expect(status).to.equal(1);
            expect(stderr).to.contain("no data are in pgdata of the volume");
        });

        it(`names the owner of files that belong to another user (${shell[0]})`, async function () {
            if (process.getuid?.() !== 0) this.skip();
            const another = { uid: 65534, gid: 65534 };
            const unseen = await examine(".", shell, another);
            expect(unseen.status).to.equal(1);
            expect(unseen.stderr).to.contain(
                `belongs to user ${user.uid}, and the server of this image runs as user 65534`,
            );
            // As left by a pod's group on the volume: readable, but not owned by the server.
            chmodSync(volume, 0o770);
            chownSync(volume, user.uid!, another.gid);
            const seen = await examine(".", shell, another);
            expect(seen.stderr).to.contain("runs as user 65534");
            chownSync(volume, user.uid!, user.gid!);
            chmodSync(volume, 0o700);
        });
    }

    it("keeps the data separate from the image's own volume", async () => {
        const server = async (path: string) => container(await rendered(path), "postgres");
        expect(plain(await server("."))["PGDATA"]).to.equal("/var/lib/postgresql/data");
        expect((await server(".")).volumeMounts[0]).to.deep.equal({
            mountPath: "/var/lib/postgresql/data",
            name: "db-pvc",
        });
        expect((await server("pgdata")).volumeMounts[0]).to.deep.equal({
            mountPath: "/var/lib/postgresql/data",
            name: "db-pvc",
            subPath: "pgdata",
        });
    });

    it("starts with the rendered settings, and the platform has its own role, database and rows", async () => {
        // The other common path, because of lost+found.
        const inner = join(volume, "pgdata");
        const aside = join(folder.path, "aside");
        renameSync(volume, aside);
        mkdirSync(volume);
        renameSync(aside, inner);
        expect((await examine(undefined, ["sh"], {})).stderr).to.contain('volumes.database.path to "pgdata"');
        expect((await examine("pgdata", ["sh"])).status).to.equal(0);
        const objects = await rendered("pgdata");
        const accounts = (database?: string) =>
            new Daemon("sh", [join(scripts, "accounts.sh")], {
                ...user,
                env: {
                    ...env,
                    PGPORT: String(port),
                    ...plain(container(objects, "accounts")),
                    ...passwords,
                    ...(database ? { APP_DATABASE: database } : {}),
                },
            });
        const said = (daemon: Daemon, text: string) =>
            daemon.ready(async () => {
                if (!daemon.output.includes(text)) throw new Error(daemon.output);
            });
        const server = await start(inner, [...container(objects, "postgres").args, "-c", "listen_addresses=127.0.0.1"]);
        try {
            const misled = accounts("platform");
            await said(misled, "set database.name to one of: postgres, survey");
            await misled.stop();
            for (const round of [1, 2]) {
                const sidecar = accounts();
                await said(sidecar, "accounts and passwords are those of the configuration");
                expect(await sidecar.stop(), `round ${round}`).to.equal(0);
            }
            expect(psql("SELECT id FROM kept").stdout.trim()).to.equal("7");
            expect(psql("SELECT 1", "panel", "of-the-old-tree").status).not.to.equal(0);
            expect(
                psql(
                    "SELECT rolsuper FROM pg_roles WHERE rolname = 'postgres'",
                    "postgres",
                    passwords.ROOT_PASSWORD,
                ).stdout.trim(),
            ).to.equal("t");
            expect(psql("SELECT count(*) FROM pg_database WHERE datname = 'platform'").stdout.trim()).to.equal("0");
        } finally {
            await server.stop("SIGINT");
        }
    });
});

import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Backup, type BackupArgs } from "../../components/backup";
import { Database } from "../../components/database";
import { backup } from "../../config/backup";
import { images } from "../../platforms/opencart/images";
import type { Instance } from "../../components/instance";
import { declare, find, type Sent } from "./declare";
import { installMariaDb, ownDirectory, run, serverUser } from "./datadir";
import { seriesOf } from "./needs";
import { Session } from "./session";
import { Daemon, freePort, program } from "./tools";

/** Characters with a meaning in quotes, shells and URLs. */
export const passwords = { own: `o'w"n $PATH \\ %41; -- \``, root: `r'o"ot $(id) \\` };
export const s3Keys = { backupAccessKey: "BACKUPKEY", backupSecretKey: "backup-secret" };

/** A real database server on loopback, with the accounts of the rendered Secrets. */
export interface Server {
    readonly engine: "mariadb" | "postgres";
    readonly port: number;
    readonly title: string;
    /** Prepares a data directory below the folder. */
    init(test: Mocha.Context, folder: string): Promise<void>;
    start(): Promise<void>;
    /** Kills it without closing connections. */
    kill(): Promise<void>;
    stop(): Promise<void>;
    /** @throws AssertionError with the server's message */
    sql(statements: string, account?: "own" | "root"): string;
    /** Keeps a connection of the platform's account open meanwhile. */
    hold(meanwhile: () => Promise<void>): Promise<void>;
}

abstract class DaemonServer {
    protected daemon: Daemon | undefined;
    protected folder = "";
    protected user: { uid?: number; gid?: number } = {};
    port = 0;
    protected abstract readonly killSignal: NodeJS.Signals;
    protected abstract readonly stopSignal: NodeJS.Signals;

    async kill(): Promise<void> {
        await this.daemon?.stop(this.killSignal);
        this.daemon = undefined;
    }
    async stop(): Promise<void> {
        await this.daemon?.stop(this.stopSignal);
        this.daemon = undefined;
    }
    /** The client of the platform's account, or of the administrator's. */
    protected abstract client(account: "own" | "root"): {
        command: [string, ...string[]];
        env: Record<string, string>;
    };
    sql(statements: string, account: "own" | "root" = "own"): string {
        const { command, env } = this.client(account);
        const { status, stdout, stderr } = run(command, { env, input: statements });
        expect(status, stderr).to.equal(0);
        return stdout.trim();
    }
    async hold(meanwhile: () => Promise<void>): Promise<void> {
        const { command, env } = this.client("own");
        const session = new Session(command, env);
        try {
            // After what a client may say of its connection.
            expect(await session.say("SELECT 'in';", /^in$/m)).to.match(/^in\n$/m);
            await meanwhile();
        } finally {
            session.end();
        }
    }
}

export class MariaDb extends DaemonServer implements Server {
    private temporary = "";
    private program = "";
    readonly engine = "mariadb";
    readonly title = `MariaDB ${seriesOf("mariadbd")}`;
    protected readonly killSignal = "SIGKILL";
    protected readonly stopSignal = "SIGTERM";

    async init(test: Mocha.Context, folder: string): Promise<void> {
        this.folder = folder;
        this.user = serverUser("mysql");
        this.program = program(test, "mariadbd", { by: this.user });
        program(test, "mariadb-install-db", { by: this.user });
        program(test, "mariadb-dump", { by: stranger });
        this.port = await freePort();
        const auth = "--auth-root-authentication-method=normal";
        this.temporary = installMariaDb(join(folder, "data"), join(folder, "tmp"), this.user, auth);
        const objects = await rendered("mariadb", { type: "volume" });
        writeFileSync(join(folder, "init.sql"), find(objects, "Secret", "database-root")["stringData"]["init.sql"]);
    }
    async start(): Promise<void> {
        const data = `${this.folder}/data`;
        const places = [`--datadir=${data}`, `--socket=${data}/s`, `--pid-file=${data}/p`, `--port=${this.port}`];
        const options = [
            `--init-file=${this.folder}/init.sql`,
            this.temporary,
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
        ];
        this.daemon = new Daemon(this.program, ["--no-defaults", ...places, ...options], this.user);
        await this.daemon.ready(async () => this.sql("SELECT 1"));
    }
    protected client(account: "own" | "root") {
        const user = account === "own" ? "opencart" : "root";
        const options = ["--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4"];
        const place = ["--host=127.0.0.1", `--port=${this.port}`, `--user=${user}`, "open_cart"];
        return {
            command: ["mariadb", "--no-defaults", "--unbuffered", ...options, ...place] as [string, ...string[]],
            env: { MYSQL_PWD: passwords[account] },
        };
    }
}

export class Postgres extends DaemonServer implements Server {
    readonly engine = "postgres";
    readonly title = `PostgreSQL ${seriesOf("postgres", 1)}`;
    protected readonly killSignal = "SIGQUIT";
    protected readonly stopSignal = "SIGINT";
    private program = "";

    async init(test: Mocha.Context, folder: string): Promise<void> {
        this.folder = folder;
        this.user = serverUser("postgres");
        const initdb = program(test, "initdb", { by: this.user });
        this.program = program(test, "postgres", { by: this.user });
        for (const name of ["pg_dump", "pg_restore"]) program(test, name, { by: stranger });
        this.port = await freePort();
        for (const name of ["data", "sockets"]) ownDirectory(join(folder, name), this.user);
        const made = run([initdb, "-D", `${folder}/data`, "-U", "postgres", "--auth-host=scram-sha-256", "--no-sync"], {
            ...this.user,
            env: { LC_ALL: "C.UTF-8" },
        });
        expect(made.status, made.stderr).to.equal(0);
    }
    async start(): Promise<void> {
        // Only the server is killed, not the machine.
        const settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
        const options = ["-p", String(this.port), "-k", `${this.folder}/sockets`, ...settings];
        this.daemon = new Daemon(this.program, ["-D", `${this.folder}/data`, ...options], {
            ...this.user,
            env: { ...process.env, LC_ALL: "C.UTF-8" },
        });
        await this.daemon.ready(async () => this.sql("SELECT 1", "root"));
        const known = this.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'opencart'", "root");
        if (known === "1") return;
        const quoted = passwords.own.replaceAll("'", "''");
        this.sql(`CREATE ROLE opencart LOGIN PASSWORD '${quoted}';\nCREATE DATABASE open_cart OWNER opencart;`, "root");
    }
    protected client(account: "own" | "root") {
        const place =
            account === "root"
                ? ["-h", `${this.folder}/sockets`, "-U", "postgres"]
                : ["-h", "127.0.0.1", "-U", "opencart", "-d", "open_cart"];
        return {
            command: ["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-p", String(this.port), ...place] as [
                string,
                ...string[],
            ],
            env: { PGPASSWORD: passwords.own },
        };
    }
}

/** Declares further parts of the backup. */
export type MoreParts = (instance: Instance<string>) => Partial<BackupArgs>;

/** The component's objects for an instance with files. */
export async function rendered(
    engine: Server["engine"],
    target: object,
    more: MoreParts = () => ({}),
): Promise<readonly Sent[]> {
    const secrets = {
        databasePassword: passwords.own,
        databaseRootPassword: passwords.root,
        // With the pod's identity, keys would be contradictory.
        ...((target as { identity?: string }).identity === "pod"
            ? {}
            : {
                  ...s3Keys,
                  objectStorageAccessKey: s3Keys.backupAccessKey,
                  objectStorageSecretKey: s3Keys.backupSecretKey,
              }),
    };
    const { objects } = await declare(
        (instance) => {
            const database = new Database(instance, "database", {
                config: { topology: "single", engine },
                database: "open_cart",
                user: "opencart",
                resources: { cpu: "100m", memory: "512Mi" },
                size: "10Gi",
            });
            const volume = { claim: instance.add(instance.owner, "PersistentVolumeClaim", "files", { spec: {} }) };
            new Backup(instance, "backup", {
                config: backup.parse({ target }),
                database,
                files: { volume, image: images["opencart-php"], user: 82 },
                writers: [],
                ...more(instance),
            });
        },
        { values: { secrets: { bench: secrets } } },
    );
    return objects;
}

interface Container {
    readonly name: string;
    readonly command: string[];
    readonly env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
}

export interface Outcome {
    /** 0, or that of the container that failed; those after it did not run. */
    readonly code: number;
    readonly output: string;
    readonly failed?: string;
}

/** A user without a passwd entry, such as the platform's in the image of the database. */
export const stranger = process.getuid?.() === 0 ? { uid: 12345, gid: 12345 } : {};

/** Runs the rendered pods as plain processes, one container after the other, in separate folders. */
export class Pods {
    private pods = 0;
    private readonly objects: Promise<readonly Sent[]>;
    readonly backups: string;
    readonly files: string;
    /** Programs that come before the real ones. */
    readonly shims: string;

    constructor(
        private readonly folder: string,
        private readonly server: Pick<Server, "engine"> & Partial<Server>,
        target: object,
        more?: MoreParts,
    ) {
        this.objects = rendered(server.engine, target, more);
        this.backups = ownDirectory(join(folder, "backup"), stranger);
        this.files = ownDirectory(join(folder, "files"), stranger);
        this.shims = ownDirectory(join(folder, "shims"), {});
    }

    backUp = (env: Record<string, string> = {}, prefix = "") => this.pod("backup", env, prefix);
    restore = (name: string, env: Record<string, string> = {}) =>
        this.pod("restore", { ACTION: "restore", BACKUP: name, ...env });
    list = () => this.pod("restore", { ACTION: "list", BACKUP: "" });

    /** Names of the complete backups, oldest first. */
    complete(): string[] {
        return readdirSync(this.backups).filter((name) => /^\d/.test(name));
    }
    remains(): string[] {
        return readdirSync(this.backups).filter((name) => name.startsWith("."));
    }
    shim(name: string, script: string): void {
        writeFileSync(join(this.shims, name), `#!/bin/sh\n${script}\n`);
        chmodSync(join(this.shims, name), 0o755);
    }
    unshim(): void {
        for (const name of readdirSync(this.shims)) rmSync(join(this.shims, name));
    }
    /** A file of the platform. */
    write(path: string, content: string): void {
        const full = join(this.files, path);
        const { status } = run(["sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "sh", full], {
            ...stranger,
            input: content,
        });
        expect(status).to.equal(0);
    }

    /**
     * @param prefix shell text before the command, such as a limit
     * @param only the containers to run. @default all
     */
    async pod(name: string, env: Record<string, string>, prefix = "", only?: readonly string[]): Promise<Outcome> {
        const objects = await this.objects;
        const { spec } = find(objects, "CronJob", name)["spec"].jobTemplate.spec.template;
        const own = ownDirectory(join(this.folder, `pod-${this.pods++}`), stranger);
        const scripts = join(own, "scripts");
        mkdirSync(scripts);
        const files = find(objects, "ConfigMap", "backup")["data"] as Record<string, string>;
        for (const [file, text] of Object.entries(files)) writeFileSync(join(scripts, file), text);
        const places: Record<string, string> = {
            "/work": ownDirectory(join(own, "work"), stranger),
            "/tmp": ownDirectory(join(own, "tmp"), stranger),
            "/backup": this.backups,
            "/files": this.files,
        };
        let output = "";
        for (const container of [...spec.initContainers, ...spec.containers] as Container[]) {
            if (only && !only.includes(container.name)) continue;
            const given: Record<string, string> = {
                PATH: `${this.shims}:${process.env["PATH"]}`,
                RESULT: join(own, "work", "result"),
            };
            for (const { name: variable, value, valueFrom } of container.env)
                given[variable] = valueFrom
                    ? (find(objects, "Secret", valueFrom.secretKeyRef.name)["stringData"][
                          valueFrom.secretKeyRef.key
                      ] as string)
                    : (places[value!] ?? value!);
            if ("DB_HOST" in given)
                Object.assign(given, { DB_HOST: "127.0.0.1", DB_PORT: String(this.server.port), IDLE_TRIES: "2" });
            const [shell, script] = container.command as [string, string];
            const command = `${prefix ? `${prefix}; ` : ""}exec ${shell} ${script.replace("/etc/plinth-backup", scripts)}`;
            const { code, text } = await execute(command, { ...given, ...env });
            output += text;
            if (code !== 0) return { code, output, failed: container.name };
        }
        return { code: 0, output };
    }

    /** The name of the last backup. */
    result(): string {
        const path = join(this.folder, `pod-${this.pods - 1}`, "work", "result");
        return existsSync(path) ? readFileSync(path, "utf8") : "";
    }
}

/** Runs in the background, so that the test can act meanwhile. */
function execute(command: string, env: Record<string, string>): Promise<{ code: number; text: string }> {
    const child = spawn("sh", ["-c", command], { env, stdio: ["ignore", "pipe", "pipe"], ...stranger });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (text += data.toString()));
    return new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve({ code: code ?? 137, text }));
    });
}

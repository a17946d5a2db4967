import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { run } from "./datadir";
import { find, type Sent } from "./declare";
import { write } from "./files";
import type { Connection, PodNetwork } from "./podNetwork";
import { s3Request, type S3Keys } from "./s3";
import { cacheEngine } from "./needs";
import { Daemon, goProgram, program } from "./tools";

/** Programs that no package manager brings. */
export interface OpenedxPrograms {
    /** `PROGRAM ADDRESS:PORT FOLDER REPLICA-SET USER` serves MongoDB's protocol; the password is in `PASSWORD`. */
    readonly documents: string;
    /** Meilisearch. */
    readonly search: string;
}

/** Where each server of the stack is, with its rendered settings, on an address of its own. */
export class OpenedxServers {
    readonly daemons = new Map<string, Daemon>();
    private readonly places = new Map<string, Connection>();

    constructor(
        private readonly folder: string,
        private readonly objects: readonly Sent[],
        private readonly network: PodNetwork,
    ) {}

    /** Starts all of them, until those answer that migrations do not wait for. */
    async startAll(test: Context, programs: OpenedxPrograms): Promise<void> {
        const [mysqld, minio] = [program(test, "mysqld"), await goProgram(test, "minio", "github.com/minio/minio")];
        for (const part of ["server", "cli"]) program(test, `${cacheEngine()}-${part}`);
        this.mysql(mysqld);
        for (const name of ["broker", "cache"] as const) this.redis(name);
        this.mongo(programs.documents);
        this.start("storage", minio, ["server", this.data("storage"), "--address", ":8333"], {
            MINIO_ROOT_USER: this.keys.AWS_ACCESS_KEY_ID,
            MINIO_ROOT_PASSWORD: this.keys.AWS_SECRET_ACCESS_KEY,
        });
        const { masterKey } = this.secret("search");
        this.start("search", programs.search, ["--no-analytics", "--http-addr", "0.0.0.0:7700"], {
            MEILI_MASTER_KEY: masterKey!,
            MEILI_ENV: "production",
            MEILI_DB_PATH: join(this.data("search"), "data.ms"),
            MEILI_DUMP_DIR: join(this.data("search"), "dumps"),
        });
        await this.daemons.get("database")!.ready(async () => this.sql("SELECT 1"), 180);
        await this.daemons.get("storage")!.ready(async () => this.buckets(), 90);
    }

    /** Place of a server or tier. */
    place(name: string): Connection {
        const known = this.places.get(name);
        if (known) return known;
        const place = this.network.join();
        this.places.set(name, place);
        return place;
    }

    /** Names of the cluster, and their addresses. */
    get names(): readonly (readonly [string, string])[] {
        return [...this.places].flatMap(([name, { address }]) =>
            [name, `${name}.openedx-shop.svc.cluster.local`].map((host) => [host, address] as const),
        );
    }

    /** Rows as lines, columns by tabs. */
    sql(statement: string): string {
        const args = [
            "--no-defaults",
            "--user=root",
            `--socket=${this.socket}`,
            "--batch",
            "--skip-column-names",
            "openedx",
        ];
        const { status, stdout, stderr } = run(["mysql", ...args], {
            input: statement,
            env: { MYSQL_PWD: this.secret("database-root")["rootPassword"]! },
        });
        if (status !== 0) throw new Error(stderr);
        return stdout.trim();
    }

    /** Locks a table for some seconds, so that whoever reads it waits. */
    async hold(table: string, seconds: number): Promise<void> {
        const env = { ...process.env, MYSQL_PWD: this.secret("database-root")["rootPassword"]! };
        const statement = `LOCK TABLES ${table} WRITE; DO SLEEP(${seconds}); UNLOCK TABLES`;
        const args = ["--no-defaults", "--user=root", `--socket=${this.socket}`, "openedx", "--execute", statement];
        await new Daemon("mysql", args, { env }).exited;
    }

    /** Loads a dump if the file exists. */
    load(file: string): boolean {
        if (!existsSync(file)) return false;
        const env = { ...process.env, MYSQL_PWD: this.secret("database-root")["rootPassword"]! };
        const command = `gzip -dc "$0" | mysql --no-defaults --socket="$1" --user=root openedx`;
        execFileSync("sh", ["-c", command, file, this.socket], { env, stdio: ["ignore", "ignore", "pipe"] });
        return true;
    }

    dump(file: string): void {
        const env = { ...process.env, MYSQL_PWD: this.secret("database-root")["rootPassword"]! };
        const command = `mysqldump --no-defaults --socket="$1" --user=root --single-transaction --set-gtid-purged=OFF openedx | gzip -1 >"$0"`;
        execFileSync("sh", ["-c", command, file, this.socket], { env, stdio: ["ignore", "ignore", "pipe"] });
    }

    redisCli(name: "broker" | "cache", ...command: string[]): string {
        const password = this.secret(name)["password"]!;
        const [first, ...enter] = this.place(name).enter;
        const cli = [`${cacheEngine()}-cli`, "-h", this.place(name).address, "--no-auth-warning", "-a", password];
        return execFileSync(first!, [...enter, ...cli, ...command], { encoding: "utf8", stdio: "pipe" }).trim();
    }

    /** @param more options of curl */
    s3 = (method: string, path: string, ...more: readonly string[]) =>
        s3Request(`http://${this.place("storage").address}:8333`, this.keys, method, path, ...more);

    signal(name: string, signal: NodeJS.Signals): void {
        process.kill(this.daemons.get(name)!.pid, signal);
    }

    /** Starts the document store, again if it was stopped. */
    mongo(command: string): void {
        const { address } = this.place("documents");
        const host = "documents.openedx-shop.svc.cluster.local:27017";
        this.start("documents", command, [`${address}:27017`, this.data("documents"), "rs0", "openedx"], {
            HELLO: host,
            PASSWORD: this.secret("documents")["password"]!,
        });
    }

    async stop(): Promise<void> {
        // What they have written is deleted.
        await Promise.all([...this.daemons.values()].map((daemon) => daemon.stop("SIGKILL")));
    }

    private get socket(): string {
        return join(this.folder, "mysql.sock");
    }

    private get keys(): S3Keys {
        const { accessKey, secretKey } = this.secret("storage-keys");
        return { AWS_ACCESS_KEY_ID: accessKey!, AWS_SECRET_ACCESS_KEY: secretKey! };
    }

    private secret(name: string): Readonly<Record<string, string>> {
        return find(this.objects, "Secret", name)["stringData"] as Record<string, string>;
    }

    private data(name: string): string {
        const path = join(this.folder, name);
        mkdirSync(path, { recursive: true });
        return path;
    }

    private start(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
        const [first, ...enter] = this.place(name).enter;
        const daemon = new Daemon(first!, [...enter, command, ...args], {
            env: { PATH: process.env["PATH"], HOME: this.folder, ...env },
            cwd: this.folder,
        });
        this.daemons.set(name, daemon);
    }

    private mysql(mysqld: string): void {
        const files = find(this.objects, "ConfigMap", "database")["data"] as Record<string, string>;
        write(this.folder, {
            "plinth.cnf": files["plinth.cnf"]!,
            "init.sql": this.secret("database-root")["init.sql"]!,
        });
        const own = [`--datadir=${join(this.folder, "mysql")}`, "--user=root", `--tmpdir=${this.folder}`];
        execFileSync(mysqld, ["--no-defaults", "--initialize-insecure", "--secure-file-priv=NULL", ...own], {
            stdio: "pipe",
        });
        this.start("database", mysqld, [
            `--defaults-file=${join(this.folder, "plinth.cnf")}`,
            ...own,
            `--socket=${this.socket}`,
            `--pid-file=${join(this.folder, "mysql.pid")}`,
            `--init-file=${join(this.folder, "init.sql")}`,
            "--secure-file-priv=NULL",
            // Nothing here must outlive the machine.
            "--innodb-flush-log-at-trx-commit=0",
        ]);
    }

    private redis(name: "broker" | "cache"): void {
        const file = `${name}.conf`;
        write(this.folder, { [file]: this.secret(`${name}-config`)["cache.conf"]! });
        this.start(name, `${cacheEngine()}-server`, [join(this.folder, file), "--dir", this.data(name)]);
    }

    /** As the rendered Task makes them. */
    private buckets(): void {
        const files = find(this.objects, "ConfigMap", "storage-buckets")["data"] as Record<string, string>;
        for (const name of ["openedx", "openedxuploads", "openedxgrades", "openedxlearning"]) {
            const { code, output } = this.s3("PUT", name);
            if (code !== 0 && !output.includes("BucketAlreadyOwnedByYou")) throw new Error(output);
        }
        const policy = this.s3("PUT", "openedx?policy=", "--data-binary", files["openedx.policy.json"]!);
        if (policy.code !== 0) throw new Error(policy.output);
    }
}

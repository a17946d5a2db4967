import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { find, type Sent } from "./declare";
import { nobody } from "./files";
import { cacheEngine } from "./needs";
import { MariaDb } from "./mariaDb";
import type { Substitutions } from "./site";
import { Daemon, freePort, program } from "./tools";

interface Passwords {
    readonly databasePassword: string;
    readonly cachePassword: string;
    readonly sessionsPassword: string;
}

type RedisName = "cache" | "sessions";

const addresses = { cache: "127.0.0.1", sessions: "127.0.0.2" } as const;

const sqlQuoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;

/**
 * What an OpenMage `shop` connects to: MariaDB as a source and a replica, outside the stack, and the two Redis with
 * the files that the stack renders. Servers of one kind keep one port, on addresses of their own.
 */
export class ShopServers {
    private readonly redises: Partial<Record<RedisName, Daemon>> = {};

    private constructor(
        private readonly folder: string,
        private readonly objects: readonly Sent[],
        private readonly passwords: Passwords,
        private readonly port: number,
        readonly source: MariaDb,
        readonly replica: MariaDb,
        /** From the cluster's addresses to these. */
        readonly substitutions: Substitutions,
    ) {}

    static async start(
        test: Context,
        folder: string,
        objects: readonly Sent[],
        passwords: Passwords,
    ): Promise<ShopServers> {
        for (const part of ["server", "cli"]) program(test, `${cacheEngine()}-${part}`);
        const [database, redis] = [await freePort(), await freePort()];
        const mariadb = {
            server: program(test, "mariadbd", { by: nobody }),
            installer: program(test, "mariadb-install-db", { by: nobody }),
            client: program(test, "mariadb"),
            port: database,
        };
        const conf = (id: number) =>
            `[mariadbd]\nserver-id=${id}\nlog-bin=binlog\ninnodb_buffer_pool_size=64M\nsql_mode=STRICT_TRANS_TABLES\n`;
        const accounts = [
            "CREATE DATABASE IF NOT EXISTS shop",
            `CREATE USER IF NOT EXISTS shop@'%' IDENTIFIED BY ${sqlQuoted(passwords.databasePassword)}`,
            "GRANT ALL ON shop.* TO shop@'%'",
            "CREATE USER IF NOT EXISTS copy@'%' IDENTIFIED BY 'copy'",
            "GRANT REPLICATION SLAVE ON *.* TO copy@'%'",
        ];
        const source = new MariaDb({
            ...mariadb,
            folder: join(folder, "source"),
            conf: conf(1),
            init: { rootPassword: "", sql: accounts.map((line) => `${line};\n`).join("") },
        });
        await source.ready("shop");
        const replica = new MariaDb({
            ...mariadb,
            folder: join(folder, "replica"),
            conf: `${conf(2)}read_only=1\n`,
            address: "127.0.0.2",
            init: { rootPassword: "", sql: "SELECT 1;\n" },
        });
        await replica.ready("mysql");
        replica.sql(
            `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${database}, MASTER_USER='copy', MASTER_PASSWORD='copy',
                MASTER_LOG_FILE='binlog.000001', MASTER_LOG_POS=4; START SLAVE`,
            "mysql",
        );
        const servers = new ShopServers(folder, objects, passwords, redis, source, replica, [
            ["db.example.org", "127.0.0.1"],
            ["db-read.example.org", "127.0.0.2"],
            ["cache.openmage-shop.svc.cluster.local", addresses.cache],
            ["sessions.openmage-shop.svc.cluster.local", addresses.sessions],
            ["3306", String(database)],
            ["6379", String(redis)],
        ]);
        await servers.startRedis("cache");
        await servers.startRedis("sessions");
        return servers;
    }

    redis(name: RedisName, ...command: string[]): string {
        const where = ["-h", addresses[name], "-p", String(this.port), "--no-auth-warning"];
        return execFileSync(`${cacheEngine()}-cli`, [...where, "-a", this.passwords[`${name}Password`], ...command], {
            encoding: "utf8",
            stdio: "pipe",
        }).trim();
    }

    /** Waits until the replica has caught up with the source. */
    async caughtUp(): Promise<void> {
        const position = this.source.sql("SELECT @@gtid_binlog_pos", "shop");
        const waited = this.replica.sql(`SELECT MASTER_GTID_WAIT('${position}', 10)`, "mysql");
        if (waited !== "0") throw new Error("the replica stays behind");
    }

    async stop(): Promise<void> {
        for (const daemon of [...Object.values(this.redises), this.replica, this.source]) await daemon.stop();
    }

    async stopRedis(name: RedisName): Promise<void> {
        await this.redises[name]?.stop();
    }

    async startRedis(name: RedisName): Promise<void> {
        const conf = find(this.objects, "Secret", `${name}-config`)["stringData"]["cache.conf"] as string;
        const folder = join(this.folder, name);
        mkdirSync(folder, { recursive: true });
        execFileSync("chmod", ["777", folder]);
        const file = join(this.folder, `${name}.conf`);
        execFileSync("tee", [file], {
            input: conf.replace("port 6379", `port ${this.port}`).replace("bind * -::*", `bind ${addresses[name]}`),
            stdio: ["pipe", "ignore", "inherit"],
        });
        const daemon = new Daemon(`${cacheEngine()}-server`, [file, "--dir", folder], nobody);
        this.redises[name] = daemon;
        await daemon.ready(async () => {
            if (this.redis(name, "PING") !== "PONG") throw new Error("not yet");
        });
    }
}

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { nobody, write } from "./files";
import { Daemon } from "./tools";

export interface MariaDbArgs {
    readonly server: string;
    readonly installer: string;
    readonly client: string;
    readonly folder: string;
    readonly port: number;
    /** Of this machine. @default 127.0.0.1 */
    readonly address?: string;
    /** Text of a my.cnf. @default a small server */
    readonly conf?: string;
    /** Statements at every start, with root's current password. @default a database and user `opencart` */
    readonly init?: { readonly sql: string; readonly rootPassword: string };
}

const accounts = `CREATE DATABASE IF NOT EXISTS opencart;
CREATE USER IF NOT EXISTS opencart@'%' IDENTIFIED BY 'opencart';
GRANT ALL ON opencart.* TO opencart@'%';
`;

/** MariaDB on loopback. */
export class MariaDb {
    private readonly daemon: Daemon;
    private readonly socket: string;

    constructor(private readonly args: MariaDbArgs) {
        const { folder, server, installer, port, address = "127.0.0.1", init } = args;
        const { conf = "[mariadbd]\ninnodb_buffer_pool_size = 64M\n" } = args;
        this.socket = join(folder, "socket");
        write(folder, { "my.cnf": conf, "init.sql": init?.sql ?? accounts });
        if (nobody.uid) execFileSync("chown", ["-R", String(nobody.uid), folder]);
        // A server that starts deletes what others have in a common directory for temporary tables.
        const common = [`--defaults-file=${folder}/my.cnf`, `--datadir=${folder}/data`, `--tmpdir=${folder}`];
        execFileSync(installer, [...common, "--auth-root-authentication-method=normal", "--skip-test-db"], {
            stdio: "pipe",
            ...nobody,
        });
        const own = [
            `--socket=${this.socket}`,
            `--port=${port}`,
            `--bind-address=${address}`,
            `--pid-file=${folder}/pid`,
            `--init-file=${folder}/init.sql`,
        ];
        this.daemon = new Daemon(server, [...common, ...own], nobody);
    }

    async ready(database = "opencart"): Promise<void> {
        await this.daemon.ready(async () => this.sql("SELECT 1", database), 60);
    }

    /** Rows as lines, columns by tabs. */
    sql(statement: string, database = "opencart"): string {
        const password = this.args.init ? [`--password=${this.args.init.rootPassword}`] : [];
        const args = [
            "--no-defaults",
            "--skip-ssl-verify-server-cert",
            `--socket=${this.socket}`,
            "--user=root",
            ...password,
            "--batch",
            "--skip-column-names",
            database,
        ];
        return execFileSync(this.args.client, args, {
            input: statement,
            encoding: "utf8",
            stdio: ["pipe", "pipe", "pipe"],
        }).trim();
    }

    get port(): number {
        return this.args.port;
    }

    /** What it has logged. */
    get output(): string {
        return this.daemon.output;
    }

    /** Resolves when `check` does not throw any more. */
    async until(check: () => void): Promise<void> {
        await this.daemon.ready(async () => check());
    }

    signal(signal: NodeJS.Signals): void {
        process.kill(this.daemon.pid, signal);
    }

    async stop(): Promise<void> {
        await this.daemon.stop();
    }
}

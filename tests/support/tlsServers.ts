import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Context } from "mocha";
import { ownDirectory, run, serverUser } from "./datadir";
import { MariaDb } from "./mariaDb";
import { Daemon, freePort, program } from "./tools";

/** The password of every account. */
export const password = "p4ss";

/** An authority of the test's own, and what it has signed. */
export class Authority {
    readonly certificate: string;
    private readonly key: string;

    constructor(
        private readonly folder: string,
        name: string,
    ) {
        this.certificate = join(folder, `${name}.pem`);
        this.key = join(folder, `${name}.key`);
        this.openssl("req", "-x509", ...this.newKey(this.key), "-subj", `/CN=${name}`, "-out", this.certificate);
    }

    get pem(): string {
        return readFileSync(this.certificate, "utf8");
    }

    /**
     * A certificate for a name or an address, for any user of this machine to read.
     *
     * @param days for which it is valid; with none it has expired at once. @default 30
     */
    sign(name: string, days = 30): { readonly cert: string; readonly key: string } {
        const [cert, key, request, extensions] = ["crt", "key", "csr", "ext"].map((kind) =>
            join(this.folder, `${name}.${kind}`),
        ) as [string, string, string, string];
        writeFileSync(extensions, `subjectAltName=${isIP(name) ? "IP" : "DNS"}:${name}\n`);
        this.openssl("req", "-new", ...this.newKey(key), "-subj", `/CN=${name}`, "-out", request);
        const authority = ["-CA", this.certificate, "-CAkey", this.key, "-CAcreateserial", "-days", String(days)];
        this.openssl("x509", "-req", "-in", request, ...authority, "-extfile", extensions, "-out", cert);
        chmodSync(key, 0o644);
        return { cert, key };
    }

    private newKey = (path: string) => [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        path,
    ];

    private openssl(...args: readonly string[]): void {
        const { status, stderr } = run(["openssl", ...args]);
        if (status !== 0) throw new Error(stderr);
    }
}

interface Started {
    readonly port: number;
    readonly stop: () => Promise<unknown>;
}

type Files = ReturnType<Authority["sign"]>;

/** Servers that refuse plain connections, on loopback. */
export const tlsServers = {
    async mariadb(test: Context, folder: string, { cert, key }: Files): Promise<Started> {
        const port = await freePort();
        mkdirSync(folder);
        const server = new MariaDb({
            server: program(test, "mariadbd"),
            installer: program(test, "mariadb-install-db"),
            client: program(test, "mariadb"),
            folder,
            port,
            address: "127.0.0.1,127.0.0.2",
            // With a password the client of these tests knows the server by it.
            init: {
                sql: `ALTER USER root@localhost IDENTIFIED BY '${password}';
CREATE DATABASE opencart;
CREATE USER opencart@'%' IDENTIFIED BY '${password}';
GRANT ALL ON opencart.* TO opencart@'%';
`,
                rootPassword: password,
            },
            conf: `[mariadbd]\ninnodb_buffer_pool_size = 64M\nssl_cert = ${cert}\nssl_key = ${key}\nrequire_secure_transport = ON\n`,
        });
        await server.ready();
        return { port, stop: () => server.stop() };
    },

    async postgres(test: Context, folder: string, { cert, key }: Files): Promise<Started> {
        const user = serverUser("postgres");
        const [port, initdb, postgres] = [
            await freePort(),
            program(test, "initdb", { by: user }),
            program(test, "postgres", { by: user }),
        ];
        ownDirectory(folder, user);
        const data = join(folder, "data");
        const own = join(folder, "server.key");
        writeFileSync(own, readFileSync(key));
        if (user.uid !== undefined) chownSync(own, user.uid, user.gid!);
        // It refuses a key that others may read.
        chmodSync(own, 0o600);
        const made = run([initdb, "-D", data, "-U", "postgres", "--no-sync"], { ...user, env: { LC_ALL: "C.UTF-8" } });
        if (made.status !== 0) throw new Error(made.stderr);
        writeFileSync(join(data, "pg_hba.conf"), "local all all trust\nhostssl all all all scram-sha-256\n");
        const settings = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "ssl=on",
            `ssl_cert_file=${cert}`,
            `ssl_key_file=${own}`,
        ];
        const options = ["-p", String(port), "-k", folder, ...settings.flatMap((one) => ["-c", one])];
        const env = { ...process.env, LC_ALL: "C.UTF-8" };
        const daemon = new Daemon(postgres, ["-D", data, ...options], { ...user, env });
        const sql = `CREATE ROLE app LOGIN PASSWORD '${password}'; `;
        await daemon.ready(async () => {
            const { status, stderr } = run([
                "psql",
                "-XqtA",
                "-h",
                folder,
                "-p",
                String(port),
                "-U",
                "postgres",
                "-c",
                sql,
            ]);
            if (status !== 0 && !stderr.includes("already exists")) throw new Error(stderr);
        });
        return { port, stop: () => daemon.stop("SIGINT") };
    },

    async valkey(test: Context, folder: string, { cert, key }: Files): Promise<Started> {
        const port = await freePort();
        mkdirSync(folder);
        const tls = [
            "--tls-cert-file",
            cert,
            "--tls-key-file",
            key,
            "--tls-ca-cert-file",
            cert,
            "--tls-auth-clients",
            "no",
        ];
        const args = ["--port", "0", "--tls-port", String(port), "--requirepass", password, "--save", "", ...tls];
        const daemon = new Daemon(program(test, "valkey-server"), [...args, "--bind", "127.0.0.1"], { cwd: folder });
        await daemon.ready(async () => {
            if (!daemon.output.includes("Ready to accept connections")) throw new Error("not yet");
        });
        return { port, stop: () => daemon.stop() };
    },

    async rabbitmq(test: Context, folder: string, { cert, key }: Files): Promise<Started> {
        const rabbitmq = program(test, "rabbitmq-server", { folders: ["/usr/lib/rabbitmq/bin"] });
        const [port, epmd, distribution] = [await freePort(), await freePort(), await freePort()];
        mkdirSync(folder);
        const settings = [
            "listeners.tcp = none",
            `listeners.ssl.default = 127.0.0.1:${port}`,
            `ssl_options.certfile = ${cert}`,
            `ssl_options.keyfile = ${key}`,
            `ssl_options.cacertfile = ${cert}`,
            "ssl_options.verify = verify_none",
            "default_user = app",
            `default_pass = ${password}`,
            "log.console = true",
            "log.file = false",
        ];
        writeFileSync(join(folder, "rabbitmq.conf"), `${settings.join("\n")}\n`);
        writeFileSync(join(folder, "enabled_plugins"), "[].\n");
        const daemon = new Daemon(rabbitmq, [], {
            // Where a table's dump goes if the server is ended while it starts.
            cwd: folder,
            env: {
                ...process.env,
                HOME: folder,
                LANG: "C.UTF-8",
                RUNNING_UNDER_SYSTEMD: "true",
                RABBITMQ_NODENAME: `tls-${port}@localhost`,
                RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
                RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
                RABBITMQ_MNESIA_BASE: join(folder, "data"),
                RABBITMQ_LOG_BASE: join(folder, "log"),
                RABBITMQ_DIST_PORT: String(distribution),
                ERL_EPMD_PORT: String(epmd),
                ERL_EPMD_ADDRESS: "127.0.0.1",
            },
        });
        await daemon.ready(async () => {
            if (!/Server startup complete|Starting broker\.\.\. completed/.test(daemon.output))
                throw new Error("not yet");
        }, 120);
        return { port, stop: () => daemon.stop() };
    },
};

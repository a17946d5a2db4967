import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { merge } from "../../config/merge";
import type { DeclareArgs, Sent } from "./declare";
import { ownDirectory } from "./datadir";
import { write } from "./files";
import { declareOpenCart as declareShop } from "./opencart";
import { Daemon, freePort } from "./tools";

const complete = {
    platform: "qxsms",
    mail: { host: "smtp.example.org", from: "wpss@example.org" },
    administrator: { email: "admin@example.org" },
};

/** Declares an instance `shop` of QxSMS with the whole program; returns what would be sent. */
export const declareQxsms = (args: DeclareArgs = {}): Promise<Sent[]> =>
    declareShop({ ...args, instance: merge(complete, args.instance) as Record<string, unknown> });

/** A mail server that stores or refuses messages. */
export class MailServer {
    readonly mails: string[] = [];
    /** Credentials of clients: user and password, each after a NUL byte. */
    readonly logins: string[] = [];
    refuses = false;
    private readonly server: Server;

    constructor(readonly port: number) {
        this.server = createServer((socket) => {
            let mail: string | undefined;
            let rest = "";
            const answer = (line: string) => socket.write(`${line}\r\n`);
            answer("220 mail");
            socket.on("data", (data) => {
                const lines = (rest + data.toString()).split("\r\n");
                rest = lines.pop()!;
                for (const line of lines) {
                    if (mail !== undefined) {
                        if (line !== ".") mail += `${line}\n`;
                        else {
                            this.mails.push(mail);
                            mail = undefined;
                            answer("250 kept");
                        }
                    } else if (/^EHLO/i.test(line)) socket.write("250-mail\r\n250 AUTH PLAIN\r\n");
                    else if (/^AUTH PLAIN /i.test(line)) {
                        this.logins.push(Buffer.from(line.slice(11), "base64").toString());
                        answer("235 welcome");
                    } else if (/^RCPT/i.test(line) && this.refuses) answer("550 refused");
                    else if (/^DATA/i.test(line)) {
                        mail = "";
                        answer("354 go on");
                    } else if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
                    else answer("250 ok");
                }
            });
        }).listen(port, "127.0.0.1");
    }

    stop = (): void => void this.server.close();
}

export interface RabbitMqArgs {
    readonly server: string;
    readonly folder: string;
    readonly port: number;
    /** Texts as rendered. */
    readonly files: { readonly conf: string; readonly plugins: string; readonly definitions: string };
    readonly user: { readonly uid?: number; readonly gid?: number };
}

/** RabbitMQ on loopback, with the rendered settings and accounts. */
export async function startRabbitMq({
    server,
    folder,
    port,
    files,
    user,
}: RabbitMqArgs): Promise<{ daemon: Daemon; stop: () => Promise<void> }> {
    const [epmd, management, distribution] = [await freePort(), await freePort(), await freePort()];
    write(folder, {
        "rabbitmq.conf": files.conf
            .replace("listeners.tcp.default = 5672", `listeners.tcp.local = 127.0.0.1:${port}`)
            .replace("management.tcp.port = 15672", `management.tcp.port = ${management}`)
            .replace("/etc/plinth/definitions.json", `${folder}/definitions.json`),
        enabled_plugins: files.plugins,
        "definitions.json": files.definitions,
    });
    for (const part of ["home", "data", "log"]) ownDirectory(join(folder, part), user);
    ownDirectory(folder, user);
    const daemon = new Daemon(server, [], {
        env: {
            PATH: process.env["PATH"],
            HOME: join(folder, "home"),
            RABBITMQ_NODENAME: "plinth-test@localhost",
            RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
            RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
            RABBITMQ_MNESIA_BASE: join(folder, "data"),
            RABBITMQ_LOG_BASE: join(folder, "log"),
            RABBITMQ_DIST_PORT: String(distribution),
            ERL_EPMD_PORT: String(epmd),
            // Without it, Debian's start-up script waits for a terminal.
            RUNNING_UNDER_SYSTEMD: "true",
        },
        cwd: folder,
        ...user,
    });
    return {
        daemon,
        stop: async () => {
            await daemon.stop();
            // The server's name service keeps running.
            execFileSync("epmd", ["-port", String(epmd), "-kill"], { stdio: "pipe" });
        },
    };
}

export interface PostgresArgs {
    readonly folder: string;
    readonly port: number;
    /** Arguments as rendered. */
    readonly args: readonly string[];
    readonly initdb: string;
    readonly user: { readonly uid?: number; readonly gid?: number };
}

/** PostgreSQL on loopback, with the rendered settings. */
export function startPostgres({ folder, port, args, initdb, user }: PostgresArgs): Daemon {
    const env = { ...process.env, PATH: `${join(initdb, "..")}:${process.env["PATH"]}`, LC_ALL: "C.UTF-8" };
    ownDirectory(folder, user);
    execFileSync(
        initdb,
        ["-D", join(folder, "data"), "--auth-local=trust", "--auth-host=scram-sha-256", "-U", "postgres"],
        { env, stdio: "pipe", ...user },
    );
    return new Daemon(
        "postgres",
        ["-D", join(folder, "data"), "-p", String(port), ...args, "-c", `unix_socket_directories=${folder}`],
        { env, cwd: folder, ...user },
    );
}

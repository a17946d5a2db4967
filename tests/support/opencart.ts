import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { record } from "../../cli/record";

import plinth = require("../../index");

import type { DeclareArgs, Sent } from "./declare";
import { objectsOf } from "./declare";
import { Daemon } from "./tools";

/** Declares an instance `shop` of OpenCart with the whole program; returns what would be sent. */
export async function declareOpenCart(
    args: DeclareArgs = {},
    generated: Readonly<Record<string, string>> = {},
): Promise<Sent[]> {
    const instances = { shop: { platform: "opencart", host: "shop.example.org", ...args.instance } };
    const { resources } = await record(() => plinth({ offline: true }), {
        project: "plinth",
        stack: args.stack ?? "dev",
        config: Object.fromEntries(
            Object.entries({ ...args.values, instances }).map(([key, value]) => [
                `plinth:${key}`,
                JSON.stringify(value),
            ]),
        ),
        preview: args.preview ?? false,
        generated,
    });
    return objectsOf(resources);
}

/** Replaces what differs between an image and this machine: from, to. */
export type Substitutions = readonly (readonly [string, string])[];

/** In one pass, so that nothing is replaced in what was put in. */
export function relocate(text: string, substitutions: Substitutions): string {
    const to = new Map(substitutions);
    const from = [...to.keys()]
        .sort((a, b) => b.length - a.length)
        .map((key) => key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return text.replace(new RegExp(from.join("|"), "g"), (found) => to.get(found)!);
}

/** OpenCart's directories as `images/opencart/prepare.sh` lays them out below `root`, with the sources given. */
export function layOut(sources: string, root: string, adminPath = "admin"): void {
    const script = join(__dirname, "..", "..", "images", "opencart", "prepare.sh");
    mkdirSync(root, { recursive: true });
    execFileSync("sh", [script, sources, root], { env: { ...process.env, ADMIN_PATH: adminPath }, stdio: "inherit" });
}

/** Daemons refuse to run as root, or give root up: like the images, a test then uses somebody else. */
export const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Writes files below a folder; returns the folder. */
export function write(folder: string, files: Readonly<Record<string, string>>): string {
    for (const [name, text] of Object.entries(files)) {
        const path = join(folder, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
    }
    return folder;
}

export interface SiteArgs {
    readonly nginx: string;
    readonly fpm: string;
    /** Texts as rendered. */
    readonly conf: { readonly nginx: string; readonly fpm: string; readonly ini: string; readonly guard: string };
    /** Where this site's own files go: writable by the daemons. */
    readonly folder: string;
    readonly ports: { readonly http: number; readonly php: number; readonly status: number };
    readonly substitutions: Substitutions;
    readonly env?: Readonly<Record<string, string>>;
}

/** nginx and php-fpm on loopback, with the files of one web pod. */
export class Site {
    readonly url: string;
    readonly substitutions: Substitutions;
    private readonly daemons: Daemon[] = [];

    constructor(private readonly args: SiteArgs) {
        const { folder, ports } = args;
        this.url = `http://127.0.0.1:${ports.http}`;
        this.substitutions = [
            ["listen 8080;", `listen 127.0.0.1:${ports.http};`],
            ["127.0.0.1:9000", `127.0.0.1:${ports.php}`],
            ["127.0.0.1:9001", `127.0.0.1:${ports.status}`],
            // A pipe of a test cannot be opened by its name.
            ["/dev/stdout", `${folder}/access.log`],
            ["/dev/stderr", `${folder}/error.log`],
            ["/proc/self/fd/2", `${folder}/fpm.log`],
            ["/etc/opencart", `${folder}/etc`],
            ["/tmp", `${folder}/tmp`],
            ...args.substitutions,
        ];
        const { conf } = args;
        const texts = {
            "nginx.conf": conf.nginx,
            "etc/php-fpm.conf": conf.fpm,
            "etc/opencart.ini": conf.ini,
            "etc/guard.php": conf.guard,
        };
        for (const [name, text] of Object.entries(texts)) write(folder, { [name]: relocate(text, this.substitutions) });
        mkdirSync(join(folder, "tmp"), { recursive: true });
        for (const path of [folder, join(folder, "tmp")]) execFileSync("chmod", ["777", path]);
    }

    private get environment(): NodeJS.ProcessEnv {
        return { PATH: process.env["PATH"], PHP_INI_SCAN_DIR: `:${this.args.folder}/etc`, ...this.args.env };
    }

    /** What the daemons say of their files. */
    check(): { nginx: string; fpm: string } {
        const { nginx, fpm, folder } = this.args;
        const run = (command: string, args: string[]) =>
            execFileSync("sh", ["-c", `${command} ${args.join(" ")} 2>&1`], {
                encoding: "utf8",
                env: this.environment,
                ...nobody,
            });
        return {
            nginx: run(nginx, ["-t", "-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`]),
            fpm: run(fpm, ["-t", "--fpm-config", `${folder}/etc/php-fpm.conf`]),
        };
    }

    async start(): Promise<void> {
        const { nginx, fpm, folder } = this.args;
        const php = new Daemon(fpm, ["--fpm-config", `${folder}/etc/php-fpm.conf`], {
            env: this.environment,
            ...nobody,
        });
        this.daemons.push(php);
        const web = new Daemon(
            nginx,
            ["-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`, "-g", "daemon off;"],
            { ...nobody },
        );
        this.daemons.push(web);
        await web.ready(() => this.get("/fpm-ping").then(({ status }) => ok(status === 200)));
    }

    /** Without following redirections. */
    async get(path: string, init: RequestInit = {}): Promise<{ status: number; body: string; headers: Headers }> {
        const response = await fetch(this.url + path, { redirect: "manual", ...init });
        return { status: response.status, body: await response.text(), headers: response.headers };
    }

    log(name: "error" | "fpm" | "access"): string {
        return readFileSync(join(this.args.folder, `${name}.log`), "utf8");
    }

    async stop(): Promise<void> {
        for (const daemon of this.daemons.reverse()) await daemon.stop("SIGQUIT");
    }
}

export const ok = (condition: boolean): void => {
    if (!condition) throw new Error("not yet");
};

export interface MariaDbArgs {
    readonly server: string;
    readonly installer: string;
    readonly client: string;
    readonly folder: string;
    readonly port: number;
    /** Text of a my.cnf. @default a small server */
    readonly conf?: string;
    /** Statements at every start, with the password that root has then. @default a database and user `opencart` */
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
        const { folder, server, installer, port, conf = "[mariadbd]\ninnodb_buffer_pool_size = 64M\n", init } = args;
        this.socket = join(folder, "socket");
        write(folder, { "my.cnf": conf, "init.sql": init?.sql ?? accounts });
        if (nobody.uid) execFileSync("chown", ["-R", String(nobody.uid), folder]);
        const common = [`--defaults-file=${folder}/my.cnf`, `--datadir=${folder}/data`];
        execFileSync(installer, [...common, "--auth-root-authentication-method=normal", "--skip-test-db"], {
            stdio: "pipe",
            ...nobody,
        });
        const own = [
            `--socket=${this.socket}`,
            `--port=${port}`,
            "--bind-address=127.0.0.1",
            `--pid-file=${folder}/pid`,
            `--init-file=${folder}/init.sql`,
        ];
        this.daemon = new Daemon(server, [...common, ...own], nobody);
    }

    async ready(): Promise<void> {
        await this.daemon.ready(async () => this.sql("SELECT 1", "opencart"), 60);
    }

    /** Rows as lines, columns by tabs. */
    sql(statement: string, database = "opencart"): string {
        const password = this.args.init ? [`--password=${this.args.init.rootPassword}`] : [];
        const args = [
            "--no-defaults",
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

    async stop(): Promise<void> {
        await this.daemon.stop();
    }
}

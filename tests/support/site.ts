import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { nobody, ok, write } from "./files";
import { Daemon } from "./tools";

/** Replacements between an image and this machine: from, to. */
export type Substitutions = readonly (readonly [string, string])[];

/** In one pass, so that nothing is replaced in what was put in. */
export function relocate(text: string, substitutions: Substitutions): string {
    const to = new Map(substitutions);
    const from = [...to.keys()]
        .sort((a, b) => b.length - a.length)
        // The end of another path is not a path.
        .map((key) => `${key.startsWith("/") ? "(?<!\\w)" : ""}${key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
    return text.replace(new RegExp(from.join("|"), "g"), (found) => to.get(found)!);
}

export interface SiteArgs {
    readonly nginx: string;
    readonly fpm: string;
    /** Texts as rendered; `php`: the files in PHP's directory, among them php-fpm.conf. */
    readonly conf: { readonly nginx: string; readonly php: Readonly<Record<string, string>> };
    /** PHP's directory in the image. */
    readonly etc: string;
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
            // A test's pipe cannot be opened by name.
            ["/dev/stdout", `${folder}/access.log`],
            ["/dev/stderr", `${folder}/error.log`],
            ["/proc/self/fd/2", `${folder}/fpm.log`],
            [args.etc, `${folder}/etc`],
            ["/tmp", `${folder}/tmp`],
            ...args.substitutions,
        ];
        const { nginx, php } = args.conf;
        const texts = {
            "nginx.conf": nginx,
            ...Object.fromEntries(Object.entries(php).map(([name, text]) => [`etc/${name}`, text])),
        };
        for (const [name, text] of Object.entries(texts)) write(folder, { [name]: relocate(text, this.substitutions) });
        mkdirSync(join(folder, "tmp"), { recursive: true });
        for (const path of [folder, join(folder, "tmp")]) execFileSync("chmod", ["777", path]);
    }

    private get environment(): NodeJS.ProcessEnv {
        return { PATH: process.env["PATH"], PHP_INI_SCAN_DIR: `:${this.args.folder}/etc`, ...this.args.env };
    }

    /** Makes the daemons check their files, and fails on any warning. */
    expectNoWarning(): void {
        const { nginx, fpm, folder } = this.args;
        const run = (command: string, args: string[]) =>
            execFileSync("sh", ["-c", `${command} ${args.join(" ")} 2>&1`], {
                encoding: "utf8",
                env: this.environment,
                ...nobody,
            });
        expect(run(nginx, ["-t", "-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`]))
            .to.match(/test is successful/)
            .and.not.match(/\[(warn|emerg)\]/);
        expect(run(fpm, ["-t", "--fpm-config", `${folder}/etc/php-fpm.conf`]))
            .to.match(/test is successful/)
            .and.not.match(/WARNING|ERROR/);
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

import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "mocha";
import type { Sent } from "./declare";
import { podsOf } from "./invariants";
import { nobody, ok, write } from "./files";
import { exchange, type RawAnswer } from "./rawHttp";
import { relocate, Site } from "./site";
import { Daemon, freePort, goProgram, program } from "./tools";
import { caddyPackage } from "./caddy";

/** What is in the document root of a web pod, by what the pod is: `frontend` or `admin`. */
export type Application = (role: string) => Readonly<Record<string, string>>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- containers as rendered
type Container = any;

/**
 * Every hop of a request, from the balancer to PHP, as real daemons on loopback with the rendered files:
 * Caddy, Varnish where there is one, and nginx with php-fpm for each tier. The test provides the application.
 */
export class Chain {
    private readonly stops: (() => Promise<unknown>)[] = [];
    private port = 0;
    private readonly tiers: Record<string, number> = {};

    private constructor(
        private readonly objects: readonly Sent[],
        private readonly application: Application,
        private readonly folder: string,
        private readonly tools: { readonly nginx: string; readonly fpm: string; readonly varnish: string },
    ) {}

    static async start(
        test: Context,
        folder: string,
        objects: readonly Sent[],
        application: Application,
    ): Promise<Chain> {
        const tools = {
            nginx: program(test, "nginx", { by: nobody }),
            fpm: program(test, "php-fpm", { by: nobody }),
            varnish: program(test, "varnishd"),
        };
        const caddy = await goProgram(test, "caddy", caddyPackage);
        mkdirSync(folder, { recursive: true });
        const chain = new Chain(objects, application, folder, tools);
        await chain.startCaddy(caddy);
        return chain;
    }

    /** Requests from the balancer. @param from a loopback address */
    ask = (bytes: string, from?: string): Promise<RawAnswer> => exchange(this.port, bytes, from);

    /** Requests directly from a tier, as another pod or an ingress controller could. */
    askTier = (name: string, bytes: string): Promise<RawAnswer> => exchange(this.tiers[name]!, bytes);

    async stop(): Promise<void> {
        for (const stop of this.stops.reverse()) await stop();
    }

    private async startCaddy(caddy: string): Promise<void> {
        const file = this.objects.find(({ kind, data }) => kind === "ConfigMap" && data?.Caddyfile)!["data"]
            .Caddyfile as string;
        const upstreams: [string, string][] = [];
        for (const address of new Set([...file.matchAll(/reverse_proxy (\S+) \{/g)].map(([, one]) => one!)))
            upstreams.push([address, `127.0.0.1:${await this.tier(address.split(".")[0]!)}`]);
        this.port = await freePort();
        const text = relocate(file, [
            ...upstreams,
            ["persist_config off", "persist_config off\n\tdefault_bind 127.0.0.1"],
            ["http_port 8080", `http_port ${this.port}`],
            ["https_port 8443", `https_port ${await freePort()}`],
            ["http://:8081", `http://:${await freePort()}`],
            ["/run/caddy", this.folder],
        ]);
        write(this.folder, { Caddyfile: text });
        const daemon = new Daemon(
            caddy,
            ["run", "--adapter", "caddyfile", "--config", join(this.folder, "Caddyfile")],
            { env: { HOME: this.folder, XDG_DATA_HOME: this.folder } },
        );
        this.stops.push(() => daemon.stop());
        await daemon.ready(async () => ok((await this.ask("GET / HTTP/1.0\r\n\r\n")).statuses[0] === 404));
    }

    /** Starts the backend of a Service; returns its local port. */
    private async tier(name: string): Promise<number> {
        return (this.tiers[name] ??= await this.startTier(name));
    }

    private async startTier(name: string): Promise<number> {
        const containers = this.containers(name);
        const varnish = containers.find(({ name: container }) => container === "varnish");
        if (varnish) return this.startVarnish(name);
        const nginx = containers.find(({ name: container }) => container === "nginx");
        if (nginx) return this.startSite(name, nginx);
        throw new Error(`the test knows no way to run ${name}`);
    }

    private containers(name: string): Container[] {
        const pod = podsOf(this.objects).find(
            ({ owner }) => owner.kind === "Deployment" && owner.metadata.name === name,
        );
        return (pod?.template.spec.containers ?? []).map((container: Container) => ({
            ...container,
            volumes: pod!.template.spec.volumes,
        }));
    }

    /** Files of ConfigMaps in a container, by their path. */
    private files({ volumeMounts, volumes }: Container): Record<string, string> {
        const files: Record<string, string> = {};
        for (const { name, mountPath, subPath } of volumeMounts) {
            const volume = volumes.find((one: Container) => one.name === name);
            if (!volume?.configMap) continue;
            const map = this.objects.find(
                ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === volume.configMap.name,
            )!;
            if (subPath) files[mountPath] = map["data"][subPath];
            else for (const [key, text] of Object.entries<string>(map["data"])) files[join(mountPath, key)] = text;
        }
        return files;
    }

    private async startSite(name: string, nginx: Container): Promise<number> {
        const { "/etc/nginx/nginx.conf": conf } = this.files(nginx);
        const php = [...this.containers(name), ...this.containers(`${name}-php`)].find((one) => one.name === "php");
        const all = Object.entries(this.files(php));
        const etc = dirname(all.find(([path]) => basename(path) === "php-fpm.conf")![0]);
        const folder = join(this.folder, name);
        const root = write(join(folder, "root"), this.application(name));
        const ports = { http: await freePort(), php: await freePort(), status: await freePort() };
        const apart = /[\w.-]+\.svc\.cluster\.local(?=:9000)/.exec(conf!)?.[0];
        const site = new Site({
            nginx: this.tools.nginx,
            fpm: this.tools.fpm,
            folder,
            conf: {
                nginx: conf!,
                php: Object.fromEntries(
                    all.filter(([path]) => dirname(path) === etc).map(([path, text]) => [basename(path), text]),
                ),
            },
            etc,
            ports,
            substitutions: [
                ["/var/www/html", root],
                ...(apart
                    ? ([
                          [`${apart}:9000`, `127.0.0.1:${ports.php}`],
                          [`${apart}:9001`, `127.0.0.1:${ports.status}`],
                          ["listen = 9000", `listen = 127.0.0.1:${ports.php}`],
                          ["status_listen = 9001", `status_listen = 127.0.0.1:${ports.status}`],
                      ] as const)
                    : []),
            ],
        });
        await site.start();
        this.stops.push(() => site.stop());
        return ports.http;
    }

    private async startVarnish(name: string): Promise<number> {
        const [container] = this.containers(name);
        const { "/etc/varnish/default.vcl": rules } = this.files(container);
        const host = /\.host = "([^"]+)"/.exec(rules!)![1]!;
        const backend = await this.tier(host.split(".")[0]!);
        const [port, purge] = [await freePort(), await freePort()];
        const folder = write(join(this.folder, name), {
            "default.vcl": relocate(rules!, [
                [`"${host}"`, '"127.0.0.1"'],
                ['.port = "8080"', `.port = "${backend}"`],
            ]),
        });
        const daemon = new Daemon(this.tools.varnish, [
            ...["-F", "-j", "none", "-n", join(folder, "work"), "-f", join(folder, "default.vcl")],
            ...["-a", `http=127.0.0.1:${port},HTTP`, "-a", `purge=127.0.0.1:${purge},HTTP`, "-s", "malloc,16M"],
        ]);
        this.stops.push(() => daemon.stop());
        const health = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        await daemon.ready(async () => ok((await exchange(port, health)).statuses[0] === 200), 60);
        return port;
    }
}

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { FrontendCache } from "../../components/frontendCache";
import { frontendCache, type VarnishConfig } from "../../config/frontendCache";
import { images } from "../../platforms/opencart/images";
import { declare, find, type Sent } from "../support/declare";
import { LocalPod } from "../support/localPod";
import { seriesOf } from "../support/needs";
import { Daemon, program, scratch } from "../support/tools";

/** Answers as the query requests, with its input and the number of requests for the URL. */
const backend = `
const asked = {};
require("node:http").createServer((request, response) => {
    if (request.url === "/healthz") return response.end("ok");
    const query = new URL(request.url, "http://x").searchParams;
    const count = (asked[request.url] = (asked[request.url] ?? 0) + 1);
    if (count > 1 && query.has("then")) response.statusCode = Number(query.get("then"));
    if (query.has("cc")) response.setHeader("Cache-Control", query.get("cc"));
    if (query.has("changed")) response.setHeader("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT");
    if (query.has("cookie")) response.setHeader("Set-Cookie", "om_frontend=new");
    const { method, headers } = request;
    const body = JSON.stringify({ count, method, headers, padding: "x".repeat(Number(query.get("size") ?? 0)) });
    response.setHeader("Content-Length", body.length);
    response.end(body);
}).listen(8080 + 1000);
`;

const render = async (changes: Partial<VarnishConfig> = {}): Promise<readonly Sent[]> => {
    const config = frontendCache.parse({ type: "varnish", memory: "16Mi", maxFile: "1Mi", ...changes });
    const { objects } = await declare(
        (instance) => {
            instance.addNode("frontend", { kind: "web tier" });
            new FrontendCache(instance, "varnish", {
                config: config as VarnishConfig,
                backend: instance.service("frontend", { http: 9080 }, {}),
                pass: { paths: ["/checkout", "/back.office"], entry: "index.php", code: true },
                contents: images["opencart-nginx"],
                resources: { cpu: "50m" },
            });
        },
        { values: { cluster: { context: "kind-dev", monitoringNamespace: "monitoring" } } },
    );
    return objects;
};

const series = seriesOf("varnishd");

/** As rendered, except for one parameter that is newer than 7.1. */
const commandOf = (objects: readonly Sent[]): string[] => {
    const [{ command }] = find(objects, "Deployment", "varnish")["spec"].template.spec.containers;
    if (series !== "7.1") return command;
    const at = command.indexOf("transit_buffer=1M");
    return [...command.slice(0, at - 1), ...command.slice(at + 1)];
};

describe(`Varnish ${series} in the rendered pod`, function () {
    this.timeout(60_000);
    const machine = scratch();
    const script = join(machine.path, "backend.cjs");
    const host = "frontend.bench.svc.cluster.local";
    let objects: readonly Sent[];
    let pod: LocalPod;
    let server: Daemon;
    let behind: Daemon | undefined;

    interface Answer {
        readonly status: number;
        readonly headers: Readonly<Record<string, string>>;
        readonly text: string;
        /** The backend's answer, possibly to an earlier request. */
        readonly said: { count: number; method: string; headers: Record<string, string> };
    }
    /** Sends a request like the load balancer. */
    function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET", port = 8080): Answer {
        const sent = {
            Host: "shop.example.org",
            "X-Forwarded-For": "192.0.2.7",
            "X-Forwarded-Proto": "https",
            ...headers,
        };
        const { stdout } = pod.connected(server, [
            ...["curl", "--silent", "--include", "--request", method],
            ...Object.entries(sent).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
            `http://127.0.0.1:${port}${path}`,
        ]);
        const [head, text] = stdout.split("\r\n\r\n") as [string, string];
        const [status, ...lines] = head.split("\r\n");
        return {
            status: Number(status!.split(" ")[1]),
            headers: Object.fromEntries(
                lines.map((line) => [
                    line.slice(0, line.indexOf(":")).toLowerCase(),
                    line.slice(line.indexOf(":") + 2),
                ]),
            ),
            text,
            said: text.startsWith("{") ? JSON.parse(text) : undefined,
        };
    }
    /** Whether the second of two requests was answered from the cache, with one request to the backend. */
    function kept(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): boolean {
        ask(path, headers, method);
        const { said, headers: answered } = ask(path, headers, method);
        expect(answered["x-cache"]).to.equal(said.count === 1 ? "hit" : "miss");
        return said.count === 1;
    }
    const startBackend = async () => {
        const daemon = new Daemon("nsenter", [
            ...["--target", String(pod.pid(server)), "--net", "--", process.execPath, script],
        ]);
        behind = daemon;
        await daemon.ready(async () => {
            if (ask("/").status !== 200) throw new Error("not yet");
        });
    };

    before(async function () {
        LocalPod.check(this);
        program(this, "varnishd");
        program(this, "curl");
        writeFileSync(script, backend);
        objects = await render();
        pod = new LocalPod(find(objects, "Deployment", "varnish"), objects, machine.path, "varnish-1");
        pod.resolve(host);
        server = pod.start(commandOf(objects));
        await server.ready(async () => {
            if (ask("/healthz").status !== 200) throw new Error("not yet");
        });
        await startBackend();
    });
    after(async () => {
        await behind?.stop();
        if (server) await pod.stop(server);
        machine.clean();
    });

    it("caches a file, for everybody, and separately for each scheme", () => {
        const path = "/skin/frontend/style.css?changed";
        expect(kept(path, { Cookie: "om_frontend=1" })).to.equal(true);
        expect(ask(path, { Cookie: "om_frontend=2" }).said.count).to.equal(1);
        expect(ask(path, { "X-Forwarded-Proto": "http" }).said.count).to.equal(2);
        expect(ask(path).said.count).to.equal(1);
    });

    it("caches other answers only if they state how long", () => {
        expect(kept("/about?cc=public,max-age=60")).to.equal(true);
        expect(kept("/js/varien.js?cc=max-age=60")).to.equal(true);
        for (const path of [
            "/",
            "/about?cc=public",
            "/report.pdf",
            "/about?cc=no-store,no-cache,must-revalidate",
            "/about?cc=max-age=60&cookie",
            "/media/photo.png?changed&cc=private",
            "/media/photo.png?changed&cookie",
            `/media/film.mp4?changed&size=${2 ** 20}`,
        ])
            expect(kept(path), path).to.equal(false);
    });

    it("passes personal requests: cookies, passwords, other methods and the platform's own paths", () => {
        const page = "/passed?cc=max-age=60";
        expect(kept(page, { Cookie: "om_frontend=1" })).to.equal(false);
        expect(kept(page, { Authorization: "Basic eDp5" })).to.equal(false);
        expect(kept(page, {}, "POST")).to.equal(false);
        expect(ask(page, {}, "POST").said.method).to.equal("POST");
        for (const path of [
            "/checkout",
            "/checkout/cart.js",
            "/back.office/style.css",
            "/index.php/german/CHECKOUT/cart.js",
        ])
            expect(kept(`${path}?cc=max-age=60&changed`), path).to.equal(false);
        for (const path of ["/checkouts", "/backXoffice/style.css", "/a/b/checkout/cart.js"])
            expect(kept(`${path}?cc=max-age=60&changed`), path).to.equal(true);
        expect(ask("/skin/icon.png?cookie", { Cookie: "om_frontend=mine" }).said.headers["cookie"]).to.equal(
            "om_frontend=mine",
        );
    });

    it("passes on the client's address from the load balancer, and reveals nothing of itself", () => {
        const { said, headers } = ask("/client", { Cookie: "a=1" });
        expect(said.headers).to.include({ "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" });
        for (const answered of [headers, ask("/client.css?changed").headers, ask("/", {}, "TRACE").headers])
            expect(answered).not.to.have.any.keys("via", "x-varnish", "x-kept-url", "x-kept-host", "server");
        expect(ask("/", {}, "TRACE").status).to.equal(405);
    });

    it("purges on request, but never through the load balancer", () => {
        const path = "/media/catalog/a.png?changed";
        const http = { "X-Forwarded-Proto": "http" };
        const counts = () => [ask(path).said.count, ask(path, http).said.count];
        expect(counts()).to.deep.equal([1, 2]);
        for (const method of ["PURGE", "BAN"]) expect(ask(path, {}, method).status).to.equal(405);
        expect(counts()).to.deep.equal([1, 2]);
        expect(ask(path, {}, "PURGE", 8081).status).to.equal(200);
        expect(counts()).to.deep.equal([3, 4]);
        expect(ask("/media/catalog/b.*", {}, "BAN", 8081).status).to.equal(200);
        expect(ask("/media/catalog/.*", { Host: "other.example.org" }, "BAN", 8081).status).to.equal(200);
        expect(counts()).to.deep.equal([3, 4]);
        expect(ask("/media/catalog/.*", {}, "BAN", 8081).status).to.equal(200);
        expect(counts()).to.deep.equal([5, 6]);
        expect(ask("/media/(", {}, "BAN", 8081).status).to.equal(400);
        expect(ask(path, {}, "GET", 8081).status).to.equal(405);
    });

    it("keeps a connection to the load balancer until it stops", async () => {
        /** Connections that two requests, one after the other, take. */
        const connections = (path: string) => {
            const url = `http://127.0.0.1:8080${path}`;
            return pod.connected(server, [
                "curl",
                "-sw",
                "%{num_connects}",
                url,
                url,
                "-o",
                "/dev/null",
                "-o",
                "/dev/null",
            ]).stdout;
        };
        for (const path of ["/page", "/healthz"]) expect(connections(path), path).to.equal("10");
        const [{ name, lifecycle }] = find(objects, "Deployment", "varnish")["spec"].template.spec.containers;
        const stopping = pod.startBeside(server, name, lifecycle.preStop.exec.command);
        await stopping.ready(async () => expect(connections("/page")).to.equal("11"));
        expect(connections("/healthz")).to.equal("11");
        await stopping.stop();
        expect(pod.exec(server, ["rm", "/tmp/stopping"])).to.include({ status: 0 });
    });

    it("has metrics for Prometheus", async function () {
        const exporter = program(this, "prometheus-varnish-exporter");
        expect(kept("/skin/counted.css?changed")).to.equal(true);
        const [, { name, args, ports }] = find(objects, "Deployment", "varnish")["spec"].template.spec.containers;
        const daemon = pod.startBeside(server, name, [exporter, ...args]);
        const [{ containerPort }] = ports;
        let figures = "";
        await daemon.ready(async () => {
            const url = `http://127.0.0.1:${containerPort}/metrics`;
            figures = pod.connected(server, ["curl", "--silent", url]).stdout;
            if (figures === "") throw new Error("not yet");
        });
        await daemon.stop();
        expect(figures).to.match(/^varnish_up 1$/m);
        expect(figures).to.match(/^varnish_main_cache_hit [1-9]/m);
        expect(figures).to.match(/^varnish_backend_happy.*frontend/m);
    });

    it("serves cached files instead of an error, and expired ones while the backend is down", async () => {
        const [failing, old] = ["/skin/failing.css?cc=max-age=1&then=500", "/skin/old.css?cc=max-age=1"];
        for (const path of [failing, old]) expect(ask(path).status).to.equal(200);
        const begun = Date.now();
        const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, begun + ms - Date.now()));
        await after(1500);
        // The first of these two is served while the backend is asked, the second after it has failed.
        for (let time = 0; time < 2; time++) {
            expect(ask(failing).said.count).to.equal(1);
            await after(2000);
        }
        await behind!.stop();
        behind = undefined;
        // Longer than expired files are served while the backend is healthy.
        await after(8000);
        expect(ask(old)).to.nested.include({ status: 200, "said.count": 1 });
        const { status, headers, text } = ask("/never-seen");
        expect({ status, text }).to.deep.equal({ status: 503, text: "503 Service Unavailable\n" });
        expect(headers["retry-after"]).to.equal("5");
        expect(ask("/healthz").status).to.equal(200);
        await startBackend();
        expect(ask("/never-seen").status).to.equal(200);
    });

    it("exits at once while the backend's name does not resolve, so that the kubelet restarts it", async () => {
        const early = new LocalPod(find(objects, "Deployment", "varnish"), objects, machine.path, "varnish-2");
        const daemon = early.start(commandOf(objects));
        expect(await daemon.exited).not.to.equal(0);
        expect(daemon.output).to.contain(host);
    });
});

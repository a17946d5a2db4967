import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { paths } from "../../platforms/opencart/paths";
import { nobody, write } from "../support/files";
import { opencartConf } from "../support/opencartSite";
import { Site } from "../support/site";
import { seriesOf } from "../support/needs";
import { freePort, program, scratch } from "../support/tools";

/** A shop in three lines: it returns PHP's input. */
const probe =
    "<?php header('Content-Type: application/json'); echo json_encode(['server' => $_SERVER, 'get' => $_GET, 'post' => $_POST]);";

const slowly = `${probe} if (isset($_GET['slow'])) sleep(2);`;

const files = {
    "index.php": probe,
    "cron.php": probe,
    "config.php": probe,
    "robots.txt": "user-agent: *",
    "php.ini": "secret",
    ".env": "secret",
    ".htaccess.txt": "secret",
    ".well-known/security.txt": "secret",
    "admin/index.php": probe,
    "admin/config.php": probe,
    "admin/view/stylesheet/style.css": "body {}",
    "admin/view/template/page.twig": "secret",
    "catalog/view/stylesheet/style.css": "body {}",
    "catalog/view/template/page.twig": "secret",
    "catalog/controller/page.php": probe,
    "extension/some/catalog/shell.php": probe,
    "extension/some/catalog/view/app.js": "1",
    "image/photo.png": "png",
    "image/shell.php": probe,
    "image/shell.php5": probe,
    "install/index.php": probe,
    "system/startup.php": probe,
    "system/storage/logs/error.log": "secret",
    "system/config/default.json": "secret",
};

const denied = [
    "/cron.php",
    "/config.php",
    "/php.ini",
    "/.env",
    "/.htaccess.txt",
    "/catalog/view/template/page.twig",
    "/catalog/controller/page.php",
    "/extension/some/catalog/shell.php",
    "/image/shell.php",
    "/image/shell.php5",
    "/image/shell.php/photo.png",
    "/IMAGE/SHELL.PHP",
    "/install/",
    "/install/index.php",
    "/system/startup.php",
    "/system/config/default.json",
    "/system/storage/logs/error.log",
    "//install/index.php",
    "/image/%2e%2e/install/index.php",
    "/%69nstall/index.php",
];

describe(`nginx ${seriesOf("nginx")} and php-fpm ${seriesOf("php-fpm")} of OpenCart`, () => {
    const { path, clean } = scratch();
    const sites: Partial<Record<"frontend" | "admin", Site>> = {};
    const frontend = () => sites.frontend!;
    const admin = () => sites.admin!;
    after(async () => {
        for (const site of Object.values(sites)) await site.stop();
        clean();
    });
    before(async function () {
        const [nginx, fpm] = [program(this, "nginx", { by: nobody }), program(this, "php-fpm", { by: nobody })];
        const root = write(join(path, "root"), files);
        for (const role of ["frontend", "admin"] as const) {
            const site = new Site({
                nginx,
                fpm,
                folder: write(join(path, role), {}),
                conf: opencartConf(role),
                etc: paths.php,
                ports: { http: await freePort(), php: await freePort(), status: await freePort() },
                substitutions: [["/var/www/html", root]],
            });
            sites[role] = site;
            await site.start();
        }
    });

    it("read their files without a warning", () => {
        for (const site of [frontend(), admin()]) site.expectNoWarning();
    });
    it("answer health checks", async () => {
        expect((await frontend().get("/healthz")).body).to.equal("ok\n");
        expect((await admin().get("/fpm-ping")).body).to.equal("pong");
    });
    it("answer health checks while every PHP process is busy", async function () {
        this.timeout(30_000);
        write(join(path, "root"), { "index.php": slowly });
        const slow = [1, 2].map(() => frontend().get("/index.php?slow=1"));
        await new Promise((resolve) => setTimeout(resolve, 300));
        const started = Date.now();
        expect((await frontend().get("/fpm-ping")).status).to.equal(200);
        expect(Date.now() - started).to.be.below(1000);
        await Promise.all(slow);
    });
    it("end a request without an answer if its PHP process ends, so that the edge asks another pod", async () => {
        write(join(path, "root"), {
            "index.php": `<?php if (isset($_GET['ends'])) { posix_kill(getmypid(), 9); sleep(5); } ?>${slowly}`,
        });
        const answer = await frontend()
            .get("/index.php?ends=1")
            .then(
                ({ status }) => status,
                (error: Error) => (error.cause as Error).message,
            );
        expect(answer).to.equal("other side closed");
        expect((await frontend().get("/")).status).to.equal(200);
    });
    it("pass product URLs to OpenCart, with their parameters", async () => {
        const { get } = JSON.parse((await frontend().get("/desktops/mac?page=2")).body);
        expect(get).to.deep.equal({ _route_: "desktops/mac", page: "2" });
        expect(JSON.parse((await frontend().get("/?route=product/product&id=1")).body).get).to.deep.equal({
            route: "product/product",
            id: "1",
        });
    });
    it("serve what browsers need", async () => {
        for (const file of [
            "/catalog/view/stylesheet/style.css",
            "/extension/some/catalog/view/app.js",
            "/image/photo.png",
            "/robots.txt",
        ])
            expect((await frontend().get(file)).status, file).to.equal(200);
        expect((await frontend().get("/catalog/view/stylesheet/style.css")).headers.get("content-type")).to.equal(
            "text/css",
        );
    });
    for (const file of denied) {
        it(`deny ${file}`, async () => {
            for (const site of [frontend(), admin()]) {
                const { status, body } = await site.get(file);
                expect([status, body]).to.satisfy(
                    ([code, text]: [number, string]) => code === 404 && !text.includes("secret"),
                );
            }
        });
    }
    it("serve the administration in its own pod only", async () => {
        for (const file of [
            "/admin/",
            "/admin",
            "/admin/index.php",
            "/admin/view/stylesheet/style.css",
            "//admin/",
            "/%61dmin/index.php",
        ])
            expect((await frontend().get(file)).status, file).to.equal(404);
        expect((await admin().get("/admin/")).status).to.equal(200);
        expect(JSON.parse((await admin().get("/admin/index.php?route=common/login")).body).server.SCRIPT_NAME).to.equal(
            "/admin/index.php",
        );
        expect((await admin().get("/admin/view/stylesheet/style.css")).status).to.equal(200);
        expect((await admin().get("/")).headers.get("location")).to.equal("/admin/");
        for (const file of ["/index.php", "/admin/config.php", "/admin/view/template/page.twig", "/image/photo.png"])
            expect((await admin().get(file)).status, file).to.equal(404);
    });
    for (const route of [
        "cron/cron",
        "cron/",
        "%63ron/cron",
        "c-ron/cron",
        "x&route=cron/cron",
        "/cron/cron",
        "CRON/cron",
        "cron|cron",
        "_cron/cron",
        "cron_/cron",
        "c.ron/cron.index",
        "c|ron/cron.index",
        "c%257Cron/cron.index",
        "&route%09=cron/cron",
        "&route%0b=cron/cron",
    ]) {
        it(`refuse scheduled jobs from outside: route=${route}`, async () => {
            expect((await frontend().get(`/index.php?route=${route}`)).status).to.equal(404);
        });
    }
    it("refuse to compile stylesheets in the administration, because no file could be written", async () => {
        const body = new URLSearchParams({ developer_sass: "0", other: "0" });
        const { post } = JSON.parse((await admin().get("/admin/index.php", { method: "POST", body })).body);
        expect(post).to.deep.equal({ developer_sass: "1", other: "0" });
    });
    it("take the client's address from the load balancer only", async () => {
        const headers = {
            "X-Forwarded-For": "192.0.2.7",
            "CF-Connecting-IP": "203.0.113.1",
            "Client-IP": "203.0.113.2",
            "X-Real-IP": "203.0.113.3",
            Proxy: "http://203.0.113.4",
        };
        const { server } = JSON.parse((await frontend().get("/", { headers })).body);
        const seen = Object.entries(server).filter(([, value]) => String(value).includes("203.0.113."));
        expect(seen).to.deep.equal([]);
        expect(server["HTTP_X_FORWARDED_FOR"]).to.equal("192.0.2.7");
    });
    it("tell PHP about TLS at the balancer", async () => {
        const secure = JSON.parse(
            (await frontend().get("/", { headers: { "X-Forwarded-Proto": "https" } })).body,
        ).server;
        expect(secure["HTTPS"]).to.equal("on");
        expect(JSON.parse((await frontend().get("/")).body).server).not.to.have.property("HTTPS");
    });
    it("refuse bodies above the limit", async () => {
        expect((await frontend().get("/", { method: "POST", body: "x".repeat(1_100_000) })).status).to.equal(413);
    });
    it("limit large bodies on disk with a message, while pages and forms keep working", async function () {
        this.timeout(30_000);
        const { port } = new URL(frontend().url);
        /** Begins a body and does not end it; resolves with the first line of an answer, or undefined after a second. */
        const begin = async (headers: string, body: string): Promise<{ socket: Socket; answer?: string }> => {
            const socket = connect(Number(port), "127.0.0.1");
            socket.write(`POST / HTTP/1.1\r\nHost: shop\r\n${headers}\r\n\r\n${body}`);
            const answer = await Promise.race([once(socket, "data"), sleep(1000)]);
            return { socket, ...(answer ? { answer: String((answer as [Buffer])[0]).split("\r\n")[0]! } : {}) };
        };
        const large = () => begin("Content-Length: 900000", "x".repeat(400_000));
        const waiting = [await large(), await large()];
        expect(waiting.map(({ answer }) => answer)).to.deep.equal([undefined, undefined]);
        // Invisible to the kubelet: the files are unlinked while they are written.
        const inSight = execFileSync("find", [join(path, "frontend", "tmp", "client_body"), "-type", "f"]);
        expect(String(inSight)).to.equal("");

        const refused = [await large(), await begin("Transfer-Encoding: chunked", `5\r\nhello\r\n`)];
        expect(refused.map(({ answer }) => answer)).to.deep.equal(
            Array(2).fill("HTTP/1.1 503 Service Temporarily Unavailable"),
        );
        expect(frontend().log("error")).to.include('limiting connections by zone "bodies"');
        const form = await frontend().get("/", {
            method: "POST",
            body: new URLSearchParams({ name: "x".repeat(50_000) }),
        });
        expect([form.status, (await frontend().get("/")).status]).to.deep.equal([200, 200]);

        for (const { socket } of [...waiting, ...refused]) socket.destroy();
        await sleep(500);
        const next = await large();
        expect(next.answer).to.equal(undefined);
        next.socket.destroy();
    });
    it("finish running requests before they stop", async function () {
        this.timeout(30_000);
        const running = frontend().get("/index.php?slow=1");
        await new Promise((resolve) => setTimeout(resolve, 500));
        const stopped = frontend().stop();
        expect((await running).status).to.equal(200);
        await stopped;
        delete sites.frontend;
        expect(
            execFileSync("tail", ["-n", "1", join(path, "frontend", "access.log")], { encoding: "utf8" }),
        ).to.satisfy((line: string) => JSON.parse(line).status === 200);
    });
});

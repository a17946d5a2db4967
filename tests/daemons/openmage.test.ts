import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { nginxConf } from "../../platforms/openmage/nginx";
import { paths } from "../../platforms/openmage/paths";
import { fpmConf, phpIni } from "../../platforms/openmage/php";
import { scripts } from "../../platforms/openmage/scripts";
import { nobody, write } from "../support/files";
import { Site } from "../support/site";
import { Visitor } from "../support/visitor";
import { seriesOf } from "../support/needs";
import { Daemon, freePort, program, scratch } from "../support/tools";

/** A shop in a few lines: it returns PHP's input. */
const probe = `<?php
header('Content-Type: application/json');
$reads = getenv('OPENMAGE_READS');
echo json_encode(['file' => basename(__FILE__), 'server' => $_SERVER, 'get' => $_GET, 'reads' => $reads, 'order' => ini_get('variables_order'), 'own' => ini_get('precision')]);
`;

const hidden = [
    "app/etc/local.xml",
    "app/Mage.php",
    "lib/Varien/Object.php",
    "includes/config.php",
    "shell/indexer.php",
    "var/log/system.log",
    "var/export/customers.csv",
    "vendor/autoload.php",
    "cron.php",
    "cron.sh",
    "install.php",
    "get.php",
    "api.php",
    "composer.lock",
    "composer.json",
    ".env",
    ".git/config",
    "maintenance.flag",
    "LICENSE.txt",
    "dump.sql",
    "errors/local.xml",
    "errors/report.php",
    "errors/default/page.phtml",
    "js/.htaccess",
    "js/shell.php",
    "skin/frontend/rwd/default/scss/styles.scss",
    "media/.htaccess",
    "media/shell.php",
    "media/shell.PHP7",
    "media/customer/passport.jpg",
    "media/custom_options/order/photo.jpg",
    "media/downloadable/files/links/song.mp3",
    "media/import/products.csv",
    "media/tmp/upload.jpg",
    "media/tmp/catalog/product/a/upload.csv",
    "media/tmp/catalog/product/a/.hidden.jpg",
    "media/tmp/catalog/product/a/upload.jpg.php",
    "media/tmp/catalog/.thumbs/upload.jpg",
    "media/wysiwyg/.thumbs/notes.txt",
    "media/wysiwyg/.other/photo.jpg",
];

const shown = {
    "js/prototype/prototype.js": "1",
    "skin/frontend/rwd/default/css/styles.css": "body {}",
    "skin/adminhtml/default/default/boxes.css": "body {}",
    "media/catalog/product/a/b/photo.jpg": "jpg",
    "media/sitemap/sitemap.xml": "<urlset/>",
    "media/tmp/catalog/product/a/b/photo.jpg": "jpg",
    "media/wysiwyg/.thumbs/shoes/photo.PNG": "png",
    "errors/default/css/styles.css": "body {}",
    "favicon.ico": "ico",
    "robots.txt": "User-agent: *",
};

const files = {
    ...Object.fromEntries(hidden.map((name) => [name, "secret"])),
    ...shown,
    "index.php": `${probe} if (isset($_GET['slow'])) sleep(1); if (isset($_GET['fails'])) require 'fails.php';`,
    "get.php": probe,
    "api.php": probe,
    // Like Mage::printException() when a request fails, with the parts of Monolog that a log line needs.
    "fails.php": `<?php
        namespace Monolog { class Logger { function __construct($name) {} function pushHandler($handler) {} function error($text) { error_log($text); } } }
        namespace { class PlinthLog { function __construct($name) {} }
        (function () { $reportData = ['the cache is away', '#0 {main}']; require_once 'errors/report.php'; })(); }`,
    "errors/report.php": "<?php require_once 'processor.php'; echo new Error_Processor();",
    "errors/processor.php": "<?php class Error_Processor { function __toString() { return 'a page'; } }",
    "backoffice/secret.txt": "secret",
};

const pool = { maxChildren: 2, timeoutSeconds: 60 };

describe(`nginx ${seriesOf("nginx")} and php-fpm ${seriesOf("php-fpm")} of OpenMage`, () => {
    const { path, clean } = scratch();
    const sites: Site[] = [];
    let frontend: Site;
    let admin: Site;
    let metrics: number;
    after(async () => {
        for (const site of sites) await site.stop();
        clean();
    });
    before(async function () {
        const tools = { nginx: program(this, "nginx", { by: nobody }), fpm: program(this, "php-fpm", { by: nobody }) };
        const root = write(join(path, "root"), files);
        const own = write(join(path, "scripts"), scripts);
        metrics = await freePort();
        const common = { adminPath: "backoffice", php: "127.0.0.1", maxBody: "1Mi", bodies: 2, timeoutSeconds: 60 };
        const start = async (nginx: string) => {
            const site = new Site({
                ...tools,
                folder: write(join(path, `site-${sites.length}`), {}),
                conf: {
                    nginx,
                    php: {
                        "php-fpm.conf": fpmConf({ ...pool, listen: "pod", extra: ["env[OURS] = set"] }),
                        "openmage.ini": phpIni({
                            memoryLimit: "64Mi",
                            uploadLimit: "8Mi",
                            timeoutSeconds: 60,
                            extra: { precision: "9", variables_order: "EGPCS" },
                        }),
                    },
                },
                etc: paths.php,
                ports: { http: await freePort(), php: await freePort(), status: await freePort() },
                substitutions: [
                    ["/var/www/html", root],
                    [paths.scripts, own],
                    ["listen 9253;", `listen 127.0.0.1:${metrics};`],
                ],
            });
            sites.push(site);
            await site.start();
            return site;
        };
        frontend = await start(
            nginxConf({
                ...common,
                role: "frontend",
                metrics: true,
                api: true,
                replicas: { lagSeconds: 10 },
                stores: {
                    "de.example.org": { code: "german", type: "store" },
                    "b2b.example.org": { code: "b2b", type: "website" },
                },
                extra: ["add_header X-Ours yes;", "location = /ours {", "    return 204;", "}"],
            }),
        );
        admin = await start(nginxConf({ ...common, role: "admin", metrics: false }));
    });
    const asked = async (site: Site, address: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
        JSON.parse((await site.get(address, { ...init, headers })).body);

    const raw = (site: Site, address: string) => new Visitor(site, "shop.example.org").once(address);

    it("read their files without a warning", () => {
        for (const site of sites) site.expectNoWarning();
    });
    it("answer health checks, and metrics on another port", async () => {
        expect((await frontend.get("/healthz")).body).to.equal("ok\n");
        expect((await admin.get("/fpm-ping")).body).to.equal("pong");
        const answer = await fetch(`http://127.0.0.1:${metrics}/metrics`);
        expect(await answer.text()).to.match(/^phpfpm_accepted_connections \d+$/m);
        expect((await fetch(`http://127.0.0.1:${metrics}/index.php`)).status).to.equal(404);
        expect((await asked(frontend, "/fpm-status")).file).to.equal("index.php");
    });
    it("log why a request failed, even without a configuration", async () => {
        expect((await frontend.get("/?fails")).body).to.match(/a page$/);
        // The answer may be here before the line.
        for (let tries = 0; !frontend.log("fpm").includes("the cache is away") && tries < 40; tries += 1)
            await sleep(50);
        expect(frontend.log("fpm")).to.contain("the cache is away");
    });
    it("serve static files, and pages of OpenMage", async () => {
        for (const name of Object.keys(shown)) {
            const { status, headers } = await frontend.get(`/${name}`);
            expect([name, status, headers.get("content-type")]).to.deep.equal([name, 200, headers.get("content-type")]);
        }
        for (const address of [
            "/",
            "/index.php",
            "/index.php/customer/account/",
            "/shoes.html?p=2",
            "/catalog/product/view/id/1",
        ])
            expect((await asked(frontend, address)).file, address).to.equal("index.php");
        const { server, get } = await asked(frontend, "/shoes.html?p=2");
        expect([server.REQUEST_URI, server.SCRIPT_NAME, get.p]).to.deep.equal(["/shoes.html?p=2", "/index.php", "2"]);
        expect((await frontend.get("/ours")).status).to.equal(204);
        expect((await frontend.get("/shoes.html")).headers.get("x-ours")).to.equal("yes");
    });
    for (const name of hidden) {
        it(`deny /${name}`, async () => {
            for (const site of sites) {
                const { status, body } = await site.get(`/${name}`);
                expect(body).not.to.contain("secret");
                // No file of this name is served: if it is not refused at once, OpenMage answers 404.
                expect(status === 404 || JSON.parse(body).file === "index.php", `${status} ${body}`).to.equal(true);
            }
        });
    }
    for (const address of [
        "/media/photo.jpg/shell.php",
        "/js/prototype/prototype.js/x.php",
        "/media/%2e%2e/app/etc/local.xml",
        "/media/..%2fapp/etc/local.xml",
        "//app//etc/local.xml",
        "/%61pp/etc/local.xml",
        "/media/%63ustomer/passport.jpg",
        "/skin/../cron.php",
        "/media/catalog/../customer/passport.jpg",
        "/errors/report.php/x.css",
        "/media/../../../../etc/passwd",
    ])
        it(`execute and serve nothing else for ${address}`, async () => {
            for (const site of sites) {
                const { status, body } = await raw(site, address);
                expect(body).not.to.contain("secret");
                expect(status, body).to.be.oneOf([400, 404]);
            }
        });
    it("ask get.php for missing media", async () => {
        expect(await asked(frontend, "/media/catalog/product/gone.jpg")).to.include({ file: "get.php" });
    });
    it("answer web services if they are enabled, and never api.php by its name", async () => {
        const { file, get, server, reads } = await asked(frontend, "/api/rest/products?limit=3");
        expect([file, get, reads]).to.deep.equal(["api.php", { type: "rest", limit: "3" }, "source"]);
        expect(server.REQUEST_URI).to.equal("/api/rest/products?limit=3");
        expect((await asked(frontend, "/api/v2_soap/?wsdl=1")).file).to.equal("index.php");
        expect((await frontend.get("/api.php?type=rest")).status).to.equal(404);
        for (const address of ["/api/rest/products", "/index.php/api/soap", "/api/"])
            expect((await admin.get(address)).status, address).to.equal(404);
    });
    it("serve the administration in its own pod only", async () => {
        for (const address of [
            "/backoffice",
            "/backoffice/",
            "/index.php/backoffice/",
            "/index.php//backoffice/dashboard/",
            "//backoffice/",
            "/%62ackoffice/",
            "/Backoffice/",
            "/german/backoffice/",
            "/index.php/german/backoffice/sales_order/",
            "/backoffice/secret.txt",
            // Feeds that require an administrator's password.
            "/rss/order/new",
            "/index.php/german/rss/order/NEW/",
            "//rss/catalog/notifystock",
            "/rss/catalog/%72eview/",
        ])
            expect((await raw(frontend, address)).status, address).to.equal(404);
        for (const address of ["/backoffice/", "/index.php/backoffice/sales_order/"])
            expect((await asked(admin, address)).server.REQUEST_URI, address).to.equal(address);
        expect((await admin.get("/")).headers.get("location")).to.equal("/backoffice/");
        for (const address of ["/customer/account/", "/index.php", "/index.php/customer/account/", "/backofficer"])
            expect((await admin.get(address)).status, address).to.equal(404);
        for (const name of ["skin/adminhtml/default/default/boxes.css", "media/wysiwyg/.thumbs/shoes/photo.PNG"])
            expect((await admin.get(`/${name}`)).status, name).to.equal(200);
    });
    it("serve a store by its host", async () => {
        const seen = async (host: string) => {
            const { server } = JSON.parse((await new Visitor(frontend, host).once("/")).body);
            return [server.MAGE_RUN_CODE, server.MAGE_RUN_TYPE];
        };
        expect(await seen("de.example.org")).to.deep.equal(["german", "store"]);
        expect(await seen("B2B.example.org:443")).to.deep.equal(["b2b", "website"]);
        expect(await seen("shop.example.org")).to.deep.equal(["", "store"]);
    });
    it("take the client's address from the load balancer only, and ignore other URL headers", async () => {
        const { server } = await asked(frontend, "/", {
            "X-Forwarded-For": "192.0.2.9, 10.0.0.1",
            "X-Real-IP": "203.0.113.1",
            "Client-IP": "203.0.113.2",
            "Ssl-Offloaded": "203.0.113.3",
            Proxy: "http://203.0.113.4",
        });
        expect(JSON.stringify(server)).not.to.contain("203.0.113.");
        expect(server.REMOTE_ADDR).to.equal("192.0.2.9");
        expect((await asked(frontend, "/", { "X-Forwarded-For": "evil" })).server.REMOTE_ADDR).to.equal("127.0.0.1");
        for (const name of ["X-Original-URL", "X-Rewrite-URL"])
            expect((await frontend.get("/", { headers: { [name]: "/backoffice/" } })).status, name).to.equal(400);
        const line = JSON.parse(
            frontend
                .log("access")
                .trim()
                .split("\n")
                .find((text) => text.includes("192.0.2.9"))!,
        );
        expect(line).to.include({ client: "192.0.2.9", status: 200, uri: "/" });
    });
    it("tell PHP about TLS at the balancer", async () => {
        expect((await asked(frontend, "/", { "X-Forwarded-Proto": "https" })).server.HTTPS).to.equal("on");
        expect((await asked(frontend, "/")).server).not.to.have.property("HTTPS");
    });
    it("read from replicas, but from the source for clients that just wrote", async () => {
        const { body, headers } = await frontend.get("/shoes.html");
        expect(JSON.parse(body).reads).to.equal("replica");
        expect(headers.getSetCookie()).to.deep.equal([]);
        for (const [method, address] of [
            ["POST", "/shoes.html"],
            ["GET", "/checkout/cart/add/product/1/"],
            ["GET", "/german/customer/account/"],
            ["GET", "/index.php/wishlist"],
            ["GET", "/catalogsearch/result/?q=lamp"],
            ["GET", "/catalog/product_compare/add/product/1/"],
        ] as const) {
            const answer = await frontend.get(address, { method });
            expect(JSON.parse(answer.body).reads, address).to.equal("source");
            expect(answer.headers.getSetCookie()[0], address).to.match(/^reads=source; Max-Age=10; Path=\/; HttpOnly/);
        }
        expect((await asked(frontend, "/shoes.html", { Cookie: "a=b; reads=source" })).reads).to.equal("source");
        expect((await asked(admin, "/backoffice/")).reads).to.equal("source");
    });
    it("let PHP listen for other pods if nginx has separate pods", async function () {
        const [requests, state] = [await freePort(), await freePort()];
        const conf = fpmConf({ ...pool, listen: "cluster" })
            .replace("listen = 9000", `listen = ${requests}`)
            .replace("listen = 9001", `listen = ${state}`)
            .replace("/proc/self/fd/2", join(path, "cluster.log"));
        const folder = write(join(path, "cluster"), { "php-fpm.conf": conf });
        execFileSync("chmod", ["777", path]);
        const daemon = new Daemon(
            program(this, "php-fpm", { by: nobody }),
            ["--fpm-config", join(folder, "php-fpm.conf")],
            nobody,
        );
        try {
            for (const port of [requests, state])
                await daemon.ready(async () => {
                    const socket = connect(port, "127.0.0.2");
                    await once(socket, "connect");
                    socket.destroy();
                });
        } finally {
            await daemon.stop("SIGQUIT");
        }
    });
    it("refuse bodies above the limit, and pass the user's own settings to PHP", async () => {
        const body = "x".repeat(1_100_000);
        expect((await frontend.get("/", { method: "POST", body })).status).to.equal(413);
        const { own, order, server } = await asked(frontend, "/");
        expect([own, order, server.OURS]).to.deep.equal(["9", "EGPCS", "set"]);
    });
    it("finish running requests before they stop", async function () {
        this.timeout(30_000);
        const running = frontend.get("/index.php?slow=1");
        await new Promise((resolve) => setTimeout(resolve, 300));
        const stopped = frontend.stop();
        expect((await running).status).to.equal(200);
        await stopped;
        sites.shift();
    });
});

import { join } from "node:path";
import { expect } from "chai";
import { paths } from "../../platforms/opencart/paths";
import { BlackHole, mostOfBusy } from "../support/blackHole";
import { nobody, write } from "../support/files";
import { MariaDb } from "../support/mariaDb";
import { seriesOf } from "../support/needs";
import { opencartConf } from "../support/opencartSite";
import { Site } from "../support/site";
import { freePort, program, scratch } from "../support/tools";

/** Connects as OpenCart's framework does, in its order: database, cache, templates; and handles errors as it does. */
const index = `<?php
namespace Opencart\\System\\Library;
set_exception_handler(function (\\Throwable $error): void { header('Location: error.html'); exit; });
spl_autoload_register(fn ($class) => $class === 'Opencart\\System\\Library\\Template' && eval('namespace Opencart\\System\\Library; class Template {}'));
if (isset($_GET['database'])) {
    $database = mysqli_init();
    $database->real_connect('127.0.0.1', 'opencart', 'opencart', 'opencart', (int)$_GET['database'], null);
    if (isset($_GET['query'])) echo $database->query($_GET['query'])->fetch_row()[0], "\\n";
}
if (isset($_GET['cache'])) {
    $cache = new \\Redis();
    $cache->pconnect('127.0.0.1', (int)$_GET['cache']);
    $cache->auth('secret');
}
new Template();
echo ini_get('default_socket_timeout');
`;

describe(`OpenCart without its database or cache, on PHP ${seriesOf("php-fpm")}`, function () {
    this.timeout(120_000);
    const { path, clean } = scratch();
    const stops: (() => Promise<unknown>)[] = [];
    let site: Site;
    let php: string;

    before(async function () {
        php = program(this, "php");
        const root = write(join(path, "root"), { "index.php": index, "error.html": "the page for errors" });
        site = new Site({
            nginx: program(this, "nginx", { by: nobody }),
            fpm: program(this, "php-fpm", { by: nobody, extensions: ["mysqli", "redis"] }),
            folder: write(join(path, "site"), {}),
            conf: opencartConf("frontend"),
            etc: paths.php,
            ports: { http: await freePort(), php: await freePort(), status: await freePort() },
            substitutions: [["/var/www/html", root]],
            env: { OPENCART_ROOT: root },
        });
        stops.push(() => site.stop());
        await site.start();
    });
    after(async () => {
        for (const stop of stops.reverse()) await stop();
        clean();
    });

    async function hole(kind: "drops" | "silent"): Promise<number> {
        const opened = await BlackHole.open(php, kind);
        stops.push(() => opened.close());
        return opened.port;
    }

    /** The answer to a request, and the seconds that it took. */
    async function timed(query: string) {
        const began = Date.now();
        const answer = await site.get(`/index.php?${query}`);
        return { ...answer, seconds: (Date.now() - began) / 1000 };
    }

    for (const [what, server, kind] of [
        ["a database whose address is gone", "database", "drops"],
        ["a cache whose address is gone", "cache", "drops"],
        ["a cache that hangs", "cache", "silent"],
    ] as const)
        it(`gives up ${what} after five seconds, and says so with a status`, async () => {
            const { status, body, headers, seconds } = await timed(`${server}=${await hole(kind)}`);
            expect(seconds).to.be.within(4.5, mostOfBusy / 1000);
            expect(status).to.equal(503);
            expect(body).to.equal("the page for errors");
            expect(headers.get("location")).to.equal(null);
            expect(headers.get("retry-after")).to.equal("10");
        });

    it("leaves the limit of everything else alone", async () => {
        const { status, body } = await timed("");
        expect(status).to.equal(200);
        expect(body).to.equal("60");
    });

    it("lets a query take its time", async function () {
        const port = await freePort();
        const database = new MariaDb({
            server: program(this, "mariadbd"),
            installer: program(this, "mariadb-install-db"),
            client: program(this, "mariadb"),
            folder: join(path, "mariadb"),
            port,
        });
        stops.push(() => database.stop());
        await database.ready();
        const { status, body, seconds } = await timed(`database=${port}&query=SELECT+SLEEP(8)`);
        expect(status).to.equal(200);
        expect(body).to.equal("0\n60");
        expect(seconds).to.be.above(8);
    });
});

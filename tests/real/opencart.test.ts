// Longer than 400 lines: it is the life of one shop, in which every step needs what the steps before have left.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { AnyInstance } from "../../config/stack";
import { opencart } from "../../platforms/opencart";
import { paths } from "../../platforms/opencart/paths";
import { type DeclareArgs, find, type Sent } from "../support/declare";
import { nobody, write } from "../support/files";
import { MariaDb } from "../support/mariaDb";
import { declareOpenCart, layOut } from "../support/opencart";
import { Site, type Substitutions } from "../support/site";
import { PodRun } from "../support/pods";
import { cacheEngine } from "../support/needs";
import { shopExtensions } from "../support/shopTasks";
import { Daemon, freePort, program, scratch } from "../support/tools";

// OpenCart itself, with the files that the stack renders, on this machine's nginx, php-fpm, MariaDB and Redis:
//
//   OPENCART_SOURCES=/path/to/4.1.0.4/upload OPENCART_SOURCES_OLD=/path/to/4.1.0.3/upload npx mocha tests/real
//
// Without the older sources, the upgrade is not tested.

const sources = process.env["OPENCART_SOURCES"];
const older = process.env["OPENCART_SOURCES_OLD"];

/** With every special character of PHP, SQL and shells. */
const nasty = `it's-a-"\\secret\\'; $HOME \`id\` %s {$x} é`;
const secrets = {
    smtpPassword: `smtp-${nasty}`,
    adminPassword: "first-password",
    databasePassword: `db-${nasty}`,
    cachePassword: `cache-${nasty}`,
};

const configured: DeclareArgs = {
    instance: {
        adminPath: "backoffice",
        tls: { mode: "internal" },
        mail: { host: "smtp.example.org", username: "shop@example.org" },
        php: { memoryLimit: "128Mi" },
    },
    values: { secrets: { shop: secrets } },
};

/** One digest of all files below a folder. */
const treeHash = (folder: string): string => {
    const hash = createHash("sha256");
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
        const file = join(folder, name);
        if (statSync(file).isFile()) hash.update(name).update(readFileSync(file));
    }
    return hash.digest("hex");
};

describe("OpenCart for real with nginx, php-fpm, MariaDB and the cache", function () {
    this.timeout(180_000);
    const { path, clean } = scratch();
    const volume = join(path, "volume");
    const stops: (() => Promise<unknown>)[] = [];
    let objects: Sent[];
    let cache: Daemon;
    let substitutions: Substitutions;
    let database: MariaDb;
    let redis: (...command: string[]) => string;
    let shop: Site;
    let admin: Site;
    let tools: { nginx: string; fpm: string };
    let cookies = "";

    before(async function () {
        if (!sources) {
            console.log("      skipped: OPENCART_SOURCES names no directory with OpenCart's sources");
            this.skip();
        }
        tools = {
            nginx: program(this, "nginx", { by: nobody }),
            fpm: program(this, "php-fpm", { by: nobody, extensions: shopExtensions }),
        };
        const ports = { database: await freePort(), cache: await freePort() };
        objects = await declareOpenCart(configured);
        substitutions = [
            ["database.opencart-shop.svc.cluster.local", "127.0.0.1"],
            ["cache.opencart-shop.svc.cluster.local", "127.0.0.1"],
            ["3306", String(ports.database)],
            ["6379", String(ports.cache)],
            // A mount is a link here, and OpenCart compares real paths.
            ["'DIR_IMAGE', DIR_OPENCART . 'image/'", `'DIR_IMAGE', '${volume}/image/'`],
        ];
        console.log(
            `      substituted: ${substitutions.map((pair) => pair.join(" → ")).join(", ")}; every path below ${path}`,
        );
        mkdirSync(volume);
        execFileSync("chmod", ["777", path, volume]);

        const init = find(objects, "Secret", "database-root")["stringData"];
        database = new MariaDb({
            server: program(this, "mariadbd"),
            installer: program(this, "mariadb-install-db"),
            client: program(this, "mariadb"),
            folder: join(path, "mariadb"),
            port: ports.database,
            conf: find(objects, "ConfigMap", "database")["data"]["plinth.cnf"],
            init: { sql: init["init.sql"], rootPassword: init.rootPassword },
        });
        stops.push(() => database.stop());
        await database.ready();

        const cacheSecret = find(objects, "Secret", "cache")["stringData"].password;
        const conf = find(objects, "Secret", "cache-config")["stringData"]["cache.conf"] as string;
        const client = program(this, `${cacheEngine()}-cli`);
        redis = (...command) =>
            execFileSync(client, ["-p", String(ports.cache), "--no-auth-warning", "-a", cacheSecret, ...command], {
                encoding: "utf8",
                stdio: "pipe",
            }).trim();
        const file = join(path, "cache.conf");
        execFileSync("tee", [file], {
            input: conf
                .replace("port 6379", `port ${ports.cache}`)
                .replace("bind * -::*", "bind 127.0.0.1")
                .replace("dir /data", `dir ${path}`),
            stdio: ["pipe", "ignore", "inherit"],
        });
        cache = new Daemon(program(this, `${cacheEngine()}-server`), [file], nobody);
        stops.push(() => cache.stop());
        await cache.ready(async () => expect(redis("PING")).to.equal("PONG"));
    });
    after(async () => {
        for (const stop of stops.reverse()) await stop();
        clean();
    });

    let pods = 0;
    /** A new pod with the image of these sources. */
    function pod(kind: string, name: string, from = sources!, rendered = objects): PodRun {
        const root = join(path, `${name}-${++pods}`);
        layOut(from, root, "backoffice");
        mkdirSync(join(root, "tmp"));
        execFileSync("chmod", ["777", join(root, "tmp")]);
        return new PodRun(find(rendered, kind, name), {
            objects: rendered,
            root,
            claims: { files: volume },
            substitutions,
        });
    }

    const tables = () =>
        Number(
            database.sql(
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'opencart' AND table_name LIKE 'oc\\_%'",
            ),
        );
    const version = () => database.sql("SELECT value FROM plinth_state WHERE name = 'version'");
    /** A customer and an order, in the columns that both versions have, and the shop's key. */
    const kept = () =>
        database.sql(`SELECT customer_id, customer_group_id, firstname, lastname, email, password, ip, status, date_added FROM oc_customer;
            SELECT order_id, customer_id, firstname, total, order_status_id, date_added FROM oc_order;
            SELECT MD5(value) FROM oc_setting WHERE \`key\` = 'config_encryption'`);

    it("installs into an empty database, with two pods at once", async () => {
        const first = older ?? sources!;
        const jobs = await Promise.all([
            pod("Job", "install", first).run("install"),
            pod("Job", "install", first).run("install"),
        ]);
        expect(
            jobs.filter((output) => output.includes("is installed\n") && output.includes("SUCCESS!")),
        ).to.have.length(1);
        expect(jobs.filter((output) => output.includes("nothing to do"))).to.have.length(1);
        expect(tables()).to.be.above(150);
        console.log(`      ${tables()} tables at version ${version()}`);
    });
    it("loses nothing when it is installed again", async () => {
        database.sql(`INSERT INTO oc_customer SET customer_group_id = 1, store_id = 0, language_id = 1, firstname = 'Ada', lastname = 'Lovelace',
            email = 'ada@example.org', telephone = '', password = 'x', custom_field = '[]', newsletter = 0, ip = '192.0.2.1', status = 1, safe = 0, commenter = 0, token = '', code = '', date_added = NOW();
            SET sql_mode = ''; INSERT INTO oc_order SET customer_id = 1, firstname = 'Ada', total = 12.5, order_status_id = 1, currency_code = 'USD', date_added = NOW(), date_modified = NOW()`);
        const before = kept();
        expect(before).to.contain("ada@example.org").and.contain("12.5");
        const output = await pod("Job", "install", older ?? sources!).run("install");
        expect(output).to.contain("nothing to do");
        expect(kept()).to.equal(before);
    });
    it("upgrades once, and again without harm; keeps customer, order and config.php", async function () {
        if (!older) return this.skip();
        const old = pod("Job", "upgrade", older);
        expect(await old.run("upgrade")).to.contain("nothing to do");
        expect(version()).to.equal("4.1.0.3");
        const before = kept();
        const upgrade = pod("Job", "upgrade");
        const { data } = find(objects, "ConfigMap", "config") as unknown as { data: Record<string, string> };
        const code = join(upgrade.root, "var/www/html");
        write(code, { "config.php": data["config.php"]!, "backoffice/config.php": data["admin-config.php"]! });
        const untouched = treeHash(code);
        execFileSync("mkdir", ["-p", join(volume, "extension/ocmod/some/catalog")], nobody);
        const output = await upgrade.run("upgrade");
        console.log(output.replace(/^/gm, "      | "));
        expect(version()).to.equal("4.1.0.4");
        expect(kept()).to.equal(before);
        expect(treeHash(code)).to.equal(untouched);
        expect(existsSync(join(volume, "extension/ocmod/some/catalog"))).to.equal(false);
        expect(await upgrade.run("upgrade")).to.contain("nothing to do");
        // As if the record had been lost: the steps run again on an upgraded database.
        database.sql("DELETE FROM plinth_state WHERE name = 'version'");
        expect(await upgrade.run("upgrade")).to.contain("the database is at version 4.1.0.4");
        expect(kept()).to.equal(before);
        // An older image must not change it.
        expect(await old.run("upgrade").catch(String)).to.contain("OpenCart cannot go back");
    });

    async function start(role: "frontend" | "admin", rendered = objects): Promise<Site> {
        const run = pod("Deployment", role, sources!, rendered);
        const { initContainers } = find(rendered, "Deployment", role)["spec"].template.spec;
        const last = initContainers.at(-1).name;
        console.log((await run.run(last)).replace(/^(?=.)/gm, "      | "));
        run.mount("php");
        const data = (name: string) => find(rendered, "ConfigMap", `${role}-${name}`)["data"];
        const site = new Site({
            ...tools,
            folder: join(path, `${role}-site`),
            conf: { nginx: data("nginx")["nginx.conf"], php: data("php") },
            etc: paths.php,
            ports: { http: await freePort(), php: await freePort(), status: await freePort() },
            substitutions: [["/var/www", `${run.root}/var/www`]],
            env: run.environment("php"),
        });
        await site.start();
        stops.push(() => site.stop());
        return site;
    }
    /** Requests as forwarded by the load balancer. */
    const forwarded = { Host: "shop.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7" };
    async function get(site: Site, address: string, body?: URLSearchParams) {
        const headers = { ...forwarded, ...(cookies ? { Cookie: cookies } : {}) };
        const answer = await site.get(address, { headers, ...(body ? { method: "POST", body } : {}) });
        const set = answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]!);
        if (set.length > 0) cookies = set.join("; ");
        return answer;
    }

    it("shows the shop", async () => {
        shop = await start("frontend");
        const { status, body, headers } = await get(shop, "/");
        expect(status).to.equal(200);
        expect(body)
            .to.contain("Your Store")
            .and.contain('<base href="https://shop.example.org/"')
            .and.not.match(/Warning|Fatal error|Notice:/);
        expect(headers.getSetCookie().join()).to.match(/OCSESSID=.*secure.*HttpOnly/i);
        for (const asset of [...body.matchAll(/(?:href|src)="(catalog\/[^"]+\.(?:css|js))"/g)].map(
            (match) => match[1]!,
        ))
            expect((await shop.get(`/${asset}`)).status, asset).to.equal(200);
        const picture = /https:\/\/shop\.example\.org(\/image\/cache\/[^"?]+)/.exec(body)?.[1];
        expect(picture, "a picture that was resized on demand").to.be.a("string");
        expect((await shop.get(picture!)).headers.get("content-type")).to.match(/^image\//);
        expect((await get(shop, "/index.php?route=product/product&product_id=43")).body).to.contain("MacBook");
        expect((await get(shop, "/index.php?route=no/such")).status).to.equal(404);
    });
    it("keeps sessions in the database and the cache in Redis", () => {
        expect(Number(database.sql("SELECT COUNT(*) FROM oc_session"))).to.be.above(0);
        const keys = redis("KEYS", "*").split("\n");
        expect(keys[0]).not.to.equal("");
        expect(
            keys.every((key) => key.startsWith("opencart-shop.")),
            keys.join(),
        ).to.equal(true);
        console.log(`      ${keys.length} keys, such as ${keys.sort().slice(0, 3).join(", ")}`);
    });
    it("denies private paths", async () => {
        const denied = [
            "/config.php",
            "/cron.php",
            "/install/index.php",
            "/system/startup.php",
            "/backoffice/",
            "/backoffice/index.php",
            "/.htaccess.txt",
            "/php.ini",
            "/catalog/view/template/common/home.twig",
            "/index.php?route=cron/cron",
        ];
        for (const file of denied) expect((await get(shop, file)).status, file).to.equal(404);
    });

    async function login(password: string, username = "admin"): Promise<{ redirect?: string; error?: string }> {
        cookies = "";
        const page = await get(admin, "/backoffice/");
        const form =
            page.status === 302
                ? await get(
                      admin,
                      new URL(page.headers.get("location")!).pathname + new URL(page.headers.get("location")!).search,
                  )
                : page;
        expect(form.status).to.equal(200);
        const action = /action="([^"]*login_token=[^"]*)"/.exec(form.body)![1]!.replaceAll("&amp;", "&");
        expect(action).to.match(/^https:\/\/shop\.example\.org\/backoffice\/index\.php\?route=common\/login/);
        const { pathname, search } = new URL(action);
        return JSON.parse((await get(admin, pathname + search, new URLSearchParams({ username, password }))).body);
    }
    it("logs the administrator in, in the admin pod", async () => {
        admin = await start("admin");
        expect((await login("wrong")).error).to.be.a("string");
        const { redirect } = await login("first-password");
        expect(redirect).to.match(
            /^https:\/\/shop\.example\.org\/backoffice\/index\.php\?route=common\/dashboard&user_token=/,
        );
        const { pathname, search } = new URL(redirect!);
        const dashboard = await get(admin, pathname + search);
        expect(dashboard.status).to.equal(200);
        expect(dashboard.body)
            .to.contain("Dashboard")
            .and.not.match(/Warning:|Fatal error/);
        for (const asset of [...dashboard.body.matchAll(/(?:href|src)="(view\/[^"]+\.(?:css|js))"/g)].map(
            (match) => match[1]!,
        ))
            expect((await admin.get(`/backoffice/${asset}`)).status, asset).to.equal(200);
        const settings = await get(admin, pathname + search.replace("common/dashboard", "setting/setting"));
        expect(settings.body).to.contain("smtp.example.org");
        expect((await get(admin, "/index.php")).status).to.equal(404);
    });
    it("makes administrators, changes their passwords and runs jobs in the admin pod", async () => {
        const run = pod("Deployment", "admin");
        await run.run("files");
        run.mount("php");
        const settings = { platform: "opencart", adminPath: "backoffice" } as unknown as AnyInstance;
        const operate = (name: string, input: object, password = "") =>
            run
                .exec("php", opencart.operations!(settings)[name]!.command({ ...input }), {}, `${password}\n`)
                .catch(String);
        // As the form would send them, they are decoded once.
        const password = `a'"&amp;\\<$HOME\`é`;
        const ada = { name: "ada's", email: "ada@example.org" };
        expect(await operate("createadmin", ada, password)).to.contain("can log in");
        expect(await operate("createadmin", ada, password)).to.contain("already");
        expect(await operate("createadmin", { ...ada, name: "bob" }, password)).to.contain("address");
        expect((await login(password, "ada's")).redirect).to.contain("route=common/dashboard");
        expect(await operate("adminpassword", { name: "eve" }, password)).to.contain("no administrator eve");
        expect(await operate("adminpassword", ada, "second-word")).to.contain("is changed");
        expect((await login(password, "ada's")).error).to.be.a("string");
        expect((await login("second-word", "ada's")).redirect).to.contain("route=common/dashboard");
        database.sql("DELETE FROM oc_user WHERE email = 'ada@example.org'");
        database.sql("UPDATE oc_cron SET date_modified = '2020-01-01'");
        await operate("cron", {});
        expect(database.sql("SELECT COUNT(*) FROM oc_cron WHERE date_modified > '2021-01-01'")).not.to.equal("0");
    });
    it("sends mail by SMTP, as configured", () => {
        const rows = database.sql(
            "SELECT `key`, value FROM oc_setting WHERE `key` LIKE 'config\\_mail\\_%' ORDER BY `key`",
        );
        expect(rows)
            .to.contain("config_mail_engine\tsmtp")
            .and.contain("config_mail_smtp_hostname\ttls://smtp.example.org");
        const password = database.sql("SELECT HEX(value) FROM oc_setting WHERE `key` = 'config_mail_smtp_password'");
        expect(Buffer.from(password, "hex").toString()).to.equal(secrets.smtpPassword);
    });
    it("never compiles stylesheets, because no file could be written", async () => {
        const setting = () => database.sql("SELECT code, value FROM oc_setting WHERE `key` = 'developer_sass'");
        const { redirect } = await login("first-password");
        const search = new URL(redirect!).search.replace("common/dashboard", "common/developer.edit");
        const { body } = await get(
            admin,
            `/backoffice/index.php${search}`,
            new URLSearchParams({ developer_sass: "0" }),
        );
        expect(JSON.parse(body)).to.have.property("success");
        expect(setting()).to.equal("developer\t1");
        database.sql("UPDATE oc_setting SET value = '0' WHERE `key` = 'developer_sass'");
        await pod("Deployment", "admin").run("settings");
        expect(setting()).to.equal("developer\t1");
    });
    it("runs the scheduled jobs", async () => {
        database.sql("UPDATE oc_cron SET date_modified = '2020-01-01', status = 1");
        const output = await pod("CronJob", "cron").run("cron");
        console.log(output.replace(/^(?=.)/gm, "      | "));
        expect(database.sql("SELECT COUNT(*) FROM oc_cron WHERE date_modified < '2021-01-01'")).to.equal("0");
    });
    it("applies a changed password, and keeps a later change in the administration", async () => {
        const withPassword = (adminPassword: string) => ({
            ...configured,
            values: { secrets: { shop: { ...secrets, adminPassword } } },
        });
        const changed = await declareOpenCart(withPassword("second-password"));
        const annotation = (list: readonly Sent[]) =>
            JSON.stringify(find(list, "Deployment", "admin")["spec"].template.metadata.annotations);
        expect(annotation(changed)).not.to.equal(annotation(objects));
        await pod("Deployment", "admin", sources!, changed).run("settings");
        expect((await login("first-password")).error).to.be.a("string");
        expect((await login("second-password")).redirect).to.be.a("string");
        const hash = execFileSync("php", ["-r", "echo password_hash('by-hand', PASSWORD_DEFAULT);"], {
            encoding: "utf8",
        });
        database.sql(`UPDATE oc_user SET password = '${hash}'`);
        await pod("Deployment", "admin", sources!, changed).run("settings");
        expect((await login("by-hand")).redirect).to.be.a("string");
    });
    it("seeds the shared files once, and overwrites nothing", async () => {
        expect(readdirSync(join(volume, "image"))).to.include.members([
            "cache",
            "catalog",
            "no_image.png",
            "placeholder.png",
        ]);
        execFileSync("rm", [join(volume, "image/profile.png")]);
        execFileSync("sh", ["-c", `echo mine > ${volume}/image/no_image.png`]);
        await pod("Deployment", "frontend").run("files");
        expect(existsSync(join(volume, "image/profile.png"))).to.equal(false);
        expect(readFileSync(join(volume, "image/no_image.png"), "utf8")).to.equal("mine\n");
    });
    it("refuses an image with the administration in another folder", async () => {
        const other = await declareOpenCart({
            ...configured,
            instance: { ...configured.instance, adminPath: "elsewhere" },
        });
        expect(await pod("Deployment", "frontend", sources!, other).run("files").catch(String)).to.contain(
            "built with ADMIN_PATH=backoffice",
        );
    });
    it("logs no errors of PHP or OpenCart", () => {
        const log = join(volume, "storage/logs/error.log");
        const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
        if (lines.length > 0)
            console.log(
                lines
                    .slice(0, 40)
                    .map((line) => `      | ${line}`)
                    .join("\n"),
            );
        expect(lines.filter((line) => /Fatal|Uncaught|Permission denied/.test(line))).to.deep.equal([]);
        for (const site of [shop, admin]) expect(site.log("fpm")).not.to.match(/Fatal|Uncaught|Permission denied/);
    });
    it("without cache or database answers with 503, in the shop and in the administration", async () => {
        const gone = async () => {
            for (const [site, page] of [
                [shop, "/"],
                [admin, "/backoffice/"],
            ] as const) {
                const { status, body } = await site.get(page);
                expect(body).to.contain("Internal Server Error!");
                expect(status).to.equal(503);
            }
        };
        expect((await shop.get("/")).status).to.equal(200);
        await cache.stop();
        await gone();
        await database.stop();
        await gone();
    });
});

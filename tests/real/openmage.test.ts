// Longer than 400 lines: it is the life of one shop, in which every step needs what the steps before have left.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { AnyInstance } from "../../config/stack";
import { openmage } from "../../platforms/openmage";
import { paths } from "../../platforms/openmage/paths";
import { type DeclareArgs, find, type Sent } from "../support/declare";
import { nobody } from "../support/files";
import { declareOpenMage } from "../support/openmage";
import { PodRun } from "../support/pods";
import { Visitor } from "../support/visitor";
import { ShopServers } from "../support/shopServers";
import { Site } from "../support/site";
import { shopExtensions } from "../support/shopTasks";
import { freePort, program, scratch } from "../support/tools";

// OpenMage itself, with the files that the stack renders, on this machine's nginx, php-fpm, MariaDB (a source and a
// replica) and Redis:
//
//   OPENMAGE_SOURCES=/path/to/20.18.0 OPENMAGE_SOURCES_OLD=/path/to/20.17.0 npx mocha tests/real/openmage.test.ts
//
// Both are directories with index.php in which `composer install --no-dev` has run. Without the older one there is no
// upgrade to show. PHP needs its extensions curl, gd, intl, mbstring, mysql, redis, soap, xml and zip.

const sources = process.env["OPENMAGE_SOURCES"];
const older = process.env["OPENMAGE_SOURCES_OLD"];

/** With every special character of PHP, XML, SQL and shells. */
const nasty = `it's-a-"\\secret\\'; $HOME \`id\` %s {{root_dir}} ]]> <b> &amp; é`;
const secrets = {
    adminPassword: "first-password-1",
    cryptKey: "0123456789abcdef0123456789abcdef",
    databasePassword: `db-${nasty}`,
    cachePassword: `cache-${nasty}`,
    sessionsPassword: `sessions-${nasty}`,
};

const configured: DeclareArgs = {
    instance: {
        tls: { mode: "internal" },
        database: {
            topology: "external",
            host: "db.example.org",
            readHost: "db-read.example.org",
            name: "shop",
            user: "shop",
        },
        php: { memoryLimit: "256Mi" },
    },
    values: { secrets: { shop: secrets } },
};

describe("OpenMage for real with nginx, php-fpm, MariaDB and the cache", function () {
    this.timeout(180_000);
    const { path, clean } = scratch();
    const volume = join(path, "media");
    const stops: (() => Promise<unknown>)[] = [];
    let objects: Sent[];
    let servers: ShopServers;
    let shop: Site;
    let admin: Site;
    let tools: { nginx: string; fpm: string };
    let visitor: Visitor;

    before(async function () {
        if (!sources) {
            console.log("      skipped: OPENMAGE_SOURCES names no directory with OpenMage's sources");
            this.skip();
        }
        tools = {
            nginx: program(this, "nginx", { by: nobody }),
            fpm: program(this, "php-fpm", { by: nobody, extensions: shopExtensions }),
        };
        objects = await declareOpenMage(configured);
        servers = await ShopServers.start(this, path, objects, secrets);
        stops.push(() => servers.stop());
        console.log(
            `      substituted: ${servers.substitutions.map((pair) => pair.join(" → ")).join(", ")}; every path below ${path}`,
        );
        mkdirSync(volume);
        execFileSync("chmod", ["777", path, volume]);
    });
    after(async function () {
        // Each pod had its own tree.
        this.timeout(600_000);
        for (const stop of stops.reverse()) await stop();
        clean();
    });

    let pods = 0;
    /** A new pod with the image of these sources. */
    function pod(kind: string, name: string, from = sources!, rendered = objects): PodRun {
        const root = join(path, `${name}-${++pods}`);
        mkdirSync(join(root, "var/www"), { recursive: true });
        mkdirSync(join(root, "tmp"));
        // Links, because only the owner of the sources may write them.
        execFileSync("cp", ["-al", from, join(root, paths.root)]);
        execFileSync("chmod", ["777", join(root, "tmp")]);
        return new PodRun(find(rendered, kind, name), {
            objects: rendered,
            root,
            claims: { media: volume },
            substitutions: servers.substitutions,
            folders: ["/var/www", paths.scripts, paths.php, "/tmp"],
        });
    }
    const sql = (statement: string) => servers.source.sql(statement, "shop");
    const said = (output: string) => console.log(output.trim().replace(/^(?=.)/gm, "      | "));
    const tables = () =>
        Number(
            sql(
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'shop' AND table_name <> 'plinth_state'",
            ),
        );
    /** Data that a shop must not lose. */
    const kept = () =>
        sql(`SELECT entity_id, email FROM customer_entity; SELECT username, password, created FROM admin_user;
            SELECT path, value FROM core_config_data ORDER BY config_id`);
    it("installs a database once when two Jobs run at the same time", async () => {
        const first = older ?? sources!;
        const install = () => {
            const job = pod("Job", "install", first);
            job.mount("install");
            return job.exec("install", undefined, { PATIENCE: "120" });
        };
        const jobs = await Promise.all([install(), install()]);
        jobs.forEach(said);
        expect(jobs.filter((output) => output.includes("is installed\n"))).to.have.length(1);
        expect(jobs.filter((output) => output.includes("nothing to do"))).to.have.length(1);
        expect(tables()).to.be.above(300);
        expect(
            sql("SELECT COUNT(*) FROM core_resource WHERE data_version IS NULL OR data_version <> version"),
        ).to.equal("0");
    });
    it("loses nothing when it is installed again, and restarts an aborted installation", async () => {
        sql(
            "INSERT INTO customer_entity SET email = 'ada@example.org', entity_type_id = 1, website_id = 1, store_id = 1, group_id = 1",
        );
        const before = kept();
        expect(before).to.contain("ada@example.org");
        expect(await pod("Job", "install").run("install")).to.contain("nothing to do");
        sql("INSERT INTO plinth_state VALUES ('installing', '.')");
        expect(await pod("Job", "install").run("install").catch(String)).to.contain("Nothing was changed");
        expect(kept()).to.equal(before);
        sql("DELETE FROM customer_entity; DELETE FROM admin_user; DROP TABLE sales_flat_order_grid");
        const again = await pod("Job", "install", older ?? sources!).run("install");
        expect(again).to.contain("beginning anew").and.contain("is installed");
        expect(tables()).to.be.above(300);
    });
    it("upgrades once, holds pods back until then, and never downgrades", async function () {
        if (!older) return this.skip();
        const waiting = pod("Deployment", "frontend");
        waiting.mount("ready");
        expect(await waiting.exec("ready", undefined, { PATIENCE: "1" }).catch(String)).to.contain(
            "not at version 20.18.0",
        );
        const before = kept();
        expect(await pod("Job", "upgrade", older).run("upgrade")).to.contain("nothing to do");
        const upgrade = await pod("Job", "upgrade").run("upgrade");
        said(upgrade);
        expect(upgrade).to.contain("the tables are at version 20.18.0");
        expect(kept()).to.equal(before);
        expect(await pod("Job", "upgrade").run("upgrade")).to.contain("nothing to do");
        expect(await pod("Job", "upgrade", older).run("upgrade").catch(String)).to.contain("OpenMage cannot go back");
    });

    async function start(role: "frontend" | "admin", rendered = objects): Promise<Site> {
        const run = pod("Deployment", role, sources!, rendered);
        const { initContainers } = find(rendered, "Deployment", role)["spec"].template.spec;
        said(await run.run(initContainers.at(-1).name));
        run.mount("php");
        const { data } = find(rendered, "ConfigMap", `${role}-php-files`) as unknown as {
            data: Record<string, string>;
        };
        const site = new Site({
            ...tools,
            folder: join(path, `${role}-site-${pods}`),
            conf: { nginx: find(rendered, "ConfigMap", `${role}-nginx`)["data"]["nginx.conf"], php: data },
            etc: paths.php,
            ports: { http: await freePort(), php: await freePort(), status: await freePort() },
            substitutions: [
                ["/var/www", `${run.root}/var/www`],
                [paths.scripts, `${run.root}${paths.scripts}`],
            ],
            env: run.environment("php"),
        });
        await site.start();
        stops.push(() => site.stop());
        return site;
    }
    /** Runs a few lines of PHP with OpenMage, as an operator would in the cron pod. */
    async function inOpenMage(code: string): Promise<string> {
        const run = pod("CronJob", "cron");
        run.mount("cron");
        return run.exec("cron", ["php", "-r", `require '${paths.scripts}/common.php'; Mage::app('admin'); ${code}`]);
    }

    it("shows the shop", async () => {
        shop = await start("frontend");
        visitor = new Visitor(shop, "shop.example.org");
        const { status, body, headers } = await visitor.get("/");
        expect(status).to.equal(200);
        expect(body)
            .to.contain("<title>Home page</title>")
            .and.not.match(/Warning:|Fatal error|Notice:/);
        expect(headers["set-cookie"]!.join()).to.match(/om_frontend=[^;]*;.*secure; HttpOnly/i);
        const assets = [...body.matchAll(/(?:href|src)="https:\/\/shop\.example\.org(\/(?:skin|js)\/[^"?]+)/g)];
        expect(assets.length).to.be.above(10);
        for (const [, asset] of assets) expect((await visitor.get(asset!)).status, asset).to.equal(200);
        expect((await visitor.get("/no/such")).status).to.equal(404);
        expect((await visitor.get("/index.php/backoffice/")).status).to.equal(404);
    });
    it("logs the administrator in, in the admin pod", async () => {
        admin = await start("admin");
        const person = new Visitor(admin, "shop.example.org");
        expect((await person.logIn("backoffice", "admin", "wrong-password-1")).body).to.contain(
            "You did not sign in correctly",
        );
        const dashboard = await person.logIn("backoffice", "admin", secrets.adminPassword);
        expect(dashboard.status).to.equal(200);
        expect(dashboard.body).to.match(/<title>Dashboard/);
        expect((await person.get("/customer/account/")).status).to.equal(404);
    });
    it("makes administrators, empties the cache, reindexes and schedules jobs in the admin pod", async () => {
        const run = pod("Deployment", "admin");
        run.mount("php");
        const operate = (name: string, input: object, password = "") =>
            run
                .exec("php", openmage.operations!({} as AnyInstance)[name]!.command({ ...input }), {}, `${password}\n`)
                .catch(String);
        expect(await operate("createadmin", { name: "ada", email: "ada@example.org" }, "short")).to.contain("14");
        const password = `A1 ${nasty}`;
        expect(await operate("createadmin", { name: "ada", email: "ada@example.org" }, password)).to.contain(
            "can log in",
        );
        expect(await operate("createadmin", { name: "ada", email: "b@example.org" }, password)).to.contain("already");
        expect(await operate("createadmin", { name: "b", email: "ada@example.org" }, password)).to.contain(
            "A user with",
        );
        const logIn = async (secret: string) =>
            (await new Visitor(admin, "shop.example.org").logIn("backoffice", "ada", secret)).body;
        expect(await logIn(password)).to.match(/<title>Dashboard/);
        expect(await operate("adminpassword", { name: "eve" }, password)).to.contain("no administrator eve");
        expect(await operate("adminpassword", { name: "ada" }, "another-password-2")).to.contain("is changed");
        expect(await logIn(password)).to.contain("You did not sign in correctly");
        expect(await logIn("another-password-2")).to.match(/<title>Dashboard/);
        expect(await operate("cache", { type: [] }))
            .to.contain("config: emptied")
            .and.contain("block_html: emptied");
        expect(await operate("cache", { type: ["no"] })).to.contain("There is no cache no; allowed: config, ");
        said(await operate("reindex", { index: [] }));
        expect(await operate("reindex", { index: ["catalog_url"] })).to.match(/^catalog_url: [\d.]+ seconds\n$/);
        expect(await operate("reindex", { index: ["no"] })).to.contain("There is no index no; allowed: catalog");
        expect(await operate("cron", {})).to.match(/^catalogrule_apply_all$/m);
        expect(await operate("cron", { job: "no" })).to.contain("There is no job no");
        expect(await operate("cron", { job: "catalogrule_apply_all" })).to.contain("within a minute");
        sql("DELETE FROM admin_user WHERE username = 'ada'");
        const cron = pod("CronJob", "cron");
        cron.mount("cron");
        expect(await cron.exec("cron")).to.contain("catalogrule_apply_all: success");
    });
    it("resizes pictures of a product, shows its page, and puts it into the cart", async () => {
        const picture = join(volume, "lamp.png");
        execFileSync(
            "php",
            [
                "-r",
                `$image = imagecreatetruecolor(900, 900); imagefilledrectangle($image, 0, 0, 900, 900, 255); imagepng($image, '${picture}');`,
            ],
            nobody,
        );
        said(
            await inOpenMage(`$product = Mage::getModel('catalog/product')->setTypeId('simple')->setAttributeSetId(4)->setWebsiteIds([1])
                ->setSku('lamp')->setName('Lovely lamp')->setUrlKey('lamp')->setDescription('A lamp')->setShortDescription('A lamp')->setPrice(12.5)->setWeight(1)
                ->setStatus(1)->setVisibility(4)->setTaxClassId(0)->setStockData(['qty' => 9, 'is_in_stock' => 1])
                ->addImageToMediaGallery('${paths.media}/lamp.png', ['image', 'small_image', 'thumbnail'], true, false);
                $product->save(); echo 'product ', $product->getId();`),
        );
        await servers.caughtUp();
        const page = await visitor.get("/lamp.html");
        expect(page.status).to.equal(200);
        const resized = /https:\/\/shop\.example\.org(\/media\/catalog\/product\/cache\/[^"?]+\.png)/.exec(
            page.body,
        )?.[1];
        expect(resized, "a picture that was resized on demand").to.be.a("string");
        expect((await visitor.get(resized!)).headers["content-type"]).to.equal("image/png");
        expect(readdirSync(join(volume, "catalog/product"))).to.include("cache");
        const action = new URL(/<form action="([^"]*checkout\/cart\/add[^"]*)"/.exec(page.body)![1]!).pathname;
        const cart = await visitor.post(action, { form_key: visitor.formKey(page.body), product: "1", qty: "2" });
        expect(cart.body).to.contain("Lovely lamp").and.contain("$25.00");
        console.log(`      ${resized}`);
    });
    const selects = () => Number(servers.replica.sql("SHOW GLOBAL STATUS LIKE 'Com_select'", "mysql").split("\t")[1]);
    /** Number of queries at the replica. */
    const used = async (work: () => Promise<unknown>) => {
        const before = selects();
        await work();
        return selects() - before;
    };
    it("reads from the replica, but from the source for clients that wrote, and in the administration", async () => {
        const other = new Visitor(shop, "shop.example.org");
        const browsed = await used(() => other.get("/lamp.html"));
        expect(browsed).to.be.above(10);
        expect(await used(() => other.get("/checkout/cart/"))).to.equal(0);
        expect(other.cookies.get("reads")).to.equal("source");
        expect(await used(() => other.get("/lamp.html"))).to.equal(0);
        expect(
            await used(() =>
                new Visitor(admin, "shop.example.org").logIn("backoffice", "admin", secrets.adminPassword),
            ),
        ).to.equal(0);
        console.log(`      a product's page: ${browsed} of its queries at the replica`);
    });
    it("shows new customers their account at once while replication is stopped", async () => {
        sql("INSERT INTO core_config_data SET path = 'customer/create_account/confirm', value = '0'");
        await inOpenMage("cleanCache();");
        await servers.caughtUp();
        servers.replica.sql("STOP SLAVE SQL_THREAD", "mysql");
        const form = await visitor.get("/customer/account/create/");
        const account = await visitor.post("/customer/account/createpost/", {
            form_key: visitor.formKey(form.body),
            firstname: "Ada",
            lastname: "Lovelace",
            email: "ada@example.org",
            password: "Secret-word-77",
            confirmation: "Secret-word-77",
        });
        servers.replica.sql("START SLAVE SQL_THREAD", "mysql");
        expect(account.body).to.contain("Ada Lovelace");
        expect(sql("SELECT email FROM customer_entity")).to.equal("ada@example.org");
    });
    it("loses no cart while replication is stopped, and shows a new category a minute after it resumes", async () => {
        await servers.caughtUp();
        servers.replica.sql("STOP SLAVE SQL_THREAD", "mysql");
        const buyer = new Visitor(shop, "shop.example.org");
        const page = await buyer.get("/lamp.html");
        const action = new URL(/<form action="([^"]*checkout\/cart\/add[^"]*)"/.exec(page.body)![1]!).pathname;
        await buyer.post(action, { form_key: buyer.formKey(page.body), product: "1", qty: "2" });
        // As if it had expired.
        expect(buyer.cookies.delete("reads")).to.equal(true);
        expect(await used(() => buyer.get("/lamp.html"))).to.equal(0);
        expect(buyer.cookies.has("reads")).to.equal(false);
        const category = `$category = Mage::getModel('catalog/category')->setStoreId(0)->setPath('1/2')->setName('Brand new lamps')
            ->setIsActive(1)->setIncludeInMenu(1)->setIsAnchor(1); $category->setAttributeSetId($category->getDefaultAttributeSetId())->save();`;
        await inOpenMage(category);
        const menu = async () => (await new Visitor(shop, "shop.example.org").get("/")).body;
        expect(await menu()).not.to.contain("Brand new lamps");
        servers.replica.sql("START SLAVE SQL_THREAD", "mysql");
        await servers.caughtUp();
        const begun = Date.now();
        while (!(await menu()).includes("Brand new lamps")) {
            expect(Date.now() - begun, "time until the menu is right").to.be.below(65_000);
            await new Promise((resolve) => setTimeout(resolve, 1000));
        }
        console.log(`      the menu was right after ${Math.round((Date.now() - begun) / 1000)} s`);
        expect((await buyer.get("/checkout/cart/")).body)
            .to.contain("Lovely lamp")
            .and.contain("$25.00");
    });
    it("keeps carts and logins when frontend and session server restart", async () => {
        await shop.stop();
        expect(servers.redis("sessions", "KEYS", "sess_*")).not.to.equal("");
        await servers.stopRedis("sessions");
        await servers.startRedis("sessions");
        shop = await start("frontend");
        visitor.site = shop;
        expect((await visitor.get("/checkout/cart/")).body).to.contain("Lovely lamp");
        expect((await visitor.get("/customer/account/")).body).to.contain("Ada Lovelace");
        const keys = servers.redis("cache", "KEYS", "zc:k:*").split("\n");
        expect(keys.length).to.be.above(20);
        console.log(`      ${keys.length} keys in the cache, such as ${keys.sort()[0]}`);
    });
    it("takes an order", async () => {
        const key = visitor.formKey((await visitor.get("/checkout/cart/")).body);
        await visitor.get("/checkout/onepage/");
        const address = {
            firstname: "Ada",
            lastname: "Lovelace",
            "street][": "St James's Square 12",
            city: "New York",
            region_id: "43",
            postcode: "10001",
            country_id: "US",
            telephone: "1",
            use_for_shipping: "1",
        };
        const billing = Object.fromEntries(Object.entries(address).map(([name, value]) => [`billing[${name}]`, value]));
        const step = async (name: string, form: Readonly<Record<string, string>>) =>
            JSON.parse((await visitor.post(`/checkout/onepage/${name}/`, { form_key: key, ...form })).body);
        expect(await step("saveBilling", billing)).to.include({ goto_section: "shipping_method" });
        const shipping = { shipping_method: "flatrate_flatrate" };
        expect(await step("saveShippingMethod", shipping)).to.include({ goto_section: "payment" });
        const payment = { "payment[method]": "checkmo" };
        expect(await step("savePayment", payment)).to.include({ goto_section: "review" });
        expect(await step("saveOrder", payment)).to.include({ success: true });
        expect(sql("SELECT customer_email, grand_total FROM sales_flat_order")).to.equal("ada@example.org\t35.0000");
        expect(sql("SELECT qty FROM cataloginventory_stock_item")).to.equal("7.0000");
    });
    it("runs the scheduled jobs, and fails if one fails", async () => {
        await pod("CronJob", "cron").run("cron");
        sql(
            "UPDATE cron_schedule SET scheduled_at = NOW() - INTERVAL 1 MINUTE WHERE job_code = 'log_clean' OR job_code LIKE 'core_email%' LIMIT 3",
        );
        const output = await pod("CronJob", "cron").run("cron");
        said(output);
        expect(output).to.match(/core_email_queue_send_all: success/);
        expect(Number(sql("SELECT COUNT(*) FROM cron_schedule WHERE status = 'success'"))).to.be.above(0);
        sql(
            "INSERT INTO core_config_data (scope, scope_id, path, value) VALUES ('default', 0, 'crontab/jobs/broken/run/model', 'core/no_such::job')",
        );
        sql(
            "INSERT INTO cron_schedule (job_code, status, created_at, scheduled_at) VALUES ('broken', 'pending', NOW(), NOW() - INTERVAL 1 MINUTE)",
        );
        await inOpenMage("cleanCache();");
        expect(await pod("CronJob", "cron").run("cron").catch(String)).to.match(/FAILED: broken: .*core\/no_such/);
    });
    it("applies a changed password and host, and keeps later changes in the administration", async () => {
        const changed = await declareOpenMage({
            ...configured,
            instance: { ...configured.instance, host: "new.example.org", adminHost: "office.example.org" },
            values: { secrets: { shop: { ...secrets, adminPassword: "second-password-2" } } },
        });
        const office = new Visitor(await start("admin", changed), "office.example.org");
        expect((await office.logIn("backoffice", "admin", secrets.adminPassword)).body).to.contain(
            "You did not sign in correctly",
        );
        const dashboard = await office.logIn("backoffice", "admin", "second-password-2");
        expect(dashboard.body)
            .to.contain("https://office.example.org/skin/adminhtml/")
            .and.match(/<title>Dashboard/);
        const { status, headers } = await new Visitor(shop, "shop.example.org").once("/");
        expect([status, headers.location]).to.deep.equal([302, "https://new.example.org/"]);
        sql("UPDATE core_config_data SET value = 'Europe/Berlin' WHERE path = 'general/locale/timezone'");
        await pod("Deployment", "admin").run("settings");
        expect(sql("SELECT COUNT(*) FROM core_config_data WHERE scope = 'stores' OR path LIKE 'admin/url/%'")).to.equal(
            "0",
        );
        expect(sql("SELECT value FROM core_config_data WHERE path = 'general/locale/timezone'")).to.equal(
            "Europe/Berlin",
        );
        expect((await new Visitor(shop, "shop.example.org").once("/")).status).to.equal(200);
    });
    it("can be administered through a forwarded port if it is private", async () => {
        const hidden = await declareOpenMage({
            ...configured,
            instance: { ...configured.instance, adminAccess: "private" },
        });
        const person = new Visitor(await start("admin", hidden), "localhost:8080", "http");
        const dashboard = await person.logIn("backoffice", "admin", secrets.adminPassword);
        expect(dashboard.body)
            .to.match(/<title>Dashboard/)
            .and.contain("http://localhost:8080/skin/adminhtml/")
            .and.contain("http://localhost:8080/index.php/backoffice/")
            .and.not.contain("https://shop.example.org/index.php");
        expect((await person.once("/backoffice/")).headers["set-cookie"]!.join()).not.to.match(/secure/i);
    });
    it("gives every key in the cache a lifetime", () => {
        const endless = `local found = {} for _, key in ipairs(redis.call('KEYS', 'zc:k:*')) do
            if redis.call('TTL', key) < 1 then found[#found + 1] = key end end return found`;
        expect(servers.redis("cache", "EVAL", endless, "0")).to.equal("");
    });
    it("empties a cache of another database", async () => {
        const title = () => inOpenMage("echo Mage::getStoreConfig('design/head/default_title');");
        await title();
        sql(
            "REPLACE INTO core_config_data SET scope = 'default', scope_id = 0, path = 'design/head/default_title', value = 'As restored'",
        );
        expect(await pod("CronJob", "cron").run("ready")).to.equal("");
        expect(await title()).not.to.contain("As restored");
        // As a restore does.
        sql("DELETE FROM plinth_state WHERE name = 'cache'");
        expect(await pod("CronJob", "cron").run("ready")).to.contain("the cache was emptied");
        expect(await title()).to.equal("As restored");
    });
    it("shows an error page without its cache, and logs the reason", async () => {
        await servers.stopRedis("cache");
        expect((await new Visitor(shop, "shop.example.org").once("/")).status).to.equal(503);
        const line = shop
            .log("fpm")
            .split("\n")
            .findLast((text) => text.includes('"log":"report"'))!;
        expect(JSON.parse(line)).to.have.property("message").that.contains("Connection refused");
        expect(line).not.to.contain(secrets.cachePassword.slice(0, 10));
        await servers.startRedis("cache");
    });
    it("shows an error page without its database, and logs the reason", async () => {
        await servers.source.stop();
        const { status, body } = await new Visitor(shop, "shop.example.org").once("/");
        expect(status).to.equal(503);
        expect(body).to.contain('href="https://shop.example.org/errors/');
        const line = shop
            .log("fpm")
            .split("\n")
            .findLast((text) => text.includes('"log":"report"'))!;
        expect(JSON.parse(line)).to.include({ level: "error" }).and.have.property("message").that.contains("SQLSTATE");
        expect(shop.log("fpm") + admin.log("fpm")).not.to.match(/Fatal error|Uncaught|Permission denied/);
        for (const site of [shop, admin]) expect(site.log("error")).not.to.match(/PHP message/);
    });
});

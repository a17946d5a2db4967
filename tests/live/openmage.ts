import { expect } from "chai";
import { merge } from "../../config/merge";
import { paths } from "../../platforms/openmage/paths";
import type { Visitor } from "../support/visitor";
import { waitFor } from "./cluster";
import type { Live } from "./live";
import { grow } from "./mysql";
import { phpMessage, queryProgram, writerProgram } from "./php";
import { picture } from "./picture";
import { expectUploads, noteUpload, uploadTooMuch } from "./shop";
import type { Subject } from "./subject";

const settings = `$file = simplexml_load_file('${paths.localXml}');
    $source = $file->global->resources->default_setup->connection;
    [$host, $user, $password, $name] = array_map('strval', [$source->host, $source->username, $source->password, $source->dbname]);
    // As OpenMage reads it: a port may follow the host.
    [$host, $port] = explode(':', $host) + [1 => 3306];
    $port = (int) $port;`;

const adminPassword = "first-password-1";

/** A visitor who has an article in the cart, in a session that is kept between the steps. */
async function buyer(live: Live): Promise<Visitor> {
    const visitor = live.visitor();
    const session = live.memory.get("session");
    if (session) {
        visitor.cookies.set("om_frontend", session);
        return visitor;
    }
    const page = await visitor.get("/lamp.html");
    expect(page.body).to.contain("Lovely lamp");
    const action = new URL(/<form action="([^"]*checkout\/cart\/add[^"]*)"/.exec(page.body)![1]!).pathname;
    const cart = await visitor.post(action, { form_key: visitor.formKey(page.body), product: "1", qty: "2" });
    expect(cart.body).to.contain("Lovely lamp").and.contain("$25.00");
    live.memory.set("session", visitor.cookies.get("om_frontend")!);
    return visitor;
}

/** A link of the administration with the key that it carries. */
function linkTo(page: string, action: string): string {
    const link = new RegExp(`https?:[^"'\\s<>]*${action}[^"'\\s<>]*`).exec(page.replaceAll("\\/", "/"))?.[0];
    expect(link, `a link to ${action}`).to.be.a("string");
    return new URL(link!).pathname;
}

/** Runs a few lines of PHP with OpenMage in the administration's pod, as an operator would. */
const mage = (live: Live, code: string): Promise<string> =>
    live.place.exec("admin", "php", [
        "php",
        "-r",
        // Addresses are made from the script's name.
        `chdir('${paths.root}'); $_SERVER['SCRIPT_NAME'] = '/index.php'; $_SERVER['SCRIPT_FILENAME'] = '${paths.root}/index.php';
        require 'app/bootstrap.php'; require 'app/Mage.php'; Mage::app('admin'); ${code}`,
    ]);

/** Uploads a picture in the administration. @returns the answer */
async function upload(live: Live, name: string, contents = picture(`of ${live.host}`)): Promise<string> {
    const visitor = live.visitor();
    const dashboard = await visitor.logIn("backoffice", "admin", adminPassword);
    const pages = await visitor.get(linkTo(dashboard.body, "cms_page/index"));
    const editor = await visitor.get(linkTo(pages.body, "cms_page/new"));
    const storage = await visitor.get(linkTo(editor.body, "cms_wysiwyg_images/index"));
    const key = visitor.formKey(editor.body);
    await visitor.post(linkTo(storage.body, "cms_wysiwyg_images/contents"), { form_key: key, node: "root" });
    const form = new FormData();
    form.append("form_key", key);
    form.append("image", new Blob([contents], { type: "image/png" }), name);
    const { body } = await visitor.post(linkTo(storage.body, "cms_wysiwyg_images/upload"), form);
    return body;
}

/** OpenMage with whatever changes a suite makes. */
export const openmage = (name: string, title: string, changes: Readonly<Record<string, unknown>> = {}): Subject => ({
    platform: "openmage",
    name,
    title,
    instance: merge(
        {
            mail: { from: "shop@example.org", encryption: "off" },
            volumes: {
                database: { size: "2Gi" },
                media: { size: "1Gi" },
                sessions: { size: "1Gi" },
                backup: { size: "2Gi" },
            },
        },
        changes,
    ) as Record<string, unknown>,
    secrets: { adminPassword },
    interpreter: { language: "php", image: "openmage-php" },
    tiers: [
        { component: "edge", pods: 2 },
        { component: "frontend", pods: 2 },
        { component: "admin", pods: 1, pages: [{ path: "/backoffice/", contains: "login[username]" }] },
        { component: "cache", pods: 1, longest: 8 },
        { component: "sessions", pods: 1, longest: 8 },
        { component: "database", pods: 1, longest: 8, data: true },
    ],
    pages: [
        { path: "/", contains: "<title>Home page" },
        { path: "/lamp.html", contains: "Lovely lamp" },
    ],
    change: { env: { frontend: { GREETING: "hello" }, edge: { GREETING: "hello" } } },
    restarted: ["edge", "frontend", "admin"],
    rotated: "databasePassword",
    fillable: [
        {
            component: "frontend",
            container: "php",
            folder: paths.media,
            tries: (live) => uploadTooMuch(live, "/media/wysiwyg", (name, contents) => upload(live, name, contents)),
        },
        { component: "database", container: "mariadb", folder: "/var/lib/mysql", tries: grow(phpMessage) },
    ],
    sql: (live, statement) => live.place.exec("frontend", "php", [...queryProgram(settings), statement]),
    writer: { component: "frontend", container: "php", command: writerProgram(settings) },

    page: async (live) => {
        const visitor = live.visitor();
        const { status, body } = await visitor.get("/");
        expect(status).to.equal(200);
        expect(body)
            .to.contain("<title>Home page")
            .and.not.match(/Warning:|Fatal error|Notice:/);
        const assets = [...body.matchAll(/(?:href|src)="https?:\/\/[^/"]+(\/(?:skin|js)\/[^"?]+)/g)].map(
            ([, path]) => path!,
        );
        expect(assets.length, "style sheets, scripts and pictures").to.be.above(10);
        for (const path of assets) expect((await visitor.get(path)).status, path).to.equal(200);
        return `200, with ${assets.length} style sheets, scripts and pictures`;
    },
    logIn: async (live) => {
        const dashboard = await live.visitor().logIn("backoffice", "admin", adminPassword);
        expect(dashboard.body).to.match(/<title>Dashboard/);
        await mage(
            live,
            `Mage::getModel('catalog/product')->setTypeId('simple')->setAttributeSetId(4)->setWebsiteIds([1])
                ->setSku('lamp')->setName('Lovely lamp')->setUrlKey('lamp')->setDescription('A lamp')->setShortDescription('A lamp')
                ->setPrice(12.5)->setWeight(1)->setStatus(1)->setVisibility(4)->setTaxClassId(0)
                ->setStockData(['qty' => 900, 'is_in_stock' => 1])->save();`,
        );
        await buyer(live);
        return "the administrator's dashboard; a visitor filled a cart";
    },
    upload: async (live) => {
        expect(JSON.parse(await upload(live, "live.png"))).to.have.property("error", 0);
        // OpenMage writes the picture anew, without what does not belong to it.
        const served = await live.visitor().once("/media/wysiwyg/live.png");
        expect(`${served.status} ${served.headers["content-type"]}`).to.equal("200 image/png");
        noteUpload(live, "/media/wysiwyg/live.png", served.bytes);
        await expectUploads(live);
        return "a picture, uploaded in the administration and served by the shop";
    },
    mail: async (live) => {
        const visitor = live.visitor();
        const page = await visitor.get("/contacts/");
        await visitor.post("/contacts/index/post/", {
            form_key: visitor.formKey(page.body),
            name: "Ada Lovelace",
            email: "ada@example.org",
            comment: "Is the engine in stock?",
        });
        return live.sink.received(/^Subject: .+/i);
    },
    cron: async (live) => {
        const done = () => live.sql("SELECT COUNT(*) FROM cron_schedule WHERE status = 'success'");
        const seconds = await waitFor("finished jobs", 300, async () => Number(await done()) > 0);
        return `${await done()} jobs finished, after ${seconds.toFixed(0)} s`;
    },
    kept: async (live) => {
        await expectUploads(live);
        expect((await (await buyer(live)).get("/checkout/cart/")).body, "the cart").to.contain("Lovely lamp");
    },
    backup: {
        damage: async (live) => {
            await live.sql("DELETE FROM catalog_product_entity");
            await live.sql("DROP TABLE customer_entity_text");
            await live.place.exec("frontend", "php", ["rm", `${paths.media}/wysiwyg/live.png`]);
        },
        fingerprint: async (live) => {
            const tables = [
                "catalog_product_entity",
                "core_config_data",
                "customer_entity_text",
                "admin_user",
                "plinth_live",
            ];
            // A dropped table has the checksum NULL.
            return live.sql(`CHECKSUM TABLE ${tables.join(", ")}`);
        },
    },
});

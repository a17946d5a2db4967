import { expect } from "chai";
import { merge } from "../../config/merge";
import type { Live } from "./live";
import { grow } from "./mysql";
import { phpMessage, queryProgram, writerProgram } from "./php";
import { picture } from "./picture";
import { expectUploads, noteUpload, runScheduled, uploadTooMuch } from "./shop";
import type { Subject } from "./subject";
import type { Visitor } from "../support/visitor";

const settings = `require '/var/www/html/config.php';
    [$host, $user, $password, $name, $port] = [DB_HOSTNAME, DB_USERNAME, DB_PASSWORD, DB_DATABASE, (int) DB_PORT];`;

const adminPassword = "first-password";

/** Logs the administrator in. @returns the token that every link of the administration carries */
async function logIn(visitor: Visitor, password = adminPassword): Promise<string> {
    const form = await visitor.get("/admin/");
    const action = /action="([^"]*login_token=[^"]*)"/.exec(form.body)?.[1];
    expect(action, `the log-in form: ${form.status}`).to.be.a("string");
    const { pathname, search } = new URL(action!.replaceAll("&amp;", "&"));
    const { redirect, error } = JSON.parse(
        (await visitor.post(pathname + search, { username: "admin", password })).body,
    ) as { redirect?: string; error?: unknown };
    expect(redirect, JSON.stringify(error)).to.be.a("string");
    return new URL(redirect!).searchParams.get("user_token")!;
}

/** A visitor who has an article in the cart, which is kept between the steps. */
async function buyer(live: Live): Promise<Visitor> {
    const visitor = live.visitor();
    const session = live.memory.get("session");
    if (session) visitor.cookies.set("OCSESSID", session);
    else {
        await visitor.get("/");
        const put = await visitor.post("/index.php?route=checkout/cart.add&language=en-gb", {
            product_id: "40",
            quantity: "1",
        });
        expect(JSON.parse(put.body)).to.have.property("success");
        live.memory.set("session", visitor.cookies.get("OCSESSID")!);
    }
    return visitor;
}

/** Uploads a picture in the administration. @returns the answer */
async function upload(live: Live, name: string, contents: Buffer): Promise<string> {
    const visitor = live.visitor();
    const token = await logIn(visitor);
    const form = new FormData();
    form.append("file[]", new Blob([contents], { type: "image/png" }), name);
    const { body } = await visitor.post(`/admin/index.php?route=common/filemanager.upload&user_token=${token}`, form);
    return body;
}

/** OpenCart with whatever changes a suite makes. */
export const opencart = (name: string, title: string, changes: Readonly<Record<string, unknown>> = {}): Subject => ({
    platform: "opencart",
    name,
    title,
    instance: merge(
        {
            mail: { encryption: "off", username: "shop@example.org" },
            php: { maxChildren: 5 },
            volumes: { database: { size: "2Gi" }, files: { size: "1Gi" }, backup: { size: "2Gi" } },
        },
        changes,
    ) as Record<string, unknown>,
    secrets: { adminPassword, smtpPassword: "anything" },
    interpreter: { language: "php", image: "opencart-php" },
    tiers: [
        { component: "edge", pods: 2 },
        { component: "frontend", pods: 2 },
        { component: "admin", pods: 1, pages: [{ path: "/admin/", contains: "OpenCart" }] },
        { component: "cache", pods: 1, longest: 8 },
        { component: "database", pods: 1, longest: 8, data: true },
    ],
    pages: [
        { path: "/", contains: "Your Store" },
        { path: "/index.php?route=product/product&product_id=43", contains: "MacBook" },
    ],
    change: { env: { frontend: { GREETING: "hello" }, edge: { GREETING: "hello" } } },
    restarted: ["edge", "frontend", "admin"],
    rotated: "databasePassword",
    fillable: [
        {
            component: "frontend",
            container: "php",
            folder: "/var/www/html/image/catalog",
            tries: (live) => uploadTooMuch(live, "/image/catalog", (name, contents) => upload(live, name, contents)),
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
            .to.contain("Your Store")
            .and.not.match(/Warning:|Fatal error|Notice:/);
        const assets = [...body.matchAll(/(?:href|src)="(catalog\/[^"]+\.(?:css|js))"/g)].map(([, path]) => path!);
        const pictures = [...body.matchAll(/https?:\/\/[^/"]+\/(image\/cache\/[^"?]+)/g)].map(([, path]) => path!);
        expect(assets.length, "style sheets and scripts").to.be.above(3);
        expect(pictures.length, "pictures, resized on demand").to.be.above(0);
        for (const path of [...assets, ...pictures]) expect((await visitor.get(`/${path}`)).status, path).to.equal(200);
        return `200, with ${assets.length} style sheets and scripts and ${pictures.length} pictures`;
    },
    logIn: async (live) => {
        const visitor = live.visitor();
        const token = await logIn(visitor);
        const dashboard = await visitor.get(`/admin/index.php?route=common/dashboard&user_token=${token}`);
        expect(dashboard.body).to.contain("Dashboard");
        expect((await buyer(live)).cookies.size).to.be.above(0);
        return "the administrator's dashboard; a visitor filled a cart";
    },
    upload: async (live) => {
        const contents = picture(`of ${live.host}`);
        expect(JSON.parse(await upload(live, "live.png", contents))).to.have.property("success");
        noteUpload(live, "/image/catalog/live.png", contents);
        await expectUploads(live);
        return "a picture, uploaded in the administration and served by the shop";
    },
    mail: async (live) => {
        const { body } = await live.visitor().post("/index.php?route=information/contact.send&language=en-gb", {
            name: "Ada Lovelace",
            email: "ada@example.org",
            enquiry: "Is the engine in stock?",
        });
        expect(JSON.parse(body)).to.have.property("redirect");
        return live.sink.received(/^Subject: .+/);
    },
    cron: async (live) => (await runScheduled(live, "cron")).split("\n").at(-1)!,
    kept: async (live) => {
        await expectUploads(live);
        const cart = await (await buyer(live)).get("/index.php?route=checkout/cart&language=en-gb");
        expect(cart.body, "the cart").to.contain("iPhone");
    },
    backup: {
        damage: async (live) => {
            await live.sql("DELETE FROM oc_product");
            await live.sql("DROP TABLE oc_customer");
            await live.place.exec("frontend", "php", ["rm", "/var/www/html/image/catalog/live.png"]);
        },
        fingerprint: async (live) => {
            const tables = ["oc_product", "oc_setting", "oc_customer", "oc_user", "plinth_live"];
            // A dropped table has the checksum NULL.
            return live.sql(`CHECKSUM TABLE ${tables.join(", ")}`);
        },
    },
});

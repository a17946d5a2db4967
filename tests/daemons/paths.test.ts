import { join } from "node:path";
import { expect } from "chai";
import { patternOf } from "../../components/pathRule";
import { platforms } from "../../platforms";
import { applications } from "../support/applications";
import { Chain } from "../support/chain";
import { closedOf, get, type Keys, office, tryAll } from "../support/closedPaths";
import type { Sent } from "../support/declare";
import { declareOpenCart as declareShop } from "../support/opencart";
import { spellings } from "../support/spellings";
import { scratch } from "../support/tools";

const off = { tls: { mode: "off" } };

/** How platforms are published, with closed paths; every path of the first way is tried, then one per rule. */
const published: Readonly<Record<string, Readonly<Record<string, Keys>>>> = {
    openmage: {
        "below the shop's host": { ...off, adminAllow: office },
        "not at all": { ...off, adminAccess: "private" },
        "at a host of its own": { ...off, adminHost: "office.example.org", adminAllow: office },
        "with Varnish": { ...off, adminAllow: office, frontendCache: { type: "varnish" } },
        "with nginx and PHP in separate pods": { ...off, adminAllow: office, webPods: "separate" },
        "at the shared balancer": { ...off, adminAllow: office, edge: { type: "shared" } },
        "with another store and web services": {
            ...off,
            adminAllow: office,
            api: true,
            stores: [{ host: "de.example.org", code: "german" }],
        },
    },
    opencart: {
        "below the shop's host": { ...off, adminAllow: office },
        "at a host of its own": { ...off, adminHost: "office.example.org", adminAllow: office },
        "at the shared balancer": { ...off, adminAllow: office, edge: { type: "shared" } },
    },
    qxsms: { "at its host": { ...off, debug: true } },
};

/** Ordinary URLs of shops, which are answered by the page of this path, or by a file. */
const shown: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    openmage: {
        "/": "page=/ ",
        "/index.php": "page=/ ",
        "/index.php/checkout/cart/": "page=/checkout/cart ",
        "//shoes.html": "page=/shoes.html ",
        "/a%20b/%C3%BC.html?p=2": "page=/a%20b/%C3%BC.html query=p=2",
        "/a+b/100%25.html": "page=/a+b/100%25.html ",
        "/\u00c3\u00bc.html": "page=/%C3%BC.html ",
        "/german/sale-50%25-off/x..y.html": "page=/sale-50%25-off/x..y.html ",
        "/wishlist/index/add/product/1/uenc/aHR0cDovLw,,/": "page=/wishlist/index/add/product/1/uenc/aHR0cDovLw,, ",
        "/catalogsearch/result/?q=..%2f..%2f%00&x=/../\\": "query=q=..%2f..%2f%00&x=/../\\",
        "/media/catalog/product/a/photo.jpg": "a file",
        "/media/catalog/product/a/photo..jpg": "a file",
        "/media/catalog/product/a/ph%C3%B6to%201%25.jpg": "a file",
        "/media/catalog/product/gone.jpg": "file=/media/catalog/product/gone.jpg ",
        "/backofficer/": "page=/backofficer ",
        "/rss/catalog/new/": "page=/rss/catalog/new ",
    },
    opencart: {
        "/": "page=/ ",
        "/index.php?route=product/search&search=..%2f..%5c": "query=route=product/search&search=..%2f..%5c",
        "/desktops/mac?page=2": "page=/desktops/mac ",
        "/%C3%BCber/a%20b": "page=/\u00c3\u00bcber/a b ",
        "/image/photo.png": "a file",
        "/image/ph%C3%B6to%201%25.png": "a file",
        "/administrator": "page=/administrator ",
    },
};

const caddyfile = (objects: readonly Sent[]): string => objects.find(({ data }) => data?.Caddyfile)!["data"].Caddyfile;

describe("closed paths, through Caddy, Varnish, nginx and php-fpm, with stand-ins that route as the applications do", function () {
    this.timeout(600_000);
    const { path: folder, clean } = scratch();
    after(clean);

    it("are tried for each platform that defines any", async () => {
        const closing = Object.entries(platforms).filter(([, { closed }]) => closed);
        expect(published).to.include.all.keys(closing.map(([name]) => name));
        for (const [platform, ways] of Object.entries(published))
            for (const keys of Object.values(ways))
                if ((await closedOf(platform, keys)).length > 0) expect(applications).to.have.property(platform);
    });

    for (const [platform, ways] of Object.entries(published))
        for (const [number, [way, keys]] of Object.entries(ways).entries())
            describe(`${platform}, published ${way}`, () => {
                let objects: Sent[];
                let chain: Chain | undefined;
                before(async function () {
                    objects = await declareShop({ instance: { platform, ...keys } });
                    if (!applications[platform]) return;
                    chain = await Chain.start(
                        this,
                        join(folder, `${platform}-${number}`),
                        objects,
                        applications[platform],
                    );
                });
                after(() => chain?.stop());

                const hosts = [
                    "shop.example.org",
                    ...((keys["stores"] ?? []) as { host: string }[]).map(({ host }) => host),
                ];

                if (!applications[platform]) {
                    it("do not exist", async () => {
                        expect(await closedOf(platform, keys)).to.deep.equal([]);
                        expect(caddyfile(objects)).not.to.contain("path_regexp");
                    });
                    return;
                }

                it("include every path that the balancer restricts or closes", async () => {
                    const stated = (await closedOf(platform, keys)).map((rule) => patternOf(rule));
                    const judged = [
                        ...caddyfile(objects).matchAll(/@closed\d+ path_regexp `\(\?i\)(.*)`/g),
                        ...caddyfile(objects).matchAll(
                            /@(path\d+) path_regexp `\(\?i\)(.*)`\n\s*handle @\1 \{\n\s*@denied/g,
                        ),
                    ].map((found) => found.at(-1));
                    expect(judged).not.to.deep.equal([]);
                    expect(stated).to.include.members(judged);
                });
                it("stay closed to strangers in every spelling", async () => {
                    const rules = await closedOf(platform, keys);
                    const paths = rules.flatMap((rule) => (number === 0 ? rule.paths : rule.paths.slice(0, 1)));
                    const { reached, summary } = await tryAll(chain!, hosts, rules, paths);
                    console.log(`      ${summary}`);
                    expect(reached, reached.slice(0, 20).join("\n")).to.deep.equal([]);
                });
                it("are open to administrators", async () => {
                    const { adminAccess, adminHost = hosts[0] } = keys as Record<string, string>;
                    if (adminAccess === "private") return;
                    const target = { openmage: "/index.php/backoffice/", opencart: "/admin/" }[platform]!;
                    const { text } = await chain!.ask(get(target, adminHost!), "127.0.0.3");
                    expect(text).to.match(/^pod=admin/m);
                    for (const { request } of spellings)
                        expect((await chain!.ask(request("/", adminHost!))).text).not.to.match(/^pod=admin/m);
                });
                it("close no other path", async () => {
                    for (const host of hosts)
                        for (const [target, says] of Object.entries(shown[platform]!)) {
                            const { statuses, text } = await chain!.ask(get(target, host));
                            expect([target, statuses[0]]).to.deep.equal([target, 200]);
                            expect(text, target).to.contain(says);
                            expect(text, target).not.to.contain("pod=admin");
                        }
                });
            });
});

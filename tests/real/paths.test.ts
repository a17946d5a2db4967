import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { PathRule } from "../../components/pathRule";
import { type Application, Chain } from "../support/chain";
import { closedOf, get, type Keys, office, tryAll } from "../support/closedPaths";
import { declareOpenCart as declareShop } from "../support/opencart";
import { scratch } from "../support/tools";

// How OpenMage and OpenCart themselves route URLs: their own requests and routers, behind the rendered Caddy,
// nginx and php-fpm, without a database:
//
//   OPENMAGE_SOURCES=/path/to/20.18.0 OPENCART_SOURCES=/path/to/upload npx mocha tests/real/paths.test.ts
//
// Of `composer install`, OpenMage only needs vendor/shardj/zf1-future.

/** A script of this folder, with its parameters. */
const script = (name: string, constants: Readonly<Record<string, string | boolean>>): string => {
    const lines = Object.entries(constants).map(([key, value]) => `define('${key}', ${JSON.stringify(value)});`);
    return readFileSync(join(__dirname, "routes", name), "utf8").replace("<?php", `<?php ${lines.join(" ")}`);
};

const { OPENMAGE_SOURCES: openmage, OPENCART_SOURCES: opencart } = process.env;

const published = { tls: { mode: "off" }, adminAllow: office };

describe("URLs, as the applications themselves route them", function () {
    this.timeout(600_000);
    const { path: folder, clean } = scratch();
    after(clean);

    for (const storesInAddresses of [false, true])
        describe(`OpenMage's own request and routers, ${storesInAddresses ? "with" : "without"} store codes in URLs`, () => {
            const keys: Keys = { platform: "openmage", ...published };
            let chain: Chain;
            let rules: readonly PathRule[];
            before(async function () {
                if (!openmage) {
                    console.log("      skipped: OPENMAGE_SOURCES names no directory with OpenMage's sources");
                    return this.skip();
                }
                const application: Application = (role) => {
                    const constants = { SOURCES: openmage, ROLE: role, STORES_IN_ADDRESSES: storesInAddresses };
                    return {
                        "index.php": script("openmage.php", constants),
                        "get.php": script("openmageFile.php", constants),
                    };
                };
                rules = await closedOf("openmage", published);
                chain = await Chain.start(
                    this,
                    join(folder, `openmage-${storesInAddresses}`),
                    await declareShop({ instance: keys }),
                    application,
                );
            });
            after(() => chain?.stop());

            const page = async (target: string, from?: string) =>
                /^pod=(\S+) (page|file)=(\S+)/m.exec(
                    (await chain.ask(get(target, "shop.example.org"), from)).text,
                )?.[0];
            const store = storesInAddresses ? "/german" : "";

            it("find pages, files and the administration", async () => {
                expect(await page(`${store}/checkout/cart/`)).to.equal("pod=frontend page=/checkout/cart/index");
                expect(await page(`/index.php${store}/catalogsearch/result/?q=..%2f`)).to.equal(
                    "pod=frontend page=/catalogsearch/result/index",
                );
                expect(await page("/media/catalog/product/gone%20%C3%BC.jpg")).to.equal(
                    "pod=frontend file=/media/catalog/product/gone%20%C3%BC.jpg",
                );
                expect(await page("/index.php/backoffice/index/login/", "127.0.0.3")).to.match(
                    /^pod=admin page=\/backoffice\//,
                );
            });
            it("reach no closed path in any spelling", async () => {
                const paths = rules.flatMap((rule) => rule.paths);
                const { reached, summary } = await tryAll(chain, ["shop.example.org"], rules, paths);
                console.log(`      ${summary}`);
                expect(reached, reached.slice(0, 20).join("\n")).to.deep.equal([]);
            });
        });

    describe("OpenCart's own request, action and factory", () => {
        let chain: Chain;
        before(async function () {
            if (!opencart) {
                console.log("      skipped: OPENCART_SOURCES names no directory with OpenCart's sources");
                return this.skip();
            }
            const application: Application = (role) => ({
                "index.php": script("opencart.php", { SOURCES: opencart, ROLE: role }),
            });
            const objects = await declareShop({ instance: { platform: "opencart", ...published } });
            chain = await Chain.start(this, join(folder, "opencart"), objects, application);
        });
        after(() => chain?.stop());

        const ask = (target: string) => chain.ask(get(target, "shop.example.org"));

        it("find a page", async () => {
            expect((await ask("/index.php?route=account/login")).text).to.match(
                /^pod=frontend page=\/account\/login /m,
            );
            expect((await ask("/index.php?route=product|search.index")).statuses).to.deep.equal([200]);
        });
        for (const query of [
            "route=cron/cron",
            "route=CRON/cron",
            "route=cron/currency.index",
            "route=%63ron/cron",
            "route=c-ron/cron",
            "route=c%00ron/cron",
            "route=_cron/cron",
            "route=cron_/cron",
            "route=c.ron/cron.index",
            "route=c|ron/cron.index",
            "route=c%7Cron/cron.index",
            "route=c%257Cron/cron.index",
            "route=%20cron/cron",
            "route=/cron/cron",
            "route=x&route=cron/cron",
            "route%09=cron/cron",
            "route%0b=cron/cron",
            "%20route=cron/cron",
            "route=cron/cron%00",
        ])
            it(`do not reach the scheduled jobs with ${query}`, async () => {
                for (const path of ["/index.php?", "/?", "/desktops?", "/x%3f", "/x%26"])
                    expect((await ask(`${path}${query}`)).text, path).not.to.match(/page=\/cron/);
            });
    });
});

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { fingerprint } from "../support/datadir";
import { write } from "../support/files";
import { program, scratch } from "../support/tools";

const script = join(__dirname, "..", "..", "images", "openmage", "prepare.sh");

/** A minimal version of what Composer and OpenMage's plugins do to a project. */
const composer = `#!/bin/sh
set -eu
root=$(php -r 'echo json_decode(file_get_contents("composer.json"), true)["extra"]["magento-root-dir"];')
mkdir -p vendor/openmage vendor/module/skin "$root/app/code/community" "$root/skin/frontend"
echo "$@" >vendor/autoload.php
echo module >vendor/module/skin/module.css
if [ "$root" = . ]; then up=../..; else up=../../.. && cp -R ../core/. "$root/"; fi
ln -s "$up/vendor/module/skin" "$root/skin/frontend/module"
`;

const core = {
    "index.php": "<?php",
    "get.php": "<?php",
    "app/Mage.php": "<?php",
    "errors/503.php": "<?php",
    "errors/local.xml.sample": "<config/>",
    "errors/default/css/styles.css": "body {}",
    "js/varien/js.js": "1",
    "js/index.php": "<?php",
    "skin/frontend/base/default/css/styles.css": "body {}",
    "skin/frontend/rwd/default/scss/styles.scss": "$a: 1;",
    "favicon.ico": "ico",
    "media/.htaccess": "deny",
    "var/.htaccess": "deny",
    "lib/Varien/Object.php": "<?php",
};
/** Files of a developer's folder besides the code. */
const left = {
    ".git/config": "[core]",
    "app/etc/local.xml": "<key>secret</key>",
    "media/catalog/product/a.jpg": "jpg",
    "var/log/system.log": "log",
    "tests/unit/a.php": "<?php",
    ".env": "OPENMAGE_CONFIG__SECRET=1",
    ".env.local": "SECRET=1",
    ".gitignore": ".env",
    ".idea/workspace.xml": "<secret/>",
    ".ssh/id_ed25519": "secret",
    ".vscode/settings.json": "{}",
    "auth.json": '{"http-basic": {}}',
    "dump.sql": "secret",
    "backup/2026/dump.sql.gz": "secret",
    "errors/local.xml": "<action>print</action>",
    "node_modules/gulp/index.js": "1",
};
const leftBehind =
    /(^|\/)(\.(env|git|idea|ssh|vscode)|auth\.json|local\.xml$|node_modules|[^/]*\.sql)|^(pub\/)?(tests|media|var)\//;

describe("images/openmage/prepare.sh", () => {
    const { path, clean } = scratch();
    after(clean);
    before(function () {
        for (const name of ["php", "shellcheck"]) program(this, name);
        write(join(path, "bin"), { composer });
        chmodSync(join(path, "bin/composer"), 0o755);
    });
    function prepare(name: string, files: Readonly<Record<string, string>>) {
        const sources = write(join(path, name), files);
        const before = fingerprint(sources);
        const target = join(path, `${name}-image`);
        const { status, stderr } = spawnSync("sh", [script, sources, target], {
            encoding: "utf8",
            // Composer's temporary folder is next to the core that it installs.
            env: { ...process.env, PATH: `${join(path, "bin")}:${process.env["PATH"]}`, TMPDIR: path },
        });
        expect(fingerprint(sources)).to.deep.equal(before);
        const list = (folder: string) =>
            readdirSync(join(target, folder), { recursive: true, encoding: "utf8" })
                .filter((file) => !statSync(join(target, folder, file)).isDirectory())
                .sort();
        return { status, stderr, target, list };
    }
    const assets = ["errors/default/css/styles.css", "favicon.ico", "js/varien/js.js"];
    const themes = ["skin/frontend/base/default/css/styles.css"];

    it("passes shellcheck", () => {
        execFileSync("shellcheck", ["--shell=sh", script], { stdio: "pipe" });
    });

    it("lays out upstream's repository, with its packages, without files of a running shop", () => {
        const files = { ...core, ...left, "composer.json": '{"extra": {"magento-root-dir": "."}}' };
        const { status, stderr, list, target } = prepare("upstream", files);
        expect(status, stderr).to.equal(0);
        const html = list("var/www/html");
        expect(html).to.include.members(["index.php", "app/Mage.php", "vendor/autoload.php"]);
        expect(html.filter((file) => leftBehind.test(file))).to.deep.equal([]);
        for (const folder of ["media", "var"])
            expect(readdirSync(join(target, "var/www/html", folder))).to.deep.equal([]);
        expect(list("assets")).to.deep.equal([...assets, ...themes, "skin/frontend/module/module.css"]);
        expect(readdirSync(join(target, "assets/media"))).to.deep.equal([]);
    });

    it("lays out a shop's own project, with the packages next to the document root", () => {
        write(join(path, "core"), core);
        const files = {
            ...left,
            ...Object.fromEntries(Object.entries(left).map(([name, text]) => [`pub/${name}`, text])),
            "composer.json": '{"extra": {"magento-root-dir": "pub"}}',
            "pub/skin/frontend/shop/default/shop.css": "body {}",
        };
        const { status, stderr, list, target } = prepare("project", files);
        expect(status, stderr).to.equal(0);
        expect(list("var/www/html").filter((file) => leftBehind.test(file))).to.deep.equal([]);
        expect(list("var/www").filter((file) => /^[^/]*(env|auth|sql|node_modules)/.test(file))).to.deep.equal([]);
        expect(list("var/www").filter((file) => !file.startsWith("pub/"))).to.include.members([
            "html/index.php",
            "html/app/Mage.php",
            "vendor/autoload.php",
            "composer.json",
        ]);
        expect(realpathSync(join(target, "var/www/pub"))).to.equal(realpathSync(join(target, "var/www/html")));
        // The module's files are links into the packages, which nginx's image does not have.
        expect(list("assets")).to.deep.equal([
            ...assets,
            ...themes,
            "skin/frontend/module/module.css",
            "skin/frontend/shop/default/shop.css",
        ]);
    });

    it("accepts a release with its packages unchanged, and refuses anything but OpenMage", () => {
        const release = prepare("release", { ...core, "vendor/autoload.php": "<?php" });
        expect(release.status, release.stderr).to.equal(0);
        const { status, stderr } = prepare("unbuilt", core);
        expect({ status, stderr }).to.deep.equal({
            status: 1,
            stderr: "This is no OpenMage: html/vendor/autoload.php is missing.\n",
        });
        const nested = prepare("nested", { "composer.json": '{"extra": {"magento-root-dir": "web/pub"}}' });
        expect(nested.status).to.equal(1);
        expect(nested.stderr).to.contain('allowed: "." or one folder such as "pub"');
    });
});

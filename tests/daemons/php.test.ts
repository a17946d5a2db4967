import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { scripts } from "../../platforms/opencart/scripts";
import { iniFile } from "../../components/languages/phpIni";
import { iniSettings } from "../../platforms/php";
import { write } from "../support/files";
import type { MariaDb } from "../support/mariaDb";
import { ShopTasks } from "../support/shopTasks";
import { seriesOf } from "../support/needs";
import { freePort, program, scratch } from "../support/tools";

/**
 * Stands in for OpenCart's installer: like it, drops what is there and exits 0 whatever happens, and more than it,
 * drops every table of the database. What it does is decided by a file; that it was called is written to another.
 */
const installer = `<?php
file_put_contents(__DIR__ . '/calls', "called\\n", FILE_APPEND);
$mode = trim(file_get_contents(__DIR__ . '/mode'));
$db = new mysqli(getenv('DB_HOSTNAME'), getenv('DB_USERNAME'), getenv('DB_PASSWORD'), getenv('DB_DATABASE'), (int)getenv('DB_PORT'));
foreach ($db->query('SHOW TABLES')->fetch_all() as [$table]) $db->query("DROP TABLE \`$table\`");
if ($mode === 'error') { echo "ERROR: no\\n"; exit(0); }
$prefix = getenv('DB_PREFIX');
if ($mode === 'dies') { $db->query("CREATE TABLE {$prefix}setting (\`key\` TEXT, value TEXT)"); posix_kill(getmypid(), 9); }
foreach (['setting' => 'store_id INT, code TEXT, \`key\` TEXT, value TEXT, serialized INT', 'user' => 'username TEXT, password TEXT', 'customer' => 'name TEXT', 'order' => 'name TEXT'] as $name => $columns)
    $db->query("CREATE TABLE \`$prefix$name\` ($columns)");
if ($mode === 'liar') { echo "SUCCESS!\\n"; exit(0); }
$db->query("INSERT INTO {$prefix}setting VALUES (0, 'config', 'config_encryption', 'x', 0), (0, 'config', 'config_error_display', '1', 0), (0, 'developer', 'developer_sass', '1', 0)");
$db->query("INSERT INTO {$prefix}user VALUES ('$argv[3]', '$argv[7]')");
sleep(1);
echo "SUCCESS!\\n";
`;

/** Reads its configuration as OpenCart's upgrade does, reports whether it can reach the database, and stops there. */
const reader = `<?php
foreach (file(__DIR__ . '/../config.php') as $line)
    if (preg_match('/define\\(\\'(.*)\\',\\s+["\\'](.*)["\\']\\)/', $line, $match)) define($match[1], $match[2]);
try {
    new mysqli(DB_HOSTNAME, DB_USERNAME, DB_PASSWORD, DB_DATABASE, (int)DB_PORT);
    echo '{"error":"connected"}';
} catch (Throwable $error) {
    echo json_encode(['error' => get_class($error)]);
}
`;

describe(`the Tasks of OpenCart in PHP ${seriesOf("php")} on MariaDB ${seriesOf("mariadbd")}`, function () {
    this.timeout(60_000);
    const { path, clean } = scratch();
    const home = join(path, "home");
    let tasks: ShopTasks;
    let database: MariaDb;
    before(async function () {
        tasks = await ShopTasks.start(this, path);
        ({ database } = tasks);
        write(join(path, "scripts"), scripts);
        write(home, { "install/cli_cloud.php": installer, version: "4.1.0.4\n", "admin-path": "admin\n" });
    });
    after(async () => {
        await database?.stop();
        clean();
    });
    beforeEach(() => {
        database.sql("DROP DATABASE opencart; CREATE DATABASE opencart", "mysql");
        write(home, { "install/calls": "", "install/mode": "good", version: "4.1.0.4\n" });
    });

    const run = (script: string, env: Readonly<Record<string, string>> = {}) =>
        tasks.run(script, {
            PATIENCE: "3",
            DB_PREFIX: "oc_",
            OPENCART_HOME: home,
            ADMIN_USERNAME: "boss",
            ADMIN_EMAIL: "boss@example.org",
            ADMIN_PASSWORD: "first",
            ...env,
        });
    const calls = () => readFileSync(join(home, "install/calls"), "utf8").split("\n").length - 1;
    const tables = () => database.sql("SHOW TABLES").split("\n").filter(Boolean);
    const mode = (name: string) => write(home, { "install/mode": name });

    it("install, and never run the installer again", async () => {
        expect(await run("install.php")).to.include({ code: 0 });
        expect(tables()).to.have.members(["oc_customer", "oc_order", "oc_setting", "oc_user", "plinth_state"]);
        expect(database.sql("SELECT value FROM oc_setting WHERE `key` = 'config_error_display'")).to.equal("0");
        database.sql("INSERT INTO oc_customer VALUES ('Ada')");
        for (const again of ["good", "error", "dies", "liar"]) {
            mode(again);
            expect(await run("install.php")).to.include({ code: 0 });
        }
        expect(calls()).to.equal(1);
        expect(database.sql("SELECT name FROM oc_customer")).to.equal("Ada");
    });
    it("install once when two run at the same time", async () => {
        const both = await Promise.all([1, 2].map(() => run("install.php", { PATIENCE: "20" })));
        expect(both.map(({ code }) => code)).to.deep.equal([0, 0]);
        expect(calls()).to.equal(1);
    });
    for (const failure of ["error", "dies", "liar"]) {
        it(`detect a failed installer (${failure}), and install at the next attempt`, async () => {
            mode(failure);
            const failed = await run("install.php");
            expect(failed.code, failed.output).to.equal(1);
            expect(failed.output).to.contain("FAILED: the installer");
            expect(tables().filter((name) => name.startsWith("oc_"))).to.deep.equal([]);
            mode("good");
            expect(await run("install.php")).to.include({ code: 0 });
            expect(tables()).to.include("oc_user");
        });
    }
    it("refuse to change tables of an incomplete shop", async () => {
        database.sql("CREATE TABLE oc_customer (name TEXT); INSERT INTO oc_customer VALUES ('Ada')");
        const { code, output } = await run("install.php");
        expect(code).to.equal(78);
        expect(output).to.contain("Nothing was changed");
        expect(calls()).to.equal(0);
        expect(database.sql("SELECT name FROM oc_customer")).to.equal("Ada");
    });
    it("fail if the database does not answer in time", async () => {
        const { code, output } = await run("install.php", { DB_PASSWORD: "wrong" });
        expect(code).to.equal(1);
        expect(output).to.contain("Access denied").and.not.contain("wrong");
    });
    it("leave a database alone that is newer than the image", async () => {
        await run("install.php");
        write(home, { version: "4.1.0.3\n" });
        const variables = {
            ADMIN_PATH: "admin",
            WORK_DIR: path,
            VOLUME_DIR: path,
            SHOP_URL: "",
            ADMIN_URL: "",
            OPENCART_ROOT: "/none",
        };
        const { code, output } = await run("upgrade.php", variables);
        expect(output).to.contain("OpenCart cannot go back");
        // At once: the Job does not retry what cannot change.
        expect(code).to.equal(78);
        // Pods of the older image still serve: a rollback of code alone is possible within a version line.
        expect(await run("ready.php")).to.include({ code: 0 });
    });
    const upgrade = async (env: Readonly<Record<string, string>> = {}) =>
        run("upgrade.php", {
            ADMIN_PATH: "office",
            WORK_DIR: write(join(path, "work"), { keep: "" }),
            VOLUME_DIR: path,
            SHOP_URL: "https://shop.example.org",
            ADMIN_URL: "https://shop.example.org/office",
            OPENCART_ROOT: write(join(path, "html"), {
                "office/config.php": "mine",
                "config.php": "mine",
                "system/startup.php": "",
            }),
            OPENCART_STORAGE: write(join(path, "storage"), { "vendor/autoload.php": "" }),
            UPGRADE_PORT: String(await freePort()),
            ...env,
        });
    for (const [answer, message] of [
        ['{"error":"cannot"}', "upgrade_1&version=4.1.0.4&admin=office: cannot"],
        ["<b>Warning</b>: something", "Warning: something"],
        ["{}", "neither done nor a next step"],
    ] as const) {
        it(`detect a failed upgrade, and do not record it (${answer})`, async () => {
            write(home, { version: "4.1.0.3\n" });
            await run("install.php");
            write(home, { version: "4.1.0.4\n", "install/index.php": `<?php echo '${answer}';` });
            const { code, output } = await upgrade();
            expect(code, output).to.equal(1);
            expect(decodeURIComponent(output)).to.contain(message);
            expect(database.sql("SELECT value FROM plinth_state WHERE name = 'version'")).to.equal("4.1.0.3");
            expect(readFileSync(join(path, "html/config.php"), "utf8")).to.equal("mine");
        });
    }
    for (const [password, message] of [
        [`it's \\ a"secret\\' {$x} %s é')`, "upgrade_1&version=4.1.0.4&admin=office: connected"],
        [`a', 'b`, "REFUSED: DB_PASSWORD has a line break in it, or ',"],
        [`a',\t"b`, "REFUSED: DB_PASSWORD has a line break in it, or ',"],
        ["a\nb", "REFUSED: DB_PASSWORD has a line break in it, or ',"],
    ] as const) {
        it(`pass ${JSON.stringify(password)} to the upgrade unchanged, or refuse it before the first step`, async () => {
            write(home, { version: "4.1.0.3\n" });
            await run("install.php");
            write(home, { version: "4.1.0.4\n", "install/index.php": reader });
            const quoted = password.replace(/[\\']/g, "\\$&");
            database.sql(
                `CREATE OR REPLACE USER nasty@'%' IDENTIFIED BY '${quoted}'; GRANT ALL ON opencart.* TO nasty@'%'`,
            );
            const { output } = await upgrade({ DB_USERNAME: "nasty", DB_PASSWORD: password });
            expect(decodeURIComponent(output)).to.contain(message).and.not.contain(password);
        });
    }
    it("hold pods back until the database has their version", async () => {
        expect(await run("ready.php")).to.include({ code: 1 });
        await run("install.php");
        expect(await run("ready.php")).to.include({ code: 0 });
        write(home, { version: "4.1.0.10\n" });
        expect((await run("ready.php")).output).to.contain("not at version 4.1.0.10");
    });
    it("set a changed password once, and keep a later change in the administration", async () => {
        const verifies = (password: string) =>
            execFileSync(
                tasks.php,
                [
                    "-r",
                    "echo password_verify($argv[1], $argv[2]) ? 'yes' : 'no';",
                    "--",
                    password,
                    database.sql("SELECT password FROM oc_user"),
                ],
                { encoding: "utf8" },
            );
        await run("install.php");
        expect(verifies("first")).to.equal("yes");
        expect(await run("settings.php", { ADMIN_PASSWORD: 'it\'s "new"' })).to.include({ code: 0 });
        expect(verifies('it\'s "new"')).to.equal("yes");
        database.sql("UPDATE oc_user SET password = 'by hand'");
        expect((await run("settings.php", { ADMIN_PASSWORD: 'it\'s "new"' })).output).to.equal("");
        expect(database.sql("SELECT password FROM oc_user")).to.equal("by hand");
    });
    for (const [what, statement] of [
        ["off", "UPDATE oc_setting SET value = '0' WHERE `key` = 'developer_sass'"],
        ["gone", "DELETE FROM oc_setting WHERE `key` = 'developer_sass'"],
        ["twice there", "INSERT INTO oc_setting VALUES (0, 'developer', 'developer_sass', '0', 0)"],
    ] as const) {
        it(`keep the stylesheets as shipped, although the setting is ${what}`, async () => {
            await run("install.php");
            database.sql(statement);
            const before = database.sql("SELECT * FROM oc_setting WHERE `key` <> 'developer_sass'");
            expect((await run("settings.php")).output).to.equal("developer_sass was set\n");
            expect(database.sql("SELECT * FROM oc_setting WHERE `key` = 'developer_sass'")).to.equal(
                "0\tdeveloper\tdeveloper_sass\t1\t0",
            );
            expect(database.sql("SELECT * FROM oc_setting WHERE `key` <> 'developer_sass'")).to.equal(before);
            expect(await run("settings.php")).to.include({ code: 0, output: "" });
        });
    }
});

describe("php.ini", () => {
    it("keeps arguments, which may be passwords, out of stack traces", function () {
        const php = program(this, "php");
        const { path, clean } = scratch();
        try {
            const text = iniFile(iniSettings({ memoryLimit: "64Mi", uploadLimit: "8Mi", timeoutSeconds: 60 }));
            write(path, { "empty.ini": "", "more/shop.ini": text });
            const code = "function logIn($password) { throw new Exception('no'); } logIn('wrong-password-1');";
            const trace = execFileSync(
                php,
                ["-c", join(path, "empty.ini"), "-r", `try { ${code} } catch (Exception $error) { echo $error; }`],
                { encoding: "utf8", env: { PHP_INI_SCAN_DIR: join(path, "more") } },
            );
            expect(trace).to.contain("logIn()").and.not.contain("wrong");
        } finally {
            clean();
        }
    });
});

describe("the scripts of OpenCart", () => {
    it("are accepted by their shells and shellcheck", function () {
        const shellcheck = program(this, "shellcheck");
        const php = program(this, "php");
        const { path, clean } = scratch();
        try {
            write(path, scripts);
            for (const name of Object.keys(scripts)) {
                if (name.endsWith(".sh")) execFileSync(shellcheck, ["--shell=sh", join(path, name)], { stdio: "pipe" });
                else execFileSync(php, ["-l", join(path, name)], { stdio: "pipe" });
            }
            execFileSync(shellcheck, ["--shell=sh", join(__dirname, "../../images/opencart/prepare.sh")], {
                stdio: "pipe",
            });
        } finally {
            clean();
        }
    });
    it("fill an empty volume, and finish after a killed pod", () => {
        const { path, clean } = scratch();
        try {
            const home = write(join(path, "home"), {
                "admin-path": "admin\n",
                version: "1\n",
                "seed/image/no image.png": "shipped",
                "seed/image/catalog/demo/a.png": "shipped",
                "html/extension/opencart/install.json": "new",
                "html/extension/ocmod/index.html": "",
                "html/extension/ours/install.json": "ours",
                "files.sh": scripts["files.sh"],
            });
            const volume = join(path, "volume");
            mkdirSync(volume);
            const env = {
                PATH: process.env["PATH"],
                OPENCART_HOME: home,
                VOLUME_DIR: volume,
                ADMIN_PATH: "admin",
                SHARED_STORAGE: "storage/logs",
                SHARED_EXTENSIONS: "yes",
                OPENCART_ROOT: join(home, "html"),
                BUNDLED_DIR: join(path, "bundled"),
            };
            const run = (more = {}) =>
                execFileSync("sh", [join(home, "files.sh")], { env: { ...env, ...more }, stdio: "pipe" });
            mkdirSync(join(path, "bundled"));
            write(volume, { "image/catalog/demo/a.png": "mine" });
            chmodSync(volume, 0o755);
            run();
            expect(readFileSync(join(volume, "image/no image.png"), "utf8")).to.equal("shipped");
            expect(readFileSync(join(volume, "image/catalog/demo/a.png"), "utf8")).to.equal("mine");
            expect(readFileSync(join(path, "bundled/install.json"), "utf8")).to.equal("new");
            expect(existsSync(join(volume, "extension/opencart/install.json"))).to.equal(false);
            expect(readFileSync(join(volume, "extension/ours/install.json"), "utf8")).to.equal("ours");
            expect(existsSync(join(volume, "storage/logs"))).to.equal(true);
            execFileSync("rm", ["-r", join(volume, "image/no image.png")]);
            run();
            expect(existsSync(join(volume, "image/no image.png"))).to.equal(false);
            write(home, { version: "2\n" });
            run();
            expect(existsSync(join(volume, "image/no image.png"))).to.equal(true);
            expect(() => run({ ADMIN_PATH: "elsewhere" })).to.throw(/built with ADMIN_PATH=admin/);
        } finally {
            clean();
        }
    });
});

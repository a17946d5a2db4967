import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { scripts } from "../../platforms/openmage/scripts";
import { write } from "../support/files";
import type { MariaDb } from "../support/mariaDb";
import { ShopTasks } from "../support/shopTasks";
import { seriesOf } from "../support/needs";
import { scratch } from "../support/tools";

/**
 * Replaces OpenMage: has only the tables and classes that the scripts use. What the
 * setup scripts do is decided by a file; tests/real/openmage.test.ts has OpenMage itself.
 */
const standIn = `<?php
function db(): mysqli
{
    static $db;
    return $db ??= new mysqli(getenv('DB_HOSTNAME'), getenv('DB_USERNAME'), getenv('DB_PASSWORD'), getenv('DB_DATABASE'), (int)getenv('DB_PORT'));
}
function mode(): string { return trim(file_get_contents('mode')); }
function values(string $sql, string ...$values): void { db()->prepare($sql)->execute($values); }
class Node extends SimpleXMLElement { function asArray() { return (array)$this; } }
class Zend_Cache { const CLEANING_MODE_MATCHING_ANY_TAG = 'any'; }
class Mage_Core_Model_Cache
{
    const OPTIONS_CACHE_ID = 'options';
    function __construct(private array $options) { if (trim(file_get_contents('cache')) !== 'up') throw new Exception('Connection refused'); }
    function load($id) { return file_get_contents("cache-$id"); }
    function save($value, $id) { file_put_contents("cache-$id", $value); }
    function remove($id) {}
    function getFrontend() { return $this; }
    function getBackend() { return $this; }
    function getOption($name) { return $this->options['prefix']; }
    function getTags() { return file('tags', FILE_IGNORE_NEW_LINES); }
    function clean($mode, $tags) { file_put_contents('tags', implode("\n", array_diff($this->getTags(), $tags))); }
}
class Mage_Core_Model_Config
{
    private SimpleXMLElement $xml;
    function loadBase() { $this->xml = simplexml_load_string(str_replace('PORT', getenv('DB_PORT'), file_get_contents('config.xml')), 'Node'); }
    function loadModules() {}
    function reinit() {}
    function init() { return $this; }
    function loadEventObservers($area) {}
    function getNode($path) { return $this->xml->xpath("/config/$path")[0]; }
    function getModuleConfig($name) { return $this->xml->modules->$name; }
    function saveConfig($path, $value, $scope = 'default', $id = 0) { values('REPLACE INTO core_config_data VALUES (?, ?, ?, ?)', $scope, (string)$id, $path, $value); }
    function deleteConfig($path, $scope, $id) { values('DELETE FROM core_config_data WHERE scope = ? AND scope_id = ? AND path = ?', $scope, (string)$id, $path); }
}
class User
{
    private array $data = [];
    function addData($data) { $this->data = $data; return $this; }
    function loadByUsername($name) { $this->data = db()->query("SELECT * FROM admin_user WHERE username = '$name'")->fetch_assoc() ?? []; return $this; }
    function getId() { return $this->data['username'] ?? null; }
    function setNewPassword($password) { $this->data['new_password'] = $password; return $this; }
    function setForceNewPassword($force) { return $this; }
    function validate() { return strlen($this->data['new_password']) < 14 ? ['Too short.'] : true; }
    function save() { values('REPLACE INTO admin_user (username, password) VALUES (?, ?)', $this->data['username'], $this->data['new_password']); return $this; }
    function setRoleIds($ids) { return $this; }
    function saveRelations() { return $this; }
}
class Anything
{
    private string $code;
    function getCacheTypes() { return ['config' => 1]; }
    function cleanType($type) { if (mode() === 'dies at the end') posix_kill(getmypid(), 9); file_put_contents('cleaned', '.', FILE_APPEND); }
    function getProcessByCode($code) { $this->code = $code; return $this; }
    function reindexEverything() { if (mode() === 'dies in the index') posix_kill(getmypid(), 9); values("UPDATE index_process SET status = 'pending' WHERE indexer_code = ?", $this->code); }
    function __call($name, $arguments) { return $this; }
}
class Mage_Core_Model_Resource_Setup { static function applyAllDataUpdates() {} }
class Mage
{
    static function setRoot() {}
    static function getOpenMageVersion() { return '20.18.0'; }
    static function getConfig() { static $config; if (!$config) { $config = new Mage_Core_Model_Config(); $config->loadBase(); } return $config; }
    static function helper($name) { return new Anything(); }
    static function getSingleton($name) { return new Anything(); }
    static function getModel($name) { return new User(); }
    static function app($code = '', $type = '', $options = [])
    {
        if (isset($options['config_model'])) self::setup(mode());
        return new Anything();
    }
    private static function setup(string $mode): void
    {
        file_put_contents('setups', "called\\n", FILE_APPEND);
        db()->query('CREATE TABLE IF NOT EXISTS core_store (store_id INT, code VARCHAR(9))');
        if ($mode === 'dies') posix_kill(getmypid(), 9);
        foreach (['core_config_data (scope VARCHAR(9), scope_id INT, path VARCHAR(99), value TEXT, PRIMARY KEY (scope, scope_id, path))',
            'core_resource (code VARCHAR(20) PRIMARY KEY, version VARCHAR(9), data_version VARCHAR(9))', 'admin_user (username VARCHAR(20) PRIMARY KEY, password TEXT, lognum INT DEFAULT 0)',
            'core_website (website_id INT, code VARCHAR(9))', 'customer_entity (email TEXT)', 'index_process (process_id INT PRIMARY KEY, indexer_code TEXT, status TEXT)',
            'cron_schedule (schedule_id INT AUTO_INCREMENT PRIMARY KEY, job_code TEXT, status TEXT, messages TEXT, executed_at DATETIME)'] as $table)
            db()->query("CREATE TABLE IF NOT EXISTS $table");
        if ($mode !== 'liar')
            foreach (self::getConfig()->getNode('global/resources')->children() as $name => $resource) {
                $version = (string)self::getConfig()->getModuleConfig((string)$resource->setup->module)->version;
                values('REPLACE INTO core_resource VALUES (?, ?, ?)', $name, $version, $version);
            }
        db()->query("REPLACE INTO index_process VALUES (1, 'url', 'require_reindex')");
        usleep(300000);
    }
    static function dispatchEvent($name)
    {
        if ($name === 'default') db()->query("INSERT INTO cron_schedule (job_code, status, messages, executed_at) VALUES ('good', 'success', NULL, UTC_TIMESTAMP()), ('bad', '" . mode() . "', 'it broke', NULL)");
    }
}
`;

const code = (version: string, key = "key", ours = "2") => ({
    "config.xml": `<config><global><crypt><key>${key}</key></crypt><cache><prefix>new_</prefix></cache><redis_session><host>127.0.0.1</host><port>PORT</port></redis_session><resources><default_setup/><core_setup><setup><module>Mage_Core</module></setup></core_setup>
        <api_setup><setup><module>Mage_Api</module></setup></api_setup><ours_setup><setup><module>Acme_Ours</module></setup></ours_setup></resources></global>
        <modules><Mage_Core><version>1.6.0.2</version><codePool>core</codePool></Mage_Core><Mage_Api><version>${version}</version><codePool>core</codePool></Mage_Api>
        <Acme_Ours><version>${ours}</version><codePool>local</codePool></Acme_Ours></modules></config>`,
});

describe(`the Tasks of OpenMage, which is a stand-in, in PHP ${seriesOf("php")} on MariaDB ${seriesOf("mariadbd")}`, function () {
    this.timeout(60_000);
    const { path, clean } = scratch();
    const root = join(path, "root");
    let tasks: ShopTasks;
    let database: MariaDb;
    before(async function () {
        tasks = await ShopTasks.start(this, path);
        ({ database } = tasks);
        write(join(path, "scripts"), scripts);
        write(root, { "app/bootstrap.php": "", "app/Mage.php": standIn });
    });
    after(async () => {
        await database?.stop();
        clean();
    });
    beforeEach(() => {
        database.sql("DROP DATABASE opencart; CREATE DATABASE opencart", "mysql");
        write(root, {
            ...code("1.6.0.3"),
            mode: "good",
            setups: "",
            cleaned: "",
            cache: "up",
            "cache-plinth": "",
            tags: "",
        });
    });

    const run = (script: string, env: Readonly<Record<string, string>> = {}) =>
        tasks.run(script, {
            PATIENCE: "1",
            DB_PREFIX: "",
            OPENMAGE_ROOT: root,
            CRYPT_KEY_ORIGIN: "generated",
            SHOP_URL: "https://shop.example.org",
            ADMIN_URL: "https://shop.example.org",
            ADMIN_USERNAME: "boss",
            ADMIN_EMAIL: "boss@example.org",
            ADMIN_PASSWORD: "first-password-1",
            ...env,
        });
    const mode = (name: string) => write(root, { mode: name });
    const setups = () => execFileSync("grep", ["-c", "", join(root, "setups")], { encoding: "utf8" }).trim();
    const settings = () =>
        database
            .sql("SELECT CONCAT(scope, '/', scope_id, '/', path, '=', value) FROM core_config_data ORDER BY 1")
            .split("\n");
    const password = () => database.sql("SELECT password FROM admin_user");

    it("install once when two run at the same time, and never again", async () => {
        const both = await Promise.all([
            run("install.php", { PATIENCE: "20" }),
            run("install.php", { PATIENCE: "20" }),
        ]);
        expect(
            both.map(({ code }) => code),
            both.map(({ output }) => output).join(),
        ).to.deep.equal([0, 0]);
        expect(setups()).to.equal("1");
        expect(settings()).to.include.members([
            "default/0/web/unsecure/base_url=https://shop.example.org/",
            "default/0/web/secure/use_in_adminhtml=1",
            "default/0/currency/options/base=USD",
        ]);
        expect(database.sql("SELECT name FROM plinth_state ORDER BY 1").split("\n")).not.to.include("installing");
        database.sql(
            "INSERT INTO customer_entity VALUES ('ada@example.org'); UPDATE admin_user SET password = 'by hand'",
        );
        const again = await run("install.php", {
            ADMIN_PASSWORD: "second-password-2",
            SHOP_URL: "https://other.example.org",
        });
        expect(again.output).to.contain("nothing to do");
        expect([setups(), password()]).to.deep.equal(["1", "by hand"]);
    });
    it("restart an aborted installation, unless the shop has been used", async () => {
        mode("dies");
        expect((await run("install.php")).code).to.equal(null);
        expect((await run("ready.php")).output).to.contain("the shop is not installed; see the Jobs");
        mode("good");
        const { code, output } = await run("install.php");
        expect(code, output).to.equal(0);
        expect(output).to.contain("beginning anew");
        database.sql(
            "INSERT INTO plinth_state VALUES ('installing', '.'); INSERT INTO customer_entity VALUES ('ada@example.org')",
        );
        expect((await run("install.php")).code).to.equal(78);
        expect(database.sql("SELECT email FROM customer_entity")).to.equal("ada@example.org");
        database.sql("DELETE FROM customer_entity; UPDATE admin_user SET lognum = 1");
        expect((await run("install.php")).code).to.equal(78);
    });
    it("restart an installation that was aborted while creating the administrator", async () => {
        mode("dies at the end");
        expect((await run("install.php")).code).to.equal(null);
        expect(database.sql("SELECT username FROM admin_user")).to.equal("boss");
        mode("good");
        const { code, output } = await run("install.php");
        expect(code, output).to.equal(0);
        expect(await run("ready.php")).to.include({ code: 0 });
    });
    it("change nothing without cache or session store", async () => {
        write(root, { "config.xml": code("1.6.0.3")["config.xml"].replace("PORT", "1") });
        expect((await run("install.php")).output).to.contain("FAILED: the store of sessions cannot be used");
        write(root, { cache: "away" });
        const { code: ended, output } = await run("install.php");
        expect(ended).to.equal(1);
        expect(output).to.contain("FAILED: the cache cannot be used: Connection refused");
        expect(database.sql("SHOW TABLES")).to.equal("");
    });
    it("refuse to change tables of an incomplete shop, and a password that OpenMage would refuse", async () => {
        expect(await run("install.php", { ADMIN_PASSWORD: "short" })).to.include({ code: 78 });
        database.sql(
            "DROP DATABASE opencart; CREATE DATABASE opencart; USE opencart; CREATE TABLE orders (name TEXT); INSERT INTO orders VALUES ('Ada')",
            "mysql",
        );
        const { code, output } = await run("install.php");
        expect(code).to.equal(78);
        expect(output).to.contain('1 tables begin with ""').and.contain("Nothing was changed");
        expect(database.sql("SELECT name FROM orders")).to.equal("Ada");
        expect(setups()).to.equal("1");
    });
    it("upgrade an older database, hold pods back until then, and never downgrade", async () => {
        await run("install.php");
        expect((await run("upgrade.php")).output).to.contain("nothing to do");
        write(root, code("1.6.0.10"));
        expect((await run("ready.php")).output).to.contain("FAILED: the tables are not at version 20.18.0 (api_setup)");
        mode("liar");
        const liar = await run("upgrade.php");
        expect(liar.code).to.equal(1);
        expect(liar.output).to.contain("are not at their version: api_setup");
        mode("good");
        expect((await run("upgrade.php")).output).to.contain("api_setup: 1.6.0.3 to 1.6.0.10");
        expect(await run("ready.php")).to.include({ code: 0, output: "" });
        write(root, code("1.6.0.9"));
        const back = await run("upgrade.php");
        expect(back.code).to.equal(78);
        expect(back.output).to.contain(
            "api_setup is at version 1.6.0.10, this image at 1.6.0.9: OpenMage cannot go back",
        );
        // Pods of the older image still serve: code alone can go back within a release.
        expect(await run("ready.php")).to.include({ code: 0 });
    });
    it("rebuild the indexes of an aborted upgrade, and only those", async () => {
        await run("install.php");
        database.sql("INSERT INTO index_process VALUES (2, 'left', 'require_reindex')");
        write(root, { ...code("1.6.0.10"), mode: "dies in the index" });
        expect((await run("upgrade.php")).code).to.equal(null);
        mode("good");
        const { code: ended, output } = await run("upgrade.php");
        expect(ended, output).to.equal(0);
        expect(output).to.contain("going on\nreindexing url\n").and.not.contain("reindexing left");
        expect((await run("upgrade.php")).output).to.contain("nothing to do");
    });
    it("leave newer data of third-party modules alone", async () => {
        await run("install.php");
        write(root, code("1.6.0.10", "key", "1"));
        const { code: ended, output } = await run("upgrade.php");
        expect(ended, output).to.equal(0);
        expect(output)
            .to.contain("ours_setup is at version 2, this image at 1: the module cannot go back")
            .and.contain("api_setup: 1.6.0.3 to 1.6.0.10");
    });
    it("empty the shop's part of a cache filled from another database", async () => {
        await run("install.php");
        await run("ready.php");
        write(root, { tags: "new_CONFIG\nother_CONFIG" });
        expect(await run("ready.php")).to.include({ code: 0, output: "" });
        const tags = () => readFileSync(join(root, "tags"), "utf8");
        expect(tags()).to.contain("new_CONFIG");
        // As a restore does.
        database.sql("DELETE FROM plinth_state WHERE name = 'cache'");
        expect((await run("settings.php")).output).to.equal(
            "the cache was emptied: it may have been of another database\n",
        );
        expect(tags()).to.equal("other_CONFIG");
        write(root, { tags: "new_CONFIG" });
        expect(await run("ready.php")).to.include({ code: 0, output: "" });
    });
    it("set a changed password once, and keep a later change in the administration", async () => {
        await run("install.php");
        expect((await run("settings.php")).output).to.equal("");
        const changed = { ADMIN_PASSWORD: `it's "second" 2` };
        expect((await run("settings.php", changed)).output).to.equal("the password of boss was set\n");
        expect(password()).to.equal(changed.ADMIN_PASSWORD);
        database.sql("UPDATE admin_user SET password = 'by hand'");
        expect((await run("settings.php", changed)).output).to.equal("");
        expect(password()).to.equal("by hand");
    });
    it("set the URLs of shop, administration and stores, and remove them when unset", async () => {
        await run("install.php");
        const before = settings();
        database.sql(
            "INSERT INTO core_store VALUES (2, 'german'); INSERT INTO core_config_data VALUES ('default', 0, 'ours', 'kept')",
        );
        const stores = JSON.stringify([
            { type: "store", code: "german", url: "https://de.example.org" },
            { type: "website", code: "b2b", url: "https://b2b.example.org" },
        ]);
        const { output } = await run("settings.php", { ADMIN_URL: "https://office.example.org/x", STORES: stores });
        expect(output).to.contain("there is no website b2b yet: https://b2b.example.org answers 404 until");
        expect(settings()).to.include.members([
            "stores/0/web/secure/base_url=https://office.example.org/",
            "default/0/admin/url/use_custom=1",
            "stores/2/web/unsecure/base_url=https://de.example.org/",
        ]);
        expect(execFileSync("cat", [join(root, "cleaned")], { encoding: "utf8" })).not.to.equal("");
        // By a forwarded port, OpenMage must not be sent to https by the shop's address.
        const own = "websites/2/web/unsecure/base_url=https://own.example.org/";
        database.sql("INSERT INTO core_website VALUES (0, 'admin'), (1, 'base'), (2, 'own')");
        database.sql(
            `INSERT INTO core_config_data VALUES ('websites', 2, 'web/unsecure/base_url', 'https://own.example.org/')`,
        );
        await run("settings.php", { ADMIN_URL: "", SHOP_URL: "https://old.example.org" });
        await run("settings.php", { ADMIN_URL: "" });
        expect(settings()).to.include.members([
            "default/0/web/unsecure/base_url={{base_url}}",
            "stores/0/web/unsecure/base_url={{base_url}}",
            "stores/0/web/cookie/cookie_samesite=Lax",
            "websites/1/web/unsecure/base_url=https://shop.example.org/",
            own,
        ]);
        // Without TLS.
        await run("settings.php", { SHOP_URL: "http://shop.localhost:8080", ADMIN_URL: "" });
        expect(settings()).to.include.members([
            "default/0/web/cookie/cookie_samesite=Lax",
            "default/0/web/secure/use_in_frontend=0",
            "default/0/web/unsecure/base_url=http://shop.localhost:8080/",
            "stores/0/web/unsecure/base_url={{base_url}}",
        ]);
        await run("settings.php");
        expect(settings()).to.deep.equal([...before, "default/0/ours=kept", own].sort());
    });
    it("report a failed scheduled job once", async () => {
        await run("install.php");
        mode("error");
        const failed = await run("cron.php");
        expect(failed).to.deep.equal({ code: 1, output: "good: success\nFAILED: bad: it broke\n" });
        mode("success");
        expect(await run("cron.php")).to.include({ code: 0 });
    });
    it("refuse a crypt key other than the shop's", async () => {
        await run("install.php");
        write(root, code("1.6.0.3", "other"));
        expect(await run("ready.php")).to.include({ code: 78 });
    });
});

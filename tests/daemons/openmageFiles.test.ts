import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { localXml, type LocalXmlArgs } from "../../platforms/openmage/localXml";
import { scripts } from "../../platforms/openmage/scripts";
import { write } from "../support/files";
import { seriesOf } from "../support/needs";
import { program, scratch } from "../support/tools";

const connections: LocalXmlArgs = {
    cryptKey: "key",
    adminPath: "backoffice",
    database: { host: "database", port: 3306, name: "shop", user: "shop", password: "db", prefix: "" },
    read: { host: "database-read", port: 3307 },
    cache: { host: "cache", port: 6379, password: "cache", prefix: "openmage-shop 20.18.0" },
    sessions: { host: "sessions", port: 6380, password: "sessions" },
    installDate: "Thu, 01 Jan 2026 00:00:00 +0000",
};

describe(`local.xml of OpenMage, read by PHP ${seriesOf("php")}`, () => {
    /** PHP's values from it, and from OpenMage's cached copy. */
    const read = (php: string, args: LocalXmlArgs): Record<string, string> =>
        JSON.parse(
            execFileSync(php, ["-r", reader], {
                input: localXml(args),
                encoding: "utf8",
                stdio: ["pipe", "pipe", "pipe"],
            }),
        );
    const reader = `$first = new SimpleXMLElement(stream_get_contents(STDIN));
        $g = $first->global;
        $again = new SimpleXMLElement('<a>' . str_replace(['&', '"', "'", '<', '>'], ['&amp;', '&quot;', '&apos;', '&lt;', '&gt;'], (string)$g->crypt->key) . '</a>');
        $c = fn ($name) => $g->resources->$name->connection;
        echo json_encode(['key' => (string)$g->crypt->key, 'again' => (string)$again, 'db' => (string)$c('default_setup')->password,
            'read' => (string)$c('default_read')->password, 'use' => isset($c('default_read')->use) ? 'empty:' . $c('default_read')->use : 'missing',
            'host' => (string)$c('default_setup')->host, 'readHost' => (string)$c('default_read')->host, 'prefix' => (string)$g->cache->prefix,
            'cache' => (string)$g->cache->backend_options->password, 'sessions' => (string)$g->redis_session->password,
            'front' => (string)$first->admin->routers->adminhtml->args->frontName, 'count' => (string)$first->xpath('count(//password)')]);`.replace(
        "'count' => (string)$first->xpath('count(//password)')",
        "'count' => count($first->xpath('//password'))",
    );

    for (const nasty of [
        "plain",
        "]]><x>",
        `&amp; & "quoted" 'single' <b>`,
        "{{root_dir}} {{base_url}}",
        "<!-- a -- b -->",
        "  spaces  \t and\nlines  ",
        "é 漢 🛒 %41 $HOME \\",
        "0",
    ])
        it(`passes on ${JSON.stringify(nasty)} unchanged`, function () {
            const seen = read(program(this, "php", { extensions: ["simplexml"] }), {
                ...connections,
                cryptKey: nasty,
                database: { ...connections.database, password: nasty },
                cache: { ...connections.cache, password: nasty },
                sessions: { ...connections.sessions, password: nasty },
            });
            for (const name of ["key", "again", "db", "read", "cache", "sessions"])
                expect(seen[name], name).to.equal(nasty);
            expect(seen).to.include({
                use: "empty:",
                host: "database:3306",
                readHost: "database-read:3307",
                front: "backoffice",
                count: 4,
            });
        });
    it("refuses characters that XML cannot hold", () => {
        for (const password of ["a\0b", "a\rb", "a\x1bb"])
            expect(() => localXml({ ...connections, database: { ...connections.database, password } })).to.throw(
                '"password" has a control character in it',
            );
    });
    it("has another cache prefix whenever it changes, which OpenMage's cache accepts", function () {
        const php = program(this, "php", { extensions: ["simplexml"] });
        const prefixes = [
            connections,
            { ...connections, database: { ...connections.database, password: "other" } },
            { ...connections, read: { host: "elsewhere", port: 3306 } },
            { ...connections, cache: { ...connections.cache, prefix: "openmage-shop 20.19.0" } },
        ].map((args) => read(php, args)["prefix"]!);
        expect(new Set(prefixes).size).to.equal(prefixes.length);
        for (const prefix of prefixes) expect(prefix).to.match(/^openmage_shop_20_1[89]_0_[0-9a-f]{8}_$/);
    });
});

/** The parts of OpenMage that two of our classes need. */
const openMage = `<?php
class Found { function __construct(private $name) {} function getParent() { return $this; } function getName() { return $this->name; } }
class Mage { static function getConfig() { return new class { function getResourceConnectionConfig($name) { return match ($name) {
    'core_read', 'default_read' => new Found('default_read'), 'own_read' => new Found('own'), default => false }; } }; } }
class Mage_Core_Model_Resource { protected $_connections = []; function getConnection($name) { return $name; } }
class Cm_Cache_Backend_Redis { function getLifetime($seconds) { return $seconds === false ? 7200 : $seconds; }
    function save($data, $id, $tags = [], $seconds = false) { return $this->getLifetime($seconds); } }
foreach (['Resource', 'Cache'] as $name) require __DIR__ . "/Plinth$name.php";
[$cookies, $session] = json_decode($argv[1], true);
session_save_path(__DIR__);
if ($session !== null) { session_start(['use_cookies' => 0]); $_SESSION = $session; }
$_COOKIE = $cookies;
$resource = new PlinthResource();
$connections = array_map($resource->getConnection(...), ['core_read', 'sales_read', 'core_write', 'own_read', 'catalog_read']);
$cache = new PlinthCache();
$lifetimes = array_map(fn ($seconds) => $cache->save('', 'id', ['1_BLOCK_HTML'], $seconds), [null, false, 0, 3600, 5]);
echo json_encode([$connections, $lifetimes, $cache->save('', 'id', ['1_LAYOUT_GENERAL_CACHE_TAG'], null)]);
`;

describe("OpenMage's reads from replicas", () => {
    const source = "default_setup";
    const read = (php: string, ...visitor: readonly unknown[]) => {
        const { path, clean } = scratch();
        try {
            write(path, { ...scripts, "test.php": openMage });
            const env = { ...process.env, OPENMAGE_READS: "replica" };
            const args = [join(path, "test.php"), JSON.stringify(visitor)];
            return JSON.parse(execFileSync(php, args, { encoding: "utf8", env }));
        } finally {
            clean();
        }
    };
    it("cover the catalog for visitors without cart and login, and their cache entries live for a minute", function () {
        const php = program(this, "php", { extensions: ["session"] });
        const visitor = { core: { visitor_data: { visitor_id: 7, customer_id: 7 } }, checkout: { quote_id_1: null } };
        expect(read(php, {}, visitor)).to.deep.equal([
            [source, source, source, "own_read", "default_read"],
            [60, 60, 60, 60, 5],
            null,
        ]);
        for (const known of [
            [{}, null],
            [{ persistent_shopping_cart: "x" }, visitor],
            [{}, { checkout: { quote_id_1: "3" } }],
            [{}, { customer_base: { id: 5 } }],
            [{}, { customer: { customer_id: 5 } }],
        ])
            expect(read(php, ...known), JSON.stringify(known)).to.deep.equal([
                [source, source, source, "own_read", source],
                [null, 7200, 0, 3600, 5],
                null,
            ]);
    });
});

describe("the scripts of OpenMage", () => {
    it("are accepted by PHP", function () {
        const php = program(this, "php");
        const { path, clean } = scratch();
        try {
            write(path, scripts);
            for (const name of Object.keys(scripts)) execFileSync(php, ["-l", join(path, name)], { stdio: "pipe" });
        } finally {
            clean();
        }
    });
});

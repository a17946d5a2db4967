import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { localXml } from "../../platforms/openmage/localXml";
import { scripts } from "../../platforms/openmage/scripts";
import { BlackHole, mostOfBusy } from "../support/blackHole";
import { write } from "../support/files";
import { MariaDb } from "../support/mariaDb";
import { freePort, program, scratch } from "../support/tools";

/** The part of OpenMage that connects: it passes the driver's options of a connection's configuration on to PDO. */
const openMage = `<?php
class Mage_Core_Model_Config_Element { function asArray() { return ['active' => '1', 'use' => '']; } }
class Mage_Core_Model_Resource {
    protected function _newConnection($type, $config) {
        $port = $GLOBALS['argv'][1];
        $dsn = "mysql:host=127.0.0.1;port=$port;dbname=opencart";
        return new PDO($dsn, 'opencart', 'opencart', $config['driver_options'] ?? []);
    }
}
require __DIR__ . '/PlinthResource.php';
class Opened extends PlinthResource {
    function open() { return $this->_newConnection('pdo_mysql', new Mage_Core_Model_Config_Element()); }
}
// OpenMage asks again to show its error page.
foreach ([1, 2] as $attempt) {
    try {
        echo (new Opened())->open()->query($argv[2])->fetchColumn();
        break;
    } catch (PDOException $error) {
        echo $error->getMessage();
    }
}
`;

describe("OpenMage without its database or cache (Debian's PHP 8.2; the image has 8.4)", function () {
    this.timeout(120_000);
    const { path, clean } = scratch();
    const stops: (() => Promise<unknown>)[] = [];
    let php: string;
    before(function () {
        php = program(this, "php");
        write(path, { ...scripts, "test.php": openMage });
    });
    after(async () => {
        for (const stop of stops.reverse()) await stop();
        clean();
    });

    function timed(...args: readonly string[]): { output: string; seconds: number } {
        const began = Date.now();
        const output = execFileSync(php, args, { encoding: "utf8" });
        return { output, seconds: (Date.now() - began) / 1000 };
    }

    it("gives up a database whose address is gone after five seconds, however often it is asked", async () => {
        const hole = await BlackHole.open(php, "drops");
        stops.push(() => hole.close());
        const { output, seconds } = timed(join(path, "test.php"), String(hole.port), "SELECT 1");
        expect(output.match(/Connection timed out/g), output).to.have.lengthOf(2);
        expect(seconds).to.be.within(4.5, mostOfBusy / 1000);
    });

    it("lets a query take its time", async function () {
        const database = new MariaDb({
            server: program(this, "mariadbd"),
            installer: program(this, "mariadb-install-db"),
            client: program(this, "mariadb"),
            folder: join(path, "mariadb"),
            port: await freePort(),
        });
        stops.push(() => database.stop());
        await database.ready();
        const { output, seconds } = timed(join(path, "test.php"), String(database.port), "SELECT SLEEP(8)");
        expect(output).to.equal("0");
        expect(seconds).to.be.above(8);
    });

    it("gives up cache and sessions whose address is gone within five seconds", async () => {
        const xml = localXml({
            cryptKey: "key",
            adminPath: "backoffice",
            database: { host: "database", port: 3306, name: "shop", user: "shop", password: "db", prefix: "" },
            cache: { host: "cache", port: 6379, password: "cache", prefix: "shop" },
            sessions: { host: "sessions", port: 6380, password: "sessions" },
            installDate: "Thu, 01 Jan 2026 00:00:00 +0000",
        });
        // Their libraries connect with `timeout`, and then as often again as the retries say; sessions do not retry.
        const value = (part: string, name: string) =>
            new RegExp(`<${part}>[^]*?<${name}>([^]*?)</${name}>[^]*?</${part}>`)
                .exec(xml)![1]!
                .replace(/<!\[CDATA\[|\]\]>/g, "");
        const hole = await BlackHole.open(php, "drops");
        stops.push(() => hole.close());
        const connects = `for ($i = 0; $i < $argv[3]; $i++) try { (new Redis())->connect('127.0.0.1', (int)$argv[1], (float)$argv[2]); } catch (RedisException) {}`;
        const cacheAttempts = String(1 + Number(value("backend_options", "connect_retries")));
        for (const [limit, attempts] of [
            [value("backend_options", "timeout"), cacheAttempts],
            [value("redis_session", "timeout"), "1"],
        ] as const)
            expect(timed("-r", connects, String(hole.port), limit, attempts).seconds).to.be.within(
                2,
                mostOfBusy / 1000,
            );
        expect(Number(value("backend_options", "read_timeout"))).to.be.at.most(5);
    });
});

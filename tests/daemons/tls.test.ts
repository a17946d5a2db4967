import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { authoritiesFile, script } from "../../components/authorities";
import { backupFiles } from "../../components/backup/scripts";
import { brokerTls, caches, redisUrl } from "../../platforms/openedx/settings/connections";
import { run } from "../support/datadir";
import { containerOf, podOf, type Sent } from "../support/declare";
import { write } from "../support/files";
import { declareOpenCart } from "../support/opencart";
import { declareOpenMage } from "../support/openmage";
import { declareQxsms } from "../support/qxsms";
import { Authority, password, tlsServers } from "../support/tlsServers";
import { program, pythonProgram, scratch } from "../support/tools";

const platforms = join(__dirname, "..", "..", "platforms");

/** Values of secrets stand in the environment as the kubelet would put them there. */
function environmentOf(
    objects: readonly Sent[],
    kind: string,
    name: string,
    container: string,
): Record<string, string> {
    const { env } = containerOf(objects, kind, name, container) as {
        env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
    };
    const values: Record<string, string> = {};
    for (const one of env) {
        const { name: secret, key } = one.valueFrom?.secretKeyRef ?? { name: "", key: "" };
        const text =
            one.value ?? objects.find((o) => o.kind === "Secret" && o.metadata.name === secret)!["stringData"][key];
        values[one.name] = text.replace(/\$\((\w+)\)/g, (_: string, other: string) => values[other]);
    }
    return values;
}

describe("Servers that take TLS only, and the clients of the rendered pods", function () {
    this.timeout(180_000);
    const folder = scratch();
    const stops: (() => Promise<unknown>)[] = [];
    let authority: Authority;
    let files: { readonly cert: string; readonly key: string };
    let trusted: string;
    let strange: string;

    /** What the rendered first container makes of an authority of one's own. */
    function authorities(of: Authority, name: string): string {
        const own = write(join(folder.path, name), { "own/authority.pem": of.pem });
        const target = join(own, "all.pem");
        const made = run(["sh", "-c", script(join(own, "own"), target)]);
        expect(made.status, made.stderr).to.equal(0);
        return target;
    }
    const local = (env: Record<string, string>, file: string) =>
        Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace(authoritiesFile, file)]));
    /**
     * Runs a client with the authority, without it, and with a name that the certificate does not have.
     *
     * @param taken whether the last of these may connect. @default false
     */
    function expectVerified(
        client: (env: { authorities: string; host: string }) => { ok: boolean; told: string },
        { host, other, taken = false }: { host: string; other: string; taken?: boolean } = {
            host: "localhost",
            other: "127.0.0.1",
        },
    ): void {
        const right = client({ authorities: trusted, host });
        expect(right.ok, right.told).to.equal(true);
        expect(client({ authorities: strange, host }).ok, "another authority").to.equal(false);
        const named = client({ authorities: trusted, host: other });
        expect(named.ok, `another name: ${named.told}`).to.equal(taken);
    }
    const anyName = { host: "localhost", other: "127.0.0.1", taken: true };
    const external = (port: number, more: object = {}) => ({
        topology: "external",
        host: "localhost",
        port,
        tls: { ca: authority.pem, ...more },
    });

    before(function () {
        program(this, "openssl");
        const made = join(folder.path, "made");
        mkdirSync(made);
        authority = new Authority(made, "authority");
        files = authority.sign("localhost");
        trusted = authorities(authority, "trusted");
        strange = authorities(new Authority(made, "stranger"), "strange");
    });
    afterEach(async () => {
        for (const stop of stops.splice(0)) await stop();
    });
    after(() => folder.clean());

    it("joins the public authorities and one's own into one file", () => {
        const text = readFileSync(trusted, "utf8");
        expect(text).to.contain(authority.pem.trim());
        expect(text.match(/BEGIN CERTIFICATE/g)!.length).to.be.above(50);
    });

    it("MariaDB: the Tasks and drivers of OpenCart and OpenMage, and backups", async function () {
        const php = program(this, "php", { extensions: ["mysqli", "pdo_mysql"] });
        const { port, stop } = await tlsServers.mariadb(
            this,
            join(folder.path, "mariadb"),
            authority.sign("127.0.0.1"),
        );
        stops.push(stop);
        // For these clients localhost is a socket.
        const names = { host: "127.0.0.1", other: "127.0.0.2" };
        const database = { ...external(port), name: "opencart", user: "opencart" };
        const values = { secrets: { shop: { databasePassword: password } } };
        const opencart = await declareOpenCart({ instance: { database }, values });
        const openmage = await declareOpenMage({ instance: { database }, values });
        const scripts = (objects: readonly Sent[]) =>
            objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.startsWith("scripts"))!["data"];
        const shop = write(join(folder.path, "opencart"), scripts(opencart));
        const store = write(join(folder.path, "openmage"), scripts(openmage));
        const ofShop = environmentOf(opencart, "Job", "install", "install");
        const ofStore = environmentOf(openmage, "Job", "install", "install");
        const asks = (env: Record<string, string>, code: string) => (given: { authorities: string; host: string }) => {
            const told = run([php, "-d", "display_errors=0", "-r", code], {
                env: { ...local(env, given.authorities), DB_HOSTNAME: given.host, PATIENCE: "1" },
            });
            return { ok: told.status === 0 && told.stdout.trim().endsWith("TLS"), told: told.stdout + told.stderr };
        };
        const cipher = `"SHOW STATUS LIKE 'Ssl_cipher'"`;
        expectVerified(
            asks(
                ofShop,
                `require '${shop}/common.php'; echo query(connect(), ${cipher})[0]['Value'] === '' ? 'plain' : 'TLS';`,
            ),
            names,
        );
        // As OpenCart's driver connects.
        write(folder.path, {
            "driver.php": `<?php namespace Opencart\\System\\Library\\DB;
$c = mysqli_init();
$c->ssl_set(null, null, null, null, null);
$c->real_connect(getenv('DB_HOSTNAME'), getenv('DB_USERNAME'), getenv('DB_PASSWORD'), getenv('DB_DATABASE'), getenv('DB_PORT'), null);
echo $c->query(${cipher})->fetch_assoc()['Value'] === '' ? 'plain' : 'TLS';`,
        });
        expectVerified(asks(ofShop, `require '${shop}/database.php'; require '${folder.path}/driver.php';`), names);
        // As OpenMage's connects.
        const options = `class Mage_Core_Model_Resource { protected function _newConnection($type, $config) {
            return new PDO('mysql:host=' . $config['host'] . ';port=' . getenv('DB_PORT') . ';dbname=' . getenv('DB_DATABASE'), getenv('DB_USERNAME'), getenv('DB_PASSWORD'), $config['driver_options']); } }
            require '${store}/PlinthResource.php';
            class Opened extends PlinthResource { public function open($config) { return $this->_newConnection('', $config); } }
            $rows = (new Opened())->open(['host' => getenv('DB_HOSTNAME')])->query(${cipher})->fetchAll();
            echo $rows[0]['Value'] === '' ? 'plain' : 'TLS';`;
        expectVerified(asks(ofStore, options), names);

        program(this, "mariadb");
        const steps = write(
            join(folder.path, "backup"),
            backupFiles({ client: "mysql", target: "volume", documents: false, files: false, objects: false }),
        );
        expectVerified(({ authorities: file, host }) => {
            const told = run(["sh", "-c", `. ${steps}/mysql.sh; ask own ${cipher}`], {
                env: {
                    ...{ ENGINE: "mariadb", DB_HOST: host, DB_PORT: String(port), DB_USER: "opencart" },
                    ...{ DB_NAME: "opencart", DB_PASSWORD: password, DB_TLS_CA: file },
                },
            });
            return { ok: told.status === 0 && /Ssl_cipher\s+TLS/.test(told.stdout), told: told.stdout + told.stderr };
        }, names);
    });

    it("PostgreSQL: everything that uses its library, by the environment", async function () {
        const { port, stop } = await tlsServers.postgres(this, join(folder.path, "postgres"), files);
        stops.push(stop);
        const values = { secrets: { shop: { databasePassword: password } } };
        for (const [more, names] of [[{}, undefined] as const, [{ verifyName: false }, anyName] as const]) {
            const database = { ...external(port, more), name: "postgres", user: "app" };
            const objects = await declareQxsms({ instance: { database }, values });
            const env = environmentOf(objects, "Job", "migrate", "migrate");
            expectVerified(({ authorities: file, host }) => {
                const psql = ["psql", "-XqtAw", "-h", host, "-p", env["POSTGRES_PORT"]!, "-U", env["POSTGRES_USER"]!];
                const asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                const told = run([...psql, "-d", env["POSTGRES_DB"]!, "-c", asked], {
                    env: { ...local(env, file), PGPASSWORD: env["QXSMS_POSTGRES_PASSWORD"]! },
                });
                return { ok: told.stdout.trim() === "t", told: told.stderr };
            }, names);
        }
    });

    it("Valkey: PHP's client of both shops", async function () {
        const php = program(this, "php", { extensions: ["redis"] });
        const { port, stop } = await tlsServers.valkey(this, join(folder.path, "valkey"), files);
        stops.push(stop);
        const values = { secrets: { shop: { cachePassword: password } } };
        const objects = await declareOpenCart({ instance: { cache: external(port) }, values });
        const env = environmentOf(objects, "Deployment", "frontend", "php");
        const file = objects.find(({ metadata }) => metadata.name.startsWith("frontend-php"))!["data"]["opencart.ini"];
        expect(env["CACHE_HOSTNAME"]).to.equal("tls://localhost");
        expectVerified(({ authorities: all, host }) => {
            const ini = join(folder.path, "opencart.ini");
            writeFileSync(ini, (file as string).replace(authoritiesFile, all));
            const code = `$r = new Redis(); $r->pconnect(str_replace('localhost', '${host}', getenv('CACHE_HOSTNAME')), (int)getenv('CACHE_PORT')); $r->auth(getenv('CACHE_PASSWORD')); echo $r->set('a', 'b') ? 'in' : 'out';`;
            // The environment would do the same: here the file alone has to.
            const told = run([php, "-r", code], {
                env: { ...env, SSL_CERT_FILE: "", PHP_INI_SCAN_DIR: `:${folder.path}` },
            });
            return { ok: told.stdout.trim().endsWith("in"), told: told.stdout + told.stderr };
        });
        const openmage = await declareOpenMage({ instance: { cache: external(port) }, values });
        const local = openmage.find(({ kind, metadata }) => kind === "Secret" && metadata.name === "local-xml")!;
        expect(local["stringData"]["local.xml"]).to.match(/<server>.*tls:\/\/localhost.*<\/server>/);
    });

    it("RabbitMQ: Celery with QxSMS' settings", async function () {
        const celery = await pythonProgram(this, "celery");
        const { port, stop } = await tlsServers.rabbitmq(this, join(folder.path, "rabbitmq"), files);
        stops.push(stop);
        const declared = (more: object) =>
            declareQxsms({
                instance: { broker: { ...external(port, more), user: "app", vhost: "/" } },
                values: { secrets: { shop: { brokerPassword: password } } },
            });
        const objects = await declared({});
        const mounted = podOf(objects, "Deployment", "worker").containers[0].volumeMounts.map(
            ({ mountPath }: { mountPath: string }) => mountPath,
        );
        expect(mounted).to.include("/opt/plinth");
        const code = write(join(folder.path, "qxsms"), {
            "qxsms/__init__.py": "",
            // As in QxSMS' own.
            "qxsms/settings.py": `import os\nCELERY_BROKER_URL = "pyamqp://" + os.environ["RABBIT_HOST"] + ":" + os.environ["RABBIT_PORT"]\n`,
            "plinth_settings.py": readFileSync(join(platforms, "qxsms", "scripts", "plinth_settings.py"), "utf8"),
        });
        const program_ = `import os
from celery import Celery
app = Celery("qxsms")
app.config_from_object(os.environ["DJANGO_SETTINGS_MODULE"], namespace="CELERY")
with app.connection_for_write(connect_timeout=5) as connection:
    connection.connect()
print("in")`;
        const named = { host: "localhost", other: "127.0.0.1" };
        for (const [all, names] of [
            [objects, named],
            [await declared({ verifyName: false }), anyName],
        ] as const) {
            const env = environmentOf(all, "Deployment", "worker", "worker");
            expectVerified(({ authorities: file, host }) => {
                const own: Record<string, string> = { ...local(env, file), PYTHONPATH: code };
                for (const key of ["RABBIT_HOST", "RABBIT_TLS_NAME"])
                    if (own[key]) own[key] = own[key].replace("localhost", host);
                const told = run([celery.replace(/celery$/, "python"), "-c", program_], { env: own });
                return { ok: told.stdout.trim() === "in", told: told.stderr };
            }, names);
        }
    });

    it("Valkey: Celery and Django's caches with the settings of Open edX", async function () {
        const celery = await pythonProgram(this, "celery");
        const { port, stop } = await tlsServers.valkey(this, join(folder.path, "valkey-python"), files);
        stops.push(stop);
        const client =
            (more: { anyName?: boolean }) =>
            ({ authorities: file, host }: { authorities: string; host: string }) => {
                const redis = {
                    host,
                    port,
                    database: 0,
                    user: undefined,
                    password,
                    tls: true,
                    anyName: false,
                    ...more,
                };
                const { LOCATION, OPTIONS } = caches(redis)["default"] as { LOCATION: string; OPTIONS: object };
                const settings = { url: redisUrl(redis), tls: brokerTls(redis), LOCATION, OPTIONS };
                const given = JSON.stringify(settings).replaceAll(authoritiesFile, file);
                const code = `import json, sys, redis
from celery import Celery
given = json.loads(sys.argv[1])
# Open edX makes its own of the parts.
app = Celery(broker=given["url"].partition("?")[0])
app.conf.broker_use_ssl = given["tls"]
with app.connection_for_write() as connection:
    connection.connect()
pool = redis.ConnectionPool.from_url(given["LOCATION"], **given["OPTIONS"]["CONNECTION_POOL_KWARGS"])
ofUrl = redis.ConnectionPool.from_url(given["url"], ssl_ca_certs=given["tls"]["ssl_ca_certs"])
print("in" if all(redis.Redis(connection_pool=one).ping() for one in (pool, ofUrl)) else "out")`;
                const told = run([celery.replace(/celery$/, "python"), "-c", code, given]);
                return { ok: told.stdout.trim() === "in", told: told.stderr };
            };
        expectVerified(client({}));
        expectVerified(client({ anyName: true }), anyName);
    });

    it("MariaDB with a certificate that has expired: clients refuse it, and say why", async function () {
        const php = program(this, "php", { extensions: ["mysqli"] });
        program(this, "mariadb");
        const expired = authority.sign("127.0.0.1", 0);
        const { port, stop } = await tlsServers.mariadb(this, join(folder.path, "expired"), expired);
        stops.push(stop);
        const database = { ...external(port), name: "opencart", user: "opencart" };
        const objects = await declareOpenCart({
            instance: { database },
            values: { secrets: { shop: { databasePassword: password } } },
        });
        const scripts = objects.find(
            ({ kind, metadata }) => kind === "ConfigMap" && metadata.name.startsWith("scripts"),
        )!["data"];
        const shop = write(join(folder.path, "expired-shop"), scripts);
        const task = run([php, "-r", `require '${shop}/common.php'; connect();`], {
            env: {
                ...local(environmentOf(objects, "Job", "install", "install"), trusted),
                ...{ DB_HOSTNAME: "127.0.0.1", PATIENCE: "1" },
            },
        });
        expect(task.status).not.to.equal(0);
        expect(task.stdout + task.stderr).to.match(/certificate/i);
        const steps = write(
            join(folder.path, "expired-backup"),
            backupFiles({ client: "mysql", target: "volume", documents: false, files: false, objects: false }),
        );
        const backup = run(["sh", "-c", `. ${steps}/mysql.sh; ask own 'SELECT 1'`], {
            env: {
                ...{ ENGINE: "mariadb", DB_HOST: "127.0.0.1", DB_PORT: String(port), DB_USER: "opencart" },
                ...{ DB_NAME: "opencart", DB_PASSWORD: password, DB_TLS_CA: trusted },
            },
        });
        expect(backup.status).not.to.equal(0);
        expect(backup.stderr).to.match(/certificate has expired|certificate expired/i);
    });
});

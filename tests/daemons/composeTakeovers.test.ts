import { chownSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { convert } from "../platforms/compose/support";
import { ownDirectory, run, serverUser } from "../support/datadir";
import { find, type Sent } from "../support/declare";
import { LocalPod } from "../support/localPod";
import { cacheEngine, newest, seriesOf } from "../support/needs";
import { Daemon, freePort, program, scratch } from "../support/tools";

const engine = cacheEngine();
const rabbitmq = "/usr/lib/rabbitmq/bin";
const brokerVersion = (() => {
    const all = join(newest, "usr/lib/rabbitmq/lib");
    const [name] = existsSync(all) ? readdirSync(all).sort().reverse() : [];
    return name?.replace("rabbitmq_server-", "") ?? "4.3.0";
})();

/** An application as most are written: it knows its servers by URLs, which the Compose file makes of passwords. */
const project = {
    services: {
        shop: {
            image: "own/shop:1",
            ports: ["80:8000"],
            environment: {
                CACHE_URL: "redis://:${CACHE_PASSWORD}@cache:6379/0",
                BROKER_URL: "amqp://shop:${QUEUE_PASSWORD}@queue:5672/orders",
                DATABASE_URL: "postgres://shop:${DB_PASSWORD}@db/orders",
                PAGES_HOST: "pages",
                PAGES_USER: "cms",
                PAGES_PASSWORD: "${PAGES_PASSWORD}",
                PAGES_NAME: "texts",
            },
        },
        cache: {
            image: engine === "valkey" ? "valkey/valkey:9" : "redis:8",
            command: `${engine}-server --requirepass \${CACHE_PASSWORD} --maxmemory-policy allkeys-lru`,
            "x-plinth": { as: "cache" },
        },
        queue: {
            image: "rabbitmq:4",
            environment: {
                RABBITMQ_DEFAULT_USER: "shop",
                RABBITMQ_DEFAULT_PASS: "${QUEUE_PASSWORD}",
                RABBITMQ_DEFAULT_VHOST: "orders",
            },
            "x-plinth": { as: "broker" },
        },
        db: {
            image: "postgres:17",
            environment: { POSTGRES_USER: "shop", POSTGRES_PASSWORD: "${DB_PASSWORD}", POSTGRES_DB: "orders" },
            "x-plinth": { as: "database" },
        },
        pages: {
            image: "mariadb:11.8",
            environment: {
                MARIADB_USER: "cms",
                MARIADB_PASSWORD: "${PAGES_PASSWORD}",
                MARIADB_DATABASE: "texts",
                MARIADB_ROOT_PASSWORD: "seal-9",
            },
            "x-plinth": { as: "database", dump: false },
        },
    },
};

/** What is not for a URL may have any character. */
const secrets = `
CACHE_PASSWORD=elephant-7
QUEUE_PASSWORD=walrus-8
DB_PASSWORD=narwhal-6
PAGES_PASSWORD='p@ss/w:rd "\\%41" $HOME'
`;

/** What the entrypoint of PostgreSQL's image does with an empty volume. */
const postgres = `
set -eu
printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
initdb --username=postgres --pwfile=/tmp/password --no-sync $POSTGRES_INITDB_ARGS >/dev/null
echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
exec postgres -c listen_addresses="*" "$@"
`;
/** The same of MariaDB's, before it starts the server. */
const mariadb = `
set -eu
mariadb-install-db --no-defaults --auth-root-authentication-method=normal --cross-bootstrap --skip-test-db --skip-log-bin
exec "$@"
`;

describe("an application of a Compose project, by its own variables", function () {
    this.timeout(600_000);
    const folder = scratch();
    let objects: readonly Sent[];
    let stop = async () => {};

    /** What a container of the application has in its environment. */
    function variable(name: string): string {
        const { env } = find(objects, "Deployment", "shop")["spec"].template.spec.containers[0] as {
            env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
        };
        const { value, valueFrom } = env.find((one) => one.name === name)!;
        if (!valueFrom) return value!;
        return find(objects, "Secret", valueFrom.secretKeyRef.name)["stringData"][valueFrom.secretKeyRef.key];
    }
    const ports = (service: string): number[] =>
        find(objects, "Service", service)["spec"].ports.map(({ port }: { port: number }) => port);

    before(() => {
        ({ objects } = convert(project, {
            files: { ".env": secrets },
            instance: { images: { rabbitmq: `rabbitmq:${brokerVersion}-alpine` } },
            showSecrets: true,
        }));
    });
    afterEach(async () => {
        await stop();
        stop = async () => {};
    });
    after(() => folder.clean());

    it(`reaches the cache (${engine} ${seriesOf(`${engine}-server`)}) with its URL, and nobody does without the password`, async function () {
        const user = serverUser(engine);
        program(this, `${engine}-server`, { by: user });
        program(this, `${engine}-cli`);
        const data = ownDirectory(join(folder.path, "data"), user);
        if (user.uid !== undefined) chownSync(folder.path, user.uid, user.gid!);
        const file = join(folder.path, "cache.conf");
        writeFileSync(file, find(objects, "Secret", "cache-config")["stringData"]["cache.conf"]);
        const port = await freePort();
        const daemon = new Daemon(`${engine}-server`, [file, "--port", String(port), "--bind", "127.0.0.1"], {
            ...user,
            cwd: data,
        });
        stop = async () => {
            await daemon.stop();
        };
        const url = new URL(variable("CACHE_URL"));
        expect([url.hostname, Number(url.port)]).to.deep.equal(["cache", ports("cache")[0]]);
        const ask = (password: string | undefined, ...command: string[]) =>
            run(
                [`${engine}-cli`, "--no-auth-warning", "-h", "127.0.0.1", "-p", String(port), "-n", "0", ...command],
                password === undefined ? {} : { env: { REDISCLI_AUTH: password } },
            ).stdout.trim();
        await daemon.ready(async () => {
            const answer = ask(url.password, "PING");
            if (answer !== "PONG") throw new Error(`not yet: ${answer}`);
        });
        expect(ask(url.password, "CONFIG", "GET", "maxmemory-policy")).to.equal("maxmemory-policy\nallkeys-lru");
        expect(ask(undefined, "GET", "x")).to.contain("NOAUTH");
    });

    it(`reaches the broker (RabbitMQ ${brokerVersion}) with its URL, and nobody does with another password`, async function () {
        LocalPod.check(this);
        program(this, "rabbitmq-server", { folders: [join(newest, rabbitmq)] });
        program(this, "amqp-declare-queue");
        const owner = find(objects, "StatefulSet", "queue");
        const pod = new LocalPod(owner, objects, join(folder.path, "machine"), "queue-0", { system: newest });
        const image = { LANG: "C.UTF-8", RUNNING_UNDER_SYSTEMD: "true" };
        const daemon = pod.start([`${rabbitmq}/rabbitmq-server`], image);
        stop = async () => {
            await pod.stop(daemon, "SIGKILL");
        };
        const { port } = owner["spec"].template.spec.containers[0].startupProbe.tcpSocket;
        await daemon.ready(async () => {
            if (!pod.connected(daemon, ["ss", "-Hltn", `sport = :${port}`]).stdout) throw new Error("not yet");
        }, 400);
        const url = new URL(variable("BROKER_URL"));
        expect(url.hostname).to.equal("queue");
        expect(ports("queue")).to.include(Number(url.port));
        const login = (password: string) =>
            pod.connected(daemon, [
                "amqp-declare-queue",
                `--url=amqp://${url.username}:${password}@127.0.0.1:${url.port}${url.pathname}`,
                "--queue=orders",
            ]);
        const { status, stderr } = login(url.password);
        expect(status, stderr).to.equal(0);
        expect(login("wrong").stderr).to.contain("ACCESS_REFUSED");
    });

    it(`reaches PostgreSQL ${seriesOf("postgres", 1)} with its URL, and nobody does with another password`, async function () {
        LocalPod.check(this);
        const programs = dirname(program(this, "initdb"));
        const owner = find(objects, "StatefulSet", "db");
        const env = { PATH: `${programs}:/usr/bin:/bin`, LC_ALL: "C.UTF-8" };
        const pod = new LocalPod(owner, objects, join(folder.path, "machine"), "db-0", { env });
        pod.resolve("db");
        const { args } = pod.container("postgres");
        const daemon = pod.start(["sh", "-c", postgres, "sh", ...args]);
        await daemon.ready(async () => {
            if (!pod.connected(daemon, ["ss", "-Hltn", "sport = :5432"]).stdout) throw new Error("not yet");
        }, 400);
        const accounts = pod.startContainer("accounts");
        stop = async () => {
            await pod.stop(accounts, "SIGKILL");
            await pod.stop(daemon, "SIGQUIT");
        };
        const ask = (url: string, statement: string) => pod.exec(daemon, ["psql", "-XtAw", url, "-c", statement]);
        const url = variable("DATABASE_URL");
        await accounts.ready(async () => {
            const { status, stderr } = ask(url, "SELECT 1");
            if (status !== 0) throw new Error(stderr);
        }, 400);
        const { stdout, stderr } = ask(
            url,
            "CREATE TABLE item AS SELECT 7 AS id; SELECT current_user, count(*) FROM item",
        );
        expect(stdout.trim().split("\n").at(-1), stderr).to.equal("shop|1");
        expect(ask(url.replace("narwhal-6", "wrong"), "SELECT 1").stderr).to.contain("password authentication failed");
        expect(ports("db")).to.deep.equal([5432]);
    });

    it(`reaches MariaDB ${seriesOf("mariadbd")} with its variables, and nobody does with another password`, async function () {
        LocalPod.check(this);
        for (const name of ["mariadbd", "mariadb-install-db", "mariadb"]) program(this, name);
        const owner = find(objects, "StatefulSet", "pages");
        const env = { PATH: "/image:/usr/sbin:/usr/bin:/sbin:/bin" };
        const pod = new LocalPod(owner, objects, join(folder.path, "machine"), "pages-0", { env });
        pod.resolve(variable("PAGES_HOST"));
        const entrypoint = join(folder.path, "docker-entrypoint.sh");
        const file = "--defaults-file=/etc/mysql/conf.d/plinth.cnf";
        writeFileSync(entrypoint, `#!/bin/sh\nserver=$1\nshift\nexec "$server" ${file} "$@"\n`, { mode: 0o755 });
        pod.provide(entrypoint, "/image/docker-entrypoint.sh");
        const daemon = pod.start(["sh", "-c", mariadb, "sh", ...pod.container("mariadb").command]);
        stop = async () => {
            await pod.stop(daemon, "SIGKILL");
        };
        const ask = (password: string, statement: string) => {
            const [host, user, database] = ["HOST", "USER", "NAME"].map((name) => variable(`PAGES_${name}`));
            const options = ["--no-defaults", "--skip-ssl", "--batch", "--raw", "--skip-column-names"];
            const place = [`--host=${host}`, `--user=${user}`, `--execute=${statement}`, database!];
            return pod.exec(daemon, ["mariadb", ...options, ...place], { MYSQL_PWD: password });
        };
        await daemon.ready(async () => {
            const { status, stderr } = ask(variable("PAGES_PASSWORD"), "SELECT 1");
            if (status !== 0) throw new Error(stderr);
        }, 400);
        const { stdout, stderr } = ask(
            variable("PAGES_PASSWORD"),
            "CREATE TABLE item AS SELECT 7 AS id; SELECT CURRENT_USER(), COUNT(*) FROM item",
        );
        expect(stdout.trim(), stderr).to.equal("cms@%\t1");
        expect(ask("wrong", "SELECT 1").stderr).to.contain("Access denied for user 'cms'");
        expect(ports("pages")).to.deep.equal([3306]);
    });
});

import { chownSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
    },
};

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
            files: { ".env": "CACHE_PASSWORD=elephant-7\nQUEUE_PASSWORD=walrus-8\n" },
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
});

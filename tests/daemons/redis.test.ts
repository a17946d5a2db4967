import { chownSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { Cache } from "../../components/cache";
import { ownDirectory, run, serverUser } from "../support/datadir";
import { declare, find, type Sent } from "../support/declare";
import { declareOpenMage } from "../support/openmage";
import { cacheEngine, seriesOf } from "../support/needs";
import { Daemon, figures, freePort, program, scratch } from "../support/tools";

const password = "we'ird\"$pw\\ #1";

const engine = cacheEngine();

const render = async (persistence: boolean, cachePassword = password): Promise<readonly Sent[]> => {
    const config = { topology: "single", engine, persistence, policy: "volatile-lfu" } as const;
    const cluster = { context: "kind-dev", monitoringNamespace: "monitoring" };
    const { objects } = await declare(
        (instance) => new Cache(instance, "cache", { config, resources: { cpu: "50m", memory: "256Mi" } }),
        { values: { cluster, secrets: { bench: { cachePassword } } } },
    );
    return objects;
};

// The directives used are common to both.
describe(`${engine === "valkey" ? "Valkey" : "Redis"} ${seriesOf(`${engine}-server`)} with the rendered file`, function () {
    this.timeout(60_000);
    const folder = scratch();
    const data = join(folder.path, "data");
    let user: { uid?: number; gid?: number };
    let port: number;
    let server: Daemon | undefined;

    const ask = (secret: string | undefined, ...command: string[]) =>
        run(
            [`${engine}-cli`, "--no-auth-warning", "-h", "127.0.0.1", "-p", String(port), ...command],
            secret === undefined ? {} : { env: { REDISCLI_AUTH: secret } },
        ).stdout.trim();

    async function start(objects: readonly Sent[], secret = password, name = "cache"): Promise<Daemon> {
        const file = join(folder.path, "cache.conf");
        writeFileSync(file, find(objects, "Secret", `${name}-config`).stringData["cache.conf"]);
        const { command } = find(objects, "Deployment", name).spec.template.spec.containers[0];
        server = new Daemon(command.at(-2), [file, "--port", String(port), "--bind", "127.0.0.1"], {
            ...user,
            cwd: data,
        });
        await server.ready(async () => {
            if (ask(secret, "PING") !== "PONG") throw new Error("not yet");
        });
        return server;
    }

    before(async function () {
        user = serverUser(engine);
        program(this, `${engine}-server`, { by: user });
        program(this, `${engine}-cli`);
        port = await freePort();
        ownDirectory(data, user);
        if (user.uid !== undefined) chownSync(folder.path, user.uid, user.gid!);
    });
    afterEach(async () => {
        await server?.stop();
        server = undefined;
    });
    after(() => folder.clean());

    it("requires the password and refuses others", async () => {
        await start(await render(false));
        expect(ask(undefined, "GET", "x")).to.contain("NOAUTH");
        expect(ask("wrong", "GET", "x")).to.contain("NOAUTH");
        expect(ask(password, "SET", "x", "1")).to.equal("OK");
    });

    it("has the configured memory and policy", async () => {
        await start(await render(false));
        expect(ask(password, "CONFIG", "GET", "maxmemory")).to.equal(`maxmemory\n${204 * 2 ** 20}`);
        expect(ask(password, "CONFIG", "GET", "maxmemory-policy")).to.equal("maxmemory-policy\nvolatile-lfu");
        expect(ask(password, "CONFIG", "GET", "appendonly")).to.equal("appendonly\nno");
    });

    it("is ready by the rendered probe, with the password only", async () => {
        const objects = await render(false);
        const [{ readinessProbe }] = find(objects, "Deployment", "cache").spec.template.spec.containers;
        const [shell, flag, line] = readinessProbe.exec.command as [string, string, string];
        const ready = (secret: string) =>
            run([shell, flag, line.replace(" ping", ` -p ${port} ping`)], { env: { REDISCLI_AUTH: secret } }).status;
        expect(ready(password)).not.to.equal(0);
        await start(objects);
        expect(ready(password)).to.equal(0);
        expect(ready("wrong")).not.to.equal(0);
    });

    it("has metrics for Prometheus, with the Secret's password", async function () {
        const exporter = program(this, "prometheus-redis-exporter");
        const objects = await render(false);
        await start(objects);
        const [, { env }] = find(objects, "Deployment", "cache").spec.template.spec.containers;
        const read = (secret: string) => {
            const given = Object.fromEntries(
                (env as { name: string; value?: string }[]).map(({ name, value }) => [name, value ?? secret]),
            );
            return figures(exporter, [], {
                ...given,
                REDIS_ADDR: given["REDIS_ADDR"]!.replace(/6379$/, String(port)),
            });
        };
        const seen = await read(password);
        expect(seen).to.match(/^redis_up 1$/m);
        expect(Number(/^redis_memory_max_bytes (\S+)$/m.exec(seen)![1])).to.equal(204 * 2 ** 20);
        expect(await read("wrong")).to.match(/^redis_up 0$/m);
    });

    for (const persistence of [true, false]) {
        it(`${persistence ? "keeps" : "forgets"} keys over a restart ${persistence ? "with" : "without"} persistence`, async () => {
            const objects = await render(persistence);
            const first = await start(objects);
            ask(password, "SET", `key-${persistence}`, "kept");
            expect(await first.stop()).to.equal(0);
            await start(objects);
            expect(ask(password, "GET", `key-${persistence}`)).to.equal(persistence ? "kept" : "");
        });
    }

    it("keeps sessions of OpenMage's customers when robots fill the memory, and locks every new session", async () => {
        const objects = await declareOpenMage({
            instance: {
                sessions: { topology: "single", engine, persistence: false },
                resources: { sessions: { memory: "32Mi" } },
            },
            values: { secrets: { shop: { sessionsPassword: password } } },
        });
        await start(objects, password, "sessions");
        // As in Cm_RedisSession: a day for customers, ten minutes for new visitors.
        const visit = (kind: string, seconds: number, from: number) =>
            ask(
                password,
                "EVAL",
                `for i = ARGV[1], ARGV[1] + 99 do local key = 'sess_${kind}' .. i; redis.call('HSET', key, 'data', string.rep('x', 4096)); redis.call('EXPIRE', key, ${seconds}) end`,
                ...["0", String(from)],
            );
        visit("customer", 86_400, 0);
        for (let from = 0; from < 6000; from += 100) expect(visit("robot", 600, from)).to.equal("");
        expect(Number(/^evicted_keys:(\d+)/m.exec(ask(password, "INFO", "stats"))![1])).to.be.above(1000);
        expect(ask(password, "EVAL", "return #redis.call('KEYS', 'sess_customer*')", "0")).to.equal("100");
        expect(ask(password, "HINCRBY", "sess_new", "lock", "1")).to.equal("1");
    });

    it("closes open connections when it restarts with another password, and refuses the old one", async () => {
        const first = await start(await render(true));
        const client = connect(port, "127.0.0.1");
        const closed = new Promise((resolve) => client.once("close", resolve));
        const answer = async (...command: string[]) => {
            const said = new Promise<string>((resolve) => client.once("data", (data) => resolve(data.toString())));
            const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
            client.write(`*${command.length}\r\n${words.join("")}`);
            return (await said).trim();
        };
        expect(await answer("AUTH", password)).to.equal("+OK");
        expect(await answer("SET", "rotated", "kept")).to.equal("+OK");
        const began = Date.now();
        expect(await first.stop()).to.equal(0);
        await closed;
        const next = "another one";
        await start(await render(true, next), next);
        console.log(`        the new password is taken ${Date.now() - began} ms after the stop signal`);
        expect(ask(next, "GET", "rotated")).to.equal("kept");
        expect(ask(password, "GET", "rotated")).to.contain("NOAUTH");
    });
});

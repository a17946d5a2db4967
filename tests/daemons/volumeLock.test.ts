import { join } from "node:path";
import { expect } from "chai";
import { Broker } from "../../components/broker";
import { Cache } from "../../components/cache";
import { Database } from "../../components/database";
import { declare, find, type Sent } from "../support/declare";
import { ok } from "../support/files";
import { LocalPod } from "../support/localPod";
import { cacheEngine, newest } from "../support/needs";
import { type Daemon, program, scratch } from "../support/tools";

const resources = { cpu: "100m", memory: "512Mi" };
const values = { secrets: { bench: { databasePassword: "first", brokerPassword: "second", cachePassword: "third" } } };
const engine = cacheEngine();

interface Server {
    readonly title: string;
    readonly programs: readonly string[];
    readonly kind: "StatefulSet" | "Deployment";
    readonly render: () => Promise<readonly Sent[]>;
    /** What the image's entrypoint does. @default it has no part */
    readonly entrypoint?: readonly string[];
    /** Where the programs are. @default this machine */
    readonly system?: string;
    readonly env: Readonly<Record<string, string>>;
    readonly port: number;
    /** A command in the pod that stores a number. */
    readonly store: (value: number) => readonly string[];
    /** One whose output has all numbers that are stored. */
    readonly read: readonly string[];
}

interface Started {
    readonly pod: LocalPod;
    readonly daemon: Daemon;
}

const psql = ["psql", "-X", "-t", "-A", "-h", "/var/run/postgresql", "-U", "postgres", "-c"] as const;
const postgresPrograms = "/usr/lib/postgresql/17/bin";
const valkey = [`${engine}-cli`, "-a", "third", "--no-auth-warning"] as const;
const rabbitmq = "/usr/lib/rabbitmq/bin";

const servers: readonly Server[] = [
    {
        title: "PostgreSQL",
        programs: [join(postgresPrograms, "postgres")],
        kind: "StatefulSet",
        render: async () =>
            (
                await declare(
                    (instance) =>
                        new Database(instance, "database", {
                            config: { topology: "single", engine: "postgres" },
                            database: "survey",
                            user: "survey",
                            resources,
                            size: "1Gi",
                        }),
                    { values },
                )
            ).objects,
        entrypoint: [
            "sh",
            "-c",
            `[ -s "$PGDATA/PG_VERSION" ] || initdb --no-sync --auth=trust --username=postgres >/dev/null; exec postgres "$@"`,
            "entrypoint",
        ],
        port: 5432,
        env: { PATH: `${postgresPrograms}:/usr/bin:/bin`, LC_ALL: "C.UTF-8" },
        store: (value) => [...psql, `CREATE TABLE IF NOT EXISTS kept (value int); INSERT INTO kept VALUES (${value})`],
        read: [...psql, "SELECT value FROM kept"],
    },
    {
        title: "a cache that keeps its keys",
        programs: [`/usr/bin/${engine}-server`],
        kind: "Deployment",
        render: async () =>
            (
                await declare(
                    (instance) =>
                        new Cache(instance, "cache", {
                            config: { topology: "single", engine, persistence: true, policy: "noeviction" },
                            resources,
                        }),
                    { values },
                )
            ).objects,
        system: newest,
        port: 6379,
        env: {},
        store: (value) => [...valkey, "RPUSH", "kept", String(value)],
        read: [...valkey, "LRANGE", "kept", "0", "-1"],
    },
    {
        title: "RabbitMQ",
        programs: [`${rabbitmq}/rabbitmq-server`],
        kind: "StatefulSet",
        render: async () =>
            (
                await declare(
                    (instance) =>
                        new Broker(instance, "broker", {
                            config: { topology: "single" },
                            user: "survey",
                            vhost: "surveys",
                            permits: [],
                            resources,
                            size: "1Gi",
                        }),
                    { values },
                )
            ).objects,
        entrypoint: ["sh", "-c", `exec ${rabbitmq}/rabbitmq-server`],
        system: newest,
        port: 5672,
        env: { LANG: "C.UTF-8", RUNNING_UNDER_SYSTEMD: "true" },
        store: (value) => [`${rabbitmq}/rabbitmqctl`, "--quiet", "add_vhost", String(value)],
        read: [`${rabbitmq}/rabbitmqctl`, "--quiet", "list_vhosts"],
    },
];

for (const server of servers)
    describe(`The lock of a volume: ${server.title}`, function () {
        this.timeout(300_000);
        const machine = scratch();
        const pods: Started[] = [];
        let objects: readonly Sent[];

        /** One more pod with the same claims, as on one node after another one was deleted by force. */
        function start(hostname: string) {
            const name = { PostgreSQL: "database", RabbitMQ: "broker" }[server.title] ?? "cache";
            const owner = find(objects, server.kind, name);
            const pod = new LocalPod(owner, objects, machine.path, hostname, {
                env: server.env,
                ...(server.system ? { system: server.system } : {}),
            });
            const { command, args = [] } = owner["spec"].template.spec.containers[0];
            const words = [...command, ...args].flatMap((word: string) =>
                word === "docker-entrypoint.sh" ? (server.entrypoint ?? []) : [word],
            );
            const one = { pod, daemon: pod.start(words, server.env) };
            pods.push(one);
            return one;
        }
        const ask = ({ pod, daemon }: Started, command: readonly string[]): string => {
            const { status, stdout, stderr } = pod.exec(daemon, command, server.env);
            if (status !== 0) throw new Error(stderr || stdout);
            return stdout;
        };
        const listens = ({ pod, daemon }: Started): boolean =>
            pod.connected(daemon, ["ss", "-Hltn", `sport = :${server.port}`]).stdout !== "";
        /** Resolves once the server has stored the number. */
        const stores = async (one: Started, value: number): Promise<void> => {
            // The command-line tools of RabbitMQ take seconds to say that nobody listens.
            await one.daemon.ready(async () => ok(listens(one)), 120);
            await one.daemon.ready(async () => ask(one, server.store(value)), 60);
        };
        const numbers = (text: string) => text.split("\n").filter((line) => /^\d+$/.test(line));

        before(async function () {
            LocalPod.check(this);
            program(this, "flock");
            for (const name of server.programs)
                program(this, name.split("/").at(-1)!, { folders: [join(server.system ?? "/", name, "..")] });
            objects = await server.render();
        });
        after(async () => {
            for (const { daemon } of pods) await daemon.stop("SIGKILL");
            machine.clean();
        });

        it("is with one server at a time, and with the next one as soon as that is killed", async () => {
            const first = start("first");
            await stores(first, 1);
            const second = start("second");
            await second.daemon.ready(async () => expect(second.daemon.output).to.contain("is locked"), 60);
            ask(first, server.store(2));
            expect(listens(second)).to.equal(false);
            await first.pod.stop(first.daemon, "SIGKILL");
            await stores(second, 3);
            expect(numbers(ask(second, server.read))).to.have.members(["1", "2", "3"]);
        });

        it("is waited for by a server that obeys when it is told to stop", async () => {
            const third = start("third");
            await third.daemon.ready(async () => expect(third.daemon.output).to.contain("is locked"), 60);
            const begin = Date.now();
            await third.pod.stop(third.daemon);
            expect(Date.now() - begin).to.be.below(10_000);
        });
    });

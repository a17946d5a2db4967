import { expect } from "chai";
import { Broker } from "../../components/broker";
import { Cache } from "../../components/cache";
import { Database } from "../../components/database";
import { ObjectStorage } from "../../components/objectStorage";
import type { DatabaseConfig } from "../../config/database";
import { type DeclareArgs, declare, type Sent } from "../support/declare";

interface Asked {
    readonly name: string;
    readonly startupProbe?: { readonly periodSeconds: number; readonly failureThreshold: number };
    readonly livenessProbe?: {
        readonly tcpSocket?: object;
        readonly periodSeconds: number;
        readonly failureThreshold: number;
    };
}

const resources = { cpu: "100m", memory: "1Gi" };
const database = (config: object) => (instance: Parameters<Parameters<typeof declare>[0]>[0]) =>
    void new Database(instance, "database", {
        config: config as DatabaseConfig,
        database: "shop",
        user: "shop",
        resources,
        size: "10Gi",
    });

/** Every server that others wait for, by the name of its container, with the seconds that it has for its start. */
const servers: readonly [string, number, Parameters<typeof declare>[0], DeclareArgs?][] = [
    ["mariadb", 1800, database({ topology: "single", engine: "mariadb" })],
    ["mysql", 1800, database({ topology: "single", engine: "mysql" })],
    ["postgres", 1800, database({ topology: "single", engine: "postgres" })],
    [
        "rabbitmq",
        1800,
        (instance) =>
            void new Broker(instance, "broker", {
                config: { topology: "single" },
                user: "shop",
                resources,
                size: "5Gi",
            }),
    ],
    [
        "valkey",
        600,
        (instance) =>
            void new Cache(instance, "cache", {
                config: { topology: "single", engine: "valkey", persistence: true, policy: "allkeys-lru" },
                resources,
            }),
    ],
    ...(["seaweedfs", "minio"] as const).map((engine): [string, number, Parameters<typeof declare>[0]] => [
        engine,
        300,
        (instance) =>
            void new ObjectStorage(instance, "storage", {
                config: { topology: "single", engine } as never,
                buckets: [{ name: "media" }],
            }),
    ]),
];

describe("Probes of servers that others wait for", () => {
    const containers = (objects: readonly Sent[]): Asked[] =>
        objects
            .filter(({ kind }) => kind === "StatefulSet" || kind === "Deployment")
            .flatMap(({ spec }) => spec.template.spec.containers as Asked[]);

    for (const [name, seconds, build, args] of servers)
        it(`find ${name} within a second of its start, and give it ${seconds / 60} minutes`, async () => {
            const { objects } = await declare(build, args);
            const { startupProbe, livenessProbe } = containers(objects).find((one) => one.name === name)!;
            expect(startupProbe!.periodSeconds).to.equal(1);
            expect(startupProbe!.failureThreshold).to.equal(seconds);
            // A busy server is left alone for two minutes.
            expect(livenessProbe!.periodSeconds * livenessProbe!.failureThreshold).to.be.at.least(120);
        });
});

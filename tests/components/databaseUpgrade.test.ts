import { expect } from "chai";
import { Database } from "../../components/database";
import { databaseOf } from "../../config/database";
import { declare, podOf } from "../support/declare";

const settings = databaseOf(["postgres"]);

/** A database of PostgreSQL with these keys, with an image and a volume of the instance. */
const declared = (keys: object, instance: Readonly<Record<string, unknown>>) =>
    declare(
        (within) =>
            new Database(within, "database", {
                config: settings.parse({ topology: "single", ...keys }),
                database: "shop",
                user: "shop",
                resources: { cpu: "100m", memory: "512Mi" },
                size: "1Gi",
            }),
        { instance },
    );

describe("An upgrade of PostgreSQL", () => {
    const images = { postgres: "postgres:18.1" };
    const upgrade = { upgradeFrom: "postgres 17", upgradeImage: "postgres:17.11" };

    it("dumps with the old image and loads with the new one, before the volume is checked", async () => {
        const { objects } = await declared(upgrade, { images });
        const { initContainers } = podOf(objects, "StatefulSet", "database") as {
            initContainers: { name: string; image: string; env: { name: string; value: string }[] }[];
        };
        expect(initContainers.map(({ name, image }) => [name, image])).to.deep.equal([
            ["dump-data", "postgres:17.11"],
            ["load-data", "postgres:18.1"],
            ["check-volume", "postgres:18.1"],
        ]);
        expect(initContainers[0]!.env).to.deep.include.members([
            { name: "OLD", value: "17/docker" },
            { name: "NEW", value: "18/docker" },
        ]);
    });
    it("is not there without an image of the old version", async () => {
        const { objects } = await declared({ upgradeFrom: "postgres 17" }, { images });
        const { initContainers } = podOf(objects, "StatefulSet", "database");
        expect((initContainers as { name: string }[]).map(({ name }) => name)).to.deep.equal(["check-volume"]);
    });

    const refused: readonly [string, object, Readonly<Record<string, unknown>>, RegExp][] = [
        [
            "without consent",
            { upgradeImage: "postgres:17.11" },
            { images },
            /not allowed without database\.upgradeFrom/,
        ],
        [
            "of another version",
            { ...upgrade, upgradeImage: "postgres:16.4" },
            { images },
            /"postgres:16\.4" is not of postgres 17/,
        ],
        [
            "without a version",
            { ...upgrade, upgradeImage: "postgres:latest" },
            { images },
            /"postgres:latest" is not of postgres 17/,
        ],
        ["that is newer", upgrade, { images: { postgres: "postgres:16.4" } }, /is not older than postgres 16/],
        [
            "of another user",
            { ...upgrade, upgradeImage: "postgres:17.11-alpine" },
            { images },
            /one kind, with Alpine or without/,
        ],
        [
            "for data elsewhere",
            upgrade,
            { images, volumes: { database: { path: "." } } },
            /not allowed with volumes\.database\.path/,
        ],
    ];
    for (const [what, keys, instance, message] of refused)
        it(`refuses an image ${what}`, async () => {
            const error = await declared(keys, instance).then(
                () => undefined,
                (thrown: unknown) => thrown as Error,
            );
            expect(error?.message).to.match(message).and.to.include("database.upgradeImage");
        });
});

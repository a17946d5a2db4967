import { join } from "node:path";
import { expect } from "chai";
import { waitFor } from "./cluster";
import type { Live } from "./live";
import { grow } from "./postgres";
import type { Subject } from "./subject";

const board = (live: Live, ...words: string[]) => live.place.exec("web", "web", ["board", ...words]);

const picture = "a picture, in so many words";

/** Writes a message, which goes through the queue and the worker into the database. */
async function say(live: Live, text: string): Promise<number> {
    expect((await live.visitor().once("/", { text })).status).to.equal(303);
    return waitFor("message on the page", 60, async () => (await live.visitor().get("/")).body.includes(text));
}

/** A Compose project whose images start as root: tests/live/board. */
export const compose: Subject = {
    platform: "compose",
    name: "compose",
    title: "A Compose project",
    instance: { file: join(__dirname, "board", "compose.yaml") },
    secrets: { DATABASE_PASSWORD: "Live-password-79" },
    tiers: [
        { component: "edge", pods: 2 },
        { component: "web", pods: 2 },
        { component: "worker", pods: 2 },
        { component: "cache", pods: 1 },
        { component: "queue", pods: 1 },
        { component: "database", pods: 1, data: true },
    ],
    pages: [
        { path: "/", contains: "<h1>Message board</h1>" },
        { path: "/uploads/welcome.txt", contains: "comes with the image" },
    ],
    change: { variables: { GREETING: "hello" }, env: { web: { GREETING: "hello" }, edge: { GREETING: "hello" } } },
    restarted: ["edge", "web", "worker"],
    fillable: [
        {
            component: "database",
            container: "database",
            folder: "/var/lib/postgresql/data",
            tries: grow,
        },
    ],
    sql: (live, statement) => board(live, "sql", statement),
    writer: { component: "web", container: "web", command: ["board", "write"] },

    page: async (live) => {
        const { status, body } = await live.visitor().get("/");
        expect(status).to.equal(200);
        expect(body).to.contain("nobody is logged in");
        const hosts = await live.place.exec("web", "web", ["cat", "/etc/hosts"]);
        const [address] = /\S+(?=\s+queue\.board)/.exec(hosts) ?? [];
        const service = JSON.parse(await live.place.kubectl("get", "service", "queue", "--output", "json")) as {
            spec: { clusterIP: string };
        };
        expect(address, hosts).to.equal(service.spec.clusterIP);
        return `200; queue.board is ${address} in the pod's hosts file, as its Service`;
    },
    logIn: async (live) => {
        const visitor = live.visitor();
        expect((await visitor.post("/login", { name: "Ada" })).body).to.contain("Ada is logged in");
        return "the session is in the cache";
    },
    upload: async (live) => {
        const sent = await live.visitor().once("/uploads/picture.txt", { picture });
        expect(sent.status).to.equal(201);
        const user = await live.place.exec("web", "web", ["stat", "-c", "%u:%g", "/srv/uploads"]);
        expect(user, "owner of the folder, as in the image").to.equal("1000:1000");
        return "stored beside the file that comes with the image, whose owner the folder has";
    },
    sees: {
        "brings its database up before what needs it": async (live) => {
            const restarts = (await live.place.pods()).map(({ metadata, status }) => ({
                name: metadata.name,
                count: Math.max(...(status.containerStatuses ?? []).map(({ restartCount }) => restartCount)),
            }));
            expect(restarts.filter(({ count }) => count > 0)).to.deep.equal([]);
            return `${restarts.length} pods, none of which had to start twice`;
        },
    },
    task: async (live) => {
        const seconds = await say(live, "Written by Ada");
        await live.place.kubectl("scale", "deployment", "worker", "--replicas=0");
        await live.place.gone("worker", 60);
        expect((await live.visitor().once("/", { text: "Written without workers" })).status).to.equal(303);
        const [queue] = await live.place.pods("queue");
        await live.place.kubectl("delete", "pod", queue!.metadata.name, "--grace-period=0", "--force");
        await live.place.ready("queue", 1, [queue!.metadata.uid]);
        await live.place.kubectl("scale", "deployment", "worker", "--replicas=2");
        const later = await waitFor("message of the queue", 120, async () =>
            (await live.visitor().get("/")).body.includes("Written without workers"),
        );
        await live.place.ready("worker", 2);
        return [
            `a message on the page after ${seconds.toFixed(1)} s`,
            `queued without workers, the queue killed: on the page ${later.toFixed(1)} s after the workers were back`,
        ];
    },
    backup: {
        damage: async (live) => {
            await live.sql("DROP TABLE message");
            await live.place.exec("web", "web", ["rm", "/srv/uploads/picture.txt"]);
        },
        fingerprint: async (live) =>
            [
                await live.sql("SELECT count(*) FROM information_schema.tables WHERE table_name = 'message'"),
                await live.sql("SELECT count(*), sum(n) FROM plinth_live"),
                (await live.visitor().get("/uploads/picture.txt")).body,
            ].join("\n"),
    },
    kept: async (live) => {
        const visitor = live.visitor();
        expect((await visitor.get("/uploads/picture.txt")).body).to.equal(
            `${new URLSearchParams({ picture }).toString()}`,
        );
        expect((await visitor.get("/")).body).to.contain("Written by Ada");
    },
};

import { expect } from "chai";
import { type LivePod, waitFor } from "./cluster";
import type { Live } from "./live";
import { visitsText } from "./load";
import type { Subject, Tier } from "./subject";
import { kill, liveSuite } from "./suite";
import { writtenText } from "./writer";

const members = 3;

/** Changes of an instance to a database of three members that an operator runs. */
export const operated = { database: { topology: "operator", members } };
const pooled = { database: { pooler: { instances: 2 } } };

const pooler: Tier = { component: "database-pooler", pods: 2, data: true };

const primaries = async (live: Live): Promise<LivePod[]> =>
    (await live.place.pods("database")).filter(({ metadata }) => metadata.labels["cnpg.io/instanceRole"] === "primary");

/** Runs a script in the server's container of a member. */
const inMember = (live: Live, { metadata }: LivePod, script: string) =>
    live.place.kubectl("exec", metadata.name, "--container", "postgres", "--", "sh", "-c", script);

const remove = async (live: Live, pods: readonly LivePod[], ...how: string[]): Promise<void> =>
    void (await live.place.kubectl(
        "delete",
        "pod",
        ...pods.map(({ metadata }) => metadata.name),
        "--wait=false",
        ...how,
    ));

const force = ["--grace-period=0", "--force"];

/** Servers that took the rows, in the order of the rows, each time that another one did. */
async function writersOf(live: Live, rows: readonly number[]): Promise<string[]> {
    const between = `n BETWEEN ${rows[0]} AND ${rows.at(-1)}`;
    const servers = (await live.sql(`SELECT host(server) FROM plinth_live WHERE ${between} ORDER BY n`)).split("\n");
    return servers.filter((server, index) => server !== servers[index - 1]);
}

/** Waits until the operator has nothing left to do, and all members are ready. */
async function whole(live: Live): Promise<void> {
    await live.place.kubectl(
        ...["wait", "clusters.postgresql.cnpg.io/database", "--timeout=300s"],
        "--for=jsonpath={.status.phase}=Cluster in healthy state",
    );
    await live.place.ready("database", members, [], 300);
}

/**
 * Hurts members while visitors ask and rows are written.
 *
 * @param most seconds in which no row may be accepted
 * @param how hurts them; given the one that takes writes, and the others
 * @returns what was seen
 */
async function hurt(
    live: Live,
    most: number,
    how: (primary: LivePod, standbys: readonly LivePod[]) => Promise<void>,
): Promise<string[]> {
    // A launch does not wait for a rollout of the members.
    await whole(live);
    const [before] = await primaries(live);
    const standbys = (await live.place.pods("database")).filter(
        ({ metadata }) => metadata.name !== before!.metadata.name,
    );
    const visits = live.load({ visitors: 2 });
    const writer = await live.writer();
    await waitFor("written rows", 30, async () => writer.rows > 20);
    const started = Date.now();
    await how(before!, standbys);
    await waitFor("rows after it", 180, async () => {
        const rows = writer.rows;
        await new Promise((resolve) => setTimeout(resolve, 5000));
        return writer.rows > rows + 20;
    });
    await whole(live);
    const took = (Date.now() - started) / 1000;
    const written = await writer.stop();
    live.keep(written.acknowledged);
    await visits.settle();
    const seen = visitsText(await visits.stop());
    await live.expectKept();
    const [after] = await primaries(live);
    const writers = await writersOf(live, written.acknowledged);
    expect(new Set(writers).size, `servers that took writes in turn: ${writers.join(", ")}`).to.equal(writers.length);
    expect(written.refused, writtenText(written)).to.be.below(most);
    return [
        `${writtenText(written)}; ${before!.metadata.name}, then ${after!.metadata.name} took writes; all members were ready after ${took.toFixed(0)} s`,
        seen,
    ];
}

/** Sends a signal to all processes of a server. The image has no program for it. */
const signal = (name: string) =>
    `for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != postgres ] || kill -${name} "\${p#/proc/}"; done`;

/** The life of an instance whose PostgreSQL CloudNativePG runs. */
export function operatedSuite(subject: Subject): void {
    const inside = ({ component }: { readonly component: string }) => component !== "database";
    const { tiers, fillable } = subject;
    liveSuite({ ...subject, tiers: tiers.filter(inside), fillable: fillable.filter(inside) }, (step) => {
        step("tells the servers of its rows apart", async (live) => {
            await live.sql("ALTER TABLE plinth_live ADD COLUMN IF NOT EXISTS server inet DEFAULT inet_server_addr()");
            return "each row names the server that took it";
        });
        const faults = (where: string) => {
            step(`its primary's pod is deleted${where}`, (live) =>
                hurt(live, 60, (primary) => remove(live, [primary])),
            );
            step(`its primary's pod is killed${where}`, (live) =>
                hurt(live, 60, (primary) => remove(live, [primary], ...force)),
            );
            step(`its primary's server is killed${where}`, (live) =>
                hurt(live, 60, async (primary) => {
                    await inMember(live, primary, signal("KILL"));
                }),
            );
        };
        faults("");
        step("its primary's server hangs", (live) =>
            hurt(live, 120, async (primary) => {
                await inMember(live, primary, signal("STOP"));
            }),
        );
        step("its standbys' pods are killed", (live) =>
            hurt(live, 30, (_, standbys) => remove(live, standbys, ...force)),
        );
        step("all its members' pods are killed", (live) =>
            hurt(live, 120, (primary, standbys) => remove(live, [primary, ...standbys], ...force)),
        );
        step("its members get more memory", (live) =>
            hurt(live, 60, async () => {
                live.configure({ resources: { database: { memory: "576Mi" } } });
                await live.plinth("launch", live.stack);
            }),
        );
        step("gets a pooler", async (live) => {
            const visits = live.load();
            live.configure(pooled);
            await live.plinth("launch", live.stack);
            await visits.settle();
            const seen = await visits.stop();
            expect(seen.failed, `${visitsText(seen)}; the first: ${seen.first}`).to.equal(0);
            await live.expectKept();
            return visitsText(seen);
        });
        faults(", behind the pooler");
        step(`${pooler.component}: each pod is deleted`, (live) => kill(live, pooler, []));
        step(`${pooler.component}: each pod is killed`, (live) => kill(live, pooler, force));
    });
}

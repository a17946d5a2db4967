import { expect } from "chai";
import type { Visitor } from "../support/visitor";
import { write } from "../support/files";
import { scratch } from "../support/tools";
import { waitFor } from "./cluster";
import type { Live } from "./live";
import { grow } from "./postgres";
import {
    ask,
    askOn,
    compute,
    documentSums,
    documentWriter,
    dropDocuments,
    enqueue,
    flower,
    keepSimulation,
    keptDocuments,
    query,
    result,
    writer,
} from "./qedPrograms";
import type { Subject } from "./subject";
import { Writer, writtenText } from "./writer";

const passwords = { qeduser: "Live-password-80", operator: "Live-password-81" } as const;
/** Loaded into the volume app-data, which three programs of the suite read. */
const loaded = { path: "/src/app-data/live/station.csv", text: "station,flow\n02177000,17.4" } as const;
/** What a worker leaves for Flask to show. */
const left = {
    path: "/src/pram_flask/ubertool/ubertool/sam/bin/Results/live.txt",
    text: "written by a worker",
} as const;
/** What HMS keeps in MongoDB. */
const simulation = { id: "plinth-live", station: "02177000" } as const;
/** Not published: only Django, HMS and dask's workers reach it, through nginx. */
const flaskPage = "http://qed-nginx:7777/hms/gis/test/";

const inPod = (live: Live, service: string, command: readonly string[]): Promise<string> =>
    live.place.exec(service, service, command);

/** Puts a task into the queue. @returns its number */
const queued = async (live: Live, value: string): Promise<string> =>
    (await inPod(live, "qed-flask", enqueue(value))).split("\n").at(-1)!;

const resultOf = async (live: Live, id: string): Promise<string> =>
    (await inPod(live, "qed-flask", result(id))).split("\n").at(-1)!;

/** A visitor whom the suite knows, in a session that is kept between the steps. */
function known(live: Live): Visitor {
    const visitor = live.visitor();
    const session = live.memory.get("session");
    if (session) visitor.cookies.set("sessionid", session);
    return visitor;
}

/** A page of an application that only shows itself to those who have logged in. */
const walled = "/pram/";

/** Each of the two workers takes a part. */
export async function computes(live: Live): Promise<string> {
    const [hosts, sum, seconds] = (await inPod(live, "qed-flask", compute)).split("\n").at(-1)!.split(" ");
    expect(`${hosts} ${sum}`).to.equal("2 328350");
    return `100 steps of 0.2 s, given by Flask: ${seconds} s on ${hosts} workers`;
}

const off = [
    "cts-nodejs",
    "cts-manager",
    "cts-worker",
    "hms-dotnetcore",
    "qed-tomcat",
    "cyan-api",
    "cyan-celery",
    "cyan-db",
];
const volumes = [
    "redis",
    "mongodb",
    "app-data",
    "collected-static",
    "sam-preprocessed",
    "sam-results",
    "qed-basins",
    "hms-data",
];
const web = ["qed-nginx", "qed-django", "qed-flask", "qed-celery", "dask-worker"] as const;

/** Without what only people with access to the suite's registries, or with a licence, can run. */
export const qed: Subject = {
    platform: "qed",
    name: "qed",
    title: "QED",
    instance: {
        services: Object.fromEntries(off.map((name) => [name, false])),
        django: { login: true },
        celery: { concurrency: 1, longestTaskSeconds: 120 },
        web: { timeoutSeconds: 120 },
        volumes: {
            postgres: { size: "2Gi" },
            backup: { size: "2Gi" },
            ...Object.fromEntries(volumes.map((name) => [name, { size: "1Gi" }])),
        },
    },
    secrets: { loginPassword: passwords.qeduser },
    tiers: [
        { component: "edge", pods: 2 },
        { component: "qed-nginx", pods: 2 },
        { component: "qed-django", pods: 2 },
        { component: "qed-flask", pods: 2 },
        { component: "qed-celery", pods: 2 },
        { component: "redis", pods: 1 },
        { component: "postgres", pods: 1, longest: 8, data: true },
        { component: "mongodb", pods: 1 },
        { component: "dask-scheduler", pods: 1 },
        { component: "dask-worker", pods: 2 },
        { component: "celery-flower", pods: 1 },
    ],
    pages: [
        { path: "/", contains: "EPA" },
        { path: "/static_qed/admin/css/base.css", contains: "body" },
    ],
    change: { env: Object.fromEntries(["edge", ...web].map((name) => [name, { GREETING: "hello" }])) },
    restarted: ["edge", ...web],
    rotated: "postgresPassword",
    fillable: [{ component: "postgres", container: "postgres", folder: "/var/lib/postgresql", tries: grow }],
    sql: (live, statement) => inPod(live, "qed-django", [...query, statement]),
    writer: { component: "qed-django", container: "qed-django", command: writer },

    page: async (live) => {
        const visitor = live.visitor();
        const { status, body } = await visitor.get("/");
        expect(status).to.equal(200);
        expect(body).to.contain("EPA");
        const { body: style } = await visitor.get("/static_qed/admin/css/base.css");
        expect(style, "a file that Django has collected").to.contain("body");
        // Flask's own pages are not published.
        expect((await visitor.get("/hms/gis/test/")).body).not.to.contain("flask");
        const flask = await inPod(live, "qed-django", ask(flaskPage));
        expect(flask).to.match(/up and running|status/i);
        return `200, and a collected file; Flask, asked by Django through nginx: ${flask.replaceAll(/\s+/g, " ")}`;
    },
    logIn: async (live) => {
        await live.plinthGiven(
            passwords.operator,
            "run",
            live.instance,
            "createsuperuser",
            "operator",
            "--stack",
            live.stack,
        );
        const account = "SELECT is_superuser, is_active FROM auth_user WHERE username = 'operator'";
        expect(await live.sql(account)).to.equal("True\tTrue");
        const visitor = live.visitor();
        const asked = await visitor.once(walled);
        expect(`${asked.status} ${asked.headers.location}`).to.equal(`302 /login/?next=${walled}`);
        const form = await visitor.get(walled);
        const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(form.body)?.[1];
        expect(token, "a form").to.be.a("string");
        const { status, headers } = await visitor.once(`/login/?next=${walled}`, {
            csrfmiddlewaretoken: token!,
            username: "qeduser",
            password: passwords.qeduser,
            next: walled,
        });
        expect(`${status} ${headers.location}`).to.equal(`302 ${walled}`);
        live.memory.set("session", visitor.cookies.get("sessionid")!);
        expect((await known(live).once(walled)).status).to.equal(200);
        return "an account with all rights by the operation; qeduser through the suite's own form, the session in PostGIS";
    },
    upload: async (live) => {
        const { path, clean } = scratch();
        write(path, { "live/station.csv": loaded.text });
        await live.plinth("data", "load", path, live.instance, "app-data", live.stack);
        clean();
        await inPod(live, "qed-celery", ["sh", "-c", `printf '${left.text}' > ${left.path}`]);
        await qed.kept(live);
        return "data load: read by Django, Flask and Celery; a file of Celery's is read by Flask";
    },
    sees: {
        "loads a dump of PostGIS": async (live) => {
            const dump = [
                "CREATE TABLE plinth_stations (name text, place geometry(Point, 4326));",
                "INSERT INTO plinth_stations VALUES ('02177000', ST_SetSRID(ST_MakePoint(-83.306, 34.814), 4326)), ('02331000', ST_SetSRID(ST_MakePoint(-83.62, 34.701), 4326));",
            ].join("\n");
            await live.plinthGiven(dump, "run", live.instance, "psql", "--stack", live.stack);
            const asked =
                "SELECT round(ST_DistanceSphere(a.place, b.place)), postgis_lib_version() FROM plinth_stations a, plinth_stations b WHERE a.name < b.name";
            const [metres, version] = (await live.sql(asked)).split("\t");
            expect(Number(metres)).to.be.within(31_000, 32_500);
            return `through psql; PostGIS ${version} says that two of its points are ${metres} m apart`;
        },
        "keeps a simulation of HMS in MongoDB": async (live) => {
            await inPod(live, "qed-celery", keepSimulation(simulation.id, simulation.station));
            live.memory.set("documents", "[]");
            await expectDocuments(live);
            return "written by Celery with the suite's own class, with its input in GridFS; read by Flask";
        },
        "computes with dask": computes,
        "shows its tasks in Flower": async (live) => {
            let said = "";
            await waitFor("workers in Flower", 120, async () => {
                said = (await inPod(live, "celery-flower", flower)).split("\n").at(-1)!;
                return said === "401 200 2";
            });
            return "401 without the password; with it two workers";
        },
    },
    task: async (live) => {
        const started = Date.now();
        expect(await resultOf(live, await queued(live, "at once"))).to.equal("at once");
        const seconds = (Date.now() - started) / 1000;
        // Nobody is there to take it, and redis is killed while it waits.
        await live.place.kubectl("scale", "deployment", "qed-celery", "--replicas=0");
        await live.place.gone("qed-celery", 200);
        const waiting = await queued(live, "kept");
        const [redis] = await live.place.pods("redis");
        await live.place.kubectl("delete", "pod", redis!.metadata.name, "--grace-period=0", "--force");
        await live.place.ready("redis", 1, [redis!.metadata.uid]);
        await live.place.kubectl("scale", "deployment", "qed-celery", "--replicas=2");
        const back = Date.now();
        expect(await resultOf(live, waiting)).to.equal("kept");
        const later = (Date.now() - back) / 1000;
        await live.place.ready("qed-celery", 2);
        return [
            `a task and its result: ${seconds.toFixed(1)} s, with the start of two Pythons`,
            `queued without workers, redis killed: done ${later.toFixed(1)} s after workers were asked for again`,
        ];
    },
    kept: async (live) => {
        if (live.memory.has("session")) {
            const { status } = await known(live).once(walled);
            expect(status, "qeduser is logged in").to.equal(200);
        }
        const files = async (service: string) => inPod(live, service, ["cat", loaded.path]);
        for (const service of ["qed-django", "qed-flask", "qed-celery"])
            expect(await files(service), service).to.equal(loaded.text);
        expect(await inPod(live, "qed-flask", ["cat", left.path])).to.equal(left.text);
        await expectDocuments(live);
        expect(await resultOf(live, await queued(live, "still there"))).to.equal("still there");
    },
    backup: {
        damage: async (live) => {
            await live.sql("DROP TABLE plinth_stations");
            await live.sql("UPDATE auth_user SET is_active = FALSE");
            await inPod(live, "qed-flask", dropDocuments);
        },
        fingerprint: async (live) => {
            const rows = await live.sql(
                "SELECT (SELECT md5(string_agg(u::text, ',' ORDER BY id)) FROM auth_user u), (SELECT COUNT(*) FROM plinth_live), " +
                    "(SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'plinth_stations'), (SELECT COUNT(*) FROM django_session)",
            );
            return `${rows}\n${await inPod(live, "qed-flask", documentSums)}`;
        },
    },
};

/** That what was left in MongoDB is there, and every document whose writing was acknowledged. */
async function expectDocuments(live: Live): Promise<void> {
    const acknowledged = live.memory.get("documents");
    if (acknowledged === undefined) return;
    const printed = (await inPod(live, "qed-flask", keptDocuments(simulation.id))).split("\n").at(-1)!;
    const { status, station, numbers } = JSON.parse(printed) as { status: string; station: string; numbers: number[] };
    expect(`${status} ${station}`).to.equal(`COMPLETED ${simulation.station}`);
    const there = new Set(numbers);
    const lost = (JSON.parse(acknowledged) as number[]).filter((one) => !there.has(one));
    expect(lost, "acknowledged documents that are lost").to.deep.equal([]);
}

/** Writes documents from Flask's pod while MongoDB's pod goes. */
export async function keepsDocuments(live: Live): Promise<string[]> {
    const said: string[] = [];
    for (const [done, how] of [["deleted", []] as const, ["killed", ["--grace-period=0", "--force"]] as const]) {
        const before = JSON.parse(live.memory.get("documents") ?? "[]") as number[];
        // Numbers of documents that were sent but not acknowledged are not used again.
        const command = documentWriter(Math.max(0, ...before) + 1_000_000);
        const writing = new Writer(await live.place.execCommand("qed-flask", "qed-flask", command));
        await waitFor("written documents", 60, async () => writing.rows > 20);
        for (const { metadata } of await live.place.pods("mongodb")) {
            await live.place.kubectl("delete", "pod", metadata.name, "--wait=false", ...how);
            const seconds = await live.place.ready("mongodb", 1, [metadata.uid]);
            said.push(`${done}: ready after ${seconds.toFixed(0)} s`);
        }
        const again = writing.rows;
        await waitFor("documents after the loss", 60, async () => writing.rows > again);
        const written = await writing.stop();
        live.memory.set("documents", JSON.stringify([...before, ...written.acknowledged]));
        await expectDocuments(live);
        said.push(writtenText(written).replaceAll("row", "document"));
    }
    return said;
}

/** Flask is not published, so that visitors do not notice it: Django asks it while its pods and nginx's go. */
export async function asksFlask(live: Live): Promise<string[]> {
    const said: string[] = [];
    for (const service of ["qed-flask", "qed-nginx"])
        for (const [done, how] of [["deleted", []] as const, ["killed", ["--grace-period=0", "--force"]] as const]) {
            const asking = new Writer(await live.place.execCommand("qed-django", "qed-django", askOn(flaskPage)));
            await waitFor("answers of Flask", 60, async () => asking.rows > 0);
            for (const { metadata } of await live.place.pods(service)) {
                await live.place.kubectl("delete", "pod", metadata.name, "--wait=false", ...how);
                await live.place.ready(service, 2, [metadata.uid]);
            }
            const { acknowledged, failed, errors, refused } = await asking.stop();
            const text = `each ${service} is ${done}: ${failed} of ${acknowledged.length + failed} failed; ${refused.toFixed(1)} s without an answer`;
            // Nothing asks again where a pod ends without notice: there is no balancer in between.
            if (done === "deleted") expect(failed, `${text}: ${errors.join("; ")}`).to.equal(0);
            said.push(errors.length > 0 ? `${text} (${errors.join("; ")})` : text);
        }
    await live.expectKept();
    return said;
}

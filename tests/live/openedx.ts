import { createHash } from "node:crypto";
import { expect } from "chai";
import type { Answer, Visitor } from "../support/visitor";
import { waitFor } from "./cluster";
import type { Live } from "./live";
import { grow } from "./mysql";
import { documentsProgram, dropProgram, mysqlMessage, queryProgram, writerProgram } from "./openedxPrograms";
import { picture } from "./picture";
import { runScheduled } from "./shop";
import type { Subject } from "./subject";

const author = { name: "ada", email: "ada@example.org", password: "Live-password-77" };
const course = { org: "Live", number: "P1", run: "2026", display_name: "Analytical engines" };
const courseKey = `course-v1:${course.org}+${course.number}+${course.run}`;
const text = "The engine weaves algebraic patterns.";

const hosts = (live: Live) => ({
    lms: live.host,
    studio: `studio.${live.host}`,
    mfe: `apps.${live.host}`,
    files: `files.${live.host}`,
});
type Host = keyof ReturnType<typeof hosts>;

/** The author's browser at one of the hosts, with the cookies of earlier steps. */
function browser(live: Live, host: Host): Visitor {
    const visitor = live.visitor(hosts(live)[host]);
    const cookies = JSON.parse(live.memory.get(host) ?? "{}") as Record<string, string>;
    for (const [name, value] of Object.entries(cookies)) visitor.cookies.set(name, value);
    return visitor;
}

const keepCookies = (live: Live, host: Host, visitor: Visitor) =>
    live.memory.set(host, JSON.stringify(Object.fromEntries(visitor.cookies)));

/** Follows redirections from host to host, and keeps their cookies. */
async function surf(live: Live, url: URL, left = 12): Promise<{ answer: Answer; url: URL }> {
    const all = hosts(live);
    const host = (Object.keys(all) as Host[]).find((one) => all[one] === url.hostname);
    expect(host, url.href).not.to.equal(undefined);
    const visitor = browser(live, host!);
    const answer = await visitor.once(url.pathname + url.search);
    keepCookies(live, host!, visitor);
    const { location } = answer.headers;
    return location === undefined || left === 0 ? { answer, url } : surf(live, new URL(location, url), left - 1);
}

function json<T>({ status, body }: Answer, wanted = 200): T {
    expect(status, body.slice(0, 1000)).to.equal(wanted);
    return JSON.parse(body) as T;
}

/** Puts a block into another one. @returns its locator */
async function addBlock(studio: Visitor, parent: string, category: string): Promise<string> {
    const block = { parent_locator: parent, category, display_name: `A ${category}` };
    return json<{ locator: string }>(await studio.script("POST", "/xblock/", block)).locator;
}

interface Account {
    readonly profile_image: { readonly has_image: boolean; readonly image_url_full: string };
}

/** The author's picture, as everybody gets it from the object storage; undefined without one. */
async function portrait(live: Live): Promise<Answer | undefined> {
    const account = await browser(live, "lms").script("GET", `/api/user/v1/accounts/${author.name}`);
    const { has_image, image_url_full: url } = json<Account>(account).profile_image;
    if (!has_image) return undefined;
    const { hostname, pathname } = new URL(url);
    expect(hostname).to.equal(hosts(live).files);
    return live.visitor(hostname).once(pathname);
}

async function uploadPortrait(live: Live, contents: Buffer): Promise<Answer> {
    const form = new FormData();
    form.append("file", new Blob([contents], { type: "image/png" }), "ada.png");
    return browser(live, "lms").script("POST", `/api/user/v1/accounts/${author.name}/image`, form);
}

const sumOf = ({ status, bytes }: Answer): string => `${status} ${createHash("sha256").update(bytes).digest("hex")}`;

interface Exported {
    readonly ExportStatus: number;
    readonly ExportOutput?: string;
}

const exported = async (live: Live) =>
    json<Exported>(await browser(live, "studio").script("GET", `/export_status/${courseKey}`));

const inLms = (live: Live, command: readonly string[]) => live.place.exec("lms", "lms", command);

export const openedx: Subject = {
    platform: "openedx",
    name: "openedx",
    title: "Open edX",
    instance: {
        platformName: "Live University",
        // With room for a second pod of each tier while it is replaced, within 16 GiB. Nobody asks for reports.
        cms: { processes: 1 },
        replicas: { reports: 0 },
        resources: {
            ...Object.fromEntries(["lms", "cms", "lms-worker", "cms-worker"].map((name) => [name, { memory: "1Gi" }])),
            storage: { memory: "512Mi" },
        },
        // None of them begins by itself.
        tasks: {
            expiredTokens: { enabled: false },
            expiredNotifications: { enabled: true, schedule: "0 0 1 1 *" },
            reindexCourses: { enabled: false },
        },
        volumes: {
            database: { size: "2Gi" },
            search: { size: "2Gi" },
            storage: { size: "2Gi" },
            backup: { size: "3Gi" },
        },
    },
    secrets: {},
    // As most installations begin, with the relay of its own.
    mailTo: (host) => ({ relay: { smarthost: { host } } }),
    // All migrations.
    launchSeconds: 3600,
    interpreter: { language: "python", image: "openedx" },
    tiers: [
        { component: "edge", pods: 2 },
        { component: "lms", pods: 2 },
        {
            component: "cms",
            pods: 1,
            pages: [{ host: "studio.openedx.example.org", path: "/heartbeat", contains: "modulestore" }],
        },
        {
            component: "mfe",
            pods: 1,
            pages: [{ host: "apps.openedx.example.org", path: "/authn/login", contains: 'id="root"' }],
        },
        { component: "lms-worker", pods: 1 },
        { component: "cms-worker", pods: 1 },
        { component: "mail", pods: 1 },
        { component: "search", pods: 1 },
        { component: "storage", pods: 1 },
        { component: "broker", pods: 1 },
        { component: "cache", pods: 1, longest: 8 },
        { component: "documents", pods: 1 },
        // A page that fails looks at the database again.
        { component: "database", pods: 1, longest: 13, data: true },
    ],
    pages: [
        { path: "/heartbeat", contains: "modulestore" },
        { path: "/", contains: "Live University" },
        { path: "/api/mfe_config/v1", contains: "LMS_BASE_URL" },
    ],
    change: { env: { lms: { GREETING: "hello" }, edge: { GREETING: "hello" } } },
    restarted: ["edge", "lms", "cms", "mfe", "lms-worker", "cms-worker"],
    rotated: "databasePassword",
    fillable: [
        {
            component: "storage",
            container: "seaweedfs",
            folder: "/data",
            tries: async (live) => {
                const { status } = await uploadPortrait(live, picture("x".repeat(100_000)));
                return `an upload was answered with ${status}`;
            },
        },
        { component: "database", container: "mysql", folder: "/var/lib/mysql", tries: grow(mysqlMessage) },
    ],
    sql: (live, statement) => inLms(live, [...queryProgram, statement]),
    writer: { component: "lms", container: "lms", command: writerProgram },

    page: async (live) => {
        const { body } = await live.visitor().get("/");
        expect(body).to.contain("Live University");
        const assets = [...body.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path!);
        expect(assets.length, "style sheets and scripts").to.be.above(0);
        for (const path of assets) expect((await live.visitor().once(path)).status, path).to.equal(200);
        const heartbeat = json<Record<string, { status: boolean }>>(await live.visitor().once("/heartbeat"));
        for (const [part, { status }] of Object.entries(heartbeat)) expect(status, part).to.equal(true);
        const logIn = await surf(live, new URL(`http://${live.host}/login`));
        expect(logIn.url.hostname).to.equal(hosts(live).mfe);
        expect(logIn.answer.body).to.contain('id="root"');
        const config = json<Record<string, unknown>>(await browser(live, "mfe").once("/api/mfe_config/v1"));
        expect(config).to.include({ BASE_URL: hosts(live).mfe, SITE_NAME: "Live University" });
        return `200, with ${assets.length} style sheets and scripts; the log-in page is at ${logIn.url.href}`;
    },
    logIn: async (live) => {
        const { name, email, password } = author;
        const account = [name, email, "--staff", "--superuser"];
        await live.plinthGiven(password, "run", live.instance, "createuser", ...account, "--stack", live.stack);
        const visitor = live.visitor();
        const { csrfToken } = json<{ csrfToken: string }>(await visitor.once("/csrf/api/v1/token"));
        const form = { email_or_username: name, password, csrfmiddlewaretoken: csrfToken };
        json(await visitor.once("/api/user/v2/account/login_session/", form));
        keepCookies(live, "lms", visitor);
        const { url } = await surf(live, new URL(`http://${hosts(live).studio}/login/`));
        json(await browser(live, "studio").script("GET", "/api/contentstore/v1/home"));
        return `an administrator, at the LMS and by it in Studio, which leads to ${url.href}`;
    },
    upload: async (live) => {
        const { status, body } = await uploadPortrait(live, picture("x".repeat(200)));
        expect(status, body.slice(0, 1000)).to.equal(204);
        const answer = await portrait(live);
        expect(answer?.status).to.equal(200);
        live.memory.set("portrait", sumOf(answer!));
        return `a learner's picture; ${answer!.bytes.length} bytes are served from the object storage`;
    },
    mail: async (live) => {
        const visitor = live.visitor();
        const { csrfToken } = json<{ csrfToken: string }>(await visitor.once("/csrf/api/v1/token"));
        const form = { email: author.email, csrfmiddlewaretoken: csrfToken };
        expect((await visitor.once("/account/password", form)).status).to.equal(200);
        return live.sink.received(/^Subject: .+/);
    },
    sees: {
        "publishes what an author writes": async (live) => {
            const studio = browser(live, "studio");
            json(await studio.script("POST", "/course/", course));
            const root = `block-v1:${course.org}+${course.number}+${course.run}+type@course+block@course`;
            const chapter = await addBlock(studio, root, "chapter");
            const section = await addBlock(studio, chapter, "sequential");
            const unit = await addBlock(studio, section, "vertical");
            const html = await addBlock(studio, unit, "html");
            json(await studio.script("POST", `/xblock/${html}`, { data: `<p>${text}</p>`, metadata: {} }));
            json(await studio.script("POST", `/xblock/${unit}`, { publish: "make_public" }));
            live.memory.set("html", html);
            const lms = browser(live, "lms");
            const seconds = await waitFor("course in the LMS", 120, async () => {
                const { name } = json<{ name: string }>(
                    await lms.script("GET", `/api/courses/v1/courses/${courseKey}`),
                );
                return name === course.display_name && (await lms.once(`/xblock/${html}`)).body.includes(text);
            });
            return `a course of Studio is in the LMS after ${seconds.toFixed(1)} s`;
        },
        "finds the course": async (live) => {
            const lms = browser(live, "lms");
            const seconds = await waitFor("course in the index", 240, async () => {
                const form = { search_string: "Analytical", csrfmiddlewaretoken: lms.cookies.get("csrftoken")! };
                return json<{ total: number }>(await lms.once("/search/course_discovery/", form)).total > 0;
            });
            return `in the search index, which a worker fills, after ${seconds.toFixed(1)} s`;
        },
    },
    cron: async (live) => {
        await runScheduled(live, "expired-notifications");
        return "expired-notifications has ended well";
    },
    task: async (live) => {
        // Nobody is there to take it, and the broker is killed while it waits.
        await live.place.kubectl("scale", "deployment", "cms-worker", "--replicas=0");
        await live.place.gone("cms-worker", 700);
        json(await browser(live, "studio").script("POST", `/export/${courseKey}`));
        const [broker] = await live.place.pods("broker");
        await live.place.kubectl("delete", "pod", broker!.metadata.name, "--grace-period=0", "--force");
        await live.place.ready("broker", 1, [broker!.metadata.uid]);
        expect((await exported(live)).ExportStatus).to.be.within(0, 1);
        await live.place.kubectl("scale", "deployment", "cms-worker", "--replicas=1");
        const seconds = await waitFor("exported course", 300, async () => (await exported(live)).ExportStatus === 3);
        const { hostname, pathname, search } = new URL((await exported(live)).ExportOutput!);
        expect(hostname).to.equal(hosts(live).files);
        const { status, bytes } = await live.visitor(hostname).once(pathname + search);
        expect(status).to.equal(200);
        expect(bytes.subarray(0, 2).toString("hex"), "a compressed archive").to.equal("1f8b");
        const [worker] = await live.place.pods("cms-worker");
        json(await browser(live, "studio").script("POST", `/export/${courseKey}`));
        await live.place.kubectl("delete", "pod", worker!.metadata.name, "--wait=false");
        const again = await waitFor("second export", 300, async () => (await exported(live)).ExportStatus === 3);
        return [
            `an export, queued without a worker, the broker killed: done ${seconds.toFixed(0)} s after the worker was back; ${bytes.length} bytes from the object storage`,
            `an export whose worker was deleted at once: done after ${again.toFixed(0)} s`,
        ];
    },
    kept: async (live) => {
        const lms = browser(live, "lms");
        expect(json<{ username: string }>(await lms.script("GET", "/api/user/v1/me")).username).to.equal(author.name);
        json(await browser(live, "studio").script("GET", "/api/contentstore/v1/home"));
        const answer = await portrait(live);
        expect(answer && sumOf(answer), "the picture").to.equal(live.memory.get("portrait"));
        expect((await lms.once(`/xblock/${live.memory.get("html")}`)).body, "the unit").to.contain(text);
    },
    backup: {
        damage: async (live) => {
            const picture = `/api/user/v1/accounts/${author.name}/image`;
            expect((await browser(live, "lms").script("DELETE", picture)).status).to.equal(204);
            await inLms(live, [...dropProgram, "modulestore.structures"]);
            await live.sql("DELETE FROM split_modulestore_django_splitmodulestorecourseindex");
            // Of those that pages do without, since the fingerprint asks for some.
            await live.sql("DROP TABLE celery_utils_failedtask");
        },
        fingerprint: async (live) => {
            const tables = [
                "auth_userprofile",
                "split_modulestore_django_splitmodulestorecourseindex",
                "celery_utils_failedtask",
                "plinth_live",
            ];
            const answer = await portrait(live);
            return [
                // A dropped table has the checksum NULL.
                await live.sql(`CHECKSUM TABLE ${tables.join(", ")}`),
                await inLms(live, documentsProgram),
                answer ? sumOf(answer) : "no picture",
            ].join("\n");
        },
    },
};

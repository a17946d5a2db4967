import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { mebibytes } from "../../config/quantity";
import { openedx } from "../../platforms/openedx";
import { containerOf, find, type Sent } from "../support/declare";
import { ok } from "../support/files";
import { LocalPod } from "../support/localPod";
import { ask, Browser, declareOpenedx, hosts, imageEnv, passes, Probing, type RenderedProbe } from "../support/openedx";
import { OpenedxServers } from "../support/openedxServers";
import { PodNetwork } from "../support/podNetwork";
import { type Daemon, scratch } from "../support/tools";

// The LMS and Studio themselves, in the pods that the stack renders, with their servers on this machine:
//
//   OPENEDX_SOURCE=/path/to/openedx OPENEDX_MONGODB=/path/to/program OPENEDX_MEILISEARCH=/path/to/meilisearch \
//       npx mocha tests/real/openedx.test.ts
//
// The first is a folder like the image's /openedx, with edx-platform, venv and staticfiles. OPENEDX_DUMP is a file for
// the migrated database, which saves minutes from the second time on.

const { OPENEDX_SOURCE: source, OPENEDX_DUMP: dump } = process.env;
const programs = { documents: process.env["OPENEDX_MONGODB"], search: process.env["OPENEDX_MEILISEARCH"] };

/** Seconds for which MySQL hangs. */
const stall = Number(process.env["OPENEDX_STALL"] ?? "300");

const lms = `http://${hosts.lms}`;
const studio = `http://${hosts.studio}`;
const password = "correct horse 7 battery";
const course = "course-v1:Plinth+T1+2026";
const imported = "course-v1:edX+toy+2012_Fall";
const block = (type: string, id: string) => `block-v1:Plinth+T1+2026+type@${type}+block@${id}`;

type Tier = "lms" | "cms" | "lms-worker" | "cms-worker" | "reports";

describe("Open edX for real", function () {
    this.timeout(7_200_000);
    const machine = scratch();
    const stops: (() => unknown)[] = [];
    const running = new Map<Tier, { readonly pod: LocalPod; readonly daemon: Daemon }>();
    let objects: readonly Sent[];
    let servers: OpenedxServers;
    let browser: Browser;
    let loaded = false;

    const said = (line: string) => console.log(`      ${line}`);
    const seconds = (since: number) => ((Date.now() - since) / 1000).toFixed(1);

    let count = 0;
    /** A new pod, at the place of its tier. */
    function pod(kind: string, name: string): LocalPod {
        const made = new LocalPod(find(objects, kind, name), objects, machine.path, `${name}-${++count}`, {
            connection: servers.place(name),
            image: { "/openedx": source! },
            env: imageEnv,
        });
        for (const [host, address] of servers.names) made.resolve(host, address);
        // Debian's awk is a link to it.
        made.provide("/etc/alternatives/awk");
        return made;
    }

    const start = (tier: Tier): { readonly pod: LocalPod; readonly daemon: Daemon } => {
        const made = pod("Deployment", tier);
        const started = { pod: made, daemon: made.start() };
        running.set(tier, started);
        return started;
    };
    const address = (tier: Tier | "search") => servers.place(tier).address;
    const probeOf = (tier: Tier, kind: "startup" | "readiness" | "liveness") =>
        containerOf(objects, "Deployment", tier, tier)[`${kind}Probe`];
    const heartbeat = (tier: Tier) => passes(address(tier), probeOf(tier, "startup"));

    /** Starts a web tier, until its startup probe succeeds. */
    async function serve(tier: "lms" | "cms"): Promise<void> {
        const begin = Date.now();
        const { daemon } = start(tier);
        const { periodSeconds, failureThreshold } = probeOf(tier, "startup");
        await daemon.ready(async () => ok(await heartbeat(tier)), periodSeconds * failureThreshold);
        said(`${tier}: heartbeat ${seconds(begin)} s after the start of its pod`);
    }

    async function work(tier: Tier): Promise<void> {
        const { pod: one, daemon } = start(tier);
        const { command } = probeOf(tier, "startup").exec;
        await daemon.ready(async () => ok(one.exec(daemon, command).status === 0), 300);
    }

    const settings = { platform: "openedx", name: "shop", host: hosts.lms, studioHost: hosts.studio } as never;
    const operate = (name: string, input: Readonly<Record<string, unknown>>, answer = "") => {
        const { component, command } = openedx.operations!(settings)[name]!;
        const { pod: one, daemon } = running.get(component as Tier)!;
        return one.operate(daemon, command(input as never), answer);
    };

    before(async function () {
        LocalPod.check(this);
        if (!source || !programs.documents || !programs.search) {
            said("skipped: OPENEDX_SOURCE, OPENEDX_MONGODB and OPENEDX_MEILISEARCH do not say where they are");
            this.skip();
        }
        objects = await declareOpenedx();
        const network = new PodNetwork();
        stops.push(() => network.stop());
        servers = new OpenedxServers(machine.path, objects, network);
        stops.push(() => servers.stop());
        await servers.startAll(this, { documents: programs.documents, search: programs.search });
        for (const name of ["lms", "cms", "mail"]) servers.place(name);
        browser = new Browser({ [hosts.lms]: address("lms"), [hosts.studio]: address("cms") });
        stops.push(async () => {
            for (const { pod: one, daemon } of running.values()) await one.stop(daemon, "SIGKILL").catch(() => null);
        });
        loaded = dump !== undefined && servers.load(dump);
    });
    after(async () => {
        for (const stop of stops.reverse()) await stop();
        machine.clean();
    });

    afterEach(function () {
        if (this.currentTest?.state !== "failed") return;
        for (const [tier, { daemon }] of running) said(`${tier} said last: ${daemon.output.slice(-4000)}`);
    });

    it("migrates and sets up, and changes nothing when repeated", async () => {
        let output = "";
        const once = async (): Promise<void> => {
            const migrate = pod("Job", "migrate");
            for (const name of migrate.containers) {
                const begin = Date.now();
                output = await migrate.complete(name);
                said(`${name}: ${seconds(begin)} s`);
            }
        };
        const state = (): string[] =>
            [
                "SELECT count(*) FROM django_migrations",
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'openedx'",
                "SELECT domain FROM django_site WHERE id = 2",
                "SELECT client_id, redirect_uris FROM oauth2_provider_application",
                "SELECT name, everyone FROM waffle_flag ORDER BY name",
            ].map((statement) => servers.sql(statement));
        // A dump of what Django's migrations have made is enough, since these take the time.
        const studios = "SELECT count(*) FROM oauth2_provider_application WHERE client_id = 'cms-sso'";
        if (!loaded || servers.sql(studios) === "0") {
            await once();
            if (dump) servers.dump(dump);
        }
        const before = state();
        await once();
        expect(output).to.contain(`${hosts.studio}: default`);
        expect(state()).to.deep.equal(before);
        expect(Number(before[0])).to.be.above(1000);
        expect(before[2]).to.equal(hosts.lms);
        expect(before[3]).to.contain(`${studio}/complete/edx-oauth2/`);
    });

    it("starts the LMS, which serves its pages as soon as its probe says so", async () => {
        await serve("lms");
        expect(await passes(address("lms"), probeOf("lms", "readiness"))).to.equal(true);
        for (const path of ["/", "/courses", "/static/images/favicon.ico", "/heartbeat"])
            expect((await browser.get(lms + path)).status, path).to.equal(200);
        const login = await browser.get(`${lms}/login`);
        expect(login.url).to.match(/^http:\/\/apps\.learn\.example\.org\/authn\/login/);
        const { body } = await browser.get(`${lms}/api/mfe_config/v1`);
        expect(JSON.parse(body)).to.include({ LMS_BASE_URL: lms, STUDIO_BASE_URL: studio, SITE_NAME: "My Open edX" });
    });

    it("makes an account by the operation, and lets it log in with that password only", async () => {
        const account = { name: "ada", email: "ada@example.org", staff: true, superuser: true };
        const short = await operate("createuser", account, "12\n").catch(String);
        expect(short).to.contain("The password is not allowed");
        expect(await operate("createuser", account, `${password}\n`)).to.contain("ada has an account.");
        expect(await operate("createuser", account, `${password}\n`).catch(String)).to.contain(
            "has an account already",
        );
        expect((await browser.logIn("ada", "wrong")).status).to.equal(400);
        const { status, body } = await browser.logIn("ada", password);
        expect(status, body).to.equal(200);
        expect((await browser.get(`${lms}/api/user/v1/me`)).body).to.contain("ada");
    });

    it("lets authors log in to Studio through the LMS, and make a course that the LMS shows", async () => {
        await serve("cms");
        const home = await browser.get(`${studio}/home/`);
        expect(home.url).to.match(/^http:\/\/apps\.learn\.example\.org\/authoring\/home/);
        expect((await browser.get(`${studio}/api/contentstore/v1/home`)).status).to.equal(200);
        const made = await browser.once(`${studio}/course/`, {
            json: { org: "Plinth", number: "T1", run: "2026", display_name: "Trial" },
        });
        expect(made.body).to.contain(course);
        let parent = block("course", "course");
        let unit = parent;
        for (const category of ["chapter", "sequential", "vertical", "html"]) {
            const { body, status } = await browser.once(`${studio}/xblock/`, {
                json: { parent_locator: parent, category, display_name: `A ${category}` },
            });
            expect(status, body).to.equal(200);
            unit = parent;
            parent = (JSON.parse(body) as { locator: string }).locator;
        }
        // Authors write in a component, and publish the unit that it is in.
        for (const [changed, json] of [
            [parent, { data: "<p>written in Studio</p>" }],
            [unit, { publish: "make_public" }],
        ] as const) {
            const written = await browser.once(`${studio}/xblock/${encodeURIComponent(changed)}`, { json });
            expect(written.status, written.body).to.equal(200);
        }
        expect((await browser.get(`${lms}/xblock/${encodeURIComponent(parent)}`)).body).to.contain("written in Studio");
    });

    it("imports a course from Git, and sets no theme that the image does not have", async () => {
        const { pod: one, daemon } = running.get("cms")!;
        const commit = "git init -q -b main && git add . && git -c user.name=a -c user.email=a@b commit -q -m a";
        await one.operate(daemon, ["sh", "-c", `cp -r common/test/data/toy /tmp/toy && cd /tmp/toy && ${commit}`]);
        await operate("importdemocourse", { repository: "/tmp/toy", version: "main" });
        expect(servers.sql("SELECT id FROM course_overviews_courseoverview")).to.contain(imported);
        const refused = await operate("settheme", { theme: "none", host: [] }).catch(String);
        expect(refused).to.match(/The image has no theme "none"; allowed: default(, [\w-]+)*/);
        await operate("settheme", { theme: "default", host: [] });
        expect(servers.sql("SELECT count(*) FROM theming_sitetheme")).to.equal("0");
    });

    it("finds courses and what is in them, and lets authors ask the search engine itself", async () => {
        const { pod: one, daemon } = running.get("cms")!;
        const { command } = openedx.operations!(settings)["reindex"]!;
        // Of Studio's index, Verawood's command only says that a worker shall fill it; in the release before, it asks for
        // consent and does so itself.
        const [code, ...words] = [...command({} as never)].reverse();
        // The summaries of courses need a projection that only MongoDB itself knows.
        const known = [
            "from openedx.core.djangoapps.content.course_overviews.models import CourseOverview",
            "from xmodule.modulestore.mixed import MixedModuleStore",
            "MixedModuleStore.get_course_summaries = lambda self: CourseOverview.objects.all()",
        ];
        const script = [...known, code].join("\n");
        await one.operate(daemon, ["env", "REINDEX=courses", ...words.reverse(), script]);
        await one.operate(daemon, ["./manage.py", "cms", "reindex_studio", "--experimental"]);
        const found = async (where: string, words: string): Promise<string> => {
            const { body } = await browser.once(`${lms}/search/${where}`, { body: { search_string: words } });
            return body;
        };
        // The engine works on what it gets one after the other.
        await daemon.ready(async () => expect(await found("course_discovery/", "toy")).to.contain(imported), 60);
        expect(await found("course_discovery/", "nowhere")).to.contain('"total": 0');
        expect(await found(imported, "superposition")).to.contain("block-v1:edX+toy+2012_Fall+type@html");
        const asked = await browser.get(`${studio}/api/content_search/v2/studio/`);
        const { url, index_name: index, api_key: key } = JSON.parse(asked.body) as Readonly<Record<string, string>>;
        const search = (bearer: string) =>
            ask(`${address("search")}:7700`, `${url}/indexes/${index}/search`, {
                json: { q: "written" },
                headers: { Authorization: `Bearer ${bearer}` },
            });
        expect((await search(key!)).body).to.contain("written in Studio");
        expect((await search(`${key}x`)).status).to.equal(403);
    });

    it("works on tasks in the workers, and keeps a report in its bucket", async () => {
        for (const tier of ["lms-worker", "cms-worker", "reports"] as const) await work(tier);
        const beat = await browser.get(`${lms}/heartbeat?extended`);
        expect(beat.status, beat.body).to.equal(200);
        expect(JSON.parse(beat.body)).to.have.property("celery");
        said(`heartbeat with a task: ${JSON.stringify(JSON.parse(beat.body).celery)}`);
        const asked = await browser.once(
            `${lms}/courses/${encodeURIComponent(course)}/instructor/api/calculate_grades_csv`,
            { json: {} },
        );
        expect(asked.status, asked.body).to.equal(200);
        const { daemon } = running.get("reports")!;
        await daemon.ready(async () => ok(servers.s3("GET", "openedxgrades").output.includes("grade_report")), 120);
    });

    it("needs no more memory than its pods have", () => {
        for (const [tier, { pod: one, daemon }] of running) {
            const memory = Math.round(one.memory(daemon));
            const limit = mebibytes(containerOf(objects, "Deployment", tier, tier).resources.limits.memory);
            said(`${tier}: ${memory} MiB of ${limit}`);
            expect(memory, tier).to.be.below(limit);
        }
    });

    it("answers what it has begun when its pod ends, and all that comes while others hear of it", async () => {
        const { pod: one, daemon } = running.get("lms")!;
        const { command: hook } = containerOf(objects, "Deployment", "lms", "lms").lifecycle.preStop.exec;
        const states: (number | string)[] = [];
        const visit = (path: string): Promise<unknown> =>
            ask(address("lms"), lms + path).then(
                ({ status }) => states.push(status),
                (error: Error) => states.push(error.message),
            );
        // More requests than there are processes wait for the database before the hook begins, and after the time that
        // it gives to balancers.
        const lock = servers.hold("course_overviews_courseoverview", 9);
        await sleep(1000);
        const visits = [1, 2, 3, 4].map(() => visit("/api/courses/v1/courses/"));
        await sleep(500);
        const begin = Date.now();
        const hooked = one.operate(daemon, hook);
        const notice = Number(hook[3]) * 1000;
        while (Date.now() < begin + notice - 500) {
            visits.push(visit("/api/mfe_config/v1"));
            await sleep(500);
        }
        await hooked;
        const waited = Date.now() - begin;
        const ended = one.stop(daemon);
        await Promise.all(visits);
        expect(await ended).to.equal(0);
        said(
            `${states.length} requests; the signal came after ${waited} ms, and the pod ended ${seconds(begin)} s after`,
        );
        expect(waited, "the hook waits for those that no process has taken").to.be.above(notice + 1500);
        await lock;
        expect(states.filter((state) => state !== 200)).to.deep.equal([]);
        await serve("lms");
    });

    it("keeps its probes while MySQL hangs and visitors ask, and goes on without a restart", async () => {
        const probing = (["readiness", "liveness"] as const).map((kind) => {
            const probe = probeOf("lms", kind) as RenderedProbe;
            return { kind, probe, probing: new Probing(address("lms"), probe) };
        });
        servers.signal("database", "SIGSTOP");
        const end = Date.now() + stall * 1000;
        const visitors = Array.from({ length: 20 }, async () => {
            // They lose patience, and try again.
            while (Date.now() < end) await ask(address("lms"), `${lms}/`, { timeout: 15_000 }).catch(() => sleep(100));
        });
        await Promise.all(visitors);
        servers.signal("database", "SIGCONT");
        const begin = Date.now();
        await running.get("lms")!.daemon.ready(async () => ok(await heartbeat("lms")), 180);
        said(`MySQL hung for ${stall} s; heartbeat ${seconds(begin)} s after it went on`);
        for (const { kind, probe, probing: one } of probing) {
            const worst = one.stop();
            said(`${kind}: ${worst} failures in a row of ${probe.failureThreshold}`);
            expect(worst, kind).to.be.below(probe.failureThreshold);
        }
    });

    it("answers while the cache hangs", async () => {
        servers.signal("cache", "SIGSTOP");
        const begin = Date.now();
        const page = await ask(address("lms"), `${lms}/heartbeat`, { timeout: 120_000 }).catch(String);
        said(`heartbeat: ${typeof page === "string" ? page : page.status} after ${seconds(begin)} s`);
        servers.signal("cache", "SIGCONT");
        expect(page).to.have.property("status", 200);
        await running.get("lms")!.daemon.ready(async () => ok(await heartbeat("lms")), 60);
    });

    it("gives up a broker that hangs", async () => {
        servers.signal("broker", "SIGSTOP");
        const begin = Date.now();
        const page = await ask(address("lms"), `${lms}/heartbeat?extended`, { timeout: 120_000 }).catch(String);
        said(`heartbeat with a task: ${typeof page === "string" ? page : page.status} after ${seconds(begin)} s`);
        servers.signal("broker", "SIGCONT");
        expect(page).to.have.property("status", 503);
    });

    it("says so when MongoDB is gone, and goes on when it is back", async () => {
        await servers.daemons.get("documents")!.stop("SIGKILL");
        const { status, body } = await ask(address("lms"), `${lms}/heartbeat`);
        expect(status, body).to.equal(503);
        expect(body).to.contain("modulestore");
        expect((await ask(address("lms"), `${lms}/`)).status).to.equal(200);
        expect(await passes(address("lms"), probeOf("lms", "readiness"))).to.equal(true);
        servers.mongo(programs.documents!);
        await running.get("lms")!.daemon.ready(async () => ok(await heartbeat("lms")), 60);
    });
});

import { expect } from "chai";
import { merge } from "../../config/merge";
import type { Visitor } from "../support/visitor";
import { waitFor } from "./cluster";
import { djangoPrograms } from "./django";
import type { Live } from "./live";
import { grow } from "./postgres";
import type { Subject } from "./subject";

const django = `import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qxsms.settings")
import django
django.setup()`;

const { query, writer } = djangoPrograms(django);

const manager = { email: "manager@example.org", password: "Live-password-77" };

/** A visitor whom QxSMS knows, in a session that is kept between the steps. */
async function known(live: Live): Promise<Visitor> {
    const visitor = live.visitor();
    const session = live.memory.get("session");
    if (session) visitor.cookies.set("sessionid", session);
    return visitor;
}

const tokenIn = (page: string): string => {
    const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page)?.[1];
    expect(token, "a form").to.be.a("string");
    return token!;
};

async function logIn(visitor: Visitor, username: string, password: string) {
    const { body } = await visitor.get("/");
    return visitor.once("/", { csrfmiddlewaretoken: tokenIn(body), username, password });
}

const members = (live: Live) => live.sql("SELECT COUNT(*) FROM panelist_profile");

/** Uploads a list of members of a panel, which the worker imports. */
async function importMembers(live: Live, ids: readonly number[]): Promise<void> {
    const visitor = await known(live);
    const path = `/m/panels/${live.memory.get("panel")}/members/import/`;
    const lines = ids.map((id) => `${id},1,member${id}@example.org,FR,EN,1,2,1,1,1970`);
    const csv = ["idno,sex,email,cntry,lng,netusoft,eduyrs,dybrn,mthbrn,yrbrn", ...lines].join("\n");
    const form = new FormData();
    form.append("csrfmiddlewaretoken", tokenIn((await visitor.get(path)).body));
    form.append("dataset", new Blob([csv], { type: "text/csv" }), "members.csv");
    const { status, body } = await visitor.once(path, form);
    expect(status, body.slice(0, 2000)).to.equal(302);
}

/** QxSMS with whatever changes a suite makes. */
export const qxsms = (name: string, title: string, changes: Readonly<Record<string, unknown>> = {}): Subject => ({
    platform: "qxsms",
    name,
    title,
    instance: merge(
        {
            mail: { from: "wpss@example.org" },
            administrator: { email: "admin@example.org", account: "generated" },
            volumes: { database: { size: "2Gi" }, broker: { size: "1Gi" }, backup: { size: "2Gi" } },
        },
        changes,
    ) as Record<string, unknown>,
    secrets: { adminPassword: "Live-password-78" },
    interpreter: { language: "python", image: "qxsms" },
    tiers: [
        { component: "edge", pods: 2 },
        { component: "web", pods: 2 },
        { component: "worker", pods: 2 },
        { component: "broker", pods: 1 },
        { component: "database", pods: 1, longest: 8, data: true },
    ],
    pages: [
        { path: "/", contains: "csrfmiddlewaretoken" },
        { path: "/password-change/reset/", contains: "csrfmiddlewaretoken" },
    ],
    change: { env: { web: { GREETING: "hello" }, edge: { GREETING: "hello" } } },
    restarted: ["edge", "web", "worker"],
    rotated: "databasePassword",
    fillable: [
        {
            component: "database",
            container: "postgres",
            folder: "/var/lib/postgresql",
            tries: grow,
        },
    ],
    sql: (live, statement) => live.place.exec("web", "web", [...query, statement]),
    writer: { component: "web", container: "web", command: writer },

    page: async (live) => {
        const visitor = live.visitor();
        const { status, body } = await visitor.get("/");
        expect(status).to.equal(200);
        const assets = [...body.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path!);
        expect(assets.length, "static files").to.be.above(0);
        for (const path of assets) expect((await visitor.get(path)).status, path).to.equal(200);
        return `200, with ${assets.length} static files`;
    },
    logIn: async (live) => {
        const administrator = live.visitor();
        const { status, headers } = await logIn(administrator, "admin@example.org", "Live-password-78");
        expect(`${status} ${headers.location}`).to.equal("302 /admin/");
        expect((await administrator.get("/admin/")).status).to.equal(200);
        const made = await live.place.exec("web", "web", [
            "python",
            "-c",
            `${django}
from django.contrib.auth.models import Group
from hq.models import Panel
from qxauth.models import User
user = User.objects.create_user("${manager.password}", email="${manager.email}", phone=None)
user.groups.add(Group.objects.get(name="Managers"))
panel = Panel.objects.create(name="Live")
panel.managers.add(user)
print(panel.pk)`,
        ]);
        live.memory.set("panel", made.split("\n").at(-1)!);
        const visitor = live.visitor();
        const answer = await logIn(visitor, manager.email, manager.password);
        expect(answer.status).to.equal(302);
        live.memory.set("session", visitor.cookies.get("sessionid")!);
        return `the administrator at ${headers.location}, a manager at ${answer.headers.location}`;
    },
    upload: async (live) => {
        await importMembers(live, [1, 2, 3]);
        const seconds = await waitFor("imported members", 60, async () => (await members(live)) === "3");
        return `a list of members; imported by the worker after ${seconds.toFixed(1)} s`;
    },
    mail: async (live) => {
        const visitor = live.visitor();
        const { body } = await visitor.get("/password-change/reset/");
        const form = { csrfmiddlewaretoken: tokenIn(body), email: manager.email };
        expect((await visitor.once("/password-change/reset/", form)).status).to.equal(302);
        return live.sink.received(/^Subject: .+/);
    },
    task: async (live) => {
        const before = Number(await members(live));
        // Nobody is there to take it, and the broker is killed while it waits.
        await live.place.kubectl("scale", "deployment", "worker", "--replicas=0");
        await live.place.gone("worker", 700);
        await importMembers(live, [11, 12, 13, 14, 15]);
        const [broker] = await live.place.pods("broker");
        await live.place.kubectl("delete", "pod", broker!.metadata.name, "--grace-period=0", "--force");
        await live.place.ready("broker", 1, [broker!.metadata.uid]);
        expect(await members(live)).to.equal(String(before));
        await live.place.kubectl("scale", "deployment", "worker", "--replicas=2");
        const seconds = await waitFor(
            "imported members",
            120,
            async () => (await members(live)) === String(before + 5),
        );
        await live.place.ready("worker", 2);
        return `queued without workers, the broker killed: imported ${seconds.toFixed(1)} s after the workers were back`;
    },
    kept: async (live) => {
        const page = await (await known(live)).get("/m/");
        expect(page.status).to.equal(200);
        expect(page.body, "the manager is logged in").not.to.contain('name="username"');
    },
    backup: {
        damage: async (live) => {
            await live.sql("TRUNCATE panelist_profile CASCADE");
            await live.sql("DROP TABLE django_celery_results_taskresult CASCADE");
        },
        fingerprint: (live) =>
            live.sql(
                "SELECT (SELECT COUNT(*) FROM panelist_profile), (SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM panelist_profile p), " +
                    "(SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'), (SELECT COUNT(*) FROM plinth_live)",
            ),
    },
});

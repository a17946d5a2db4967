import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { AnyInstance } from "../../config/stack";
import { accountsScript } from "../../components/database/postgres";
import { qxsms } from "../../platforms/qxsms";
import { serverUser } from "../support/datadir";
import { type DeclareArgs, find, type Sent } from "../support/declare";
import { ok, write } from "../support/files";
import type { Substitutions } from "../support/site";
import { PodRun } from "../support/pods";
import { declareQxsms, MailServer, startPostgres, startRabbitMq } from "../support/qxsms";
import { Daemon, freePort, program, scratch } from "../support/tools";

// QxSMS itself, with the environment and the scripts that the stack renders, on this machine's PostgreSQL and RabbitMQ:
//
//   QXSMS_SOURCE=/path/to/repository QXSMS_PYTHON=/path/to/python3.10 npx mocha tests/real/qxsms.test.ts
//
// Style sheets and Python packages come from npm and PyPI, as they do for the image.

const source = process.env["QXSMS_SOURCE"];
const python = process.env["QXSMS_PYTHON"] ?? "python3";

/** With every special character of URLs, SQL and shells. */
const nasty = `it's-a-"\\secret\\'; $HOME \`id\` %s @:/?# é`;
const secrets = { databasePassword: `db-${nasty}`, brokerPassword: `rabbit-${nasty}`, qualtricsApiKey: `api-${nasty}` };

describe("QxSMS for real, with PostgreSQL and RabbitMQ", function () {
    this.timeout(600_000);
    const { path, clean } = scratch();
    const stops: (() => unknown)[] = [];
    let objects: Sent[];
    let substitutions: Substitutions;
    let ports: { readonly database: number; readonly broker: number; readonly http: number; readonly smtp: number };
    let mail: MailServer;
    let web: PodRun;
    let logs = "";

    const configured = (): DeclareArgs => ({
        instance: {
            tls: { mode: "internal" },
            // The versions for which the settings are rendered.
            images: { postgres: "postgres:15.14", rabbitmq: "rabbitmq:3.10.8-alpine" },
            mail: { host: "smtp.example.org", port: ports.smtp, from: "wpss@example.org", fromName: "WPSS-TEST" },
            administrator: { email: "admin@example.org", account: "mailed" },
            qualtrics: { directoryId: "POOL_test", libraryId: "UR_test", surveyId: "SV_test" },
            worker: { concurrency: 2 },
            env: { web: { GUNICORN_BIND: `127.0.0.1:${ports.http}` } },
        },
        values: { secrets: { shop: secrets } },
    });

    const sql = (statement: string) =>
        execFileSync(
            "psql",
            [
                "-XtAq",
                "-h",
                join(path, "postgres"),
                "-p",
                String(ports.database),
                "-U",
                "postgres",
                "-d",
                "qxsms",
                "-c",
                statement,
            ],
            { encoding: "utf8" },
        ).trim();

    let pods = 0;
    /** A new pod with its own image. */
    function pod(kind: string, name: string): PodRun {
        const root = join(path, `${name}-${++pods}`);
        mkdirSync(join(root, "tmp"), { recursive: true });
        cpSync(join(path, "image"), join(root, "qxsms"), { recursive: true });
        return new PodRun(find(objects, kind, name), {
            objects,
            root,
            claims: {},
            substitutions,
            folders: ["/qxsms", "/opt/plinth", "/prepared", "/tmp"],
            programs: join(path, "venv", "bin"),
            // Python may be in a folder that other users cannot read.
            user: {},
        });
    }
    const shell = (statements: string) => web.exec("web", ["python", "manage.py", "shell", "-c", statements]);

    before(async function () {
        if (!source) {
            console.log("      skipped: QXSMS_SOURCE names no directory with QxSMS' repository");
            this.skip();
        }
        const initdb = program(this, "initdb");
        const server = program(this, "rabbitmq-server", { folders: ["/usr/lib/rabbitmq/bin"] });
        program(this, "msgfmt");
        ports = {
            database: await freePort(),
            broker: await freePort(),
            http: await freePort(),
            smtp: await freePort(),
        };
        objects = await declareQxsms(configured());
        substitutions = [
            ["database.qxsms-shop.svc.cluster.local", "127.0.0.1"],
            ["broker.qxsms-shop.svc.cluster.local", "127.0.0.1"],
            ["smtp.example.org", "127.0.0.1"],
            ["5432", String(ports.database)],
            ["5672", String(ports.broker)],
        ];
        mail = new MailServer(ports.smtp);
        stops.push(mail.stop);

        const quiet = { stdio: "pipe" } as const;
        execFileSync("sh", [join(__dirname, "../../images/qxsms/prepare.sh"), source!, join(path, "image")], quiet);
        execFileSync(python, ["-m", "venv", join(path, "venv")], quiet);
        const pip = join(path, "venv", "bin", "pip");
        execFileSync(pip, ["install", "--quiet", "-r", join(path, "image", "requirements.txt")], quiet);
        const version = execFileSync(python, ["--version"], { encoding: "utf8" }).trim();
        console.log(
            `      ${version} (image: 3.10); substituted: ${substitutions.map((pair) => pair.join(" → ")).join(", ")}`,
        );

        const { containers } = find(objects, "StatefulSet", "database")["spec"].template.spec;
        const postgres = startPostgres({
            folder: join(path, "postgres"),
            port: ports.database,
            args: containers[0].args,
            initdb,
            user: serverUser("postgres"),
        });
        stops.push(() => postgres.stop("SIGINT"));
        write(path, {
            "accounts.sh": accountsScript(join(path, "postgres"), path),
            "accounts.sql": find(objects, "ConfigMap", "database")["data"]["accounts.sql"],
        });
        const accounts = new Daemon("sh", [join(path, "accounts.sh")], {
            env: {
                ...process.env,
                PGPORT: String(ports.database),
                APP_USER: "qxsms",
                APP_DATABASE: "qxsms",
                APP_PASSWORD: secrets.databasePassword,
                ROOT_PASSWORD: "root",
            },
        });
        stops.push(() => accounts.stop());
        await accounts.ready(async () => ok(accounts.output.includes("accounts and passwords are those")));

        const conf = find(objects, "ConfigMap", "broker")["data"];
        const rabbit = await startRabbitMq({
            server,
            folder: join(path, "rabbitmq"),
            port: ports.broker,
            files: {
                conf: conf["rabbitmq.conf"],
                plugins: conf["enabled_plugins"],
                definitions: find(objects, "Secret", "broker-server")["stringData"]["definitions.json"],
            },
            user: serverUser("rabbitmq"),
        });
        stops.push(rabbit.stop);
        await rabbit.daemon.ready(async () => ok(/Server startup complete/.test(rabbit.daemon.output)), 120);
        web = pod("Deployment", "web");
    });
    after(async () => {
        for (const stop of stops.reverse()) await stop();
        clean();
    });

    it("holds its pods back until the migrations are done", async () => {
        for (const { name } of web.initContainers) web.mount(name);
        const held = await web.exec("ready", undefined, { PATIENCE: "1" }).catch(String);
        expect(held)
            .to.match(/waiting for the migrations: \d+ migrations are missing/)
            .and.match(/FAILED/);
        const closed = await web.exec("ready", undefined, { PATIENCE: "1", POSTGRES_PORT: "1" }).catch(String);
        expect(closed).to.match(/FAILED: the (database|migrations): .*Connection refused/);
    });

    it("migrates, and creates the cache's table and the groups, also when repeated", async () => {
        for (const _ of [1, 2]) await pod("Job", "migrate").run("migrate");
        expect(sql("SELECT string_agg(name, ',' ORDER BY name) FROM auth_group")).to.equal("Hq,Managers,PanelMembers");
        expect(sql("SELECT count(*) FROM qxsms_cache")).to.equal("0");
        expect(Number(sql("SELECT count(*) FROM django_migrations"))).to.be.above(30);
    });

    it("creates no account if its password cannot be mailed, and mails the next one with the configured subject", async () => {
        mail.refuses = true;
        const refused = await pod("Job", "administrator").run("administrator").catch(String);
        expect(refused).to.match(/FAILED: .* did not take the mail with the password; no account is made/);
        expect(sql("SELECT count(*) FROM qxauth_user")).to.equal("0");
        mail.refuses = false;
        await pod("Job", "administrator").run("administrator");
        await pod("Job", "administrator").run("administrator");
        expect(sql("SELECT email FROM qxauth_user WHERE is_superuser")).to.equal("admin@example.org");
        expect(mail.mails).to.have.length(1);
        expect(mail.mails[0])
            .to.match(/^Subject: \[WPSS-TEST\] Admin credentials$/m)
            .and.match(/^password: \S+/m);
    });

    it("serves its page with style sheets and translations, and accepts the mailed password", async () => {
        await web.run("ready");
        const gunicorn = web.start("web");
        stops.push(async () => {
            await gunicorn.stop();
            logs += gunicorn.output;
        });
        const url = `http://127.0.0.1:${ports.http}`;
        await gunicorn.ready(async () => ok((await fetch(url)).status === 200), 60);
        const page = await fetch(url);
        const text = await page.text();
        const style = /href="(\/static\/css\/[^"]+)"/.exec(text)![1]!;
        expect((await fetch(url + style)).status, style).to.equal(200);
        const french = await (await fetch(url, { headers: { "accept-language": "fr" } })).text();
        expect(french).to.contain("Mot de passe").and.not.equal(text);

        const cookie = page.headers.get("set-cookie")!.split(";")[0]!;
        const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(text)![1]!;
        const login = await fetch(url, {
            method: "POST",
            redirect: "manual",
            headers: { cookie, "content-type": "application/x-www-form-urlencoded" },
            body: new URLSearchParams({
                csrfmiddlewaretoken: token,
                username: "admin@example.org",
                password: /^password: (\S+)/m.exec(mail.mails[0]!)![1]!,
            }),
        });
        expect(`${login.status} ${login.headers.get("location")}`).to.equal("302 /admin/");

        // Links in mails are those of the balancer's scheme.
        const reset = await fetch(`${url}/password-change/reset/`, {
            method: "POST",
            redirect: "manual",
            headers: {
                cookie,
                "content-type": "application/x-www-form-urlencoded",
                "x-forwarded-proto": "https",
                referer: `https://127.0.0.1:${ports.http}/`,
            },
            body: new URLSearchParams({ csrfmiddlewaretoken: token, email: "admin@example.org" }),
        });
        expect(reset.status).to.equal(302);
        expect(mail.mails.at(-1)).to.contain(`https://127.0.0.1:${ports.http}/password-change/reset/`);
    });

    it("makes accounts and changes passwords, by QxSMS's own rules", async () => {
        const operate = (name: string, email: string, password: string) =>
            web
                .exec("web", qxsms.operations!({} as AnyInstance)[name]!.command({ email }), {}, `${password}\n`)
                .catch(String);
        expect(await operate("createsuperuser", "ada@example.org", "12345678")).to.contain(
            "The password is not allowed",
        );
        expect(await operate("createsuperuser", "ada@example.org", nasty)).to.contain(
            "has an account, with all rights",
        );
        expect(await operate("createsuperuser", "Ada@example.org", nasty)).to.contain("has an account already");
        const fits = (password: string) =>
            shell(
                `from django.contrib.auth import get_user_model; print(get_user_model().objects.get(email="ada@example.org", is_superuser=True).check_password(${JSON.stringify(password)}))`,
            );
        expect(await fits(nasty)).to.contain("True");
        expect(await operate("changepassword", "eve@example.org", nasty)).to.contain("has no account");
        expect(await operate("changepassword", "ada@example.org", "another-Word-9")).to.contain("is changed");
        expect(await fits("another-Word-9")).to.contain("True");
        const { manage } = qxsms.operations!({} as AnyInstance);
        expect(await web.exec("web", manage!.command({ command: ["showmigrations", "--plan"] }))).to.contain("[X]");
    });

    const results = () => sql("SELECT status, count(*) FROM django_celery_results_taskresult GROUP BY status");
    /** Queues the task that the web's view queues for an uploaded file. */
    const queue = (rows: number) =>
        shell(`from manager.tasks import import_data_celery
from hq.models import Panel
panel, _ = Panel.objects.get_or_create(name="test")
rows = [(str(n), "name", "surname") for n in range(${rows})]
print(import_data_celery(["idno", "name", "surname"], rows, panel.pk, "test.csv").celery_group_id)`);
    /** A worker that has passed its own startup probe. */
    async function worker(): Promise<Daemon> {
        const run = pod("Deployment", "worker");
        await run.run("ready");
        const daemon = run.start("worker");
        stops.push(async () => {
            await daemon.stop();
            logs += daemon.output;
        });
        const { command } = run.container("worker").startupProbe!.exec;
        await daemon.ready(() => run.exec("worker", command), 60);
        return daemon;
    }

    it("runs tasks queued by the web tier, and stores the result in the database", async () => {
        await queue(3);
        expect(results()).to.equal("");
        const celery = await worker();
        expect(celery.output).to.match(/concurrency: 2/);
        await celery.ready(async () => ok(results() === "SUCCESS|1"), 60);
        await celery.stop();
    });

    it("finishes its current task when stopped, and leaves the others to the next worker", async () => {
        const celery = await worker();
        await Promise.all([queue(800), queue(801)]);
        await celery.ready(async () => ok((celery.output.match(/ received$/gm) ?? []).length === 2), 60);
        const stopped = celery.stop();
        await celery.ready(async () => ok(/Warm shutdown/.test(celery.output)));
        expect(results(), "the tasks have ended before the signal").to.equal("SUCCESS|1");
        await queue(5);
        expect(await stopped).to.equal(0);
        expect(results()).to.equal("SUCCESS|3");
        const next = await worker();
        await next.ready(async () => ok(results() === "SUCCESS|4"), 60);
    });

    it("never reveals its passwords", async () => {
        for (const stop of stops.splice(-4)) await stop();
        expect(logs).to.contain("Booting worker");
        for (const secret of Object.values(secrets))
            for (const form of [secret, encodeURIComponent(secret)]) expect(logs).not.to.contain(form);
    });
});

import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { scripts } from "../../../platforms/openedx/scripts";
import { containerOf, type DeclareArgs, find, podOf, problemsOf, type Sent } from "../../support/declare";
import { declareOpenCart as declareInstance } from "../../support/opencart";

/** Declares an instance `shop` of Open edX with the whole program. */
const declare = (instance: Readonly<Record<string, unknown>> = {}, args: DeclareArgs = {}): Promise<Sent[]> =>
    declareInstance({ ...args, instance: { platform: "openedx", host: "learn.example.org", ...instance } });

const command = (objects: readonly Sent[], kind: string, tier: string): readonly string[] =>
    podOf(objects, kind, tier).containers[0].command;
const dataOf = (objects: readonly Sent[], kind: string, name: string): Readonly<Record<string, string>> => {
    const { data, stringData } = find(objects, kind, name);
    return (data ?? stringData) as Record<string, string>;
};

describe("The configuration of Open edX", () => {
    for (const [instance, message] of [
        [{ host: undefined }, /instances\.shop\.host: is missing/],
        [{ mfeHost: "apps.example.com" }, /mfeHost: "apps\.example\.com" is not allowed.*apps\.learn\.example\.org/],
        [{ studioHost: "learn.example.org" }, /studioHost: "learn\.example\.org" is already its host/],
        [
            { objectStorage: { publicHost: "apps.learn.example.org" } },
            /objectStorage\.publicHost: .*already its mfeHost/,
        ],
        [{ database: { topology: "single", engine: "mariadb" } }, /database\.engine: "mariadb".*mysql/],
        [
            { documents: { topology: "external", hosts: ["a.example.org", "b.example.org"] } },
            /documents\.replicaSet: .*name of the replica set/,
        ],
        [{ images: { mongo: "docker.io/library/mongo:8.0.4" } }, /images\.mongo: .*mongo:8\.0\.4.*mongo 7\.0/],
        [{ objectStorage: { topology: "external" } }, /objectStorage: .*secrets set shop objectStorageAccessKey/],
        [{ xqueue: { url: "https://xqueue.example.org", username: "lms" } }, /xqueue: .*xqueuePassword/],
        [{ features: { lowerCase: true } }, /features.*lowerCase.*capital letters/],
        [{ settings: { lms: { values: { when: 1 } } } }, /settings\.lms\.values.*when.*capital letters/],
        [{ settings: { lms: { python: ["a = 1\nb = 2"] } } }, /settings\.lms\.python\.0.*one line of Python/],
        [
            { settings: { lms: { python: ["A = 1", "B = (2,", "C = 3"] } } },
            /settings\.lms\.python\.\d: .*does not parse/,
        ],
        [{ settings: { cms: { python: ["if True:", "A = 1"] } } }, /settings\.cms\.python\.\d: .*does not parse/],
        [{ settings: { studio: {} } }, /settings.*studio.*allowed: common, lms, cms/],
        [{ mfe: { apps: { grades: { path: "grades/" } } } }, /mfe\.apps\.grades\.path.*a path such as/],
        [{ edge: { type: "NodePort", httpPort: 30080 } }, /edge: its ports are not allowed/],
        [{ language: "English" }, /language: "English".*a code such as en/],
    ] as const)
        it(`refuses ${JSON.stringify(instance)}`, async () =>
            expect(await problemsOf(declare(instance))).to.match(message));
});

describe("The objects of Open edX", () => {
    let objects: Sent[];
    before(async () => {
        objects = await declare({
            features: { ENABLE_BULK_ENROLLMENT_VIEW: true },
            reports: { longestTaskSeconds: 7200 },
        });
    });

    it("have all secrets in Secrets only, and LMS and Studio their settings in ConfigMaps", () => {
        const env = dataOf(objects, "Secret", "openedx-config");
        expect(Object.keys(env)).to.have.members(["lms.env.yml", "cms.env.yml"]);
        expect(env["lms.env.yml"]).to.contain("placeholder-shop-secret-key").and.contain("JWT_PRIVATE_SIGNING_JWK");
        for (const { kind, data } of objects)
            if (kind === "ConfigMap") expect(JSON.stringify(data)).not.to.contain("placeholder-");
        expect(dataOf(objects, "ConfigMap", "settings-lms")["production.py"]).to.contain("ENABLE_BULK_ENROLLMENT_VIEW");
    });

    it("migrate the LMS before Studio, in one Task, after all servers have answered", () => {
        const { initContainers, containers } = podOf(objects, "Job", "migrate");
        expect([...initContainers, ...containers].map(({ name }: { name: string }) => name)).to.deep.equal([
            "wait",
            "lms-migrate",
            "cms-migrate",
            "cms-setup",
            "lms-setup",
        ]);
        const wait = containerOf(objects, "Job", "migrate", "wait");
        const addresses = wait.env.find(({ name }: { name: string }) => name === "ADDRESSES").value;
        for (const server of ["database", "documents", "broker", "cache"])
            expect(addresses).to.match(new RegExp(`(^| )${server}\\.openedx-shop\\.svc`));
    });

    it("ask a new pod for its heartbeat by a name that it knows, and whether its master lives from then on", () => {
        for (const tier of ["lms", "cms"]) {
            const { startupProbe, readinessProbe, livenessProbe } = podOf(objects, "Deployment", tier).containers[0];
            expect(startupProbe.httpGet).to.deep.include({
                path: "/heartbeat",
                httpHeaders: [{ name: "Host", value: tier }],
            });
            expect(startupProbe.periodSeconds * startupProbe.failureThreshold).to.be.at.least(600);
            expect(readinessProbe.tcpSocket).to.deep.equal({ port: 8001 });
            expect(livenessProbe.tcpSocket).to.deep.equal({ port: 8001 });
            expect(livenessProbe.httpGet).to.equal(undefined);
            const production = dataOf(objects, "ConfigMap", `settings-${tier}`)["production.py"]!;
            expect(production).to.match(new RegExp(`ALLOWED_HOSTS = \\[[^\\]]*"${tier}"`));
        }
    });

    it("let requests and tasks end before their pods do", () => {
        const graceOf = (tier: string) => podOf(objects, "Deployment", tier).terminationGracePeriodSeconds;
        const ini = dataOf(objects, "ConfigMap", "uwsgi-lms")["uwsgi.ini"]!;
        const mercy = Number(/worker-reload-mercy = (\d+)/.exec(ini)![1]);
        const { command: drain } = containerOf(objects, "Deployment", "lms", "lms").lifecycle.preStop.exec;
        expect(drain.slice(0, 3)).to.deep.equal(["python", "/opt/plinth/drain.py", "8000"]);
        expect(graceOf("lms")).to.be.above(Number(drain[3]) + Number(drain[4]) + mercy);
        expect(graceOf("reports")).to.be.above(7200);
    });

    it("give tasks of each worker to another one at a time of its own", () => {
        const variables = (worker: string) =>
            (containerOf(objects, "Deployment", worker, worker).env as { name: string; value: string }[])
                .filter(({ name }) => name.startsWith("CELERY_"))
                .map(({ value }) => value);
        expect(variables("reports")).to.have.members(["reports", "7800"]);
        expect(variables("lms-worker")).to.have.members(["lms-worker", "3600"]);
        expect(variables("cms-worker")).to.have.members(["cms-worker", "3600"]);
    });

    it("limit what a worker works on, and give reports a worker of their own", () => {
        for (const [tier, queues] of [
            ["lms-worker", "edx.lms.core.default,edx.lms.core.high"],
            ["cms-worker", "edx.cms.core.default,edx.cms.core.high,edx.cms.core.low"],
            ["reports", "edx.lms.core.high_mem"],
        ] as const) {
            expect(command(objects, "Deployment", tier)).to.include.members([`--queues=${queues}`, "--concurrency=1"]);
            const { labels } = find(objects, "Deployment", tier)["spec"].template.metadata;
            const { selector } = find(objects, "Service", tier.startsWith("cms") ? "cms" : "lms")["spec"];
            const matches = Object.entries(selector as Record<string, string>).every(
                ([key, value]) => labels[key] === value,
            );
            expect(matches, `${tier} behind a web Service`).to.equal(false);
        }
    });

    it("open learners' pictures only", () => {
        const files = dataOf(objects, "ConfigMap", "storage-buckets");
        const policies = Object.keys(files).filter((name) => name.endsWith(".policy.json"));
        expect(policies).to.deep.equal(["openedx.policy.json"]);
        const { Statement } = JSON.parse(files["openedx.policy.json"]!) as {
            readonly Statement: readonly { readonly Action: unknown; readonly Resource: unknown }[];
        };
        expect(Statement.map(({ Action, Resource }) => ({ Action, Resource }))).to.deep.equal([
            {
                Action: ["s3:GetObject"],
                Resource: ["arn:aws:s3:::openedx/openedx/media/profile-images/*"],
            },
        ]);
    });

    it("migrate again for another image, and not for another password", async () => {
        const name = (list: readonly Sent[]) => find(list, "Job", "migrate").metadata.name;
        const secrets = { values: { secrets: { shop: { databasePassword: "another" } } } };
        const same = { features: { ENABLE_BULK_ENROLLMENT_VIEW: true }, reports: { longestTaskSeconds: 7200 } };
        expect(name(await declare(same, secrets))).to.equal(name(objects));
        const image = { images: { openedx: "registry.example.org/openedx:22.0.4" } };
        expect(name(await declare({ ...same, ...image }))).not.to.equal(name(objects));
    });

    it("run on a schedule what is switched on", async () => {
        const scheduled = (list: readonly Sent[]) =>
            list.filter(({ kind }) => kind === "CronJob").map(({ metadata }) => metadata.name);
        expect(scheduled(objects)).to.have.members(["expired-tokens", "expired-notifications", "reindex-courses"]);
        const other = { tasks: { expiredTokens: { enabled: false }, samlMetadata: { enabled: true } } };
        expect(scheduled(await declare(other))).to.have.members([
            "expired-notifications",
            "reindex-courses",
            "saml-metadata",
        ]);
    });

    it("send mail through a relay of their own unless there is a server", async () => {
        const names = (list: readonly Sent[]) => list.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
        expect(names(objects)).to.include("Deployment/mail");
        expect(names(await declare({ mail: { host: "smtp.example.org" } }))).not.to.include("Deployment/mail");
    });

    it("take lines of Python as they are, over several lines, too", async () => {
        const python = ["for name in ('a', 'b'):", "    INSTALLED_APPS.append(name)", "D = {", "    'a': 1,", "}"];
        const data = dataOf(await declare({ settings: { cms: { python } } }), "ConfigMap", "settings-cms");
        expect(data["production.py"]).to.contain(python.join("\n"));
    });

    it("have scripts that Python compiles", function () {
        this.timeout(30_000);
        for (const [name, text] of Object.entries(scripts))
            execFileSync("python3", ["-c", "import sys; compile(sys.stdin.read(), sys.argv[1], 'exec')", name], {
                input: text,
                stdio: ["pipe", "pipe", "pipe"],
            });
    });
});

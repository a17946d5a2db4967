import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { postgresSizes } from "../../components/database/sizing";
import { images } from "../../platforms/qxsms/images";
import { mebibytes } from "../../config/quantity";
import { sizes } from "../../platforms/qxsms/config";
import { paths, user } from "../../platforms/qxsms/paths";
import { type DeclareArgs, find, podOf, problemsOf, type Sent } from "../support/declare";
import { declareQxsms } from "../support/qxsms";

const problems = (args: DeclareArgs): Promise<string> => problemsOf(declareQxsms(args));
type Variable = { readonly name: string; readonly value?: string; readonly valueFrom?: object };
const variables = (objects: readonly Sent[], name: string): readonly Variable[] =>
    podOf(objects, "Deployment", name).containers[0].env;
const value = (objects: readonly Sent[], tier: string, name: string) =>
    variables(objects, tier).find((one) => one.name === name)?.value;

const ids = { directoryId: "POOL_a", libraryId: "UR_a", surveyId: "SV_a" };
const withKey = { secrets: { shop: { qualtricsApiKey: "given" } } };

describe("QxSMS' configuration", () => {
    for (const [args, message] of [
        [{ instance: { mail: null } }, /instances\.shop\.mail: is missing.*host and from/],
        [{ instance: { administrator: null } }, /instances\.shop\.administrator: is missing.*email/],
        [
            { instance: { mail: { username: "x" } } },
            /mail: is missing the password of x.*secrets set shop smtpPassword/,
        ],
        [{ instance: { mail: { subjectPrefix: "two\nlines" } } }, /mail\.subjectPrefix: .*one line/],
        [
            { instance: { mail: { host: "2001:db8::25" } } },
            /mail\.host: "2001:db8::25".*a host name or an IPv4 address/,
        ],
        [{ instance: { database: { topology: "single", engine: "mariadb" } } }, /engine: "mariadb".*postgres/],
        [{ instance: { qualtrics: { directoryId: "UR_1" } } }, /qualtrics\.directoryId: "UR_1".*POOL_1a2B3c/],
        [{ instance: { qualtrics: ids } }, /qualtrics: is incomplete; missing: .*secrets set shop qualtricsApiKey/],
        [{ values: withKey }, /missing: qualtrics\.directoryId, qualtrics\.libraryId, qualtrics\.surveyId/],
        [
            {
                instance: { qualtrics: ids },
                values: { secrets: { shop: { ...withKey.secrets.shop, qualtricsSurveyId: "SV_b" } } },
            },
            /qualtrics\.surveyId: is set here and as qualtricsSurveyId/,
        ],
        [
            { instance: { debug: true, mail: null, administrator: { account: "mailed" } } },
            /administrator\.account: "mailed" is not allowed without mail/,
        ],
        [{ instance: { worker: { concurrency: 0 } } }, /worker\.concurrency: 0.*at least 1/],
        [{ instance: { worker: { longestTaskSeconds: 5 } } }, /worker\.longestTaskSeconds: 5.*at least 30/],
    ] as const)
        it(`refuses ${JSON.stringify(args)}`, async () => expect(await problems(args)).to.match(message));
});

describe("QxSMS' objects", () => {
    let objects: Sent[];
    before(async () => {
        objects = await declareQxsms({
            instance: { qualtrics: ids, worker: { longestTaskSeconds: 900 } },
            values: withKey,
        });
    });

    it("give web and worker the same environment, except for gunicorn's", () => {
        const own = variables(objects, "web").filter(({ name }) => !name.startsWith("GUNICORN_"));
        expect(variables(objects, "worker")).to.deep.equal(own);
    });
    it("set the variables that the code reads", () => {
        expect(value(objects, "worker", "QXSMS_DEBUG")).to.equal("0");
        expect(value(objects, "worker", "QXSMS_ENV")).to.equal("production");
        expect(value(objects, "worker", "QXSMS_EMAIL_SUBJECT_PREFIX")).to.equal("[QxSMS] ");
        expect(value(objects, "worker", "QXSMS_SMTP_SERVER")).to.equal("smtp.example.org");
        expect(value(objects, "worker", "QXSMS_SEND_SURVEY")).to.equal("SV_a");
    });
    it("enable development mode with debug only, and then send mail only on request", async () => {
        const dev = await declareQxsms({ instance: { debug: true, mail: null, administrator: null } });
        expect(value(dev, "web", "QXSMS_DEBUG")).to.equal("1");
        expect(value(dev, "web", "QXSMS_ENV")).to.equal("development");
    });
    it("stop a worker without a shell in between, after its longest task at most", () => {
        const { containers, terminationGracePeriodSeconds } = podOf(objects, "Deployment", "worker");
        expect(containers[0].command.slice(0, 4)).to.deep.equal(["celery", "-A", "qxsms", "worker"]);
        expect(containers[0].command).to.include("--concurrency=2");
        expect(terminationGracePeriodSeconds).to.be.above(900);
    });
    it("give a stopping web pod time for a request", () => {
        const { containers, terminationGracePeriodSeconds } = podOf(objects, "Deployment", "web");
        const drain = containers[0].lifecycle.preStop.sleep.seconds;
        expect(value(objects, "web", "GUNICORN_TIMEOUT")).to.equal("180");
        expect(value(objects, "web", "GUNICORN_GRACEFUL_TIMEOUT")).to.equal("180");
        expect(terminationGracePeriodSeconds).to.be.above(drain + 180);
    });
    it("migrate only in the Task, which settings of mail or Qualtrics do not run again", async () => {
        const commands = (name: string) => {
            const { initContainers, containers } = podOf(objects, "Deployment", name);
            return JSON.stringify([...initContainers, ...containers].map(({ command }) => command));
        };
        for (const name of ["web", "worker"]) expect(commands(name)).not.to.contain("migrate");
        const other = await declareQxsms({ instance: { mail: { fromName: "Other" }, worker: { concurrency: 7 } } });
        const name = (list: readonly Sent[]) => find(list, "Job", "migrate").metadata.name;
        expect(name(other)).to.equal(name(objects));
        const released = await declareQxsms({ instance: { images: { qxsms: "registry.example.org/qxsms:next-1" } } });
        expect(name(released)).not.to.equal(name(objects));
    });
    it("leave the database enough connections for the largest number of pods", () => {
        for (const { web, worker, processes, concurrency, database } of Object.values(sizes)) {
            const pods = typeof web === "number" ? web : web.max;
            const { connections } = postgresSizes(mebibytes(database.memory), mebibytes(database.volume));
            expect(connections).to.be.above((pods + 1) * processes + (worker + 1) * (concurrency + 1));
        }
    });
    it("run as the image's user, in its folder, with the built tag", () => {
        const folder = join(__dirname, "..", "..", "images");
        const dockerfile = readFileSync(join(folder, "qxsms", "Dockerfile"), "utf8");
        expect(dockerfile).to.contain(`USER ${user}:${user}`).and.contain(`WORKDIR ${paths.home}`);
        const bake = readFileSync(join(folder, "docker-bake.hcl"), "utf8");
        const version = /variable "QXSMS_VERSION" \{\s+default = "(.*)"/.exec(bake)![1];
        expect(images.qxsms.reference).to.equal(`qxsms:${version}`);
    });
});

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { stringify } from "yaml";
import { heartbeatFile } from "../../../platforms/celery";
import { celeryBroker } from "../../../platforms/openedx/settings/connections";
import { celeryCommand, retireCommand, retireSeconds, type WorkerDuties } from "../../../platforms/openedx/workers";
import { ownDirectory, run, serverUser } from "../../support/datadir";
import { cacheEngine } from "../../support/needs";
import { Daemon, freePort, program, pythonProgram, scratch } from "../../support/tools";

const password = "w/o:@%rd";
const engine = cacheEngine();
const duties: WorkerDuties = {
    name: "lms-worker",
    variant: "lms",
    queues: ["default", "high"],
    concurrency: 1,
    tasksPerProcess: 100,
    longestTaskSeconds: 600,
    memory: "1Gi",
    temp: "1Gi",
    replicas: 1,
};
const [queue] = duties.queues.map((name) => `edx.lms.core.${name}`);

const application = (url: string): string => `
import time
from celery import Celery
app = Celery("tasks", broker="${url}")
app.conf.task_default_queue = "${queue}"
@app.task(name="sleep")
def wait(seconds):
    time.sleep(seconds)
`;

describe("The hook before a worker of Open edX is told to stop", function () {
    this.timeout(120_000);
    const folder = scratch();
    const data = join(folder.path, "data");
    const user = serverUser(engine);
    let port: number;
    let server: Daemon | undefined;
    let python: string;
    let celery: string;
    let daemon: string;
    let worker: Daemon | undefined;

    const ask = (...command: string[]): string =>
        run([`${engine}-cli`, "-h", "127.0.0.1", "-p", String(port), ...command], {
            env: { REDISCLI_AUTH: password },
        }).stdout.trim();

    async function serve(): Promise<void> {
        const keys = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir", data];
        const args = ["--bind", "127.0.0.1", "--port", String(port), "--requirepass", password, ...keys];
        server = new Daemon(daemon, args, user);
        await server.ready(async () => expect(ask("PING")).to.equal("PONG"));
    }

    const send = (seconds: number): void => {
        execFileSync(python, ["-c", `import tasks; tasks.wait.delay(${seconds})`], { cwd: folder.path });
    };

    /** The hook of the pods, with the script and the settings of this machine. */
    const retire = (): Daemon => {
        const [, script, ...args] = retireCommand(duties);
        const path = join(__dirname, "../../../platforms/openedx/scripts", script!.split("/").at(-1)!);
        const env = { ...process.env, SERVICE_VARIANT: "lms", LMS_CFG: join(folder.path, "lms.env.yml") };
        return new Daemon(python, [path, ...args], { env });
    };

    before(async function () {
        daemon = program(this, `${engine}-server`, { by: user });
        program(this, `${engine}-cli`);
        celery = await pythonProgram(this, "celery");
        python = join(dirname(celery), "python");
        port = await freePort();
        ownDirectory(data, user);
        const settings = celeryBroker({ host: "127.0.0.1", port, database: 0, password, tls: false });
        writeFileSync(join(folder.path, "lms.env.yml"), stringify(settings));
        const url = `redis://:${settings["CELERY_BROKER_PASSWORD"]}@127.0.0.1:${port}/0`;
        writeFileSync(join(folder.path, "tasks.py"), application(url));
        for (const [name, text] of Object.entries(heartbeatFile)) writeFileSync(join(folder.path, name), String(text));
        await serve();
    });
    after(async () => {
        await worker?.stop("SIGKILL");
        await server?.stop("SIGKILL");
        folder.clean();
    });

    it("keeps a task that comes then for others, though the broker is away when the worker ends", async () => {
        send(0);
        const task = ask("RPOP", queue!);
        send(25);
        const [, , ...args] = celeryCommand(duties).map((word) =>
            word.startsWith("--pidfile=") ? `--pidfile=${folder.path}/celery.pid` : word,
        );
        worker = new Daemon(celery, ["--app=tasks", ...args], { cwd: folder.path });
        const { exited } = worker;
        await worker.ready(async () => expect(worker!.output).to.match(/Task sleep\S+ received/));
        const hook = retire();
        expect(await hook.exited, hook.output).to.equal(0);

        process.kill(worker.pid, "SIGTERM");
        await worker.ready(async () => expect(worker!.output).to.contain("Warm shutdown"));
        ask("LPUSH", queue!, task);
        await sleep(300);
        expect(ask("LLEN", queue!)).to.equal("1");
        await server!.stop("SIGKILL");
        expect(worker.output).not.to.contain("succeeded");
        expect(await exited, worker.output).to.equal(0);
        expect(worker.output).to.contain("succeeded");
        await serve();
        expect(ask("LLEN", queue!)).to.equal("1");
    });

    it("says that a worker does not answer, in less time than a pod has for it", async () => {
        const begin = Date.now();
        const hook = retire();
        expect(await hook.exited).to.equal(1);
        expect(hook.output).to.contain("FAILED: celery@edx.lms.core.default.");
        await server!.stop();
        expect(await retire().exited).to.equal(1);
        expect(Date.now() - begin).to.be.below(2 * retireSeconds * 1000);
    });
});

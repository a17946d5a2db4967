import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { heartbeatCommand, heartbeatOption } from "../../platforms/celery";
import { ownDirectory, run, serverUser } from "../support/datadir";
import { cacheEngine } from "../support/needs";
import { Daemon, freePort, program, pythonProgram, scratch } from "../support/tools";

const engine = cacheEngine();

/** Its consumer hangs as soon as a file is there, as one that waits for an answer that never comes. */
const application = (url: string): string => `
import os, threading, time
from celery import Celery
from celery.signals import worker_ready

app = Celery("tasks", broker="${url}")

@app.task(name="sleep")
def wait(seconds):
    time.sleep(seconds)

@worker_ready.connect
def hang(sender, **_):
    def watch():
        while not os.path.exists("hang"):
            time.sleep(0.1)
        sender.hub.call_soon(time.sleep, 1000)
    threading.Thread(target=watch, daemon=True).start()
`;

describe("The sign of life of Celery's workers", function () {
    this.timeout(120_000);
    const folder = scratch();
    const data = join(folder.path, "data");
    const alive = join(folder.path, "alive");
    const user = serverUser(engine);
    let port: number;
    let server: Daemon;
    let celery: string;
    let daemon: string;
    let worker: Daemon;

    async function serve(): Promise<void> {
        server = new Daemon(daemon, ["--bind", "127.0.0.1", "--port", String(port), "--dir", data, "--save", ""], user);
        await server.ready(async () =>
            expect(run([`${engine}-cli`, "-p", String(port), "PING"]).stdout.trim()).to.equal("PONG"),
        );
    }
    const send = (seconds: number): void => {
        execFileSync(celery, ["--app=tasks", "call", "sleep", `--args=[${seconds}]`], { cwd: folder.path });
    };
    /** The command of the probe, with a shorter limit. */
    const isAlive = (): boolean => run(heartbeatCommand(alive, 5)).status === 0;
    const touched = (): number => statSync(alive).mtimeMs;
    const answers = async () => {
        const before = touched();
        await worker.ready(async () => expect(touched()).to.be.above(before), 30);
    };

    before(async function () {
        daemon = program(this, `${engine}-server`, { by: user });
        program(this, `${engine}-cli`);
        celery = await pythonProgram(this, "celery");
        port = await freePort();
        ownDirectory(data, user);
        writeFileSync(join(folder.path, "tasks.py"), application(`redis://127.0.0.1:${port}/0`));
        const scripts = join(__dirname, "..", "..", "platforms", "scripts");
        copyFileSync(join(scripts, "plinth_heartbeat.py"), join(folder.path, "plinth_heartbeat.py"));
        await serve();
    });
    beforeEach(async () => {
        rmSync(alive, { force: true });
        rmSync(join(folder.path, "hang"), { force: true });
        worker = new Daemon(celery, ["--app=tasks", "worker", "--loglevel=info", "-c", "1", heartbeatOption], {
            cwd: folder.path,
            env: { ...process.env, CELERY_HEARTBEAT_FILE: alive, CELERY_HEARTBEAT_SECONDS: "1" },
        });
        await worker.ready(async () => expect(worker.output).to.include(" ready."), 60);
    });
    afterEach(() => worker.stop("SIGKILL"));
    after(async () => {
        await server?.stop("SIGKILL");
        folder.clean();
    });

    it("is given while the worker hears of its broker, and works", async () => {
        await answers();
        expect(isAlive()).to.equal(true);
        send(8);
        await worker.ready(async () => expect(worker.output).to.match(/sleep\S* ?\S* received/), 30);
        await sleep(6500);
        expect(isAlive(), "in the middle of a task").to.equal(true);
        await worker.ready(async () => expect(worker.output).to.include("succeeded"), 30);
    });

    it("is given while the broker is away, which no restart would bring back, and after it is back", async () => {
        await server.stop("SIGKILL");
        await worker.ready(async () => expect(worker.output).to.match(/connection to broker lost|Cannot connect/i), 30);
        await sleep(7000);
        expect(isAlive()).to.equal(true);
        await serve();
        await worker.ready(async () => expect(worker.output).to.match(/Connected to .*Connected to /s), 60);
        await answers();
        expect(isAlive()).to.equal(true);
    });

    it("ends if the worker hears no more of a broker that is there", async () => {
        await answers();
        writeFileSync(join(folder.path, "hang"), "");
        await worker.ready(async () => expect(isAlive()).to.equal(false), 60);
        expect(existsSync(alive)).to.equal(true);
    });

    it("is given while the worker ends, and finishes a task", async () => {
        send(20);
        await worker.ready(async () => expect(worker.output).to.match(/sleep\S* ?\S* received/), 30);
        process.kill(worker.pid, "SIGTERM");
        await worker.ready(async () => expect(worker.output).to.include("Warm shutdown"), 30);
        // A question that is under way may take its ten seconds.
        await sleep(14_000);
        expect(isAlive()).to.equal(true);
        expect(await worker.exited, worker.output).to.equal(0);
    });
});

import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { run } from "../support/datadir";
import { containerOf } from "../support/declare";
import { declareQxsms } from "../support/qxsms";
import { Daemon, missing, program, scratch } from "../support/tools";

// Stands for Django's: like it, it has no handler for the stop signal.
const manage = `import sys, time
print(*sys.argv[1:], flush=True)
time.sleep(600 if "runserver" in sys.argv else 0)
`;

describe("QxSMS with debug", function () {
    this.timeout(60_000);
    const folder = scratch();
    after(() => folder.clean());

    /** Runs a command as process 1, as in a container; returns it with the number of that process out here. */
    async function asFirst(command: readonly string[]): Promise<{ daemon: Daemon; first: number }> {
        const daemon = new Daemon("unshare", ["--pid", "--fork", "--kill-child", ...command], {
            env: { PATH: `${folder.path}:${process.env["PATH"]}` },
            cwd: folder.path,
        });
        await daemon.ready(async () => expect(daemon.output).to.contain("runserver --noreload 0.0.0.0:8000"));
        const first = Number(readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, "utf8").trim());
        return { daemon, first };
    }

    before(function () {
        symlinkSync(program(this, "python3"), join(folder.path, "python"));
        program(this, "unshare");
        if (run(["unshare", "--pid", "--fork", "true"]).status !== 0)
            missing(this, "process namespaces are not permitted here");
        writeFileSync(join(folder.path, "manage.py"), manage);
    });

    it("ends within two seconds of the stop signal, which Django's server as process 1 ignores", async () => {
        const objects = await declareQxsms({ instance: { debug: true } });
        const { command } = containerOf(objects, "Deployment", "web", "web") as { command: string[] };
        const web = await asFirst(command);
        const began = Date.now();
        process.kill(web.first, "SIGTERM");
        expect(await web.daemon.exited).to.equal(143);
        expect(Date.now() - began).to.be.below(2000);

        const bare = await asFirst(["python", "manage.py", "runserver", "--noreload", "0.0.0.0:8000"]);
        try {
            process.kill(bare.first, "SIGTERM");
            const ended = bare.daemon.exited.then(() => "ended");
            const waited = new Promise((resolve) => setTimeout(() => resolve("runs on"), 2000));
            expect(await Promise.race([ended, waited])).to.equal("runs on");
        } finally {
            process.kill(bare.first, "SIGKILL");
            await bare.daemon.exited;
        }
    });

    it("fails as its server does", async () => {
        const objects = await declareQxsms({ instance: { debug: true } });
        const { command } = containerOf(objects, "Deployment", "web", "web") as { command: string[] };
        writeFileSync(join(folder.path, "manage.py"), "raise SystemExit(3)");
        const daemon = new Daemon(command[0]!, command.slice(1), {
            env: { PATH: `${folder.path}:${process.env["PATH"]}` },
            cwd: folder.path,
        });
        expect(await daemon.exited).to.equal(3);
    });
});

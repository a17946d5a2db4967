import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Daemon, freePort, program } from "../../support/tools";

const script = join(__dirname, "../../../platforms/openedx/scripts/drain.py");

/** Takes a connection at each signal, as a process of uWSGI does when it has time for one more. */
const taking = `
import signal, socket, sys
address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
server = socket.create_server((address, int(sys.argv[2])), family=family, backlog=128, dualstack_ipv6=":" in address)
taken = []
signal.signal(signal.SIGUSR1, lambda *_: taken.append(server.accept()))
print("ready", flush=True)
while True:
    signal.pause()
`;

for (const address of ["0.0.0.0", "::"])
    describe(`The hook before a pod of the LMS, which listens on ${address}, is told to stop`, function () {
        this.timeout(60_000);
        let python: string;
        let port: number;
        let server: Daemon;
        let visitors: Socket[];

        const drain = (notice: number, longest: number) =>
            new Daemon(python, [script, ...[port, notice, longest].map(String)]);
        const goesOn = (hook: Daemon): Promise<boolean> =>
            Promise.race([hook.exited.then(() => false), sleep(3000).then(() => true)]);

        before(async function () {
            python = program(this, "python3");
            if (address === "::" && !existsSync("/proc/net/if_inet6")) this.skip();
            port = await freePort();
            server = new Daemon(python, ["-c", taking, address, String(port)]);
            await server.ready(async () => expect(server.output).to.contain("ready"));
            visitors = [1, 2].map(() => connect(port, "127.0.0.1"));
            await Promise.all(visitors.map((visitor) => once(visitor, "connect")));
        });
        after(async () => {
            for (const visitor of visitors) visitor.destroy();
            await server.stop("SIGKILL");
        });

        it("waits no longer than it may", async () => {
            const begin = Date.now();
            expect(await drain(1, 2).exited).to.equal(0);
            expect(Date.now() - begin).to.be.within(3000, 30_000);
        });

        it("waits until the last connection is taken, and then only for balancers", async () => {
            const hook = drain(0, 50);
            expect(await goesOn(hook)).to.equal(true);
            process.kill(server.pid, "SIGUSR1");
            expect(await goesOn(hook)).to.equal(true);
            process.kill(server.pid, "SIGUSR1");
            expect(await hook.exited, hook.output).to.equal(0);
            const late = drain(4, 50);
            expect(await goesOn(late)).to.equal(true);
            expect(await late.exited, late.output).to.equal(0);
        });
    });

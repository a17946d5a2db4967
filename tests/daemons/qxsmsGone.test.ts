import { expect } from "chai";
import { BlackHole, mostOfBusy } from "../support/blackHole";
import { run } from "../support/datadir";
import { containerOf } from "../support/declare";
import { declareQxsms } from "../support/qxsms";
import { program } from "../support/tools";

// psql stands for QxSMS: both connect with PostgreSQL's own library, which reads this environment.
describe("QxSMS without its database", function () {
    this.timeout(60_000);
    for (const [what, kind] of [
        ["whose address is gone", "drops"],
        ["that hangs", "silent"],
    ] as const)
        it(`gives up one ${what} after five seconds`, async function () {
            const psql = program(this, "psql");
            const hole = await BlackHole.open(program(this, "php"), kind);
            try {
                const objects = await declareQxsms();
                for (const tier of ["web", "worker"]) {
                    const { env } = containerOf(objects, "Deployment", tier, tier) as {
                        env: { name: string; value?: string }[];
                    };
                    const given = Object.fromEntries(env.map(({ name, value = "" }) => [name, value]));
                    const began = Date.now();
                    const { status, stderr } = run(
                        [psql, "--host=127.0.0.1", `--port=${hole.port}`, "--username=qxsms", "--command=SELECT 1"],
                        { env: given },
                    );
                    expect(status).to.equal(2);
                    expect(stderr).to.contain("timeout expired");
                    expect(Date.now() - began).to.be.within(4000, mostOfBusy);
                }
            } finally {
                await hole.close();
            }
        });
});

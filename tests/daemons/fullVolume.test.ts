import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { MariaDb, Postgres, type Server } from "../support/backups";
import { run } from "../support/datadir";
import { missing, scratch } from "../support/tools";

/** What each says to a client whose statement needs space. */
const refusals: Readonly<Record<Server["engine"], RegExp>> = {
    mariadb: /table .* is full|No space left on device/i,
    postgres: /No space left on device/,
};
const insert: Readonly<Record<Server["engine"], (from: number) => string>> = {
    mariadb: (from) => `INSERT INTO kept SELECT seq, REPEAT(SHA2(seq, 512), 60) FROM seq_${from}_to_${from + 499};`,
    postgres: (from) =>
        `INSERT INTO kept SELECT n, (SELECT string_agg(md5((n * 1000 + m)::text), '') FROM generate_series(1, 240) m) FROM generate_series(${from}, ${from + 499}) n;`,
};

for (const server of [new MariaDb(), new Postgres()] as const)
    describe(`${server.title} on a volume that is full, and killed for its memory`, function () {
        this.timeout(400_000);
        const folder = scratch();
        const filler = join(folder.path, "filler");
        const acknowledged: number[] = [];
        let next = 1;
        /** Writes 500 rows. @returns why they were refused; empty if they were acknowledged */
        const write = (): string => {
            const from = next;
            next += 500;
            try {
                server.sql(insert[server.engine](from));
            } catch (error) {
                return (error as Error).message;
            }
            acknowledged.push(from);
            return "";
        };
        const lost = () => {
            const there = new Set(server.sql("SELECT id FROM kept").split("\n").map(Number));
            return acknowledged.filter((from) => !there.has(from) || !there.has(from + 499));
        };

        before(async function () {
            if (process.getuid?.() !== 0) missing(this, "only root can mount a small file system");
            const mounted = run(["mount", "-t", "tmpfs", "-o", "size=500m,mode=755", "plinth", folder.path]);
            if (mounted.status !== 0) missing(this, `a small file system cannot be mounted: ${mounted.stderr.trim()}`);
            await server.init(this, folder.path);
            await server.start();
            server.sql("CREATE TABLE kept (id INT PRIMARY KEY, data TEXT);");
            expect(write()).to.equal("");
        });
        after(async () => {
            await server.kill();
            run(["umount", folder.path]);
            folder.clean();
        });

        it("refuses what needs space, with the reason, answers reads, and goes on once there is space", async () => {
            run(["dd", "if=/dev/zero", `of=${filler}`, "bs=1M"]);
            let refusal = "";
            for (let tries = 0; tries < 40 && refusal === ""; tries++) refusal = write();
            expect(refusal).to.match(refusals[server.engine]);
            expect(lost()).to.deep.equal([]);
            rmSync(filler);
            expect(write()).to.equal("");
            expect(lost()).to.deep.equal([]);
        });

        it("has every acknowledged row after it was killed while the volume was full, and starts once there is space", async () => {
            run(["dd", "if=/dev/zero", `of=${filler}`, "bs=1M"]);
            for (let tries = 0; tries < 40 && write() === ""; tries++);
            // As the kernel does with a container that uses more memory than its limit.
            await server.kill();
            const failure = await server.start().then(
                () => "",
                (error: Error) => error.message,
            );
            console.log(`        ${failure === "" ? "starts" : "does not start"} without space`);
            await server.kill();
            rmSync(filler);
            await server.start();
            expect(lost()).to.deep.equal([]);
            expect(write()).to.equal("");
        });
    });

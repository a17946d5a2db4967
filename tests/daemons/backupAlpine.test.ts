import { expect } from "chai";
import { run } from "../support/datadir";
import { MariaDb, Pods, Postgres } from "../support/backups";
import { program, scratch } from "../support/tools";

// The databases of Compose projects are dumped in their own images, of which many are Alpine's.
for (const server of [new MariaDb(), new Postgres()] as const)
    describe(`Backup of ${server.title} with the shell and the tools of Alpine's images`, function () {
        this.timeout(300_000);
        const folder = scratch();
        after(async () => {
            await server.stop();
            folder.clean();
        });

        it("is made, and restores what was there", async function () {
            const busybox = program(this, "busybox");
            await server.init(this, folder.path);
            await server.start();
            const pods = new Pods(folder.path, server, { type: "volume" });
            // Debian's tar of busybox knows no --exclude, other than Alpine's and that of its own image.
            for (const tool of run([busybox, "--list"]).stdout.trim().split("\n"))
                if (tool !== "tar") pods.shim(tool, `exec ${busybox} ${tool} "$@"`);
            server.sql("CREATE TABLE item (id INT, name TEXT); INSERT INTO item VALUES (1, 'ä''€'), (2, NULL);");
            pods.write("image/a b.jpg", "picture");
            const made = await pods.backUp();
            expect(made.code, made.output).to.equal(0);
            server.sql("DELETE FROM item; CREATE TABLE later (id INT);");
            const { code, output } = await pods.restore(pods.result());
            expect(code, output).to.equal(0);
            expect(output).to.contain(`are those of ${pods.result()}`);
            expect(server.sql("SELECT COUNT(*), COUNT(name), MAX(name) FROM item")).to.match(/^2[\t|]1[\t|]ä'€$/);
        });
    });

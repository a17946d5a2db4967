import { expect } from "chai";
import { steps } from "../../components/backup/contract";
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
            // Its shell prefers its own tools. Debian's tar of busybox lacks --exclude, which Alpine's and the one of
            // busybox's own image know: files are archived with the machine's.
            const files = `*/${steps.backup.archive}.sh* | */${steps.restore.unpack}.sh*`;
            pods.shim("sh", `case "$*" in ${files}) exec /bin/sh "$@" ;; *) exec ${busybox} sh "$@" ;; esac`);
            const tools = ["cat", "date", "gzip", "mkdir", "od", "sed", "sha256sum", "tail", "tr", "wc"];
            for (const tool of tools) pods.shim(tool, `exec ${busybox} ${tool} "$@"`);
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

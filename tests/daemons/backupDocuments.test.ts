import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { Service } from "../../components/graph";
import type { MoreParts } from "../support/backups";
import { passwords, Pods, Postgres, stranger } from "../support/backups";
import { ownDirectory, run } from "../support/datadir";
import { seriesOf } from "../support/needs";
import { scratch } from "../support/tools";

const documents: MoreParts = (instance) => {
    const node = instance.addNode("documents", { kind: "document store" });
    const password = instance.password("documents", undefined);
    const keys = instance.secret(instance.owner, "documents", { password }, { node });
    const settings = {
        name: "open_edx",
        user: "edx",
        password: keys.password,
        authSource: "admin",
        replicaSet: "rs0",
        tls: "true",
        srv: "false",
    };
    return { documents: { node, service: new Service(node.id, "documents", { mongodb: 27017 }, settings) } };
};

describe(`Documents in backups, with PostgreSQL ${seriesOf("postgres", 1)} and with stand-ins for mongodump and mongorestore`, function () {
    this.timeout(180_000);
    const folder = scratch();
    const server = new Postgres();
    let pods: Pods;
    let good: string;
    /** What the stand-ins keep: the documents, and how they were called. */
    const kept = join(folder.path, "mongo");
    const store = join(kept, "documents");
    const calls = join(kept, "calls");
    const archive = (name: string) => join(pods.backups, name, "documents.archive.gz");
    const stored = () => readFileSync(store, "utf8");
    const rows = () => server.sql("SELECT count(*) FROM item");
    const called = () => readFileSync(calls, "utf8");

    /** Of the first call: its arguments, and the file with the connection. */
    const connection = () => {
        const [mode, file, line] = called().split("\n");
        return { mode, line, uri: new URL(/^uri: "(.*)"$/.exec(file!)![1]!) };
    };

    /** They have the tools' options, and write down the file that --config names, with its mode. */
    const standIns = (more: { dump?: string; dryRun?: string; restore?: string } = {}) => {
        const options = `for option; do case $option in
    --config=*) stat -c 'mode %a' "\${option#*=}" >>${calls}; cat "\${option#*=}" >>${calls} ;;
    --archive=*) archive=\${option#*=} ;;
esac; done
echo "$(basename "$0") $*" >>${calls}`;
        pods.shim("mongodump", `${options}\n${more.dump ?? ""}\ngzip -c ${store} >"$archive"`);
        const restore = `${options}
case " $* " in
    *" --dryRun "*) ${more.dryRun ?? ":"}; gzip -dc "$archive" | grep -q '^documents of' ;;
    *) ${more.restore ?? ":"}; gzip -dc "$archive" >${store} ;;
esac`;
        pods.shim("mongorestore", restore);
    };

    before(async function () {
        await server.init(this, folder.path);
        await server.start();
        pods = new Pods(folder.path, server, { type: "volume" }, documents);
        ownDirectory(kept, stranger);
        server.sql("CREATE TABLE item AS SELECT n AS id FROM generate_series(1, 100) n");
    });
    after(async () => {
        await server.stop();
        folder.clean();
    });
    beforeEach(() => {
        rmSync(calls, { force: true });
        run(["sh", "-c", `echo 'documents of the first day' >${store}; chmod 666 ${store}`]);
        standIns();
    });

    it("are dumped after the database, with the password in a file of the step's own", async () => {
        const { code, output } = await pods.backUp();
        expect(code, output).to.equal(0);
        good = pods.result();
        const manifest = readFileSync(join(pods.backups, good, "manifest"), "utf8");
        expect(manifest).to.match(
            /^file database\.dump .*\ndocuments open_edx\nfile documents\.archive\.gz .*\nfile files/m,
        );
        expect(gunzipSync(readFileSync(archive(good))).toString()).to.equal(stored());
        const { mode, line, uri } = connection();
        expect(mode).to.equal("mode 600");
        expect(uri.href.replace(`:${uri.password}@`, ":…@")).to.equal(
            "mongodb://%65%64%78:…@documents:27017/?authSource=%61%64%6d%69%6e&tls=true&replicaSet=%72%73%30",
        );
        expect(decodeURIComponent(uri.password)).to.match(/^\w+/);
        expect(line).to.match(/^mongodump --config=\S+ --db=open_edx --archive=\S+ --gzip$/);
        expect(line + output).not.to.contain(decodeURIComponent(uri.password));
    });

    it("have passwords with any characters, and servers with records of their own, or several", async () => {
        await pods.backUp({ DOCUMENTS_PASSWORD: passwords.own, DOCUMENTS_REPLICA_SET: "", DOCUMENTS_SRV: "true" });
        const { uri } = connection();
        expect([uri.protocol, uri.host, uri.search]).to.deep.equal([
            "mongodb+srv:",
            "documents",
            "?authSource=%61%64%6d%69%6e&tls=true",
        ]);
        expect(decodeURIComponent(uri.password)).to.equal(passwords.own);
        rmSync(join(pods.backups, pods.result()), { recursive: true });
        rmSync(calls);
        await pods.backUp({ DOCUMENTS_HOST: "one,[fd00::2]" });
        expect(called()).to.contain("@one:27017,[fd00::2]:27017/?");
        rmSync(join(pods.backups, pods.result()), { recursive: true });
    });

    it("are restored after a look at the archive, in place of those with the same names", async () => {
        writeFileSync(store, "documents of later");
        server.sql("DELETE FROM item WHERE id > 50");
        const { code, output } = await pods.restore(good);
        expect(code, output).to.equal(0);
        expect([stored(), rows()]).to.deep.equal(["documents of the first day\n", "100"]);
        const [first, second] = called()
            .split("\n")
            .filter((line) => line.startsWith("mongorestore"));
        const same = "--nsInclude=open_edx.* --nsFrom=open_edx.* --nsTo=open_edx.*";
        expect(first).to.contain(`${same} --dryRun`);
        expect(second).to.contain(`${same} --drop --stopOnError`);
    });

    it("of another database go where they belong, if they are accepted", async () => {
        const other = good.replace(/....$/, "bad0");
        run(["cp", "-a", join(pods.backups, good), join(pods.backups, other)]);
        run(["sed", "-i", "s/^documents open_edx/documents edxapp/", join(pods.backups, other, "manifest")]);
        expect((await pods.restore(other)).code).to.equal(0);
        expect(called()).to.contain("--nsInclude=edxapp.* --nsFrom=edxapp.* --nsTo=open_edx.*");
        rmSync(join(pods.backups, other), { recursive: true });
    });

    it("stay as they are if the backup is from before there were any", async () => {
        const older = good.replace(/....$/, "bad0");
        mkdirSync(join(pods.backups, older));
        for (const file of ["database.dump", "files.tar.gz", "manifest"])
            run(["cp", "-a", join(pods.backups, good, file), join(pods.backups, older, file)]);
        run(["sed", "-i", "/documents/d", join(pods.backups, older, "manifest")]);
        writeFileSync(store, "documents of later");
        const { code, output } = await pods.restore(older);
        expect(code, output).to.equal(0);
        expect(output).to.contain(`${older} holds no documents`);
        expect(stored()).to.equal("documents of later");
        rmSync(join(pods.backups, older), { recursive: true });
    });

    describe("in a backup that fails", () => {
        const fails = async (more: Parameters<typeof standIns>[0]) => {
            standIns(more);
            const { code, failed, output } = await pods.backUp({ DB_TRIES: "1" });
            expect([code, failed], output).to.deep.equal([1, "documents"]);
            expect(pods.complete()).to.deep.equal([good]);
            expect(pods.remains()).to.deep.equal([]);
        };
        it("because the dump breaks off", () => fails({ dump: 'printf half >"$archive"; exit 1' }));
        it("because it is killed", () => fails({ dump: 'printf half >"$archive"; kill -9 $$' }));
        it("because the archive has no end", () =>
            fails({ dump: `gzip -c ${store} | head -c 20 >"$archive"; exit 0` }));
    });

    describe("that cannot be restored", () => {
        let copy: string;
        beforeEach(() => {
            copy = good.replace(/....$/, "bad0");
            run(["cp", "-a", join(pods.backups, good), join(pods.backups, copy)]);
            writeFileSync(store, "documents of later");
            server.sql("DELETE FROM item WHERE id > 50");
        });
        afterEach("are complete at the next try", async () => {
            standIns();
            rmSync(join(pods.backups, copy), { recursive: true });
            expect((await pods.restore(good)).code).to.equal(0);
            expect([stored(), rows()]).to.deep.equal(["documents of the first day\n", "100"]);
        });
        const replace = (content: Buffer) => {
            writeFileSync(archive(copy), content);
            const sum = run(["sha256sum", archive(copy)]).stdout.slice(0, 64);
            const manifest = join(pods.backups, copy, "manifest");
            const line = `file documents.archive.gz ${content.length} ${sum}`;
            writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/^file documents.*$/m, line));
        };
        const untouched = async (failed: string, reason: RegExp) => {
            const outcome = await pods.restore(copy);
            expect([outcome.code, outcome.failed], outcome.output).to.deep.equal([1, failed]);
            expect(outcome.output).to.match(reason);
            expect([stored(), rows()]).to.deep.equal(["documents of later", "50"]);
        };
        it("change nothing if the archive is damaged", () => {
            writeFileSync(archive(copy), "other");
            return untouched("fetch", /documents\.archive\.gz has 5 bytes instead of/);
        });
        it("change nothing if it is truncated despite a matching checksum", () => {
            replace(readFileSync(archive(good)).subarray(0, -6));
            return untouched("inspect-documents", /documents\.archive\.gz cannot be unpacked/);
        });
        it("change nothing if mongorestore does not accept it, or the server does not let it in", () => {
            replace(gzipSync("something else"));
            return untouched("inspect-documents", /cannot be read, or documents:27017 does not let edx in/);
        });
        it("report a part if it breaks off, after the database", async () => {
            standIns({ restore: `echo half >${store}; exit 1` });
            const { code, failed, output } = await pods.restore(copy);
            expect([code, failed], output).to.deep.equal([10, "load-documents"]);
            expect(output).to.contain("loading open_edx broke off");
            expect(rows()).to.equal("100");
        });
        it("report a part if some are refused", async () => {
            standIns({ restore: "echo '41 document(s) restored successfully. 1 document(s) failed to restore.' >&2" });
            const { code, failed } = await pods.restore(copy);
            expect([code, failed]).to.deep.equal([10, "load-documents"]);
        });
        it("check only, without a change", async () => {
            const { code, output } = await pods.restore(good, { ACTION: "check" });
            expect(code, output).to.equal(0);
            expect([stored(), rows()]).to.deep.equal(["documents of later", "50"]);
            expect(existsSync(calls) && called())
                .to.contain("--dryRun")
                .and.not.to.contain("--drop ");
        });
    });
});

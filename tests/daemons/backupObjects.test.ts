import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { ObjectStorage } from "../../components/objectStorage";
import { images } from "../../config/images";
import { objectStorageOf } from "../../config/objectStorage";
import { Pods, Postgres, s3Keys, stranger } from "../support/backups";
import { run } from "../support/datadir";
import { FaultyServer } from "../support/faultyServer";
import { Minio } from "../support/minio";
import { seriesOf } from "../support/needs";
import { program, scratch } from "../support/tools";

/** Keys that are no good names of files, or mean something in a URL, in XML or to a shell. */
const odd = [
    "a b+c%20d&e=f?g#h",
    "ä€😀/'\"$(id)`;|<>*[x]",
    ".hidden",
    "-rf",
    "tab\tand\nbreak",
    `long/${"n".repeat(250)}`,
    "100%",
    "~tilde,(a)!",
];

const encoded = (key: string) =>
    encodeURIComponent(key).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
const pathOf = (bucket: string, key: string) => `${bucket}/${key.split("/").map(encoded).join("/")}`;
const large = 20_000_000;
const folder = "plinth/dev/bench";

// The storage is that of the platform, at a distance that can fail.
describe(`Objects in backups, with PostgreSQL ${seriesOf("postgres", 1)} and MinIO, as rendered`, function () {
    this.timeout(300_000);
    const machine = scratch();
    const minio = new Minio(machine.path);
    const server = new Postgres();
    const between = new FaultyServer();
    let pods: Pods;
    let stored: Pods;
    let good: string;

    const s3 = minio.request;
    const put = (bucket: string, key: string, content: string, ...headers: string[]) => {
        const file = join(machine.path, "content");
        writeFileSync(file, content);
        const options = headers.flatMap((header) => ["--header", header]);
        s3("PUT", pathOf(bucket, key), "--upload-file", file, ...options);
    };
    const remove = (bucket: string, key: string) => s3("DELETE", pathOf(bucket, key));
    const listed = (bucket: string) =>
        [...s3("GET", `${bucket}?encoding-type=url&list-type=2`).matchAll(/<Key>(.*?)<\/Key>.*?<ETag>(.*?)<\/ETag>/g)]
            .map(([, key, etag]) => [decodeURIComponent(key!.replaceAll("+", " ")), etag!] as const)
            .filter(([key]) => !key.startsWith("plinth/"));
    const sizeOf = (path: string) =>
        Number(s3("GET", path, "--output", join(machine.path, "got"), "--write-out", "%{size_download}"));
    const headersOf = (bucket: string, key: string) =>
        s3("HEAD", pathOf(bucket, key), "--head")
            .split(/\r?\n/)
            .filter((line) => /^(cache-control|content-(type|disposition|encoding)|x-amz-meta-)/i.test(line))
            .sort();
    const contents = () =>
        readdirSync(join(pods.backups, "objects"), { recursive: true }).filter((path) => String(path).length > 60);
    const indexOf = (name: string) =>
        gunzipSync(readFileSync(join(pods.backups, name, "objects.jsonl.gz")))
            .toString()
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as Record<string, string>);
    const rows = () => server.sql("SELECT count(*) FROM item");
    const state = () => ({ media: listed("media"), grades: listed("grades-of-here"), rows: rows() });
    /** Without the large one: its parts may have another size after a restore, and so it has another ETag. */
    const plain = ({ media, ...others }: ReturnType<typeof state>) => ({
        ...others,
        media: media.filter(([key]) => key !== "large"),
    });
    /** Runs everything, and names what failed. */
    const fails = async (running: ReturnType<Pods["backUp"]>) => {
        const { code, failed, output } = await running;
        between.fault = () => undefined;
        return { ended: [code, failed], output };
    };

    before(async function () {
        program(this, "python3", { by: stranger });
        program(this, "curl");
        await minio.start(this, "media");
        await server.init(this, machine.path);
        await server.start();
        for (const bucket of ["grades-of-here", "backups"]) s3("PUT", bucket);
        await between.start(minio.endpoint);
        const buckets = [{ name: "media" }, { name: "grades" }];
        const written = { topology: "external", endpoint: between.url, buckets: { grades: "grades-of-here" } };
        const config = objectStorageOf(buckets.map(({ name }) => name)).parse(written);
        const parts = (instance: ConstructorParameters<typeof ObjectStorage>[0]) => ({
            buckets: {
                storage: new ObjectStorage(instance, "storage", { config, buckets }),
                image: images.awsCli,
            },
        });
        pods = new Pods(machine.path, server, { type: "volume" }, parts);
        stored = new Pods(
            join(machine.path, "s3"),
            server,
            { type: "s3", bucket: "backups", endpoint: between.url },
            parts,
        );
        server.sql("CREATE TABLE item AS SELECT n AS id FROM generate_series(1, 100) n");
        for (const [index, key] of odd.entries()) put("media", key, `content ${index}`);
        put("media", "empty", "");
        put("media", "large", "0123456789".repeat(large / 10));
        const type = "content-type: application/x-course";
        const told = [
            "cache-control: max-age=60",
            'content-disposition: attachment; filename="ä  b.csv"',
            "x-amz-meta-of: a  b",
        ];
        put("grades-of-here", "report.csv", "1,2", type, ...told);
    });
    after(async () => {
        between.stop();
        await minio.stop();
        await server.stop();
        machine.clean();
    });

    it("are in a backup with keys, sizes and headers, each content once, and no key is in the log", async () => {
        const { code, output } = await pods.backUp();
        expect(code, output).to.equal(0);
        good = pods.result();
        expect(output).to.contain(`${odd.length + 3} objects`);
        const [first, ...entries] = indexOf(good);
        expect(first).to.deep.equal({ buckets: ["grades", "media"] });
        expect(entries.map(({ key }) => key)).to.have.members([...odd, "empty", "large", "report.csv"]);
        expect(contents()).to.have.length(odd.length + 3);
        for (const secret of Object.values(s3Keys)) expect(output).not.to.contain(secret.slice(0, 8));
        expect((await pods.list()).output).to.match(
            new RegExp(`^backup\t${good}\tcomplete\t.*,objects=${large + 3 + 9 * odd.length},`, "m"),
        );
    });

    it("come back as they were: what differs is copied, later ones are deleted, the rest stays", async () => {
        const before = state();
        const headers = headersOf("grades-of-here", "report.csv");
        expect(headers).to.have.length(4);
        server.sql("DELETE FROM item");
        for (const key of odd) remove("media", key);
        put("media", "large", "small");
        put("media", "later", "new");
        put("grades-of-here", "report.csv", "changed");
        const { code, output } = await pods.restore(good);
        expect(code, output).to.equal(0);
        expect(output).to.contain(`media: ${odd.length + 1} objects are put back, 1 later ones are deleted`);
        expect(plain(state())).to.deep.equal(plain(before));
        expect(sizeOf("media/large")).to.equal(large);
        expect(headersOf("grades-of-here", "report.csv")).to.deep.equal(headers);
    });

    it("are copied only if they are new, also after a restore", async () => {
        put("media", "new", "x");
        const { output } = await pods.backUp();
        // The large one has got another ETag.
        expect(output).to.contain(`copied: 2 objects, ${large + 1} bytes`);
        expect((await pods.backUp()).output).to.contain("copied: 0 objects, 0 bytes");
    });

    it("may go or change while they are copied: the backup has those that are there", async () => {
        for (const key of ["goes", "changes"]) put("media", key, "old");
        put("media", "long", "a".repeat(large));
        let [changed, parts] = [0, 0];
        between.fault = (method, path) => {
            if (method === "GET" && path === "/media/goes") remove("media", "goes");
            if (method === "GET" && path === "/media/changes" && changed++ === 0) put("media", "changes", "newer");
            // In its second part.
            if (method === "GET" && path === "/media/long" && ++parts === 2) put("media", "long", "b".repeat(large));
            return undefined;
        };
        const { code, output } = await pods.backUp();
        between.fault = () => undefined;
        expect(code, output).to.equal(0);
        expect(output).to.contain("media/goes went meanwhile");
        for (const key of ["changes", "long"]) remove("media", key);
        expect((await pods.restore(pods.result())).code).to.equal(0);
        expect(s3("GET", "media/changes")).to.equal("newer");
        expect(sizeOf("media/long")).to.equal(large);
        expect(new Set(readFileSync(join(machine.path, "got"), "utf8")).size).to.equal(1);
        for (const key of ["changes", "long"]) remove("media", key);
    });

    it("survive answers that break off, and a server that is busy", async () => {
        let faults = 0;
        put("media", "again", "once more");
        between.fault = (_, path) => (path === "/media/again" ? ([503, "cut", "drop"] as const)[faults++] : undefined);
        const { code, output } = await pods.backUp();
        between.fault = () => undefined;
        expect(code, output).to.equal(0);
        expect(faults).to.equal(4);
        remove("media", "again");
    });

    describe("in a backup that fails", () => {
        let complete: string[];
        beforeEach(() => {
            complete = pods.complete();
        });
        afterEach("leave nothing that counts, and the next one has everything", async () => {
            expect(pods.complete()).to.deep.equal(complete);
            expect((await pods.restore(good, { ACTION: "check" })).code).to.equal(0);
            remove("media", "extra");
            for (const entry of pods.remains()) rmSync(join(pods.backups, entry), { recursive: true });
        });
        it("because one may not be read", async () => {
            put("media", "extra", "x");
            between.fault = (_, path) => (path === "/media/extra" ? 403 : undefined);
            const { ended, output } = await fails(pods.backUp());
            expect(ended, output).to.deep.equal([1, "objects"]);
            expect(output).to.contain("FAILED: GET media/extra: 403 Injected");
        });
        it("because the bucket is not there", async () => {
            put("media", "extra", "x");
            const { ended, output } = await fails(pods.backUp({ BUCKETS: "media=media grades=elsewhere" }));
            expect(ended).to.deep.equal([1, "objects"]);
            expect(output).to.contain("404 NoSuchBucket");
        });
        it("for lack of space", async () => {
            put("media", "extra", "x".repeat(100_000));
            const { ended, output } = await fails(pods.backUp({}, "ulimit -f 64"));
            expect(ended, output).to.deep.equal([1, "objects"]);
            expect(output).to.contain("FAILED: ").and.not.to.contain("Traceback");
        });
        it("because it is killed", async () => {
            put("media", "extra", "x".repeat(large));
            const pid = join(machine.path, "pid");
            writeFileSync(pid, "", { mode: 0o666 });
            run(["chmod", "666", pid]);
            pods.shim("python3", `echo $$ >${pid}; PATH="\${PATH#*:}" exec python3 "$@"`);
            let parts = 0;
            between.fault = (_, path) => {
                if (path === "/media/extra" && ++parts === 3) run(["kill", "-9", readFileSync(pid, "utf8").trim()]);
                return undefined;
            };
            const { ended, output } = await fails(pods.backUp());
            pods.unshim();
            expect(ended, output).to.deep.equal([1, "objects"]);
        });
    });

    it("of deleted backups are removed by the next one, but not those of a run that may be under way", async () => {
        put("media", "short-lived", "x");
        await pods.backUp();
        const name = pods.result();
        remove("media", "short-lived");
        const before = contents().length;
        await pods.backUp({ TIMEOUT: "-600" });
        expect(contents()).to.have.length(before);
        rmSync(join(pods.backups, name), { recursive: true });
        await pods.backUp();
        expect(contents()).to.have.length(before);
        const { output } = await pods.backUp({ TIMEOUT: "-600" });
        expect(output).to.match(/contents of deleted backups are removed/);
        expect(contents().length).to.be.below(before);
        expect((await pods.restore(good, { ACTION: "check" })).code).to.equal(0);
    });

    describe("that cannot all be restored", () => {
        let before: ReturnType<typeof state>;
        beforeEach(() => {
            server.sql("DELETE FROM item WHERE id % 2 = 1");
            put("media", "later", "new");
            before = state();
        });
        const damaged = async (damage: (path: string) => void) => {
            const [, entry] = indexOf(good);
            const path = join(pods.backups, "objects", entry!["id"]!.slice(0, 2), entry!["id"]!);
            const content = readFileSync(path);
            damage(path);
            const { ended, output } = await fails(pods.restore(good));
            writeFileSync(path, content);
            expect(ended, output).to.deep.equal([1, "inspect-objects"]);
            expect(output).to.match(/FAILED: of \d+ objects, 1 are missing or damaged: /);
            expect(state()).to.deep.equal(before);
        };
        it("change nothing if one is missing", () => damaged((path) => rmSync(path)));
        it("change nothing if one is damaged", () =>
            damaged((path) =>
                writeFileSync(
                    path,
                    readFileSync(path).map((byte) => byte ^ 1),
                ),
            ));
        it("change nothing if the platform has no such bucket any more", async () => {
            const { ended, output } = await fails(pods.restore(good, { BUCKETS: "media=media" }));
            expect(ended).to.deep.equal([1, "inspect-objects"]);
            expect(output).to.contain("it has objects of grades; the buckets here are media");
            expect(state()).to.deep.equal(before);
        });
        it("report a part if the storage refuses some, delete none, and go in at the next try", async () => {
            remove("media", "100%");
            between.fault = (method, path) => (method === "PUT" && path === "/media/100%25" ? 403 : undefined);
            const { ended, output } = await fails(pods.restore(good));
            expect(ended, output).to.deep.equal([10, "load-objects"]);
            expect(listed("media").map(([key]) => key)).to.include("later");
            expect((await pods.restore(good)).code).to.equal(0);
            expect(listed("media").map(([key]) => key))
                .to.include("100%")
                .and.not.to.include("later");
        });
    });

    describe("in object storage", () => {
        const kept = () => [...s3("GET", "backups?list-type=2").matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key!);
        before(function () {
            program(this, "aws", { by: stranger });
        });

        it("are beside the backups, and come back", async () => {
            const { code, output } = await stored.backUp();
            expect(code, output).to.equal(0);
            const name = stored.result();
            expect(kept().filter((key) => !key.startsWith(`${folder}/objects/`))).to.have.members(
                ["database.dump", "files.tar.gz", "manifest", "objects.jsonl.gz"].map(
                    (file) => `${folder}/${name}/${file}`,
                ),
            );
            const before = state();
            for (const key of [...odd, "large"]) remove("media", key);
            put("media", "later", "new");
            const restored = await stored.restore(name);
            expect(restored.code, restored.output).to.equal(0);
            expect(plain(state())).to.deep.equal(plain(before));
            expect(sizeOf("media/large")).to.equal(large);
        });

        it("are copied only if they are new, and uploads of large ones that were broken off are removed", async () => {
            s3("POST", `backups/${folder}/objects/aa/begun?uploads=`);
            s3("POST", `backups/${folder}-2/objects/aa/begun?uploads=`);
            // Without the last step, nothing names their contents.
            const steps = ["dump", "archive", "objects"];
            await stored.pod("backup", {}, "", steps);
            put("media", "unfinished", "x");
            const first = await stored.pod("backup", {}, "", steps);
            expect(first.output).to.contain("copied: 1 objects, 1 bytes");
            remove("media", "unfinished");
            const { output } = await stored.pod("backup", { TIMEOUT: "-700" }, "", steps);
            expect(output)
                .to.contain("copied: 0 objects")
                .and.to.contain("1 contents of deleted backups are removed: 1 bytes");
            const begun = [...s3("GET", "backups?uploads=").matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
            expect(begun).to.deep.equal([`${folder}-2/objects/aa/begun`]);
        });
    });
});

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { passwords, Pods, Postgres, s3Keys, stranger } from "../support/backups";
import { run } from "../support/datadir";
import { Minio } from "../support/minio";
import { seriesOf } from "../support/needs";
import { program, scratch } from "../support/tools";

/** Folder of the rendered instance, and of another one with a similar name. */
const [folder, neighbour] = ["plinth/dev/bench", "plinth/dev/bench-2"];
/** Before the name of a program: the one that a shim stands for. */
const real = 'env PATH="${PATH#*:}"';
const daysAgo = (days: number) =>
    `${new Date(Date.now() - days * 86_400_000).toISOString().replace(/[-:]|\.\d+/g, "")}-abcd`;

// Every call of the `aws` client takes a second, so few runs prove much each; the test itself looks with curl.
// Clients from 2.23 on add checksums of their own accord, unless the script's environment says not to.
describe(`Backup of PostgreSQL ${seriesOf("postgres", 1)} to MinIO, as rendered`, function () {
    this.timeout(180_000);
    const machine = scratch();
    const minio = new Minio(machine.path);
    const server = new Postgres();
    let pods: Pods;
    let good: string;

    const s3 = minio.request;
    const objects = () => [...s3("GET", "backups?list-type=2").matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key!);
    const uploads = () => [...s3("GET", "backups?uploads=").matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key!);
    const copy = (from: string, to: string) =>
        s3("PUT", `backups/${to}`, "--header", `x-amz-copy-source: /backups/${from}`);
    const copyBackup = (name: string) => {
        for (const file of ["database.dump", "files.tar.gz", "manifest"])
            copy(`${folder}/${good}/${file}`, `${folder}/${name}/${file}`);
    };
    const listed = async () => {
        const { code, output } = await pods.list();
        expect(code, output).to.equal(0);
        return output
            .trim()
            .split("\n")
            .map((line) => line.split("\t").slice(1, 3).join(" "));
    };
    const rows = () => server.sql("SELECT count(*), md5(string_agg(item::text, '' ORDER BY id)) FROM item");

    before(async function () {
        program(this, "aws", { by: stranger });
        program(this, "curl");
        await minio.start(this, "backups");
        await server.init(this, machine.path);
        await server.start();
        pods = new Pods(machine.path, server, { type: "s3", bucket: "backups", endpoint: minio.endpoint });
        server.sql(
            "CREATE TABLE item AS SELECT n AS id, 'ä€😀 ' || n AS name, sha512(n::text::bytea) AS data FROM generate_series(1, 20000) n",
        );
        pods.write("image/ä b.jpg", "picture");
    });
    after(async () => {
        await minio.stop();
        await server.stop();
        machine.clean();
    });

    it("stores dump, files and manifest, and shows no key in the process list or the log", async () => {
        const seen = join(machine.path, "arguments");
        for (const tool of ["aws", "pg_dump"])
            pods.shim(tool, `printf '%s\\n' "$0 $*" >>${seen}; exec ${real} ${tool} "$@"`);
        writeFileSync(seen, "");
        run(["chmod", "666", seen]);
        const { code, output } = await pods.backUp();
        pods.unshim();
        expect(code, output).to.equal(0);
        good = pods.result();
        expect(objects()).to.deep.equal(
            ["database.dump", "files.tar.gz", "manifest"].map((file) => `${folder}/${good}/${file}`),
        );
        const called = readFileSync(seen, "utf8");
        expect(called)
            .to.match(/pg_dump .*--format=custom/)
            .and.to.match(/aws .* s3 cp /);
        for (const secret of [...Object.values(passwords), ...Object.values(s3Keys)])
            expect(called + output).not.to.contain(secret.slice(0, 8));
    });

    it("restores every row and file", async () => {
        const before = rows();
        server.sql("DELETE FROM item WHERE id % 2 = 1; UPDATE item SET name = 'damaged'");
        rmSync(join(pods.files, "image"), { recursive: true });
        pods.write("later", "new");
        const { code, output } = await pods.restore(good);
        expect(code, output).to.equal(0);
        expect(rows())
            .to.equal(before)
            .and.to.match(/^20000\|/);
        expect(readdirSync(pods.files)).to.deep.equal(["image"]);
        expect(readFileSync(join(pods.files, "image/ä b.jpg"), "utf8")).to.equal("picture");
    });

    it("ignores an upload that was killed", async () => {
        pods.write("large", randomBytes(20_000_000).toString("base64"));
        // As slow as a bad connection, and killed once a part of the archive is uploaded.
        const slow = join(machine.path, "slow.config");
        writeFileSync(
            slow,
            `[default]
s3 =
    addressing_style = path
    multipart_threshold = 5MB
    multipart_chunksize = 5MB
    max_concurrent_requests = 1
    max_bandwidth = 3MB/s
`,
        );
        pods.shim(
            "aws",
            `${real} AWS_CONFIG_FILE=${slow} aws "$@" & client=$!
            until find ${minio.data}/.minio.sys/multipart -name part.1 | grep -q .; do
                kill -0 $client || exit 1; sleep 0.1
            done
            kill -9 $client; exit 137`,
        );
        const { code, failed, output } = await pods.backUp();
        pods.unshim();
        rmSync(join(pods.files, "large"));
        expect([code, failed], output).to.deep.equal([1, "store"]);
        const broken = /^backup (\S+)$/m.exec(output)![1]!;
        // The client has begun with either; the manifest, which makes it count, comes last.
        const dump = `${folder}/${broken}/database.dump`;
        expect(objects().filter((key) => key.includes(broken))).to.satisfy((keys: string[]) =>
            keys.every((key) => key === dump),
        );
        const restored = await pods.restore(broken);
        expect(restored.output).to.contain(`FAILED: there is no backup ${broken}`);
        expect(restored.code).to.equal(1);
        s3("DELETE", `backups/${dump}`);
    });

    describe("with old ones", () => {
        const [older, oldest] = [daysAgo(41), daysAgo(42)];
        const [dead, alive] = [daysAgo(3), daysAgo(0)];
        const strict = { KEEP_DAYS: "1", KEEP_COUNT: "2" };
        before(() => {
            for (const name of [older, oldest]) copyBackup(name);
            // Remains of runs that were killed or are still active.
            for (const name of [dead, alive]) copy(`${folder}/${good}/files.tar.gz`, `${folder}/${name}/files.tar.gz`);
            copy(`${folder}/${good}/manifest`, `${neighbour}/${oldest}/manifest`);
            for (const place of [folder, neighbour]) s3("POST", `backups/${place}/${dead}/files.tar.gz?uploads=`);
        });

        it("deletes none if a key is wrong or the bucket is missing, and reports which", async () => {
            const before = objects();
            const wrong = await pods.backUp({ ...strict, AWS_SECRET_ACCESS_KEY: "of-somebody-else" });
            expect([wrong.code, wrong.failed], wrong.output).to.deep.equal([1, "store"]);
            expect(wrong.output).to.contain("SignatureDoesNotMatch").and.to.contain("could not be stored");
            expect(wrong.output).not.to.contain("of-somebody");
            const missing = await pods.backUp({ ...strict, S3_BUCKET: "elsewhere" });
            expect([missing.code, missing.failed], missing.output).to.deep.equal([1, "store"]);
            expect(missing.output).to.contain("NoSuchBucket").and.to.contain("could not be stored");
            expect(objects()).to.deep.equal(before);
        });

        it("deletes expired ones and remains after a success, but nothing of other instances; succeeds if the key may not delete", async () => {
            pods.shim(
                "aws",
                `case "$*" in *" rm "*${oldest}*) echo AccessDenied >&2; exit 1 ;; esac; exec ${real} aws "$@"`,
            );
            const { code, output } = await pods.backUp(strict);
            pods.unshim();
            expect(code, output).to.equal(0);
            const newest = pods.result();
            expect(output).to.contain(`${oldest}: could not be deleted`);
            expect(await listed()).to.have.members([
                `${oldest} complete`,
                `${good} complete`,
                `${newest} complete`,
                `${alive} incomplete`,
            ]);
            expect(objects().filter((key) => key.startsWith(`${neighbour}/`))).to.have.length(1);
            expect(uploads().filter((key) => key.includes(dead))).to.deep.equal([`${neighbour}/${dead}/files.tar.gz`]);
        });
    });
});

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Bucket, ObjectStorage } from "../../components/objectStorage";
import { images } from "../../config/images";
import { type ObjectStorageConfig, objectStorageOf } from "../../config/objectStorage";
import { declare, find, type Sent } from "../support/declare";
import { type S3Keys, s3Request } from "../support/s3";
import { Daemon, freePort, goProgram, program, scratch } from "../support/tools";

const origin = "https://shop.example.org";
const media: Bucket = { name: "media", public: true, cors: { origins: [origin] }, versioning: true };
const reports: Bucket = { name: "reports" };
const secrets = { objectStorageAccessKey: "APPLICATION1", objectStorageSecretKey: "application-secret" };
type Engine = Extract<ObjectStorageConfig, { topology: "single" }>["engine"];

/** The component's objects: the server's container with its environment, the Secrets and the Task's files. */
async function rendered(written: object, buckets: readonly Bucket[]) {
    const config = objectStorageOf(buckets.map(({ name }) => name)).parse(written);
    const { objects } = await declare((instance) => void new ObjectStorage(instance, "storage", { config, buckets }), {
        values: { secrets: { bench: secrets } },
    });
    const secret = (name: string, key: string) => find(objects, "Secret", name)["stringData"][key] as string;
    const containerOf = async (owner: Sent) => {
        const container = owner["spec"].template.spec.containers[0];
        const env: Record<string, string> = {};
        for (const { name, value, valueFrom } of container.env)
            env[name] = value ?? (await secret(valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key));
        return { args: (container.args ?? []) as string[], env };
    };
    return {
        secret,
        server: config.topology === "single" ? await containerOf(find(objects, "Deployment", "storage")) : undefined,
        task: await containerOf(find(objects, "Job", "storage-buckets")),
        files: find(objects, "ConfigMap", "storage-buckets")["data"] as Record<string, string>,
    };
}

interface Run {
    readonly code: number;
    readonly output: string;
}

/** Runs a program to its end; `seen` receives its output meanwhile. */
function run(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    seen: (text: string) => void = () => {},
): Promise<Run> {
    const running = promisify(execFile)(command, [...args], { env: { PATH: process.env["PATH"], ...env } });
    running.child.stdout!.on("data", (text) => seen(String(text)));
    return running.then(
        ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
        ({ code, stdout, stderr }) => ({ code: code as number, output: `${stdout}${stderr}` }),
    );
}

/** The servers, each with how its rendered arguments fit this machine: other ports, other folders. */
const servers: Record<
    Engine,
    (
        test: Mocha.Context,
        folder: string,
        port: number,
        args: readonly string[],
        identities: string,
    ) => Promise<[string, string[]]>
> = {
    minio: async (test, folder, port, args) => [
        await goProgram(test, "minio", "github.com/minio/minio"),
        args.map((arg) => (arg === ":9000" ? `127.0.0.1:${port}` : arg.replace(/^\/data/, folder))),
    ],
    // Not available from Go's module proxy: tested only if a binary is named.
    seaweedfs: async (_, folder, port, args, identities) => {
        const own = ["master", "volume", "filer"].map(async (part) => `-${part}.port=${await freePort()}`);
        const fitted = args.slice(1).map((arg) => {
            if (arg.startsWith("-s3.port=")) return `-s3.port=${port}`;
            return arg.startsWith("-s3.config=") ? `-s3.config=${identities}` : arg;
        });
        // Arguments that the image's entrypoint adds.
        const injected = [`-dir=${folder}`, "-volume.max=0", "-master.volumeSizeLimitMB=1024"];
        return [process.env["PLINTH_WEED"]!, ["server", ...injected, ...fitted, ...(await Promise.all(own))]];
    },
};

const built = /github\.com\/minio\/minio (v\S+)/.exec(
    readFileSync(join(__dirname, "..", "tools", "minio", "go.mod"), "utf8"),
)![1];
const engines: [Engine, string][] = [
    ["minio", `MinIO, module ${built} (the image is ${images.minio.reference.split(":")[1]})`],
];
if (process.env["PLINTH_WEED"])
    engines.push([
        "seaweedfs",
        `SeaweedFS, ${process.env["PLINTH_WEED"]} (the image is ${images.seaweedfs.reference.split(":")[1]})`,
    ]);

for (const [engine, title] of engines)
    describe(`Buckets' Task on ${title}`, function () {
        // Every call of the client starts Python: about a second.
        this.timeout(180_000);
        const folder = scratch();
        const data = join(folder.path, "data");
        let path: string;
        let port: number;
        let endpoint: string;
        let daemon: Daemon;
        let admin: S3Keys;

        const started = async (test: Mocha.Context, env: Record<string, string> = {}) => {
            const { server, secret } = await rendered({ topology: "single", engine }, [media, reports]);
            const identities = join(folder.path, "s3.json");
            if (engine === "seaweedfs") writeFileSync(identities, await secret("storage-identities", "s3.json"));
            const [command, args] = await servers[engine](test, data, port, server!.args, identities);
            return new Daemon(command, args, { cwd: data, env: { PATH: process.env["PATH"], ...server!.env, ...env } });
        };

        /** Runs the Task's script with the files and the environment of its container. */
        const task = async (
            buckets: readonly Bucket[],
            env: Record<string, string> = {},
            config: object = { topology: "single", engine },
            seen?: (text: string) => void,
        ) => {
            const { files, task: container } = await rendered(config, buckets);
            const mounted = mkdtempSync(join(folder.path, "task-"));
            for (const [name, text] of Object.entries(files)) writeFileSync(join(mounted, name), text);
            return run(
                "sh",
                [join(mounted, "buckets.sh")],
                {
                    PATH: path,
                    ...container.env,
                    HOME: folder.path,
                    TMPDIR: folder.path,
                    S3_ENDPOINT: endpoint,
                    ...admin,
                    ...env,
                },
                seen,
            );
        };

        const s3 = (...args: [keys: S3Keys, method: string, path: string, ...more: string[]]) =>
            s3Request(endpoint, ...args);
        const put = (keys: S3Keys, path: string, content: string) => {
            const file = join(folder.path, "content");
            writeFileSync(file, content);
            return s3(keys, "PUT", path, "--upload-file", file);
        };
        const application = {
            AWS_ACCESS_KEY_ID: secrets.objectStorageAccessKey,
            AWS_SECRET_ACCESS_KEY: secrets.objectStorageSecretKey,
        };
        const state = () =>
            ["", "media?policy=", "reports?policy=", "media?versioning=", "media?cors="].map((path) =>
                s3(admin, "GET", path),
            );
        const anonymous = async (path: string) => (await fetch(`${endpoint}/${path}`)).status;

        before(async function () {
            program(this, "curl");
            const aws = program(this, "aws");
            // Before another version that this machine has on its PATH.
            path = `${dirname(aws)}:${process.env["PATH"]}`;
            // Built here, because the Task waits for its server for a few minutes only.
            if (engine === "minio") await goProgram(this, "minio", "github.com/minio/minio");
            const { output } = await run(aws, ["--version"], {});
            console.log(
                `      with ${output.split(" ")[0]} (the image is ${images.awsCli.reference.split("/").pop()})`,
            );
            mkdirSync(data);
            port = await freePort();
            endpoint = `http://127.0.0.1:${port}`;
            const { task: container } = await rendered({ topology: "single", engine }, [media, reports]);
            admin = {
                AWS_ACCESS_KEY_ID: container.env["AWS_ACCESS_KEY_ID"]!,
                AWS_SECRET_ACCESS_KEY: container.env["AWS_SECRET_ACCESS_KEY"]!,
            };
        });
        after(async () => {
            await daemon?.stop();
            folder.clean();
        });

        it("passes shellcheck", async function () {
            const { files } = await rendered({ topology: "external", endpoint, region: "eu-central-1" }, [
                media,
                { ...reports, versioning: false },
            ]);
            writeFileSync(join(folder.path, "buckets.sh"), files["buckets.sh"]!);
            const { code, output } = await run(
                program(this, "shellcheck"),
                ["--shell=sh", join(folder.path, "buckets.sh")],
                {},
            );
            expect(code, output).to.equal(0);
        });

        it("waits for the server, then creates what is missing", async function () {
            let waiting = () => {};
            const waits = new Promise<void>((resolve) => {
                waiting = resolve;
            });
            const running = task([media, reports], {}, undefined, (text) => text.includes("waiting for") && waiting());
            await Promise.race([waits, running]);
            daemon = await started(this);
            const { code, output } = await running;
            expect(output).to.match(/waiting for.*media: created.*reports: created.*All buckets are ready/s);
            expect(code).to.equal(0);
        });

        it("changes nothing when it runs again", async () => {
            const before = state();
            expect(before[0]!.output)
                .to.match(/<Name>media</)
                .and.match(/<Name>reports</);
            expect(before[3]!.output).to.contain("Enabled");
            const { code, output } = await task([media, reports]);
            expect(output).not.to.contain("created");
            expect(code).to.equal(0);
            expect(state()).to.deep.equal(before);
        });

        it("lets everyone read objects of a public bucket, list none, and read no others", async () => {
            for (const bucket of ["media", "reports"]) {
                const { code, output } = put(application, `${bucket}/object`, "content");
                expect(code, output).to.equal(0);
            }
            expect(await anonymous("media/object")).to.equal(200);
            expect(await anonymous("reports/object")).to.equal(403);
            expect(await anonymous("media?list-type=2")).to.equal(403);
        });

        it("lets scripts of the given site read, and no others", async () => {
            const allowed = async (from: string) =>
                (await fetch(`${endpoint}/media/object`, { headers: { origin: from } })).headers.get(
                    "access-control-allow-origin",
                );
            expect(await allowed(origin)).to.equal(origin);
            expect(await allowed("https://evil.example.org")).to.equal(null);
        });

        if (engine === "seaweedfs")
            it("gives the application its own buckets and nothing else", async () => {
                expect(s3(admin, "PUT", "other").code).to.equal(0);
                const denied = [
                    s3(application, "GET", "other?list-type=2"),
                    s3(application, "PUT", "more"),
                    put(application, "reports?policy=", JSON.stringify(foreign)),
                ];
                for (const { code, output } of denied) {
                    expect(code).not.to.equal(0);
                    expect(output).to.contain("AccessDenied");
                }
            });

        it("lets everyone read below prefixes only, and goes from the whole bucket to prefixes and back", async () => {
            for (const key of ["badges/one", "badges-two", "private"]) {
                const { code, output } = put(application, `media/${key}`, "content");
                expect(code, output).to.equal(0);
            }
            const seen = async () =>
                Promise.all(["badges/one", "badges-two", "private"].map((key) => anonymous(`media/${key}`)));
            expect(await seen()).to.deep.equal([200, 200, 200]);
            const some = await task([{ ...media, public: ["badges/", "logos/"] }]);
            expect(some.output).to.contain("media: everyone may read badges/, logos/");
            expect(some.code, some.output).to.equal(0);
            expect(await seen()).to.deep.equal([200, 403, 403]);
            expect(await anonymous("media?list-type=2&prefix=badges/")).to.equal(403);
            expect((await task([media])).code).to.equal(0);
            expect(await seen()).to.deep.equal([200, 200, 200]);
        });

        it("removes the policy when a bucket is no longer public", async () => {
            expect((await task([{ name: "media" }])).output).to.contain("media: not public any more");
            expect(await anonymous("media/object")).to.equal(403);
        });

        it("keeps policies written by others, and reports a conflict", async () => {
            const written = put(admin, "reports?policy=", JSON.stringify(foreign));
            expect(written.code, written.output).to.equal(0);
            const theirs = () => s3(admin, "GET", "reports?policy=");
            const before = theirs();
            expect((await task([reports])).code).to.equal(0);
            const { code, output } = await task([{ ...reports, public: true }]);
            expect(output).to.contain("FAILED: reports: has a policy of its own");
            expect(code).to.equal(1);
            expect(theirs()).to.deep.equal(before);
        });

        it("fails with a message if the key is wrong, or the server does not answer", async () => {
            const wrong = await task([media], { AWS_SECRET_ACCESS_KEY: "wrong-secret" });
            expect(wrong.output).to.contain("FAILED: media: access denied");
            expect(wrong.code).to.equal(1);
            const nobody = await task([media], { S3_ENDPOINT: `http://127.0.0.1:${await freePort()}`, S3_WAIT: "0" });
            expect(nobody.output).to.contain("does not answer");
            expect(nobody.code).to.equal(1);
        });

        if (engine === "minio")
            it("fails with a message if the server has no CORS per bucket, such as an external MinIO", async () => {
                const { code, output } = await task([media], {}, { topology: "external", endpoint });
                expect(output).to.contain("FAILED: media: CORS cannot be set").and.to.contain("NotImplemented");
                expect(code).to.equal(1);
            });

        it("keeps its objects when the key of the application changes", async function () {
            await daemon.stop();
            const changed = { AWS_ACCESS_KEY_ID: "APPLICATION2", AWS_SECRET_ACCESS_KEY: "another-secret" };
            if (engine === "minio")
                daemon = await started(this, {
                    MINIO_ROOT_USER: changed.AWS_ACCESS_KEY_ID,
                    MINIO_ROOT_PASSWORD: changed.AWS_SECRET_ACCESS_KEY,
                });
            else {
                const given = { ...secrets };
                Object.assign(secrets, {
                    objectStorageAccessKey: changed.AWS_ACCESS_KEY_ID,
                    objectStorageSecretKey: changed.AWS_SECRET_ACCESS_KEY,
                });
                daemon = await started(this);
                Object.assign(secrets, given);
            }
            await daemon.ready(async () => {
                const read = s3(changed, "GET", "reports/object");
                expect(read, read.output).to.deep.equal({ code: 0, output: "content" });
            }, 90);
            expect(s3(application, "GET", "reports/object").code).not.to.equal(0);
        });
    });

/** A policy written by others. */
const foreign = {
    Version: "2012-10-17",
    Statement: [
        {
            Sid: "Theirs",
            Effect: "Allow",
            Principal: { AWS: ["*"] },
            Action: ["s3:GetObject"],
            Resource: ["arn:aws:s3:::reports/shared/*"],
        },
    ],
};

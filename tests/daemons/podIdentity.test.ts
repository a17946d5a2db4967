import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { ObjectStorage } from "../../components/objectStorage";
import { images } from "../../config/images";
import { objectStorageOf } from "../../config/objectStorage";
import { Pods, Postgres, s3Keys, stranger } from "../support/backups";
import { declare, find, type Sent } from "../support/declare";
import { IdentityAgent } from "../support/identityAgent";
import { Minio } from "../support/minio";
import { program, pythonProgram, scratch } from "../support/tools";

type Owner = ConstructorParameters<typeof ObjectStorage>[0];

/** In the background, since the test plays the agent meanwhile. */
function outcome(program: string, args: readonly string[], env: Record<string, string>) {
    const running = promisify(execFile)(program, [...args], { env: { PATH: process.env["PATH"], ...env } });
    return running.then(
        ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
        ({ code, stdout, stderr }) => ({ code: code as number, output: `${stdout}${stderr}` }),
    );
}

describe("The pod's own identity at an S3 server", function () {
    this.timeout(300_000);
    const machine = scratch();
    const minio = new Minio(machine.path);
    const agent = new IdentityAgent(minio);
    const server = new Postgres();
    const token = join(machine.path, "token");

    const storage = (instance: Owner) =>
        new ObjectStorage(instance, "storage", {
            config: objectStorageOf(["media"]).parse({
                topology: "external",
                endpoint: minio.endpoint,
                identity: "pod",
            }),
            buckets: [{ name: "media" }],
        });

    before(async function () {
        program(this, "aws", { by: stranger });
        program(this, "python3", { by: stranger });
        program(this, "curl");
        await minio.start(this, "backups");
        await agent.start();
        writeFileSync(token, "of-the-role");
    });
    after(async () => {
        agent.stop();
        await minio.stop();
        await server.stop();
        machine.clean();
    });

    it("creates buckets, and fails without", async () => {
        const { objects } = await declare((instance) => void storage(instance));
        const folder = join(machine.path, "buckets");
        mkdirSync(folder);
        const files = find(objects, "ConfigMap", "storage-buckets")["data"] as Record<string, string>;
        for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
        const [container] = find(objects, "Job", "storage-buckets")["spec"].template.spec.containers as Sent[];
        const given = container!["env"] as { name: string; value: string }[];
        const env = Object.fromEntries(given.map(({ name, value }) => [name, value]));
        expect(env).to.include.keys("S3_ENDPOINT");
        for (const key of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) expect(env).not.to.have.property(key);
        const task = (more: Record<string, string>) =>
            outcome("sh", [join(folder, "buckets.sh")], { ...env, HOME: folder, S3_WAIT: "2", ...more });
        const made = await task(agent.ofAgent);
        expect(made.code, made.output).to.equal(0);
        expect(made.output).to.contain("media: created");
        const again = await task(agent.ofRole(token));
        expect(again.code, again.output).to.equal(0);
        expect(agent.asked).to.include.members(["of-the-account", "of-the-role"]);
        const without = await task({});
        expect(without.code).not.to.equal(0);
        expect(without.output).to.match(/credentials/i);
    });

    it("is that of django-storages and of plain clients of boto3, when the settings have no keys", async function () {
        const python = join(dirname(await pythonProgram(this, "django-admin")), "python3");
        // As Open edX's settings are where the keys are empty texts, which it takes for none.
        const script = `
import sys
from django.conf import settings
settings.configure(
    AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_STORAGE_BUCKET_NAME="media",
    AWS_S3_ENDPOINT_URL=sys.argv[1], AWS_S3_REGION_NAME="us-east-1", AWS_S3_SIGNATURE_VERSION="s3v4",
)
from django.core.files.base import ContentFile
from storages.backends.s3boto3 import S3Boto3Storage
S3Boto3Storage().save("a.csv", ContentFile(b"1,2"))
import boto3, urllib.request
plain = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id=None, aws_secret_access_key=None)
print(plain.get_object(Bucket="media", Key="a.csv")["Body"].read().decode())
# What browsers get: the token is part of it.
print(urllib.request.urlopen(S3Boto3Storage().url("a.csv")).read().decode())
`;
        for (const own of [agent.ofAgent, agent.ofRole(token)]) {
            const { code, output } = await outcome(python, ["-B", "-c", script, minio.endpoint], own);
            expect(code, output).to.equal(0);
            expect(output).to.contain("1,2\n1,2\n");
        }
    });

    it("copies objects in backups, and back", async function () {
        await server.init(this, machine.path);
        await server.start();
        server.sql("CREATE TABLE item AS SELECT generate_series(1, 100) id");
        const target = { type: "s3", bucket: "backups", endpoint: minio.endpoint, identity: "pod" };
        const pods = new Pods(machine.path, server, target, (instance) => ({
            buckets: { storage: storage(instance), image: images.awsCli },
        }));
        pods.write("image", "picture");
        minio.request("PUT", "media/picture", "--data", "of the site");
        const made = await pods.backUp(agent.ofAgent);
        expect(made.code, made.output).to.equal(0);
        const name = pods.result();
        expect(minio.request("GET", "backups?list-type=2")).to.contain(`${name}/manifest`);
        minio.request("DELETE", "media/picture");
        const back = await pods.restore(name, agent.ofRole(token));
        expect(back.code, back.output).to.equal(0);
        expect(minio.request("GET", "media/picture")).to.equal("of the site");
        for (const secret of Object.values(s3Keys)) expect(made.output + back.output).not.to.contain(secret);
        const without = await pods.backUp();
        expect(without.code).not.to.equal(0);
        expect(without.output).to.match(/credentials/i);
    });
});

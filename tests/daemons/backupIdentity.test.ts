import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { expect } from "chai";
import { Pods, Postgres, s3Keys, stranger } from "../support/backups";
import { run } from "../support/datadir";
import { Minio } from "../support/minio";
import { program, scratch } from "../support/tools";

/**
 * The agent of EKS Pod Identity is played by a server on loopback, which gives what MinIO's own token service issues;
 * the client, its search for credentials and the signatures are real.
 */
describe("Backup as the pod's own identity", function () {
    this.timeout(180_000);
    const machine = scratch();
    const minio = new Minio(machine.path);
    const server = new Postgres();
    const asked: string[] = [];
    let agent: Server;
    let pods: Pods;

    before(async function () {
        program(this, "aws", { by: stranger });
        program(this, "curl");
        await minio.start(this, "backups");
        await server.init(this, machine.path);
        await server.start();
        agent = createServer((request, response) => {
            asked.push(String(request.headers.authorization));
            response.setHeader("content-type", "application/json").end(JSON.stringify(issued()));
        }).listen(0, "127.0.0.1");
        await new Promise((resolve) => agent.once("listening", resolve));
        const target = { type: "s3", bucket: "backups", endpoint: minio.endpoint, identity: "pod" };
        pods = new Pods(machine.path, server, target);
        server.sql("CREATE TABLE item AS SELECT generate_series(1, 100) id");
        pods.write("image", "picture");
    });
    after(async () => {
        agent?.close();
        await minio.stop();
        await server.stop();
        machine.clean();
    });

    /** Keys of an hour, with their token. */
    function issued() {
        const question = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600";
        const sign = ["--silent", "--fail-with-body", "--aws-sigv4", "aws:amz:us-east-1:sts", "--config", "-"];
        const { stdout } = run(["curl", ...sign, "--data", question, minio.endpoint], {
            input: `user = "${s3Keys.backupAccessKey}:${s3Keys.backupSecretKey}"`,
        });
        const part = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(stdout)?.[1] ?? stdout;
        return {
            AccessKeyId: part("AccessKeyId"),
            SecretAccessKey: part("SecretAccessKey"),
            Token: part("SessionToken"),
            Expiration: part("Expiration"),
        };
    }

    it("signs with what the agent gives, and has no other key", async () => {
        const { port } = agent.address() as AddressInfo;
        const own = {
            AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/v1/credentials`,
            AWS_CONTAINER_AUTHORIZATION_TOKEN: "of-the-account",
        };
        const { code, output } = await pods.backUp(own);
        expect(code, output).to.equal(0);
        expect(asked).to.include("of-the-account");
        expect(minio.request("GET", "backups?list-type=2")).to.contain(`${pods.result()}/manifest`);
        const without = await pods.backUp();
        expect(without.code).not.to.equal(0);
        expect(without.output).to.match(/credentials/i);
    });
});

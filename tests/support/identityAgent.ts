import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { s3Keys } from "./backups";
import { run } from "./datadir";
import type { Minio } from "./minio";

/**
 * The agent of EKS Pod Identity and AWS's security token service, played by one server on loopback: it gives what
 * MinIO's own token service issues. Clients, their search for credentials and the signatures are real.
 */
export class IdentityAgent {
    /** What was asked: the token of the account. */
    readonly asked: string[] = [];
    private server: Server | undefined;

    constructor(private readonly minio: Minio) {}

    async start(): Promise<void> {
        this.server = createServer((request, response) => {
            let body = "";
            request.on("data", (part) => (body += String(part)));
            request.on("end", () => {
                const token = request.headers.authorization ?? new URLSearchParams(body).get("WebIdentityToken");
                this.asked.push(token ?? "");
                response.end(request.method === "POST" ? this.asXml() : JSON.stringify(this.issued()));
            });
        }).listen(0, "127.0.0.1");
        await new Promise((resolve) => this.server!.once("listening", resolve));
    }

    stop = (): void => void this.server?.close();

    private get url(): string {
        return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}`;
    }

    /** What EKS Pod Identity puts into the containers of a pod. */
    get ofAgent(): Record<string, string> {
        return {
            AWS_CONTAINER_CREDENTIALS_FULL_URI: `${this.url}/v1/credentials`,
            AWS_CONTAINER_AUTHORIZATION_TOKEN: "of-the-account",
        };
    }

    /** What IRSA does. @param token file with the account's token */
    ofRole(token: string): Record<string, string> {
        return {
            AWS_ENDPOINT_URL_STS: this.url,
            AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/shop",
            AWS_WEB_IDENTITY_TOKEN_FILE: token,
        };
    }

    /** Keys of an hour, with their token. */
    private issued() {
        const question = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600";
        const sign = ["--silent", "--fail-with-body", "--aws-sigv4", "aws:amz:us-east-1:sts", "--config", "-"];
        const { stdout } = run(["curl", ...sign, "--data", question, this.minio.endpoint], {
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

    /** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
    private asXml(): string {
        const { Token, ...others } = this.issued();
        const parts = Object.entries({ ...others, SessionToken: Token }).map(
            ([name, text]) => `<${name}>${text}</${name}>`,
        );
        return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>${parts.join("")}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
    }
}

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { s3Keys } from "./backups";
import { s3Request } from "./s3";
import { Daemon, freePort, goProgram } from "./tools";

/** MinIO on loopback, with the keys of backups. */
export class Minio {
    /** Where it keeps the objects. */
    readonly data: string;
    endpoint = "";
    private daemon: Daemon | undefined;

    constructor(private readonly folder: string) {
        this.data = join(folder, "minio");
    }

    /** @param bucket the first, which it makes as soon as it can. Skips the test where MinIO cannot be built. */
    async start(test: Mocha.Context, bucket: string): Promise<void> {
        const command = await goProgram(test, "minio", "github.com/minio/minio");
        const port = await freePort();
        this.endpoint = `http://127.0.0.1:${port}`;
        mkdirSync(this.data);
        this.daemon = new Daemon(command, ["server", this.data, "--address", `127.0.0.1:${port}`], {
            env: {
                PATH: process.env["PATH"],
                HOME: this.folder,
                MINIO_ROOT_USER: s3Keys.backupAccessKey,
                MINIO_ROOT_PASSWORD: s3Keys.backupSecretKey,
            },
        });
        await this.daemon.ready(async () => this.request("PUT", bucket), 90);
    }

    /**
     * @param path bucket, or bucket and key
     * @param more options of curl
     * @returns the body
     * @throws AssertionError with it if the request fails
     */
    request = (method: string, path: string, ...more: readonly string[]): string => {
        const keys = { AWS_ACCESS_KEY_ID: s3Keys.backupAccessKey, AWS_SECRET_ACCESS_KEY: s3Keys.backupSecretKey };
        const { code, output } = s3Request(this.endpoint, keys, method, path, ...more);
        expect(code, output).to.equal(0);
        return output;
    };

    stop = async (): Promise<void> => {
        await this.daemon?.stop();
    };
}

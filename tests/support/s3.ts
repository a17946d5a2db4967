import { run } from "./datadir";

/** The keys of an account, as the `aws` client reads them from its environment. */
export interface S3Keys {
    readonly AWS_ACCESS_KEY_ID: string;
    readonly AWS_SECRET_ACCESS_KEY: string;
}

/**
 * A signed request by curl, since each call of the `aws` client takes a second.
 *
 * @param path bucket, or bucket and key, with a query in its canonical form: `backups?uploads=`
 * @param more options of curl
 * @returns curl's exit code, 0 below status 400, and the body without what is new in each answer
 */
export function s3Request(
    endpoint: string,
    { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }: S3Keys,
    method: string,
    path: string,
    ...more: readonly string[]
): { readonly code: number | null; readonly output: string } {
    const options = ["--fail-with-body", "--silent", "--show-error", "--aws-sigv4", "aws:amz:us-east-1:s3"];
    const { status, stdout, stderr } = run(
        ["curl", ...options, "--config", "-", "--request", method, ...more, `${endpoint}/${path}`],
        { input: `user = "${AWS_ACCESS_KEY_ID}:${AWS_SECRET_ACCESS_KEY}"` },
    );
    return { code: status, output: stdout.replace(/<(RequestId|HostId)>.*?<\/\1>/g, "") + stderr };
}

import { awsConfig } from "../languages/awsConfig";
import { json } from "../languages/json";
import { sh, type Sh, word } from "../languages/sh";
import { linesOf, type Text } from "../languages/text";

/** Access of browsers on other sites to a bucket: the rules of S3's PutBucketCors. */
export interface Cors {
    /** Full origins such as `https://shop.example.org`, or `*`. */
    readonly origins: readonly string[];
    /** @default GET and HEAD */
    readonly methods?: readonly ("GET" | "HEAD" | "PUT" | "POST" | "DELETE")[];
    /** Request headers that may be sent. @default all */
    readonly headers?: readonly string[];
    /** Response headers that scripts may read. @default ETag */
    readonly exposeHeaders?: readonly string[];
    /** Seconds for which browsers remember the answer. @default 3600 */
    readonly maxAgeSeconds?: number;
}

/** A bucket as the platform requires it. Omitted settings are not changed on an existing bucket. */
export interface Bucket {
    readonly name: string;
    /**
     * Everyone may read its objects, but not list them: all, or only those whose keys begin with one of these prefixes,
     * such as `badges/`.
     *
     * @default false: a public policy that was set here earlier is removed
     */
    readonly public?: boolean | readonly string[];
    readonly cors?: Cors;
    readonly versioning?: boolean;
}

/** Marks a policy as written by this Task. */
const policyId = "PlinthPublicRead";

/**
 * The prefixes of the keys that everyone may read; the empty one is that of all keys.
 *
 * @throws RangeError for a prefix that would mean something else in a policy: an empty one, one with a wildcard or a
 * variable, or one that begins with a slash, as no key does
 */
export function publicPrefixes({ name, public: open = false }: Bucket): readonly string[] {
    if (typeof open === "boolean") return open ? [""] : [];
    for (const prefix of open)
        if (!/^(?!\/)[^*?$\p{Cc}]+$/u.test(prefix))
            throw new RangeError(
                `"${prefix}" is not a prefix of keys in the bucket "${name}"; allowed: a text such as badges/, without a slash in front and without * ? $`,
            );
    return open;
}

/** A bucket policy that lets everyone read the objects whose keys begin with one of the prefixes. */
export function publicReadPolicy(bucket: string, region: string, prefixes: readonly string[]): object {
    const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
    return {
        Version: "2012-10-17",
        Statement: [
            {
                Sid: policyId,
                Effect: "Allow",
                Principal: { AWS: ["*"] },
                Action: ["s3:GetObject"],
                Resource: prefixes.map((prefix) => `arn:${partition}:s3:::${bucket}/${prefix}*`),
            },
        ],
    };
}

/** The one CORS rule of a bucket. */
export const corsRules = (cors: Cors): object => ({
    CORSRules: [
        {
            AllowedOrigins: cors.origins,
            AllowedMethods: cors.methods ?? ["GET", "HEAD"],
            AllowedHeaders: cors.headers ?? ["*"],
            ExposeHeaders: cors.exposeHeaders ?? ["ETag"],
            MaxAgeSeconds: cors.maxAgeSeconds ?? 3600,
        },
    ],
});

export interface BucketFilesArgs {
    readonly buckets: readonly Bucket[];
    readonly region: string;
    readonly forcePathStyle: boolean;
    /** Whether the server has PutBucketCors. */
    readonly cors: boolean;
}

/** The files of the Task that sets the buckets up: script, client configuration, policies and CORS rules. */
export function bucketFiles(args: BucketFilesArgs): Record<string, Text> {
    const files: Record<string, Text> = { "aws.config": awsConfig(args.forcePathStyle) };
    const calls: Sh[] = [];
    for (const bucket of args.buckets) {
        const name = word(bucket.name);
        calls.push(sh`ensure ${name}`);
        if (bucket.versioning !== undefined)
            calls.push(bucket.versioning ? sh`version ${name}` : sh`unversion ${name}`);
        const prefixes = publicPrefixes(bucket);
        if (prefixes.length > 0) {
            calls.push(sh`publish ${name} ${word(prefixes.map((prefix) => prefix || "it").join(", "))}`);
            files[`${bucket.name}.policy.json`] = jsonFile(publicReadPolicy(bucket.name, args.region, prefixes));
        } else calls.push(sh`conceal ${name}`);
        if (bucket.cors && args.cors) {
            calls.push(sh`share ${name}`);
            files[`${bucket.name}.cors.json`] = jsonFile(corsRules(bucket.cors));
        }
    }
    return { "buckets.sh": sh`${functions}\n${calls}\necho "All buckets are ready."\n`, ...files };
}

const jsonFile = (value: object): Text<"json"> => linesOf([json(value, 2)]);

/**
 * Plain S3 calls by the AWS command line, version 2.9 or later.
 *
 * Environment: S3_ENDPOINT, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; S3_WAIT is the maximum number
 * of retries, every two seconds, while the server does not answer. @default 150
 */
const functions = sh`#!/bin/sh
# Creates the buckets of this platform and sets what it asks of them. Safe to run any number of times.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
answer=\${TMPDIR:-/tmp}/buckets.$$
trap 'rm -f "$answer" "$answer.error"' EXIT
tries=\${S3_WAIT:-150}

export AWS_CONFIG_FILE="$here/aws.config" AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
# Servers other than AWS may refuse the checksums that newer clients add of their own accord.
export AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required

say() { printf '%s\\n' "$*"; }
error() { tr '\\n' ' ' < "$answer.error"; }
failed_with() { grep -Eq "\\((\${1})\\)" "$answer.error"; }
fail() {
    say "FAILED: $*" >&2
    exit 1
}
denied() { failed_with '403|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch'; }

# One S3 call. Waits while the server starts; every other error is the caller's.
s3() {
    until aws --endpoint-url "$S3_ENDPOINT" --cli-connect-timeout 5 --cli-read-timeout 60 s3api "$@" > "$answer" 2> "$answer.error"; do
        grep -Eq 'Could not connect|Connection was closed|Connection reset|imeout on endpoint' "$answer.error" ||
            failed_with '50[0-9]|ServiceUnavailable|InternalError|SlowDown|XMinioServerNotInitialized' || return 1
        [ "$tries" -gt 0 ] || fail "$S3_ENDPOINT does not answer: $(error)"
        tries=$((tries - 1))
        say "waiting for $S3_ENDPOINT"
        sleep 2
    done
}

ensure() {
    if s3 head-bucket --bucket "$1"; then
        say "$1: is there"
        return
    fi
    if denied; then fail "$1: access denied; either the key is wrong, or the bucket belongs to someone else: $(error)"; fi
    failed_with '404|NoSuchBucket' || fail "$1: cannot be read (is the region right?): $(error)"
    # AWS wants a region named, except for this one, which it refuses by name.
    if [ "$AWS_DEFAULT_REGION" = us-east-1 ]; then
        s3 create-bucket --bucket "$1"
    else
        s3 create-bucket --bucket "$1" --create-bucket-configuration "LocationConstraint=$AWS_DEFAULT_REGION"
    fi || failed_with BucketAlreadyOwnedByYou || fail "$1: cannot be created: $(error)"
    # AWS may deny for a moment that a new bucket exists.
    s3 wait bucket-exists --bucket "$1" || fail "$1: was created but does not appear: $(error)"
    say "$1: created"
}

version() {
    s3 put-bucket-versioning --bucket "$1" --versioning-configuration Status=Enabled || fail "$1: versioning cannot be set: $(error)"
    say "$1: keeps versions"
}

# A bucket that never had versions stays so: "suspended" could not be taken back.
unversion() {
    s3 get-bucket-versioning --bucket "$1" --query Status --output text || fail "$1: versioning cannot be read: $(error)"
    grep -q Enabled "$answer" || return 0
    s3 put-bucket-versioning --bucket "$1" --versioning-configuration Status=Suspended || fail "$1: versioning cannot be set: $(error)"
    say "$1: keeps no more versions"
}

policy() { s3 get-bucket-policy --bucket "$1" --query Policy --output text; }
put_policy() { s3 put-bucket-policy --bucket "$1" --policy "file://$here/$1.policy.json"; }
# Whether a policy was written here: marked so, and with nothing added since.
ours() { grep -q ${word(policyId)} "$answer" && [ "$(grep -o '"Effect"' "$answer" | wc -l)" -eq 1 ]; }

publish() { # bucket, what of it
    if policy "$1"; then
        ours || fail "$1: has a policy of its own, which would be lost; add public reading to it by hand, and do not ask for it here"
    else
        failed_with NoSuchBucketPolicy || fail "$1: its policy cannot be read: $(error)"
    fi
    if ! put_policy "$1"; then
        denied || fail "$1: its policy cannot be set: $(error)"
        # New buckets of AWS refuse public policies until this is lifted.
        s3 put-public-access-block --bucket "$1" --public-access-block-configuration \\
            BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false ||
            fail "$1: public policies cannot be allowed: $(error)"
        put_policy "$1" || fail "$1: its policy cannot be set: $(error)"
    fi
    say "$1: everyone may read $2"
}

conceal() {
    if ! policy "$1"; then
        # Nothing was asked, so a key without the right to read policies is no mistake.
        failed_with NoSuchBucketPolicy || say "$1: its policy cannot be read and stays as it is: $(error)"
        return 0
    fi
    grep -q ${word(policyId)} "$answer" || return 0
    ours || fail "$1: shall not be public any more, but others have added to its policy; remove the statement ${word(policyId)} by hand"
    s3 delete-bucket-policy --bucket "$1" || fail "$1: its policy cannot be removed: $(error)"
    say "$1: not public any more"
}

share() {
    s3 put-bucket-cors --bucket "$1" --cors-configuration "file://$here/$1.cors.json" || fail "$1: CORS cannot be set: $(error)"
    say "$1: CORS is set"
}
`;

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { besideProduction } from "../../../platforms/openedx/settings/beside";
import { pythonProgram, scratch } from "../../support/tools";
import { facts, objectStorage, services } from "./support";

/** What Django asks the storage of a file for; the settings are what production.py gives, with other addresses. */
const script = `
import json, os, sys
from django.conf import settings
from botocore.client import Config
settings.configure(
    AWS_ACCESS_KEY_ID="openedx",
    AWS_SECRET_ACCESS_KEY="secret",
    AWS_STORAGE_BUCKET_NAME="openedx",
    AWS_S3_CUSTOM_DOMAIN="",
    AWS_S3_ENDPOINT_URL="https://files.example.org",
    AWS_S3_INTERNAL_ENDPOINT_URL=sys.argv[1],
    AWS_S3_REGION_NAME="eu-central-1",
    AWS_QUERYSTRING_EXPIRE=604800,
    AWS_DEFAULT_ACL=None,
    AWS_S3_CLIENT_CONFIG=Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"max_attempts": 0},
    ),
)
from django.core.files.base import ContentFile
from object_storage import ObjectStorage
files = ObjectStorage()
pictures = ObjectStorage(bucket_name="openedx", querystring_auth=False, location="openedx/media/profile-images/")
files.save("reports/a b.csv", ContentFile(b"1"))
path, args, options = ObjectStorage(bucket_name="b").deconstruct()
# As in openassessment, which has no more than the keys and the public address.
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
os.environ["AWS_CONFIG_FILE"] = "aws.config"
import boto3
plain = boto3.client(
    "s3",
    aws_access_key_id="openedx",
    aws_secret_access_key="secret",
    endpoint_url="https://files.example.org",
)
upload = plain.generate_presigned_url("put_object", Params={"Bucket": "openedxuploads", "Key": "k"}, ExpiresIn=60)
signed = [files.url("reports/a b.csv", expire=60), pictures.url("me_50.jpg"), upload]
print(json.dumps([signed, [path, args, options]]))
`;

describe("files with an address inside of the cluster, in django-storages 1.14.6", function () {
    this.timeout(600_000);
    const { path, clean } = scratch();
    after(clean);

    it("are written there, and URLs are signed for browsers", async function () {
        const python = join(dirname(await pythonProgram(this, "django-admin")), "python3");
        const all = facts({ services: services({ objectStorage }) });
        mkdirSync(join(path, "code"));
        for (const [name, text] of Object.entries(besideProduction(all))) writeFileSync(join(path, "code", name), text);
        const asked: string[] = [];
        const server = createServer((request, response) => {
            asked.push(`${request.method} ${request.url}`);
            request.resume().on("end", () => response.writeHead(request.method === "HEAD" ? 404 : 200).end());
        }).listen(0, "127.0.0.1");
        try {
            await new Promise((resolve) => server.once("listening", resolve));
            const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
            const { stdout } = await promisify(execFile)(python, ["-B", "-c", script, endpoint], {
                cwd: join(path, "code"),
                env: { PATH: process.env["PATH"], PYTHONPATH: join(path, "code") },
            });
            const [[signed, open, upload], made] = JSON.parse(stdout) as [[string, string, string], unknown];
            expect(asked).to.include("PUT /openedx/reports/a%20b.csv");
            const url = new URL(signed);
            expect(url.origin + url.pathname).to.equal("https://files.example.org/openedx/reports/a%20b.csv");
            expect(url.searchParams.get("X-Amz-Expires")).to.equal("60");
            expect(url.searchParams.get("X-Amz-SignedHeaders")).to.equal("host");
            expect(url.searchParams.get("X-Amz-Credential")).to.match(
                /^openedx\/\d{8}\/eu-central-1\/s3\/aws4_request$/,
            );
            expect(open).to.equal("https://files.example.org/openedx/openedx/media/profile-images/me_50.jpg");
            expect(upload).to.match(/^https:\/\/files\.example\.org\/openedxuploads\/k\?X-Amz-Algorithm=AWS4/);
            // Migrations of Django write a field's storage as this.
            expect(made).to.deep.equal(["object_storage.ObjectStorage", [], { bucket_name: "b" }]);
        } finally {
            server.close();
        }
    });
});

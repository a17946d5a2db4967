import { expect } from "chai";
import { publish } from "../../components/loadBalancer";
import { objectStorageOf, type ObjectStorageConfig } from "../../config/objectStorage";
import { type Files, files } from "../../platforms/files";
import { declare, problemsOf } from "../support/declare";

const schema = objectStorageOf(["uploads"], { isPublic: true });

describe("files of a platform", () => {
    const secrets = { bench: { objectStorageAccessKey: "key", objectStorageSecretKey: "of a test" } };
    const place = async (config?: ObjectStorageConfig, keepsVolume = false): Promise<Files & { claims: string[] }> => {
        let found: Files | undefined;
        const { objects } = await declare(
            (instance) => {
                found = files(instance, "uploads", { config, size: "1Gi", keepsVolume });
                if (found.sites.length > 0) publish(instance, found.sites);
            },
            { values: { secrets } },
        );
        const claims = objects
            .filter(({ kind }) => kind === "PersistentVolumeClaim")
            .map(({ metadata }) => metadata.name);
        return { ...found!, claims };
    };
    const s3 = (keys: object) => schema.parse({ topology: "external", region: "eu-central-1", ...keys });

    it("are on a volume, unless a bucket is configured", async () => {
        const { volume, bucket, startsAfter, sites } = await place();
        expect(volume).to.deep.equal({ claim: "uploads", shareNodeFor: "uploads" });
        expect([bucket, startsAfter, sites]).to.deep.equal([undefined, [], []]);
    });
    it("are in a bucket, which takes precedence, with an additional volume if the platform needs one", async () => {
        const { volume, bucket, startsAfter, claims } = await place(s3({ buckets: { uploads: "our-files" } }));
        expect(claims).to.deep.equal([]);
        expect(volume).to.equal(undefined);
        expect(bucket).to.include({ name: "our-files", url: "https://our-files.s3.eu-central-1.amazonaws.com" });
        expect(startsAfter.map(({ node }) => node.name)).to.deep.equal(["storage-buckets"]);
        expect((await place(s3({}), true)).claims).to.deep.equal(["uploads"]);
    });
    it("have a URL for browsers, also on a server with path-style buckets only", async () => {
        const other = await place(s3({ endpoint: "https://minio.example.org:9000" }));
        expect(other.bucket!.url).to.equal("https://minio.example.org:9000/uploads");
        const own = await place(schema.parse({ topology: "single", publicHost: "files.example.org" }));
        expect(own.bucket!.url).to.equal("http://files.example.org/uploads");
        expect(own.sites.map(({ host }) => host)).to.deep.equal(["files.example.org"]);
    });
    it("must be reachable: the schema requires a host for a server in the cluster", async () => {
        const { error } = schema.safeParse({ topology: "single" });
        expect(error!.issues.map(({ path }) => path.join("."))).to.deep.equal(["publicHost"]);
        const careless = objectStorageOf(["uploads"]).parse({ topology: "single" });
        expect(await problemsOf(place(careless))).to.include('the bucket "uploads" has no address for browsers');
    });
});

import { expect } from "chai";
import type { Instance } from "../../components/instance";
import type { Site } from "../../components/site";
import { type Bucket, ObjectStorage } from "../../components/objectStorage";
import { publicPrefixes, publicReadPolicy } from "../../components/objectStorage/buckets";
import { Worker } from "../../components/worker";
import { type ObjectStorageConfig, objectStorageOf } from "../../config/objectStorage";
import { images } from "../../config/images";
import { type DeclareArgs, declare, find, type Sent } from "../support/declare";

const buckets: Bucket[] = [
    { name: "media", public: true, cors: { origins: ["https://shop.example.org"] } },
    { name: "exports", versioning: true },
];
const config = (written: object): ObjectStorageConfig =>
    objectStorageOf(buckets.map(({ name }) => name)).parse(written);

/** Declares the storage and a worker that uses it. */
async function storage(written: object, args: DeclareArgs = {}, use?: (storage: ObjectStorage) => void) {
    const build = (instance: Instance<string>) => {
        const made = new ObjectStorage(instance, "storage", { config: config(written), buckets });
        use?.(made);
        new Worker(instance, "worker", {
            pod: {
                user: 1000,
                containers: [
                    {
                        name: "worker",
                        image: images.awsCli,
                        resources: { memory: "64Mi" },
                        uses: [
                            made.service.bind({
                                S3_HOST: "host",
                                S3_ENDPOINT: "endpoint",
                                S3_KEY: "accessKey",
                                S3_SECRET: "secretKey",
                                S3_PATH_STYLE: "forcePathStyle",
                            }),
                        ],
                    },
                ],
            },
            startsAfter: [made.bucketsTask],
        });
    };
    return declare(build, args);
}

const keys = { secrets: { bench: { objectStorageAccessKey: "GIVEN-ACCESS", objectStorageSecretKey: "GIVEN-SECRET" } } };
const env = (object: Sent): Record<string, unknown> =>
    Object.fromEntries(
        object["spec"].template.spec.containers[0].env.map(
            (one: { name: string; value?: string; valueFrom?: unknown }) => [one.name, one.value ?? one.valueFrom],
        ),
    );
const ports = (policy: Sent, direction: "ingress" | "egress") =>
    policy["spec"][direction].flatMap((rule: { ports: { port: number }[] }) => rule.ports.map(({ port }) => port));
const problemOf = (declared: Promise<unknown>): Promise<string> =>
    declared.then(
        () => "accepted",
        (error: Error) => error.message,
    );

describe("ObjectStorage", () => {
    it("gives the application a key for its buckets only, and the Task a different one", async () => {
        const { objects } = await storage({ topology: "single" }, { values: keys });
        const file = JSON.parse(find(objects, "Secret", "storage-identities")["stringData"]["s3.json"]);
        const [admin, application] = file.identities;
        expect(application.credentials).to.deep.equal([{ accessKey: "GIVEN-ACCESS", secretKey: "GIVEN-SECRET" }]);
        expect(application.actions).to.have.members(
            ["media", "exports"].flatMap((name) =>
                ["Read", "Write", "List", "Tagging"].map((action) => `${action}:${name}`),
            ),
        );
        expect(admin.credentials[0].accessKey).not.to.equal("GIVEN-ACCESS");
        expect(env(find(objects, "Job", "storage-buckets"))["AWS_SECRET_ACCESS_KEY"]).to.deep.equal({
            secretKeyRef: { name: "storage-admin", key: "secretKey" },
        });
        expect(env(find(objects, "Deployment", "worker"))["S3_SECRET"]).to.deep.equal({
            secretKeyRef: { name: "storage-keys", key: "secretKey" },
        });
    });

    it("keeps keys in Secrets only", async () => {
        const { objects } = await storage({ topology: "single" }, { values: keys });
        for (const object of objects.filter(({ kind }) => kind !== "Secret"))
            expect(JSON.stringify(object)).not.to.match(/GIVEN-(ACCESS|SECRET)/);
    });

    it("opens the S3 port to its users only, and the metrics only to a configured Prometheus", async () => {
        const alone = await storage({ topology: "single" });
        expect(ports(find(alone.objects, "NetworkPolicy", "storage"), "ingress")).to.deep.equal([8333, 8333]);
        expect(
            find(alone.objects, "Deployment", "storage")["spec"].template.spec.containers[0].args.join(" "),
        ).not.to.contain("metrics");
        const watched = await storage(
            { topology: "single" },
            { values: { cluster: { monitoringNamespace: "monitoring" } } },
        );
        expect(ports(find(watched.objects, "NetworkPolicy", "storage"), "ingress")).to.include(9324);
        expect(find(watched.objects, "Service", "storage")["spec"].ports).to.have.length(1);
    });

    it("warns about the server's open internal port if network policies are off", async () => {
        const { warnings } = await storage({ topology: "single" }, { values: { cluster: { networkPolicy: "off" } } });
        expect(warnings.join()).to.contain("internal port");
    });

    it("configures CORS in the server's settings for MinIO, which has no rules per bucket", async () => {
        const { objects } = await storage({ topology: "single", engine: "minio" });
        expect(env(find(objects, "Deployment", "storage"))["MINIO_API_CORS_ALLOW_ORIGIN"]).to.equal(
            "https://shop.example.org",
        );
        expect(find(objects, "ConfigMap", "storage-buckets")["data"]["buckets.sh"]).not.to.contain("share media");
        expect(objects.filter(({ kind }) => kind === "Secret").map(({ metadata }) => metadata.name)).to.deep.equal([
            "storage-keys",
        ]);
    });

    it("finds MinIO's data where the user says that they are, and begins nowhere else", async () => {
        const minio = (volume: object = {}) =>
            storage({ topology: "single", engine: "minio" }, { instance: { volumes: { storage: volume } } });
        const pod = ({ objects }: { objects: Sent[] }) => find(objects, "Deployment", "storage")["spec"].template.spec;
        const usual = pod(await minio());
        expect(usual.initContainers).to.equal(undefined);
        expect(usual.containers[0].args[1]).to.equal("/data/minio");
        for (const [path, data] of [
            [".", "/data"],
            ["files/minio", "/data/files/minio"],
        ] as const) {
            const declared = await minio({ claim: "minio", path });
            const { initContainers, containers } = pod(declared);
            expect(containers[0].args[1]).to.equal(data);
            expect(initContainers[0].env).to.deep.include.members([
                { name: "DATA", value: data },
                { name: "KEY", value: "plinth:instances.bench.volumes.storage" },
            ]);
            expect(initContainers[0].image).to.equal(containers[0].image);
        }
        const seaweedfs = storage({ topology: "single" }, { instance: { volumes: { storage: { path: "." } } } });
        expect(await problemOf(seaweedfs)).to.match(
            /volumes\.storage\.path: "\." has no effect here; only databases, document stores and MinIO/,
        );
    });

    it("deploys no server for an external storage, and sets its buckets up there", async () => {
        const { objects } = await storage({ topology: "external", region: "eu-central-1" }, { values: keys });
        expect(objects.map(({ kind }) => kind)).not.to.include("PersistentVolumeClaim");
        const task = env(find(objects, "Job", "storage-buckets"));
        expect(task).to.include({
            S3_ENDPOINT: "https://s3.eu-central-1.amazonaws.com",
            AWS_DEFAULT_REGION: "eu-central-1",
        });
        expect(env(find(objects, "Deployment", "worker"))).to.include({
            S3_HOST: "s3.eu-central-1.amazonaws.com",
            S3_PATH_STYLE: "false",
        });
        expect(find(objects, "ConfigMap", "storage-buckets")["data"]["aws.config"]).to.contain(
            "addressing_style = auto",
        );
    });

    it("uses path style, the port and the ranges of a configured endpoint", async () => {
        const { objects } = await storage(
            { topology: "external", endpoint: "http://10.1.2.3:9000", cidrs: ["10.1.2.0/24"] },
            { values: keys },
        );
        expect(env(find(objects, "Deployment", "worker"))).to.include({ S3_HOST: "10.1.2.3", S3_PATH_STYLE: "true" });
        const { egress } = find(objects, "NetworkPolicy", "worker")["spec"];
        expect(egress).to.deep.equal([
            { to: [{ ipBlock: { cidr: "10.1.2.0/24" } }], ports: [{ protocol: "TCP", port: 9000 }] },
        ]);
    });

    it("leaves the buckets of an external storage alone if configured so", async () => {
        const { objects } = await storage({ topology: "external", manageBuckets: false }, { values: keys });
        expect(objects.map(({ kind }) => kind)).not.to.include("Job");
    });

    it("names each missing key of an external storage, with the command that sets it", async () => {
        const message = await problemOf(storage({ topology: "external" }));
        expect(message).to.contain("2 problems");
        for (const key of ["objectStorageAccessKey", "objectStorageSecretKey"])
            expect(message).to.contain(`./plinth secrets set bench ${key} dev`);
    });

    it("refuses a second server on the volume", async () => {
        const message = await problemOf(storage({ topology: "single" }, { instance: { replicas: { storage: 2 } } }));
        expect(message).to.contain("plinth:instances.bench.replicas.storage");
    });

    it("runs the Task again when a bucket changes, and not otherwise", async () => {
        const name = async (changed: Bucket[]) => {
            const { objects } = await declare((instance) => {
                new ObjectStorage(instance, "storage", { config: config({ topology: "single" }), buckets: changed });
            });
            return find(objects, "Job", "storage-buckets").metadata.name;
        };
        expect(await name(buckets)).to.equal(await name([...buckets]));
        expect(await name(buckets)).not.to.equal(await name([...buckets, { name: "more" }]));
    });

    it("lets everyone read a bucket or some prefixes of it, in one statement, and refuses what a policy would widen", async () => {
        const rules = async (open: Bucket["public"]) => {
            const { objects } = await declare((instance) => {
                new ObjectStorage(instance, "storage", {
                    config: config({ topology: "single" }),
                    buckets: [{ name: "media", ...(open === undefined ? {} : { public: open }) }],
                });
            });
            const files = find(objects, "ConfigMap", "storage-buckets")["data"];
            const policy = JSON.parse(files["media.policy.json"] ?? "{}");
            return policy.Statement?.map(({ Resource }: { Resource: string[] }) => Resource);
        };
        expect(await rules(true)).to.deep.equal([["arn:aws:s3:::media/*"]]);
        expect(await rules(["badges/", "logo"])).to.deep.equal([
            ["arn:aws:s3:::media/badges/*", "arn:aws:s3:::media/logo*"],
        ]);
        for (const open of [undefined, false, []]) expect(await rules(open)).to.equal(undefined);
        expect(JSON.stringify(publicReadPolicy("media", "cn-north-1", ["a/"]))).to.contain("arn:aws-cn:s3:::media/a/*");
        for (const prefix of ["", "/badges", "*", "badges/*", "b?dges/", "${aws:username}/", "a\nb"])
            expect(() => publicPrefixes({ name: "media", public: [prefix] }), prefix).to.throw(RangeError, "media");
    });

    it("is published under its own host only if one is set", async () => {
        const sites: Site[][] = [];
        const keep = (made: ObjectStorage) => void sites.push(made.sites());
        await storage({ topology: "single" }, {}, keep);
        await storage({ topology: "single", publicHost: "s3.example.org" }, {}, keep);
        expect(sites[0]).to.deep.equal([]);
        expect(sites[1]!.map(({ host, routes }) => [host, routes[0]!.to.node])).to.deep.equal([
            ["s3.example.org", "bench/storage"],
        ]);
    });

    for (const [reason, written] of [
        ["an endpoint with a path", { topology: "external", endpoint: "https://s3.example.org/bucket" }],
        ["a key in the endpoint", { topology: "external", endpoint: "https://key:secret@s3.example.org" }],
        ["an endpoint of a server in the cluster", { topology: "single", endpoint: "https://s3.example.org" }],
        ["an engine that does not exist", { topology: "single", engine: "ceph" }],
    ] as const)
        it(`refuses ${reason}`, () => {
            expect(objectStorageOf([]).safeParse(written).success).to.equal(false);
        });
});

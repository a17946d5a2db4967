import { expect } from "chai";
import { Backup } from "../../../components/backup";
import { steps } from "../../../components/backup/contract";
import { Database } from "../../../components/database";
import { Service } from "../../../components/graph";
import { ObjectStorage } from "../../../components/objectStorage";
import { backup } from "../../../config/backup";
import { images } from "../../../config/images";
import { objectStorageOf } from "../../../config/objectStorage";
import { containerOf, declare, find, podOf, problemsOf } from "../../support/declare";

const endpoint = "https://s3.example.org:9000";
const names = ["databasePassword", "backupAccessKey", "backupSecretKey"];
const storageKeys = ["objectStorageAccessKey", "objectStorageSecretKey"];
const secrets = { bench: Object.fromEntries([...names, ...storageKeys].map((key) => [key, `${key}-value`])) };

/** Rows, documents, files and the objects of two buckets, of which one has another name on its server. */
const declared = (written: object, buckets: object = {}) =>
    declare(
        (instance) => {
            const database = new Database(instance, "database", {
                config: { topology: "single", engine: "mysql" },
                database: "edx",
                user: "edx",
                resources: { cpu: "100m", memory: "512Mi" },
                size: "10Gi",
            });
            const node = instance.addNode("documents", { kind: "document store" });
            const settings = {
                name: "edx",
                user: "edx",
                password: { secret: "documents-keys", key: "password" },
                authSource: "admin",
                replicaSet: "",
                tls: "false",
                srv: "false",
            };
            const storage = new ObjectStorage(instance, "storage", {
                config: objectStorageOf(["media", "grades"]).parse({
                    topology: "external",
                    endpoint,
                    manageBuckets: false,
                    buckets,
                }),
                buckets: [{ name: "media" }, { name: "grades" }],
            });
            new Backup(instance, "backup", {
                config: backup.parse(written),
                database,
                documents: { node, service: new Service(node.id, "documents", { mongodb: 27017 }, settings) },
                files: {
                    volume: { claim: instance.add(instance.owner, "PersistentVolumeClaim", "files", { spec: {} }) },
                    image: images.busybox,
                    user: 1000,
                },
                buckets: { storage, image: images.awsCli },
                writers: [],
            });
        },
        { values: { secrets } },
    );

const s3 = (bucket: string) => ({ target: { type: "s3", bucket, endpoint } });

describe("the parts of a backup", () => {
    it("come after those that name what is in them, and are looked at before anything is changed", async () => {
        const { objects } = await declared({ target: { type: "volume" } });
        for (const task of ["backup", "restore"] as const) {
            const { initContainers, containers } = podOf(objects, "CronJob", task);
            const found = [...initContainers, ...containers].map(({ name }: { name: string }) => name);
            expect(found).to.deep.equal(Object.values(steps[task]));
            const files = Object.keys(find(objects, "ConfigMap", "backup")["data"] as object);
            expect(files).to.include.members(found.map((step) => `${step}.sh`));
        }
        const { image, env } = containerOf(objects, "CronJob", "backup", "documents");
        expect(image).to.match(/\/mongo:/);
        expect(env).to.deep.include({ name: "DOCUMENTS_HOST", value: "documents" });
        const password = { name: "documents-keys", key: "password" };
        expect(env).to.deep.include({ name: "DOCUMENTS_PASSWORD", valueFrom: { secretKeyRef: password } });
    });

    it("have the platform's names for buckets, whatever their server calls them", async () => {
        const { objects } = await declared(s3("backups"), { grades: "grades-of-here" });
        const { env } = containerOf(objects, "CronJob", "restore", "load-objects");
        expect(env).to.deep.include({ name: "BUCKETS", value: "media=media grades=grades-of-here" });
        expect(env).to.deep.include({ name: "S3_BUCKET", value: "backups" });
    });

    it("need space for two databases on the way to a bucket, but none for objects", async () => {
        const { objects } = await declared(s3("backups"));
        const work = podOf(objects, "CronJob", "backup").volumes.find(({ name }: { name: string }) => name === "work");
        // 10Gi of rows, 10Gi for documents whose volume is not known, and lists.
        expect(work.emptyDir.sizeLimit).to.equal(`${20 * 1024 + 256}Mi`);
    });

    it("are no objects if that is asked", async () => {
        const { objects } = await declared({ target: { type: "volume" }, objects: false });
        const data = find(objects, "ConfigMap", "backup")["data"] as object;
        expect(containerOf(objects, "CronJob", "backup", "objects")).to.equal(undefined);
        expect(Object.keys(data)).to.include("documents.sh").and.not.to.include("objects.py");
    });

    it("are refused in a bucket that is itself backed up", async () => {
        const problem = '"grades-of-here" is one of the buckets that are backed up; allowed: any other bucket';
        const problems = await problemsOf(declared(s3("grades-of-here"), { grades: "grades-of-here" }));
        expect(problems).to.contain("backup.target.bucket").and.to.contain(problem);
    });
});

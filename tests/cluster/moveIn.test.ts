import { createHash } from "node:crypto";
import { expect } from "chai";
import { execa } from "execa";
import { stringify } from "yaml";
import type { RenderedObject } from "../../operations/render/rendering";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram } from "../support/tools";

const namespace = "qxsms-pprd";

/** A former deployment as kustomize would have left it: claims, a database on one of them, a generated Secret, an Ingress. */
const former = (claims: readonly string[]) => {
    const object = (apiVersion: string, kind: string, name: string, body: object) => ({
        apiVersion,
        kind,
        metadata: { name, namespace, labels: { app: "qxsms" } },
        ...body,
    });
    const pods = (name: string, claim?: string) => ({
        metadata: { labels: { component: name } },
        spec: {
            restartPolicy: "Always",
            containers: [{ name, image: "registry.example.org/x:1" }],
            ...(claim ? { volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }] } : {}),
        },
    });
    const deployment = (name: string, claim?: string) =>
        object("apps/v1", "Deployment", name, {
            spec: { selector: { matchLabels: { component: name } }, template: pods(name, claim) },
        });
    const backend = { service: { name: "qxsms", port: { number: 8000 } } };
    const rule = { host: "pprd.example.org", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } };
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        ...claims.map((name) =>
            object("v1", "PersistentVolumeClaim", name, {
                spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
            }),
        ),
        object("v1", "Secret", "postgres-6ct58987ht", {
            stringData: { db_name: "survey", user_name: "panel", user_password: "of-the-old-tree" },
        }),
        deployment("db", "db-pvc"),
        deployment("qxsms"),
        object("networking.k8s.io/v1", "Ingress", "qxsms", { spec: { rules: [rule] } }),
    ];
};

const instance = (changes: object = {}) => ({
    platform: "qxsms",
    host: "pprd.example.org",
    edge: { type: "ClusterIP", publicAddress: "192.0.2.1" },
    mail: { host: "smtp.example.org", from: "panel@example.org" },
    administrator: { email: "admin@example.org" },
    images: { postgres: "postgres:13-alpine" },
    database: { name: "survey", user: "panel" },
    volumes: { database: { claim: "db-pvc", path: ".", size: "1Gi" } },
    ...changes,
});

describe("taking over a deployment with the real engine", function () {
    this.timeout(600_000);
    let cluster: ControlPlane;
    let project: Project;
    const write = (changes: object = {}, stackwide: object = {}) =>
        project.write("move", {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", loadBalancer: false, metrics: false },
            "plinth:protect": false,
            "plinth:instances": { pprd: instance(changes) },
            ...stackwide,
        });
    const apply = (objects: readonly object[]) =>
        cluster.kubectl(
            ["apply", "--server-side", "--filename", "-"],
            objects.map((object) => `---\n${stringify(object)}`).join(""),
        );
    const claim = async (name: string) =>
        cluster.json<RenderedObject & { metadata: { uid: string }; spec: { volumeName?: string } }>([
            ...["get", "persistentvolumeclaim", name, "--namespace", namespace],
        ]);
    const refused = ({ code, all }: Ran, ...words: readonly string[]) => {
        expect(code, all).to.equal(1);
        expect(all).to.include("Nothing was changed");
        for (const word of words) expect(all).to.include(word);
    };
    const changes = async () => {
        const { out } = await project.pulumi("stack", "history", "--json", "--page-size", "1", "--stack", "move");
        return (JSON.parse(out) as { resourceChanges: Readonly<Record<string, number>> }[])[0]!.resourceChanges;
    };

    before(async function () {
        optionalProgram(this, "pulumi", "what the engine takes over is seen");
        cluster = await controlPlane(this);
        project = new Project(cluster);
        await apply(former(["db-pvc", "pvc-backup"]));
        await cluster.kubectl([
            ...["rollout", "status", "deployment/db", "--namespace", namespace, "--timeout", "60s"],
        ]);
    });
    after(async () => {
        await project?.pulumi("destroy", "--yes", "--stack", "move");
        project?.clean();
        await cluster?.kubectl([
            "delete",
            "persistentvolume",
            "pvc-of-former-times",
            "--ignore-not-found",
            "--wait=false",
        ]);
        await cluster?.kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]);
    });

    it("takes nothing over without consent", async () => {
        write();
        const { code, all } = await project.plinth("launch", "move");
        expect(code, all).not.to.equal(0);
        expect(all).to.include("--adopt NAMESPACE");
        expect((await claim("db-pvc")).metadata.labels).not.to.have.property("plinth.dev/stack");
    });

    it("names objects of the former deployment that would compete for data and host", async () => {
        refused(
            await project.plinth("launch", "move", "--adopt", namespace),
            `deployment/${namespace}/db is still running: kubectl --namespace ${namespace} scale deployment db --replicas 0`,
            `ingress/${namespace}/qxsms has the host pprd.example.org`,
        );
        refused(await project.plinth("launch", "move", "--adopt", "qxsms-prd"), 'did you mean "qxsms-pprd"?');
    });

    it("takes over a Secret alone, and continues after an interrupted run with the same consent", async () => {
        const metadata = { name: "database", namespace };
        const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData: { password: "of-somebody-else" } };
        await apply([secret]);
        const named = `secret/${namespace}/database`;
        const others = [
            `namespace/${namespace} does not belong to this stack: to adopt it, add --adopt ${namespace}`,
            `persistentvolumeclaim/${namespace}/db-pvc does not belong to this stack: to adopt it, add --adopt ${namespace}`,
        ];
        const alone = await project.plinth("launch", "move", "--adopt", named);
        refused(alone, ...others, `deployment/${namespace}/db is still running`);
        const recovered = await project.plinth("launch", "move", "--recover", "--adopt", named);
        refused(recovered, ...others, "--recover");
        // With full consent, only what the former deployment still uses blocks the recovery.
        const both = await project.plinth("launch", "move", "--recover", "--adopt", named, "--adopt", namespace);
        refused(both, `deployment/${namespace}/db is still running`);
        expect(both.all).not.to.include("does not belong to this stack");
        await cluster.kubectl(["delete", "secret", "database", "--namespace", namespace]);
    });

    it("names a claim that does not exist, and a size below the claim's", async () => {
        const volumes = (settings: object) => ({ volumes: { database: { claim: "db-pvc", path: ".", ...settings } } });
        write(volumes({ claim: "db-pcv", size: "1Gi" }));
        refused(
            await project.plinth("launch", "move", "--adopt", namespace),
            `plinth:instances.pprd.volumes.database.claim: the namespace ${namespace} has no claim "db-pcv"`,
        );
        write(volumes({ size: "512Mi" }));
        refused(
            await project.plinth("launch", "move", "--adopt", namespace),
            'plinth:instances.pprd.volumes.database.size: "512Mi" is less than the 1Gi of the claim qxsms-pprd/db-pvc',
        );
    });

    it("takes over the claim with its volume, and the password with a command that does not print it", async () => {
        await cluster.kubectl(["scale", "deployment", "--all", "--replicas", "0", "--namespace", namespace]);
        await cluster.kubectl(["delete", "ingress", "qxsms", "--namespace", namespace]);
        await cluster.kubectl([
            ...["wait", "pods", "--all", "--for=delete", "--namespace", namespace, "--timeout", "60s"],
        ]);
        const before = await claim("db-pvc");
        write();
        const { stdout: password } = await cluster.kubectl([
            ...["get", "secret", "postgres-6ct58987ht", "--namespace", namespace],
            ...["--output", 'go-template={{ index .data "user_password" | base64decode }}'],
        ]);
        const set = ["config", "set", "--stack", "move", "--secret", "--path", "plinth:secrets.pprd.databasePassword"];
        const stored = await execa("pulumi", set, { ...project.environment, input: password });
        expect(stored.all).not.to.include(password);

        const preview = await project.plinth("preview", "move", "--adopt", namespace);
        expect(preview.all).to.include(
            `persistentvolumeclaim/${namespace}/db-pvc: 1Gi, volume ${before.spec.volumeName}`,
        );
        const launched = await project.plinth("launch", "move", "--adopt", namespace);
        expect(launched.code, launched.all).to.equal(0);
        expect(launched.all).to.include("Adopted:").and.not.to.include(password);
        const after = await claim("db-pvc");
        expect([after.metadata.uid, after.spec.volumeName]).to.deep.equal([
            before.metadata.uid,
            before.spec.volumeName,
        ]);
        expect(after.metadata.labels).to.include({ "plinth.dev/stack": "plinth.move" });
        const secret = await cluster.json<{ data: { password: string } }>([
            ...["get", "secret", "database", "--namespace", namespace],
        ]);
        const digest = (text: string) => createHash("sha256").update(text).digest("hex");
        expect(digest(Buffer.from(secret.data.password, "base64").toString())).to.equal(digest(password));
    });

    it("is a stack like any other from then on", async () => {
        const { code, all } = await project.plinth("launch", "move");
        expect(code, all).to.equal(0);
        expect(Object.keys(await changes())).to.deep.equal(["same"]);
        expect((await claim("pvc-backup")).metadata.labels).not.to.have.property("plinth.dev/stack");
    });

    it("refuses to shrink a volume, and to grow it if its class does not allow that", async () => {
        const size = (text: string) => write({ volumes: { database: { claim: "db-pvc", path: ".", size: text } } });
        size("900Mi");
        refused(
            await project.plinth("launch", "move"),
            'plinth:instances.pprd.volumes.database.size: "900Mi" is less than the 1Gi of the claim',
        );
        refused(await project.plinth("preview", "move"), '"900Mi" is less than the 1Gi');
        write();
    });

    it("gives the volume of a former claim to a new one by name, and binds static volumes", async () => {
        const volume = (name: string) => ({
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name },
            spec: {
                capacity: { storage: "1Gi" },
                accessModes: ["ReadWriteOnce"],
                persistentVolumeReclaimPolicy: "Retain",
                storageClassName: "nfs-csi",
                nfs: { server: "nas.example.org", path: `/srv/nfs/${name}` },
                claimRef: {
                    apiVersion: "v1",
                    kind: "PersistentVolumeClaim",
                    namespace: "gone",
                    name: "db-pvc",
                    uid: "00000000-0000-4000-8000-000000000001",
                },
            },
        });
        await apply([volume("pvc-of-former-times")]);
        const second = (settings: object) => ({
            "plinth:instances": {
                pprd: instance(),
                second: instance({
                    host: "second.example.org",
                    volumes: {
                        database: { existing: "pvc-of-former-times", path: ".", size: "1Gi", ...settings },
                        broker: { nfs: { server: "nas.example.org", path: "/srv/broker" }, size: "2Gi" },
                    },
                }),
            },
        });
        write({}, second({}));
        refused(
            await project.plinth("launch", "move"),
            'plinth:instances.second.volumes.database.storageClass: "standard" is not that of the volume',
            "--adopt pvc-of-former-times",
        );
        write({}, second({ storageClass: "nfs-csi" }));
        const launched = await project.plinth("launch", "move", "--adopt", "pvc-of-former-times");
        expect(launched.code, launched.all).to.equal(0);
        expect(launched.all).to.include("patch persistentvolume pvc-of-former-times");
        const { items } = await cluster.json<{ items: { metadata: { name: string }; status: { phase: string } }[] }>([
            ...["get", "persistentvolumeclaims", "--namespace", "qxsms-second"],
        ]);
        expect(items.map(({ metadata, status }) => [metadata.name, status.phase])).to.deep.include.members([
            ["database", "Bound"],
            ["broker", "Bound"],
        ]);
        const again = await project.plinth("launch", "move");
        expect(again.code, again.all).to.equal(0);
        expect(Object.keys(await changes())).to.deep.equal(["same"]);
    });
});

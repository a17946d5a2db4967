import { expect } from "chai";
import { DocumentStore, type DocumentStoreArgs } from "../../../components/documentStore";
import { cacheSizeGB, oplogSize } from "../../../components/documentStore/server";
import { documentStore, type DocumentStoreConfig, documentStoreSecrets } from "../../../config/documentStore";
import { containerOf, type DeclareArgs, declare, find, problemsOf, type Sent } from "../../support/declare";

const build = (
    written: object,
    args: DeclareArgs & { more?: Partial<DocumentStoreArgs> } = {},
    seen: (made: DocumentStore) => void = () => {},
) =>
    declare(
        (instance) =>
            seen(
                new DocumentStore(instance, "documents", {
                    config: documentStore.parse(written) as DocumentStoreConfig,
                    database: "campus",
                    user: "campus",
                    resources: { cpu: "100m", memory: "1Gi" },
                    size: "5Gi",
                    ...args.more,
                }),
            ),
        { secrets: Object.keys(documentStoreSecrets), ...args },
    );
const single = { topology: "single" };
const given = {
    values: { secrets: { bench: { documentsPassword: "apps-own", documentsRootPassword: "roots-own" } } },
};
const server = (objects: readonly Sent[]) => containerOf(objects, "StatefulSet", "documents", "mongo");
const option = (objects: readonly Sent[], name: string): string => {
    const { command } = server(objects) as { command: string[] };
    return command[command.indexOf(name) + 1]!;
};
const variable = (container: { env: { name: string; value?: string }[] }, wanted: string) =>
    container.env.find(({ name }) => name === wanted)?.value;

describe("DocumentStore", () => {
    it("gives its cache half of the memory, and its log a twentieth of the volume", async () => {
        expect([256, 768, 1024, 4096].map(cacheSizeGB)).to.deep.equal([0.25, 0.37, 0.5, 2]);
        expect([1024, 20_480, 1_048_576].map(oplogSize)).to.deep.equal([256, 1024, 10_240]);
        const { objects } = await build(single, { instance: { resources: { documents: { memory: "4Gi" } } } });
        expect(option(objects, "--wiredTigerCacheSizeGB")).to.equal("2");
        // What prepares the data is a server, too, and a small one would be killed with much data.
        const { resources } = containerOf(objects, "StatefulSet", "documents", "prepare");
        expect(resources.limits.memory).to.equal("4Gi");
        expect(
            await problemsOf(build(single, { instance: { resources: { documents: { memory: "512Mi" } } } })),
        ).to.contain('resources.documents.memory: "512Mi" is too little for mongo; allowed: at least 768Mi');
    });

    it("keeps each password in a Secret of its own, and the key in one that only the first container mounts", async () => {
        const { objects } = await build(single, given);
        const clear = (text: string) =>
            objects
                .filter((object) => JSON.stringify(object).includes(text))
                .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
        expect(clear("apps-own")).to.deep.equal(["Secret documents"]);
        expect(clear("roots-own")).to.deep.equal(["Secret documents-root"]);
        const mounted = (which: string) =>
            containerOf(objects, "StatefulSet", "documents", which)
                .volumeMounts.map(({ name }: { name: string }) => name)
                .filter((name: string) => name.endsWith("-secret"));
        expect(mounted("prepare")).to.deep.equal(["documents-key-secret"]);
        expect(mounted("mongo")).to.deep.equal([]);
        const command: string[] = server(objects).command;
        for (const name of ["--auth", "--keyFile", "--bind_ip_all"]) expect(command).to.include(name);
    });

    it("is replaced when a password changes", async () => {
        const digest = async (documentsRootPassword: string) => {
            const { objects } = await build(single, { values: { secrets: { bench: { documentsRootPassword } } } });
            return find(objects, "StatefulSet", "documents")["spec"].template.metadata.annotations[
                "plinth.dev/secrets"
            ];
        };
        expect(await digest("one-password")).not.to.equal(await digest("another-password"));
    });

    it("has its pod's own name as the member's, under which the pod is found before it is ready", async () => {
        const { objects } = await build(single);
        const { metadata, spec } = find(objects, "StatefulSet", "documents");
        const member = `${metadata.name}-0.${spec.serviceName}.${metadata.namespace}.svc.cluster.local:27017`;
        expect(variable(server(objects), "MEMBER")).to.equal(member);
        expect(find(objects, "Service", spec.serviceName)["spec"]).to.include({
            clusterIP: "None",
            publishNotReadyAddresses: true,
        });
    });

    it("offers metrics only if Prometheus is configured, with a password that only the pod has", async () => {
        const { objects } = await build(single, {
            values: { ...given.values, cluster: { context: "kind-dev", monitoringNamespace: "monitoring" } },
        });
        const { password, uri } = find(objects, "Secret", "documents-metrics")["stringData"];
        expect(new URL(uri)).to.include({ username: "plinth-metrics", password, hostname: "127.0.0.1", port: "27017" });
        expect(containerOf(objects, "StatefulSet", "documents", "exporter").env).to.deep.equal([
            { name: "MONGODB_URI", valueFrom: { secretKeyRef: { name: "documents-metrics", key: "uri" } } },
        ]);
        expect(find(objects, "NetworkPolicy", "documents")["spec"].ingress[0].ports).to.deep.equal([
            { protocol: "TCP", port: 9216 },
        ]);
        const without = await build(single, given);
        expect(containerOf(without.objects, "StatefulSet", "documents", "exporter")).to.equal(undefined);
        expect(find(without.objects, "NetworkPolicy", "documents")["spec"].ingress).to.equal(undefined);
    });

    it("adopts existing data at a path of the volume", async () => {
        const { objects } = await build(
            { ...single, name: "edxapp" },
            { instance: { volumes: { documents: { path: "." } } } },
        );
        const prepare = containerOf(objects, "StatefulSet", "documents", "prepare");
        expect(variable(prepare, "ADOPTED")).to.equal("yes");
        expect(variable(prepare, "APP_DATABASE")).to.equal("edxapp");
        const [data] = server(objects).volumeMounts;
        expect(data).to.deep.equal({ name: "documents", mountPath: "/data/db" });
        const fresh = (await build(single)).objects;
        expect(server(fresh).volumeMounts[0].subPath).to.equal("data");
        expect(variable(containerOf(fresh, "StatefulSet", "documents", "prepare"), "ADOPTED")).to.equal("");
    });

    it("refuses versions that the platform does not work with, with its reason, and such without a version", async () => {
        const images = (mongo: string) => ({ instance: { images: { mongo } } });
        expect(
            await problemsOf(
                build(single, { ...images("mongo:8.0.29"), more: { seriesReason: "the driver is older" } }),
            ),
        ).to.contain('images.mongo: "mongo:8.0.29" is mongo 8.0, but the driver is older; allowed: mongo 7.0');
        expect(await problemsOf(build(single, images("mongo:8.0.29")))).to.contain("others have not been tried");
        expect(
            await problemsOf(build(single, { ...images("mongo:8.0.29"), more: { series: ["7.0", "8.0"] } })),
        ).to.equal("");
        expect(await problemsOf(build(single, images("mongo:7")))).to.contain('"mongo:7" does not show its version');
    });

    it("agrees to an upgrade from the major version before only", async () => {
        const from = async (upgradeFrom: string) => {
            const { objects } = await build({ ...single, upgradeFrom });
            return variable(server(objects), "UPGRADE_FROM");
        };
        expect(await from("mongo 6.0")).to.equal("mongo 6.0");
        expect(await from("mongo 5.0")).to.equal("");
    });

    it("outside the cluster offers the same settings, with its Secrets as the only objects", async () => {
        const seen: DocumentStore[] = [];
        const keep = (made: DocumentStore) => void seen.push(made);
        const external = { topology: "external", user: "them", name: "theirs" };
        const members = { hosts: ["192.0.2.7", "2001:db8::7"], replicaSet: "main", tls: true, port: 27018 };
        const { objects } = await build({ ...external, ...members }, given, keep);
        expect(objects.map(({ kind }) => kind)).to.have.members(["Namespace", "NetworkPolicy", "Secret", "Secret"]);
        await build({ ...external, hosts: ["cluster0.example.net"], srv: true, authSource: "accounts" }, given, keep);
        await build({ ...external, hosts: ["192.0.2.7", "db.example.org"], replicaSet: "main" }, given, keep);
        const [several, srv, named] = seen.map(({ service }) => service);
        expect(
            several!.bind({ H: "host", P: "port", R: "replicaSet", T: "tls", S: "srv", N: "name" }).env,
        ).to.deep.equal({
            H: "192.0.2.7,[2001:db8::7]",
            P: "27018",
            R: "main",
            T: "true",
            S: "false",
            N: "theirs",
        });
        expect(several!.external).to.deep.equal({ cidrs: ["192.0.2.7/32", "2001:db8::7/128"] });
        expect(srv!.settings).to.include({ srv: "true", tls: "true", replicaSet: "", authSource: "accounts" });
        // One name may lead anywhere.
        expect(named!.external).to.deep.equal({ cidrs: [] });
        expect(seen[0]!.rootPassword).to.deep.equal({ secret: "documents-root", key: "rootPassword" });
        expect(await problemsOf(build({ ...external, hosts: ["db.example.org"] }))).to.contain(
            "plinth:instances.bench.documents: is external and requires its password",
        );
    });

    it("refuses a platform's user that is an administrator", async () => {
        for (const user of ["root", "plinth", "a b"]) {
            const problem = await problemsOf(build(single, { more: { user } }));
            expect(problem, user).to.contain(`"${user}"`);
        }
    });
});

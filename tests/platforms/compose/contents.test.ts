import { expect } from "chai";
import { convert, refusalOf, web } from "./support";

const db = { image: "postgres:17" };

describe("the secrets of Compose projects", () => {
    const project = {
        services: {
            web: {
                ...web,
                environment: {
                    DATABASE_URL: "postgres://app:${PW}@db:5432/x",
                    API_TOKEN: "token-of-the-file",
                    DEBUG: "no",
                },
                command: "serve --token token-of-the-file",
            },
            db: { ...db, environment: { POSTGRES_PASSWORD: "${PW}" } },
        },
    };
    const files = { ".env": "PW=elephant-7\n" };
    it("are in Secrets, also within larger texts and in commands", () => {
        const { objects, find, container } = convert(project, { files, showSecrets: true });
        expect(find("Secret", "web-env")["stringData"]).to.deep.equal({
            API_TOKEN: "token-of-the-file",
            DATABASE_URL: "postgres://app:elephant-7@db:5432/x",
        });
        expect(container("Deployment", "web").args).to.deep.equal(["serve", "--token", "$(API_TOKEN)"]);
        const others = JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"));
        for (const value of ["elephant-7", "token-of-the-file"]) expect(others).not.to.include(value);
        expect(container("Deployment", "web").env).to.deep.include({ name: "DEBUG", value: "no" });
    });
    it("are placeholders unless they are asked for", () => {
        const { objects } = convert(project, { files });
        expect(JSON.stringify(objects)).not.to.match(/elephant-7|token-of-the-file/);
    });
    it("may be set in plinth:secrets, by the names of variables", () => {
        const secrets = { shop: { PW: "own-one", web_API_TOKEN: "x" } };
        expect(refusalOf(project, { files, values: { secrets } })).to.include(
            "plinth:secrets.shop.web_API_TOKEN: unknown secret; allowed: ",
        );
        const { find } = convert(project, {
            files,
            values: { secrets: { shop: { PW: "own-one" } } },
            showSecrets: true,
        });
        expect(find("Secret", "db-env")["stringData"]).to.deep.equal({ POSTGRES_PASSWORD: "own-one" });
        expect(find("Secret", "web-env")["stringData"].DATABASE_URL).to.equal("postgres://app:own-one@db:5432/x");
        const required = { services: { web: { ...web, environment: { SALT: "${SALT:?set it}" } } } };
        expect(refusalOf(required)).to.include("the variable SALT must have a value");
        expect(refusalOf(required, { values: { secrets: { shop: { SALT: "s" } } } })).to.equal("");
    });
    it("are what the project says they are, whatever their names", () => {
        const said = {
            services: {
                web: {
                    ...web,
                    environment: { MAGIC: "abc", PUBLIC_KEY_SALT: "def" },
                    "x-plinth": { secret: ["MAGIC"], plain: ["PUBLIC_KEY_SALT"] },
                },
            },
        };
        const { find, container } = convert(said);
        expect(Object.keys(find("Secret", "web-env")["stringData"] as object)).to.deep.equal(["MAGIC"]);
        expect(container("Deployment", "web").env).to.deep.include({ name: "PUBLIC_KEY_SALT", value: "def" });
    });
    it("are mounted where Docker mounts them, and their files have to exist", () => {
        const mounted = (secrets: object) => ({
            services: { web: { ...web, secrets: ["one", { source: "one", target: "two" }] } },
            secrets: { one: secrets },
        });
        const { container } = convert(mounted({ file: "./one.txt" }), { files: { "one.txt": "secret-of-a-file" } });
        expect(
            container("Deployment", "web").volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath),
        ).to.deep.equal(["/run/secrets/one", "/run/secrets/two"]);
        expect(refusalOf(mounted({ file: "./none.txt" }))).to.match(/secrets\.one\.file: .*none\.txt does not exist/);
        expect(refusalOf(mounted({ external: true }))).to.include("secrets.one: is external");
    });
}).timeout(120_000);

describe("the volumes of Compose projects", () => {
    const claims = ({ objects }: ReturnType<typeof convert>) =>
        objects
            .filter(({ kind, metadata }) => kind === "PersistentVolumeClaim" && metadata.name !== "edge-data")
            .map(({ metadata, ["spec"]: spec }) => [
                metadata.name,
                spec.accessModes[0],
                spec.resources.requests.storage,
            ]);
    it("are one claim each, on one node or on all, by who mounts them", () => {
        const shared = {
            services: {
                web: { ...web, volumes: ["media:/m"] },
                worker: { image: "app:1", volumes: ["media:/m", "./data:/d"] },
                db: { ...db, volumes: ["rows:/r"] },
            },
            volumes: { media: {}, rows: { "x-plinth": { size: "3Gi", storageClass: "fast" } } },
        };
        const sharedClass = { values: { cluster: { sharedStorageClass: "shared" } } };
        const all = convert(shared, sharedClass);
        expect(claims(all)).to.deep.equal([
            ["data", "ReadWriteOnce", "5Gi"],
            ["media", "ReadWriteMany", "5Gi"],
            ["rows", "ReadWriteOnce", "3Gi"],
        ]);
        expect(all.names).to.include.members(["Deployment web", "StatefulSet worker", "StatefulSet db"]);
        const oneNode = convert(shared);
        expect(claims(oneNode)).to.deep.include(["media", "ReadWriteOnce", "5Gi"]);
        expect(oneNode.pod("Deployment", "web").affinity).to.have.property("podAffinity");
    });
    it("keep all pods with several shared volumes on one node", () => {
        const { objects } = convert({
            services: {
                a: { ...web, volumes: ["one:/x"] },
                b: { image: "b:1", volumes: ["one:/x", "two:/y"] },
                c: { image: "c:1", volumes: ["two:/y"] },
            },
            volumes: { one: {}, two: {} },
        });
        const label = "plinth.dev/shared-files";
        const labels = objects
            .filter(({ kind, metadata }) => kind === "Deployment" && metadata.name !== "edge")
            .map((one) => one["spec"].template.metadata.labels[label]);
        expect(labels).to.deep.equal(["one", "one", "one"]);
    });
    it("are filled from the image, as Docker does, unless the project says otherwise", () => {
        const fill = (mount: unknown, more = {}) =>
            convert({ services: { web: { ...web, volumes: [mount], ...more } }, volumes: { one: {} } })
                .container("StatefulSet", "web", "web-fill")
                ?.command.slice(-3);
        expect(fill("one:/srv/x")).to.deep.equal(["copy", "/srv/x", "/plinth/volumes/0"]);
        expect(fill({ type: "volume", source: "one", target: "/srv/x", volume: { nocopy: true } })).to.deep.equal([
            "own",
            "/srv/x",
            "/plinth/volumes/0",
        ]);
        expect(fill("one:/srv/x", { "x-plinth": { prefill: false } })).to.equal(undefined);
    });
    it("are ConfigMaps for files of the project, which may not be large", () => {
        const bound = { services: { web: { ...web, volumes: ["./conf:/etc/app:ro", "./run.sh:/run.sh"] } } };
        const files = { "conf/a/b.ini": "x = 1\n", "conf/c.ini": "y = 2\n", "run.sh": "#!/bin/sh\n" };
        const { find, container } = convert(bound, { files });
        expect(find("ConfigMap", "conf")["data"]).to.deep.equal({ "a__b.ini": "x = 1\n", "c.ini": "y = 2\n" });
        expect(container("Deployment", "web").volumeMounts[1]).to.deep.include({
            mountPath: "/run.sh",
            subPath: "file",
        });
        expect(refusalOf(bound, { files: { ...files, "run.sh": "x".repeat(2 ** 21) } })).to.include(
            "run.sh has more than 1024 KiB",
        );
    });
    it("are Secrets for files with passwords, with names as DNS knows them", () => {
        const { find } = convert(
            { services: { web: { ...web, volumes: ["./app.conf:/app.conf"] }, my_db: { ...db, expose: [5432] } } },
            { files: { "app.conf": "proxy_pass http://my_db:5432;\npassword = hidden-8\n" }, showSecrets: true },
        );
        expect(find("Secret", "app-conf")["stringData"].file).to.equal(
            "proxy_pass http://my-db:5432;\npassword = hidden-8\n",
        );
    });
    it("leave out what gives a container the node's time", () => {
        const { warnings } = convert({ services: { web: { ...web, volumes: ["/etc/localtime:/etc/localtime:ro"] } } });
        expect(warnings.join()).to.include("services.web.volumes[0]: is left out: a pod's clock is UTC");
    });
}).timeout(120_000);

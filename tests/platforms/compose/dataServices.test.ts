import { expect } from "chai";
import { convert, refusalOf, web } from "./support";

const image = (name: string, more: object = {}) => ({ image: name, ...more });
const files = { ".env": "DB_PASSWORD=elephant-7\nROOT_PASSWORD=squirrel-9\n" };
const postgres = image("postgres:16.4-alpine", {
    environment: { POSTGRES_USER: "board", POSTGRES_PASSWORD: "${DB_PASSWORD}", POSTGRES_DB: "posts" },
    command: "postgres -c max_connections=50",
    volumes: ["rows:/var/lib/postgresql/data"],
    healthcheck: { test: ["CMD", "pg_isready"] },
    container_name: "board-db",
});
const board = (db: object, more: object = {}) => ({
    services: {
        web: {
            ...web,
            environment: { DATABASE_URL: "postgres://board:${DB_PASSWORD}@my_db:5432/posts" },
            depends_on: { my_db: { condition: "service_healthy" } },
        },
        my_db: db,
        ...more,
    },
    volumes: { rows: { "x-plinth": { size: "7Gi" } } },
});
const taken = { ...postgres, "x-plinth": { as: "database", extensions: ["pg_trgm"] } };
const backup = { backup: { target: { type: "volume" } } };

describe("data services of Compose projects that Plinth takes over", () => {
    it("are databases with the project's names, accounts, version and size", () => {
        const { find, container, names, warnings } = convert(board(taken), { files, showSecrets: true });
        const { image: server } = container("StatefulSet", "my-db", "postgres");
        expect(server).to.equal("docker.io/library/postgres:16.4");
        expect(find("PersistentVolumeClaim", "my-db")["spec"].resources.requests.storage).to.equal("7Gi");
        expect(names).not.to.include("PersistentVolumeClaim rows");
        expect(find("Secret", "my-db")["stringData"]).to.deep.equal({ password: "elephant-7" });
        expect(find("Secret", "web-env")["stringData"].DATABASE_URL).to.equal(
            "postgres://board:elephant-7@my-db:5432/posts",
        );
        expect(container("StatefulSet", "my-db", "postgres").args).to.include("max_connections=50");
        expect(JSON.stringify(find("ConfigMap", "my-db"))).to.include("pg_trgm");
        expect(find("Service", "my-db")["spec"].ports[0].port).to.equal(5432);
        expect(find("Service", "board-db")["spec"].selector).to.deep.equal(find("Service", "my-db")["spec"].selector);
        expect(find("Service", "my-db-ready")["spec"]).to.have.property("clusterIP", "None");
        expect(warnings).to.deep.equal([]);
    });
    it("are reached by every service that shares a network with them, and by no other", () => {
        const { find } = convert(
            {
                ...board(
                    { ...taken, networks: ["back"] },
                    {
                        far: image("far:1", { networks: ["front"] }),
                        job: image("job:1", { networks: ["back"], restart: "no" }),
                    },
                ),
                networks: { front: {}, back: {}, default: {} },
            },
            { files },
        );
        const from = JSON.stringify(find("NetworkPolicy", "my-db")["spec"].ingress);
        expect(from).to.include('"app.kubernetes.io/name":"job"');
        expect(from).not.to.include('"app.kubernetes.io/name":"far"');
    });
    it("are caches, brokers, document stores and storages", () => {
        const { container, find, warnings } = convert(
            {
                services: {
                    web,
                    cache: image("redis:8", {
                        command:
                            "redis-server --requirepass ${DB_PASSWORD} --appendonly yes --maxmemory-policy allkeys-lru",
                        "x-plinth": { as: "cache" },
                    }),
                    open: image("valkey/valkey:9", { "x-plinth": { as: "cache" } }),
                    queue: image("rabbitmq:4-management", {
                        environment: {
                            RABBITMQ_DEFAULT_USER: "me",
                            RABBITMQ_DEFAULT_PASS: "${ROOT_PASSWORD}",
                            RABBITMQ_DEFAULT_VHOST: "v",
                        },
                        "x-plinth": { as: "broker" },
                    }),
                    docs: image("mongo:7.0", {
                        environment: {
                            MONGO_INITDB_ROOT_USERNAME: "root",
                            MONGO_INITDB_ROOT_PASSWORD: "${ROOT_PASSWORD}",
                        },
                        "x-plinth": { as: "documents" },
                    }),
                    objects: image("minio/minio", {
                        environment: { MINIO_ROOT_USER: "${DB_PASSWORD}", MINIO_ROOT_PASSWORD: "${ROOT_PASSWORD}" },
                        "x-plinth": { as: "storage", secret: ["MINIO_ROOT_USER"] },
                    }),
                },
            },
            { files, showSecrets: true },
        );
        expect(find("Secret", "cache")["stringData"]).to.deep.equal({ password: "elephant-7" });
        expect(JSON.stringify(find("Secret", "cache-config")))
            .to.include("appendonly yes")
            .and.include("allkeys-lru");
        expect(JSON.stringify(find("ConfigMap", "open"))).to.include("nopass");
        expect(find("Secret", "queue")["stringData"]).to.deep.equal({
            password: "squirrel-9",
            userinfo: "me:squirrel-9",
        });
        expect(find("Secret", "docs-root")["stringData"]).to.deep.equal({ rootPassword: "squirrel-9" });
        expect(find("Secret", "objects-keys")["stringData"]).to.deep.equal({
            accessKey: "elephant-7",
            secretKey: "squirrel-9",
        });
        expect(container("Deployment", "objects", "minio").image).to.include("minio");
        expect(warnings.join("\n")).to.include("services.queue.image: the version is Plinth's own, not 4-management");
    });
    it("are dumped with their own program", () => {
        const { find, container } = convert(board(taken), { files, instance: backup });
        const { initContainers } = find("CronJob", "backup")["spec"].jobTemplate.spec.template.spec;
        expect(initContainers[0].image).to.equal("docker.io/library/postgres:16.4");
        expect(find("CronJob", "restore").metadata.annotations["plinth.dev/writers"]).to.equal("web");
        expect(container("Deployment", "web", "web-prepare").command[2]).to.include("wait_for my-db-ready.");
    });
    it("are refused where they cannot be what the project needs", () => {
        const odd = (more: object, db = taken) => refusalOf(board({ ...db, ...more }), { files });
        expect(odd({ image: "own/postgres-ha:1" })).to.match(
            /services\.my_db\.x-plinth\.as: "database" does not fit the image own\/postgres-ha:1; allowed: the official image of mariadb, mysql, postgres/,
        );
        expect(odd({ environment: { POSTGRES_PASSWORD: "${DB_PASSWORD}" } })).to.include(
            "clients connect as the administrator",
        );
        expect(odd({ environment: { POSTGRES_USER: "board" } })).to.include(
            "does not say the password; set POSTGRES_PASSWORD",
        );
        expect(refusalOf(board(taken), { files, instance: { routes: [{ service: "my_db", port: 5432 }] } })).to.include(
            "which is reached within the instance only",
        );
        expect(refusalOf(board(postgres), { files, instance: backup })).to.include("there is no database to dump");
        const secrets = (values: object) => refusalOf(board(taken), { files, values: { secrets: { shop: values } } });
        expect(secrets({ "my-dbPassword": "x" })).to.include(
            "plinth:secrets sets my-dbPassword; set POSTGRES_PASSWORD",
        );
        expect(secrets({ DB_PASSWORD: "x" })).to.equal("");
    });
    it("leave nothing out without a word", () => {
        const rest = {
            volumes: ["rows:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d:ro"],
            working_dir: "/x",
        };
        const { warnings } = convert(board({ ...taken, ...rest }), { files });
        expect(warnings.join("\n")).to.include("services.my_db.volumes[1]: /docker-entrypoint-initdb.d is left out");
        expect(warnings.join("\n")).to.include("services.my_db.working_dir: is left out");
    });
}).timeout(120_000);

describe("databases of Compose projects that run as they are", () => {
    it("are dumped by their own program, with the project's account", () => {
        const { find, container } = convert(board({ ...postgres, "x-plinth": { dump: true } }), {
            files,
            instance: backup,
            showSecrets: true,
        });
        expect(container("StatefulSet", "my-db").image).to.equal("docker.io/library/postgres:16.4-alpine");
        const [dump] = find("CronJob", "backup")["spec"].jobTemplate.spec.template.spec.initContainers;
        expect(dump.image).to.equal("docker.io/library/postgres:16.4-alpine");
        expect(dump.env).to.deep.include({ name: "DB_HOST", value: "my-db.compose-shop.svc.cluster.local" });
        expect(dump.env).to.deep.include({ name: "DB_NAME", value: "posts" });
        expect(find("Secret", "my-db-dump")["stringData"]).to.deep.equal({ password: "elephant-7" });
        expect(JSON.stringify(find("NetworkPolicy", "my-db")["spec"].ingress)).to.include(
            '"app.kubernetes.io/name":"backup"',
        );
    });
    it("may be of MariaDB, with a password in a file", () => {
        const db = image("mariadb:11.8", {
            environment: { MARIADB_ROOT_PASSWORD_FILE: "/run/secrets/root", MARIADB_DATABASE: "shop" },
            secrets: ["root"],
            "x-plinth": { dump: true },
        });
        const { find } = convert(
            { services: { web, db }, secrets: { root: { file: "./root" } } },
            { files: { root: "whale-3" }, instance: backup, showSecrets: true },
        );
        expect(find("Secret", "db-dump")["stringData"]).to.deep.equal({ password: "whale-3", rootPassword: "whale-3" });
    });
    it("have the files of a volume beside them", () => {
        const project = (volumes: object) => ({
            ...board(
                { ...postgres, "x-plinth": { dump: true } },
                { app: image("app:1", { volumes: ["files:/f", "more:/m"] }) },
            ),
            volumes: { rows: {}, ...volumes },
        });
        const files1 = { "x-plinth": { backup: { user: 33 } } };
        const { find, pod } = convert(project({ files: files1, more: {} }), { files, instance: backup });
        const { initContainers, securityContext, volumes } = find("CronJob", "backup")["spec"].jobTemplate.spec.template
            .spec;
        expect(initContainers.map(({ name }: { name: string }) => name)).to.deep.equal(["dump", "archive"]);
        expect(initContainers[1].image).to.include("busybox");
        expect(securityContext.runAsUser).to.equal(33);
        expect(JSON.stringify(volumes)).to.include('"claimName":"files"');
        // Without a class that several pods can mount, they are on one node.
        expect(pod("StatefulSet", "app").affinity).to.have.property("podAffinity");
        expect(refusalOf(project({ files: files1, more: files1 }), { files, instance: backup })).to.include(
            "volumes.more.x-plinth.backup: is a second volume to back up, besides files",
        );
    });
    it("are one in an instance", () => {
        const db = { ...postgres, "x-plinth": { dump: true } };
        const two = board(db, { other: { ...db, container_name: "other-db" } });
        expect(refusalOf(two, { files, instance: backup })).to.include(
            "services.other.x-plinth: is a second database to dump",
        );
        expect(
            refusalOf(board({ image: "own/db:1", "x-plinth": { dump: true } }), { files, instance: backup }),
        ).to.include("services.my_db.x-plinth.dump: needs an image of");
    });
}).timeout(120_000);

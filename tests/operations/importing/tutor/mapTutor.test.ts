import { expect } from "chai";
import { ConfigError } from "../../../../config/problems";
import { mapTutor, type TutorRoot } from "../../../../operations/importing/tutor/mapTutor";
import { tutorConfig, tutorSecrets } from "../../../support/tutor";

const map = (changes: Readonly<Record<string, unknown>> = {}, root: Partial<TutorRoot> = {}) =>
    mapTutor({ version: "22.0.3", isLocal: false, config: tutorConfig(changes), ...root });
const settings = (changes?: Readonly<Record<string, unknown>>) => map(changes).settings;
const left = (changes?: Readonly<Record<string, unknown>>, root?: Partial<TutorRoot>) =>
    Object.fromEntries(map(changes, root).left.map(({ what, reason }) => [what, reason]));
const refusal = (changes: Readonly<Record<string, unknown>>): string => {
    try {
        map(changes);
    } catch (error) {
        expect(error).to.be.instanceOf(ConfigError);
        return (error as Error).message;
    }
    return "";
};

describe("the instance that a Tutor root describes", () => {
    it("has the hosts, names and servers of a root with nothing but a host", () => {
        expect(settings()).to.deep.equal({
            namespace: "openedx",
            host: "learn.example.org",
            studioHost: "studio.learn.example.org",
            mfeHost: "apps.learn.example.org",
            platformName: "My Open edX",
            language: "en",
            contactEmail: "contact@learn.example.org",
            tls: { mode: "off" },
            database: { topology: "single", engine: "mysql", name: "openedx", user: "openedx" },
            documents: { topology: "single", name: "openedx" },
            broker: { topology: "single" },
            cache: { topology: "single" },
            search: { topology: "single", publicHost: "meilisearch.learn.example.org" },
            theme: "indigo",
            volumes: {
                database: { claim: "mysql", path: ".", size: "5Gi" },
                documents: { claim: "mongodb", path: ".", size: "5Gi" },
            },
        });
    });

    it("keeps every key and password", () => {
        const { secrets, origins } = map();
        const { JWT_RSA_PRIVATE_KEY: key, ...others } = tutorSecrets;
        expect(secrets).to.deep.equal({
            openedxSecretKey: others["OPENEDX_SECRET_KEY"],
            cmsOauth2Secret: others["CMS_OAUTH2_SECRET"],
            jwtPrivateKey: key,
            databasePassword: others["OPENEDX_MYSQL_PASSWORD"],
            databaseRootPassword: others["MYSQL_ROOT_PASSWORD"],
            searchMasterKey: others["MEILISEARCH_MASTER_KEY"],
        });
        expect(origins["databasePassword"]).to.equal("OPENEDX_MYSQL_PASSWORD");
    });

    it("takes over servers outside the cluster, with their accounts", () => {
        const { settings: all, secrets } = map({
            ...{ RUN_MYSQL: false, MYSQL_HOST: "db.example.org", MYSQL_PORT: "3307", OPENEDX_MYSQL_DATABASE: "lms" },
            ...{ RUN_MONGODB: false, MONGODB_HOST: "m1.example.org, m2.example.org", MONGODB_REPLICA_SET: "rs0" },
            ...{ MONGODB_USERNAME: "edx", MONGODB_PASSWORD: "of-mongo", MONGODB_USE_SSL: true },
            ...{ RUN_REDIS: false, REDIS_HOST: "redis.example.org", REDIS_PASSWORD: "of-redis" },
            ...{ RUN_MEILISEARCH: false, MEILISEARCH_URL: "https://search.example.org" },
            ...{ MEILISEARCH_PUBLIC_URL: "https://search.example.org" },
            ...{ RUN_SMTP: false, SMTP_HOST: "smtp.example.org", SMTP_PORT: 587, SMTP_USE_TLS: true },
            ...{ SMTP_USERNAME: "edx", SMTP_PASSWORD: "of-mail" },
        });
        expect(all).to.deep.include({
            database: {
                ...{ topology: "external", engine: "mysql", host: "db.example.org", port: 3307 },
                ...{ name: "lms", user: "openedx" },
            },
            documents: {
                ...{ topology: "external", hosts: ["m1.example.org", "m2.example.org"], port: 27017, name: "openedx" },
                ...{ user: "edx", authSource: "admin", replicaSet: "rs0", tls: true },
            },
            broker: { topology: "external", host: "redis.example.org", port: 6379 },
            cache: { topology: "external", host: "redis.example.org", port: 6379 },
            search: {
                ...{ topology: "external", url: "https://search.example.org" },
                ...{ publicUrl: "https://search.example.org", prefix: "tutor_" },
            },
            mail: { host: "smtp.example.org", port: 587, encryption: "starttls", username: "edx" },
        });
        expect(all).not.to.have.property("volumes");
        expect(secrets).to.include({
            documentsPassword: "of-mongo",
            brokerPassword: "of-redis",
            cachePassword: "of-redis",
            smtpPassword: "of-mail",
        });
        expect(secrets).not.to.have.property("databaseRootPassword");
    });

    it("reads a name with SRV records, and refuses a URI with an account without quoting it", () => {
        const host = (name: string) => ({ RUN_MONGODB: false, MONGODB_HOST: name });
        expect(settings(host("mongodb+srv://cluster.example.org/"))["documents"]).to.deep.include({
            hosts: ["cluster.example.org"],
            srv: true,
        });
        expect(refusal(host("mongodb+srv://edx:hunter2@cluster.example.org/")))
            .to.include("MONGODB_HOST: this connection URI is not allowed")
            .and.not.include("hunter2");
    });

    it("ends TLS where Tutor ended it", () => {
        expect(settings({ ENABLE_HTTPS: true })).to.deep.include({
            tls: { mode: "acme", email: "contact@learn.example.org" },
        });
        expect(settings({ ENABLE_HTTPS: true, ENABLE_WEB_PROXY: false })).to.deep.include({
            tls: { mode: "off", inFront: true },
            edge: { type: "ClusterIP" },
        });
        expect(left({ ENABLE_WEB_PROXY: false })["ENABLE_WEB_PROXY"]).to.include("edge.trustedProxies");
    });

    it("takes over object storage of the plugins minio and s3", () => {
        const minio = { PLUGINS: ["mfe", "minio"], MINIO_AWS_SECRET_ACCESS_KEY: "of-minio" };
        expect(settings(minio)["objectStorage"]).to.deep.equal({
            topology: "single",
            engine: "minio",
            publicHost: "files.learn.example.org",
        });
        expect(map(minio).secrets).to.include({
            objectStorageAccessKey: "openedx",
            objectStorageSecretKey: "of-minio",
        });
        expect(settings(minio)["images"]).to.deep.equal({
            minio: "docker.io/minio/minio:RELEASE.2022-03-26T06-49-28Z.hotfix.26ec6a857",
        });
        expect(settings(minio)["volumes"]).to.deep.include({ storage: { claim: "minio", path: ".", size: "5Gi" } });
        expect(left(minio)["policy of the bucket openedx"]).to.include("remove it before you stop MinIO");
        const image = "r.example.org/minio:RELEASE.2022-10-24T18-35-07Z";
        expect(settings({ ...minio, MINIO_DOCKER_IMAGE: image })["images"]).to.deep.equal({ minio: image });
        // The platform would not find its objects there.
        for (const changes of [{ MINIO_BUCKET_NAME: "courses" }, { MINIO_GATEWAY: "azure" }]) {
            const changed = { ...minio, ...changes };
            expect(settings(changed)["volumes"]).not.to.have.property("storage");
            expect(settings(changed)).not.to.have.property("images");
            expect(left(changed)["claim minio"]).to.include("copy them");
        }
        const s3 = {
            ...{ PLUGINS: ["s3"], OPENEDX_AWS_ACCESS_KEY: "key", OPENEDX_AWS_SECRET_ACCESS_KEY: "of-s3" },
            ...{ S3_HOST: "s3.example.org", S3_PORT: 9000, S3_REGION: "eu-west-1", S3_STORAGE_BUCKET: "courses" },
        };
        expect(settings(s3)["objectStorage"]).to.deep.equal({
            topology: "external",
            region: "eu-west-1",
            buckets: { openedx: "courses" },
            endpoint: "https://s3.example.org:9000",
        });
        expect(left()["plugin minio or s3"]).to.include("choose an objectStorage");
    });

    it("switches on what plugins bring, and names the others", () => {
        expect(settings({ PLUGINS: ["forum", "notes"] }))
            .to.include({ forum: true })
            .and.not.have.property("notes");
        const others = left({ PLUGINS: ["mfe", "notes", "aspects", "ours"] });
        expect(others["plugin notes"]).to.include("run it yourself");
        expect(others["plugin aspects"]).to.include("ClickHouse");
        expect(others["plugin ours"]).to.include("Plinth does not know this plugin");
        expect(others).not.to.have.property("plugin mfe");
    });

    it("resolves references, and names what only Tutor can compute", () => {
        const changes = {
            CMS_HOST: "author.{{ LMS_HOST }}",
            CONTACT_EMAIL: "{{OURS}}@{{ DOMAIN }}",
            ...{ OURS: "help", DOMAIN: "{{ LMS_HOST }}", PLATFORM_NAME: "{{ LMS_HOST|upper }}" },
            LANGUAGE_CODE: "{% if ENABLE_HTTPS %}fr{% else %}de{% endif %}",
            ...{ MFE_HOST: "{{ A }}", A: "{{ B }}", B: "{{ A }}" },
        };
        expect(settings(changes)).to.deep.include({
            studioHost: "author.learn.example.org",
            contactEmail: "help@learn.example.org",
        });
        expect(settings(changes)).not.to.have.any.keys("platformName", "language", "mfeHost");
        const named = left(changes);
        expect(named).to.include.keys("PLATFORM_NAME", "LANGUAGE_CODE", "MFE_HOST", "A", "B", "OURS");
        expect(named["PLATFORM_NAME"]).to.include("tutor config printvalue PLATFORM_NAME");
    });

    it("names variables without an equivalent, unless they are Tutor's defaults", () => {
        const named = left({
            ...{ OPENEDX_LMS_UWSGI_WORKERS: 8, OPENEDX_CMS_UWSGI_WORKERS: 2, DOCKER_IMAGE_REDIS: "redis:7.4.1" },
            ...{ JWT_COMMON_AUDIENCE: "ours", OURS_TOKEN: "hunter2", MYSQL_PORT: 3306 },
        });
        expect(named).to.include.keys("OPENEDX_LMS_UWSGI_WORKERS", "DOCKER_IMAGE_REDIS", "JWT_COMMON_AUDIENCE");
        expect(named).not.to.have.any.keys("OPENEDX_CMS_UWSGI_WORKERS", "MYSQL_PORT", "ID", "PLUGINS", "LMS_HOST");
        expect(named["OURS_TOKEN"]).to.include("does not know this variable");
        expect(JSON.stringify(named)).not.to.include("hunter2");
    });

    it("keeps images that were set, and the servers' versions that wrote the data", () => {
        expect(settings()).not.to.have.property("images");
        const images = {
            DOCKER_IMAGE_OPENEDX: "r.example.org/edx:{{ TUTOR_VERSION }}",
            DOCKER_IMAGE_MYSQL: "mysql:8.0.40",
        };
        expect(settings(images)["images"]).to.deep.equal({
            openedx: "r.example.org/edx:22.0.3",
            mysql: "mysql:8.0.40",
        });
    });

    it("takes feature flags from the rendered settings, and names other settings of plugins", () => {
        const env = {
            lms: {
                SECRET_KEY: "x",
                FEATURES: { MILESTONES_APP: true, ENABLE_MOBILE_REST_API: false, OURS: true, KEY: "hunter2" },
                SOCIAL_AUTH_OAUTH_SECRETS: { saml: "hunter2" },
            },
            cms: { FEATURES: { ENABLE_LIBRARY_INDEX: true } },
        };
        expect(map({}, { env }).settings["settings"]).to.deep.equal({
            lms: { features: { ENABLE_MOBILE_REST_API: false, OURS: true } },
        });
        const named = left({}, { env });
        expect(named).to.include.keys(
            "env/apps/openedx/config/lms.env.yml: SOCIAL_AUTH_OAUTH_SECRETS",
            "env/apps/openedx/config/lms.env.yml: FEATURES.KEY",
        );
        expect(JSON.stringify(named)).not.to.include("hunter2");
    });

    it("adopts nothing of `tutor local`", () => {
        const { settings: local, left: named } = map({}, { isLocal: true });
        expect(local).not.to.have.any.keys("namespace", "volumes");
        expect(named.map(({ what }) => what)).to.include("data/");
    });

    for (const [mistake, changes, message] of [
        [
            "a root that was not saved",
            { OPENEDX_SECRET_KEY: undefined },
            "OPENEDX_SECRET_KEY: is missing in config.yml",
        ],
        [
            "a plugin that was enabled, and not saved",
            { PLUGINS: ["minio"] },
            "OPENEDX_AWS_SECRET_ACCESS_KEY: is missing in config.yml",
        ],
        [
            "a password as an expression",
            { OPENEDX_MYSQL_PASSWORD: "{{ 8|random_string }}" },
            "OPENEDX_MYSQL_PASSWORD: is a template",
        ],
        ["a key that is none", { JWT_RSA_PRIVATE_KEY: "hunter2" }, "allowed: a private RSA key in PEM"],
        ["a switch that is none", { RUN_MYSQL: "hunter2" }, "RUN_MYSQL: is not allowed; allowed: true or false"],
        [
            "a port that is none",
            { RUN_MYSQL: false, MYSQL_PORT: "hunter2" },
            "MYSQL_PORT: is not allowed; allowed: a whole number",
        ],
    ] as const)
        it(`refuses ${mistake}, without quoting it`, () => {
            expect(refusal(changes)).to.include(message).and.not.include("hunter2");
        });
});

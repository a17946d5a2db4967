import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { readYaml } from "../../../../config/yaml";
import { defaults } from "../../../../operations/importing/tutor/defaults";
import { mapTutor } from "../../../../operations/importing/tutor/mapTutor";
import { pythonScalars } from "../../../../operations/importing/tutor/pythonScalars";
import { readRoot } from "../../../../operations/importing/tutor/readRoot";
import { writeRoot } from "../../../support/tutor";
import { pythonProgram, scratch } from "../../../support/tools";

type Map = Readonly<Record<string, unknown>>;

describe("a root that Tutor 22 has saved", function () {
    this.timeout(600_000);
    let tutor: string;
    const folder = scratch();
    const root = join(folder.path, "root");
    const read = (path: string) => readYaml(readFileSync(path, "utf8"), path, pythonScalars) as Map;
    before(async function () {
        tutor = await pythonProgram(this, "tutor");
        this.timeout(900_000);
        writeRoot(root, { "config.yml": { PLUGINS: ["forum", "indigo", "mfe", "minio", "notes"] } });
        const set = { LMS_HOST: "learn.example.org", ENABLE_HTTPS: "true", OPENEDX_LMS_UWSGI_WORKERS: "4" };
        const args = Object.entries(set).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
        const env = { TUTOR_ROOT: root, TUTOR_PLUGINS_ROOT: join(folder.path, "plugins") };
        await execa(tutor, ["config", "save", ...args], { env });
    });
    after(() => folder.clean());

    it("gives the instance what the applications run with", () => {
        const { settings, secrets } = mapTutor(readRoot(root));
        const env = read(join(root, "env", "apps", "openedx", "config", "lms.env.yml"));
        const { default: database } = env["DATABASES"] as { default: Map };
        expect(secrets).to.include({
            openedxSecretKey: env["SECRET_KEY"],
            databasePassword: database["PASSWORD"],
            objectStorageAccessKey: env["AWS_ACCESS_KEY_ID"],
            objectStorageSecretKey: env["AWS_SECRET_ACCESS_KEY"],
        });
        expect(secrets["jwtPrivateKey"]).to.match(/^-----BEGIN RSA PRIVATE KEY-----\n/);
        expect(settings).to.include({
            ...{ host: env["LMS_BASE"], studioHost: env["CMS_BASE"], platformName: env["PLATFORM_NAME"] },
            ...{
                language: env["LANGUAGE_CODE"],
                contactEmail: env["CONTACT_EMAIL"],
                mfeHost: "apps.learn.example.org",
            },
            ...{ theme: "indigo", forum: true },
        });
        expect(settings).to.deep.include({ tls: { mode: "acme", email: "contact@learn.example.org" } });
        expect(settings["database"]).to.include({ name: database["NAME"], user: database["USER"] });
    });

    it("leaves out only what was set, and what the docs name", () => {
        const { left, settings } = mapTutor(readRoot(root));
        expect(left.map(({ what }) => what)).to.have.members([
            ...["NOTES_MYSQL_PASSWORD", "NOTES_OAUTH2_SECRET", "NOTES_SECRET_KEY", "OPENEDX_LMS_UWSGI_WORKERS"],
            ...[
                "RUN_SMTP",
                "policy of the bucket openedx",
                "claims redis, meilisearch and caddy",
                "plugin notes",
                "discussions in MongoDB",
            ],
        ]);
        expect(settings).not.to.have.property("settings");
    });

    it("has the defaults that the mapping relies on", () => {
        const library = join(dirname(tutor), "..", "lib");
        const [python] = readdirSync(library);
        const path = join(library, python!, "site-packages", "tutor", "templates", "config", "defaults.yml");
        const { PLUGINS: _, NOTIFICATIONS_DEFAULT_FROM_EMAIL: __, ...ours } = defaults;
        expect(read(path)).to.deep.include(ours);
    });
});

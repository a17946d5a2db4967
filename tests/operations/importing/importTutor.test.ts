import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { importTutor, type SecretStore } from "../../../operations/importing/importTutor";
import { Session } from "../../../operations/session";
import { platforms } from "../../../platforms";
import { changeEnvironment } from "../../support/environment";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";
import { tutorConfig, tutorSecrets, writeRoot } from "../../support/tutor";

const before = `# Where we are.
config:
    plinth:cluster: {context: x} # by hand
    plinth:instances:
        # The shop.
        shop: {platform: opencart, host: shop.example.org, sharedFiles: oneNode}
# Behind everything.
`;

describe("importing a Tutor root", function () {
    this.timeout(60_000);
    let folder: ReturnType<typeof scratch>;
    let stored: Record<string, string>;
    let prepared: number;
    const file = () => readFileSync(join(folder.path, "Pulumi.many.yaml"), "utf8");
    const session = (all = platforms) => new Session("many", { folder: folder.path, platforms: all });
    /** Like the engine, it writes what it stores into the file, at its end. */
    const store: SecretStore = {
        prepare: async () => {
            prepared += 1;
        },
        store: async (_, { instance, key }, value) => {
            stored[`${instance}.${key}`] = value;
            const { path } = session();
            writeFileSync(path, `${readFileSync(path, "utf8")}# ${key}\n`);
        },
    };
    const root = (changes: Readonly<Record<string, unknown>> = {}, version = "22.0.3") =>
        writeRoot(join(folder.path, "tutor"), { "config.yml": tutorConfig(changes), "env/version": version });
    const run = (name = "openedx", secrets = store) =>
        importTutor(session(), name, join(folder.path, "tutor"), secrets);
    const failure = (work: Promise<unknown>): Promise<string> =>
        work.then(
            () => "",
            (error: Error) => error.message,
        );

    beforeEach(() => {
        folder = scratch();
        stored = {};
        prepared = 0;
        writeFileSync(join(folder.path, "Pulumi.many.yaml"), before);
    });
    afterEach(() => folder.clean());

    it("adds the instance below the others, keeps every other line, and stores the secrets", async () => {
        root();
        const { diff, secrets, claims, namespace, missing, left } = await run();
        const own = file().replace(/(# \w+\n)+$/, "");
        const added = diff.map((line) => `${line.slice(1)}\n`).join("");
        expect(own).to.equal(before.replace("# Behind everything.", `${added}# Behind everything.`));
        const { config } = parse(file()) as { config: Record<string, Record<string, object>> };
        expect(config["plinth:instances"]!["openedx"]).to.deep.include({
            platform: "openedx",
            host: "learn.example.org",
            volumes: {
                database: { claim: "mysql", path: ".", size: "5Gi" },
                documents: { claim: "mongodb", path: ".", size: "5Gi" },
            },
        });
        expect(stored).to.deep.include({
            "openedx.openedxSecretKey": tutorSecrets["OPENEDX_SECRET_KEY"],
            "openedx.jwtPrivateKey": tutorSecrets["JWT_RSA_PRIVATE_KEY"],
            "openedx.databaseRootPassword": tutorSecrets["MYSQL_ROOT_PASSWORD"],
        });
        expect(Object.keys(stored)).to.deep.equal(secrets.map((key) => `openedx.${key}`));
        expect([claims, namespace, missing]).to.deep.equal([["mysql", "mongodb"], "openedx", []]);
        const said = JSON.stringify({ diff, left });
        for (const value of Object.values(tutorSecrets).filter((one) => !one.includes("-")))
            expect(said).not.to.include(value);
    });

    it("renders the claims of the former deployment, in its namespace", async () => {
        root({ K8S_NAMESPACE: "learning" });
        await run();
        const { objects } = await session().rendering();
        const claims = objects.filter(
            ({ kind, metadata }) => kind === "PersistentVolumeClaim" && metadata.namespace === "learning",
        );
        expect(claims.map(({ metadata }) => metadata.name)).to.include.members(["mongodb", "mysql"]);
    });

    /**
     * Imports with a stand-in for the engine.
     *
     * @param stack what it does with `stack`, in shell
     * @returns its calls, and what it has read
     */
    async function withEngine(
        stack: string,
    ): Promise<{ readonly calls: readonly string[]; readonly received: string }> {
        root();
        const tools = new StandIns(folder.path);
        const received = join(folder.path, "received");
        tools.add(
            "pulumi",
            `case "$1" in version) echo v3.0.0 ;; stack) ${stack} ;; config) cat >> '${received}' ;; esac`,
        );
        const restore = changeEnvironment({
            PATH: tools.path,
            PULUMI_BACKEND_URL: `file://${folder.path}`,
            PULUMI_CONFIG_PASSPHRASE: "of a test",
        });
        try {
            await importTutor(session(), "openedx", join(folder.path, "tutor"));
        } finally {
            restore();
        }
        return { calls: tools.calls(), received: readFileSync(received, "utf8") };
    }

    it("hands values to the engine on its standard input, never as arguments", async () => {
        const { calls, received } = await withEngine("echo '{}'");
        expect(calls).to.include(
            "pulumi config set --secret --path plinth:secrets.openedx.databasePassword --stack many",
        );
        const { MEILISEARCH_API_KEY_UID: _, ...values } = tutorSecrets;
        for (const value of Object.values(values)) {
            expect(received).to.include(value);
            expect(calls.join("\n")).not.to.include(value);
        }
    });

    it("creates a stack that the engine does not know, once, and then stores all secrets", async () => {
        const known = join(folder.path, "known");
        const { calls, received } = await withEngine(
            `if [ "$2" = init ]; then [ ! -e '${known}' ] || { echo "error: stack 'many' already exists" >&2; exit 255; }; touch '${known}'; ` +
                "else echo \"error: no stack named 'many' found\" >&2; exit 255; fi",
        );
        expect(calls.filter((call) => call.startsWith("pulumi stack init"))).to.have.length(1);
        expect(received).to.include(tutorSecrets["OPENEDX_SECRET_KEY"]);
        expect(file()).to.include("platform: openedx");
    });

    it("names the secrets that the root does not have", async () => {
        root({ RUN_REDIS: false, REDIS_HOST: "redis.example.org" });
        const { missing } = await run();
        expect(missing.map(({ key }) => key)).to.deep.equal(["brokerPassword", "cachePassword"]);
    });

    for (const [mistake, changes, message] of [
        [
            "a host that the platform refuses",
            { LMS_HOST: "Learn" },
            'plinth:instances.openedx.host: "Learn" is not allowed',
        ],
        ["a secret against its rule", { CMS_OAUTH2_SECRET: "hunter2" }, "CMS_OAUTH2_SECRET: a value of 7 characters"],
        ["a root that was not saved", { CMS_OAUTH2_SECRET: undefined }, "CMS_OAUTH2_SECRET: is missing"],
    ] as const)
        it(`refuses ${mistake}, and writes nothing`, async () => {
            root(changes);
            expect(await failure(run()))
                .to.include(message)
                .and.not.include("hunter2");
            expect([file(), stored, prepared]).to.deep.equal([before, {}, 0]);
        });

    it("refuses another release, a name that is taken, and a stack without the platform", async () => {
        root({}, "21.0.9");
        expect(await failure(run())).to.include("allowed: 22");
        root();
        expect(await failure(run("shop"))).to.include('"many" already has an instance "shop"');
        const { opencart } = platforms;
        const others = session({ opencart: opencart! } as never);
        expect(await failure(importTutor(others, "openedx", join(folder.path, "tutor"), store))).to.include(
            'the platform openedx is not among those of "many": opencart',
        );
        expect([file(), stored, prepared]).to.deep.equal([before, {}, 0]);
    });

    it("puts the file back if a secret cannot be stored, and writes nothing if none can", async () => {
        root();
        const failing: SecretStore = {
            ...store,
            store: async (of, one, value) => {
                if (one.key === "databasePassword") throw new Error("the engine has no passphrase");
                await store.store(of, one, value);
            },
        };
        expect(await failure(run("openedx", failing))).to.include("Nothing was changed: the engine has no passphrase");
        expect(file()).to.equal(before);
        expect(stored).not.to.deep.equal({});
        const missing: SecretStore = {
            ...store,
            prepare: async () => {
                throw new Error("Missing: the Pulumi CLI");
            },
        };
        expect(await failure(run("openedx", missing))).to.include("Missing: the Pulumi CLI");
        expect(file()).to.equal(before);
    });
});

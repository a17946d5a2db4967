import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { givenByEngine, register } from "../../components/registering";
import { Backup } from "../../components/backup";
import { Database } from "../../components/database";
import { PlainPlan } from "../../operations/render/plainPlan";
import { valuesIn } from "../../config/value";
import { declareProgram } from "../../platforms/program";
import { declare, find, givenOf, type Sent } from "../support/declare";
import { podsOf } from "../support/invariants";
import { unwrapped } from "../support/record";

const from = (keys: Record<string, object>) => ({ cluster: { context: "kind-dev" }, secretsFrom: { shop: keys } });
const outside = { topology: "external", host: "db.example.org" };

/** An OpenMage shop, whose local.xml contains passwords. */
const values = (keys: Record<string, object>, instance: object = {}) => ({
    ...from(keys),
    instances: {
        shop: {
            platform: "openmage",
            host: "shop.example.org",
            sharedFiles: "oneNode",
            namespace: "shop",
            ...instance,
        },
    },
});

/** Resources, rendered without a cluster. */
function rendered(keys: Record<string, object>, instance: object = {}) {
    const given = givenOf(values(keys, instance));
    const { plan } = declareProgram(given, { offline: true });
    return new PlainPlan(plan, given).resources;
}

/**
 * What the engine is asked for, with the Secrets that are in the cluster.
 *
 * @param there data by `NAMESPACE/NAME`
 */
async function run(keys: Record<string, object>, there: Record<string, Record<string, string>>, instance: object = {}) {
    const sent: Sent[] = [];
    const read: string[] = [];
    await pulumi.runtime.setMocks(
        {
            call: ({ inputs }) => inputs as Record<string, unknown>,
            newResource: ({ type, id, name, inputs }) => {
                if (id) {
                    read.push(id);
                    const data = Object.entries(there[id]!).map(([key, text]) => [
                        key,
                        Buffer.from(text).toString("base64"),
                    ]);
                    return { id, state: { data: Object.fromEntries(data) as object } };
                }
                if (type.startsWith("kubernetes:")) sent.push(unwrapped(inputs) as Sent);
                return {
                    id: name,
                    state: { ...inputs, ...(type.startsWith("random:") ? { result: "generated" } : {}) },
                };
            },
        },
        "plinth",
        "dev",
    );
    const given = givenOf(values(keys, instance));
    pulumi.runtime.setAllConfig({ ...given.config }, []);
    await pulumi.runtime.runInPulumiStack(() => {
        const { plan, outputs } = declareProgram(givenByEngine(), { offline: true });
        return Promise.resolve(register(plan, outputs) as Record<string, unknown>);
    });
    await pulumi.runtime.disconnect();
    return { sent, read };
}

describe("values in Secrets that others create", function () {
    this.timeout(60_000);
    const mail = { secret: "mail", key: "password" };

    it("are told apart where a dash could belong to the namespace or to the Secret", () => {
        const resources = rendered({
            databasePassword: { namespace: "a", secret: "b-c", key: "password" },
            cachePassword: { namespace: "a-b", secret: "c", key: "password" },
        });
        const names = resources.filter(({ isRead }) => isRead).map(({ name }) => name);
        expect(names.sort()).to.deep.equal(["existing-a-b/c", "existing-a/b-c"]);
    });

    it("are referenced by pods, and neither read nor copied", async () => {
        const smtp = { mail: { host: "smtp.example.org", username: "shop", from: "shop@example.org" } };
        const { objects, resources } = await declare(
            (instance) => {
                const database = new Database(instance, "database", {
                    config: { topology: "external", engine: "mariadb", host: "db.example.org", cidrs: [] },
                    database: "shop",
                    user: "shop",
                    resources: {},
                    size: "1Gi",
                } as unknown as ConstructorParameters<typeof Database>[2]);
                new Backup(instance, "backup", {
                    database,
                    writers: [],
                    config: {
                        schedule: "0 2 * * *",
                        timeZone: "Etc/UTC",
                        keep: { days: 14, count: 3 },
                        files: false,
                        objects: false,
                        timeoutSeconds: 7200,
                        acceptFrom: [],
                        target: { type: "s3", bucket: "backups", region: "eu-west-1", cidrs: [] },
                    },
                } as unknown as ConstructorParameters<typeof Backup>[3] as never);
            },
            {
                instance: smtp,
                values: {
                    secretsFrom: {
                        bench: {
                            databasePassword: { secret: "db", key: "pass" },
                            backupAccessKey: { secret: "s3", key: "id" },
                            backupSecretKey: { secret: "s3", key: "secret" },
                        },
                    },
                },
            },
        );
        const [backup] = podsOf(objects);
        const text = JSON.stringify(backup!.template);
        for (const reference of [
            '{"key":"pass","name":"db"}',
            '{"key":"id","name":"s3"}',
            '{"key":"secret","name":"s3"}',
        ])
            expect(text).to.contain(reference);
        expect(objects.filter(({ kind }) => kind === "Secret")).to.deep.equal([]);
        expect(resources.filter(({ isRead }) => isRead)).to.deep.equal([]);
    });

    it("are read where a file is made from them", async () => {
        const keys = { databasePassword: { secret: "db", key: "pass" }, smtpPassword: mail };
        const { sent, read } = await run(keys, { "shop/db": { pass: "of-the-vault" } }, { database: outside });
        expect(read).to.deep.equal(["shop/db"]);
        const localXml = find(sent, "Secret", "local-xml")["stringData"]["local.xml"] as string;
        expect(localXml).to.contain("of-the-vault").and.contain("db.example.org");
    });

    it("are read for servers of the instance, whose pods are replaced when they change", async () => {
        const keys = { databasePassword: { secret: "db", key: "pass", namespace: "vault" } };
        const accounts = new Set<string>();
        const digest = async (pass: string) => {
            const { sent } = await run(keys, { "vault/db": { pass } });
            expect(find(sent, "Secret", "database")["stringData"].password).to.equal(pass);
            accounts.add(find(sent, "Secret", "database-root")["stringData"]["init.sql"] as string);
            return find(sent, "StatefulSet", "database")["spec"].template.metadata.annotations["plinth.dev/secrets"];
        };
        expect(await digest("one-password")).not.to.equal(await digest("other-password"));
        // The statements that set the password at the server's start.
        expect(accounts.size).to.equal(2);
    });

    it("have a placeholder where there is no cluster, and are no objects of the stack", () => {
        const resources = rendered({ databasePassword: { secret: "db", key: "pass" } }, { database: outside });
        const reads = resources.filter(({ isRead }) => isRead);
        expect(reads.map(({ name }) => name)).to.deep.equal(["existing-shop/db"]);
        const place = (name: string) => resources.findIndex((resource) => resource.name === name);
        expect(place("existing-shop/db")).to.be.below(place("shop-local-xml")).and.be.above(place("cluster"));
        expect(JSON.stringify(resources[place("shop-local-xml")]!.inputs)).to.contain(
            "placeholder-shop-databasePassword",
        );
    });

    it("are refused without the value where they cannot be used", () => {
        const keys = { databasePassword: { secret: "db", key: "pass" } };
        const { plan } = declareProgram(givenOf(values(keys, { database: outside })), { offline: true });
        const [file] = valuesIn(plan.find(({ name }) => name === "shop-local-xml")!.inputs);
        const failure = (data: Record<string, string>) => {
            const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
            try {
                file!.in(({ name }) => (name === "data" ? Object.fromEntries(encoded) : "generated"));
            } catch (error) {
                return (error as Error).message;
            }
            throw new Error("was accepted");
        };
        expect(failure({ password: "x" })).to.include('the Secret shop/db has no key "pass"; it has: password');
        const told = failure({ pass: "hidden-in\ntwo lines" });
        expect(told).to.include('key "pass" of the Secret shop/db, for databasePassword').and.not.include("hidden-in");
    });

    it("are named by instance and key, and cannot be set here as well", () => {
        const refused = (given: object) => {
            try {
                declareProgram(givenOf({ ...values({}), ...given }), { offline: true });
            } catch (error) {
                return (error as Error).message;
            }
            throw new Error("was accepted");
        };
        expect(refused({ secretsFrom: { shp: { smtpPassword: mail } } })).to.include(
            'plinth:secretsFrom.shp: the instance "shp" does not exist; did you mean "shop"?',
        );
        expect(refused({ secretsFrom: { shop: { smtpPasword: mail } } })).to.include(
            'plinth:secretsFrom.shop.smtpPasword: unknown secret; did you mean "smtpPassword"?',
        );
        expect(refused({ secretsFrom: { shop: { smtpPassword: { secret: "Mail", key: "a/b" } } } }))
            .to.match(/plinth:secretsFrom\.shop\.smtpPassword\.secret: "Mail" is not allowed/)
            .and.match(/plinth:secretsFrom\.shop\.smtpPassword\.key: "a\/b" is not allowed/);
        expect(
            refused({
                secretsFrom: { shop: { smtpPassword: mail } },
                secrets: { shop: { smtpPassword: "not-both" } },
            }),
        ).to.match(/plinth:secretsFrom\.shop\.smtpPassword: is in plinth:secrets\.shop as well/);
    });
});

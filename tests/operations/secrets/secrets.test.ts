import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import {
    chooseKey,
    dependentsOf,
    isOperatorsLogin,
    placesOnceSet,
    secretKeys,
    secretStates,
} from "../../../operations/secrets/secrets";
import { Session } from "../../../operations/session";
import { newPassword } from "../../../operations/secrets/secretValue";
import { loadStack } from "../../../config/load";
import { ConfigError } from "../../../config/problems";
import { rawStack } from "../../../config/read";
import { valueProblem } from "../../../config/secrets";
import { platforms } from "../../../platforms";
import { scratch } from "../../support/tools";

const folder = join(__dirname, "..", "..", "stacks");

const session = (stack: string) => new Session(stack, { folder });

describe("the secrets of a stack", function () {
    // Each test renders several times.
    this.timeout(120_000);
    const states = async (stack: string, instance: string) =>
        Object.fromEntries(
            (await secretStates(session(stack), secretKeys(session(stack), instance))).map(
                ({ key, value, length, places }) => [
                    key,
                    [value, length, ...places.map((place) => `${place.namespace}/${place.secret}:${place.key}`)],
                ],
            ),
        );

    it("are generated, set or unused, and are located as in the rendering", async () => {
        expect(await states("large", "shop")).to.deep.equal({
            adminPassword: ["set", undefined, "opencart-shop/acme-admin:password"],
            smtpPassword: ["set", undefined, "opencart-shop/acme-smtp:password"],
            databasePassword: ["generated", 32, "opencart-shop/acme-database:password"],
            databaseRootPassword: ["generated", 32, "opencart-shop/acme-database-root:rootPassword"],
            cachePassword: ["generated", 32, "opencart-shop/acme-cache:password"],
            backupAccessKey: ["unused", undefined],
            backupSecretKey: ["unused", undefined],
            acmeKeyId: ["unused", undefined],
            acmeHmacKey: ["unused", undefined],
            tlsCertificate: ["unused", undefined],
            tlsKey: ["unused", undefined],
        });
        // The shared balancer's namespace, not the instance's.
        expect((await states("edges", "two"))["tlsKey"]).to.deep.equal([
            "set",
            undefined,
            "edge/edge-certificates:two.key",
        ]);
    });

    it("are an operator's login where it does not change them in its servers", async () => {
        const of = session("operator");
        const { objects } = await of.rendering();
        const answers = async (instance: string) =>
            Object.fromEntries(
                (await secretStates(of, secretKeys(of, instance)))
                    .filter(({ key }) => key.startsWith("database"))
                    .map(({ key, places }) => [key, isOperatorsLogin(objects, places)]),
            );
        expect(await answers("shop")).to.deep.equal({ databasePassword: false, databaseRootPassword: true });
        expect(await answers("survey")).to.deep.equal({ databasePassword: false, databaseRootPassword: false });
    });

    it("are located where a key is contained in another form", async () => {
        const { jwtPrivateKey } = await states("openedx-small", "openedx");
        expect(jwtPrivateKey).to.deep.equal([
            "generated",
            undefined,
            "openedx/openedx-config:cms.env.yml",
            "openedx/openedx-config:lms.env.yml",
        ]);
    });

    it("are listed although some are missing", async () => {
        const own = scratch();
        const instance = { platform: "opencart", host: "a.example.org", sharedFiles: "oneNode" };
        writeFileSync(
            join(own.path, "Pulumi.incomplete.yaml"),
            stringify({
                config: {
                    "plinth:cluster": { context: "fixture" },
                    "plinth:instances": {
                        shop: { ...instance, database: { topology: "external", host: "db.example.org" } },
                        other: { ...instance, host: "b.example.org", tls: { mode: "custom" } },
                    },
                },
            }),
        );
        const incomplete = new Session("incomplete", { folder: own.path });
        const all = await secretStates(incomplete, secretKeys(incomplete));
        expect(
            all.filter(({ value }) => value === "missing").map(({ instance: name, key }) => `${name}.${key}`),
        ).to.deep.equal(["shop.databasePassword", "other.tlsCertificate", "other.tlsKey"]);
        // They can be set one after the other.
        const one = chooseKey(incomplete, "shop", "databasePassword");
        expect((await placesOnceSet(incomplete, one)).map(({ secret }) => secret)).to.deep.equal(["database"]);
        own.clean();
    });

    it("are listed if some exclude each other, as QxSMS's identifiers do", async () => {
        const one = await states("qxsms-production", "one");
        expect(one["qualtricsApiKey"]).to.deep.equal(["set", undefined, "qxsms-one/qualtrics:apiKey"]);
        expect(one["qualtricsDirectoryId"]).to.deep.equal(["unused", undefined]);
        // As a whole in one Secret, as a part in others.
        expect(one["brokerPassword"]!.slice(0, 2)).to.deep.equal(["generated", 32]);
        expect((await states("qxsms-production", "two"))["brokerPassword"]![0]).to.equal("set");
        const wrong = chooseKey(session("qxsms-production"), "one", "qualtricsDirectoryId");
        const refusal: unknown = await placesOnceSet(session("qxsms-production"), wrong).catch(
            (error: unknown) => error,
        );
        expect(refusal).to.be.instanceOf(ConfigError);
        expect((refusal as ConfigError).message).to.include("is set here and as qualtricsDirectoryId");
    });

    it("are generated again, with the same length, once they are no longer set", async () => {
        const unset = async (stack: string, key: string) => {
            const one = chooseKey(session(stack), "shop", key);
            return (await secretStates(session(stack), [one], one))[0]!;
        };
        expect(await unset("large", "adminPassword")).to.include({ value: "generated", length: 20 });
        expect(await unset("large", "smtpPassword"))
            .to.include({ value: "missing" })
            .and.not.have.property("length");
        expect(await unset("external", "databasePassword")).to.include({ value: "missing" });
    });

    it("roll only the pods that use them: the server, and its clients", async () => {
        const dependents = async (key: string) => {
            const { secrets, workloads } = await dependentsOf(
                session("large"),
                chooseKey(session("large"), "shop", key),
            );
            return [secrets, workloads].map((objects) => objects.map(({ name }) => name.replace("acme-", "")).sort());
        };
        expect(await dependents("databasePassword")).to.deep.equal([
            ["database", "database-root"],
            ["admin", "database", "frontend"],
        ]);
        // The exporter's is derived from it.
        expect(await dependents("databaseRootPassword")).to.deep.equal([
            ["database-metrics", "database-root"],
            ["database"],
        ]);
        // The server's own configuration has a digest of the password.
        expect(await dependents("cachePassword")).to.deep.equal([
            ["cache", "cache-config"],
            ["admin", "cache", "frontend"],
        ]);
        expect(await dependents("adminPassword")).to.deep.equal([["admin"], ["admin"]]);
        expect(await dependents("tlsKey")).to.deep.equal([[], []]);
    });
});

describe("a value of a secret", () => {
    it("follows the key's rule, and is never shown", () => {
        const rule = chooseKey(session("large"), "shop", "adminPassword").rule;
        expect(valueProblem(rule, "hush")).to.equal("a value of 4 characters is not allowed; allowed: 5 to 20");
        expect(valueProblem(rule, "hush ".repeat(5))).to.include("25 characters");
        expect(valueProblem(rule, "hüsh!")).to.equal(undefined);
        expect(valueProblem(rule, "hush!\nhush")).to.include("one line").and.not.include("hush");
        expect(valueProblem({ purpose: "x", lines: true }, "a\nb\n")).to.equal(undefined);
        expect(valueProblem({ purpose: "x" }, "a\0b")).to.include("a control character");
        expect(valueProblem({ purpose: "x" }, "")).to.include("not empty");
    });
    it("that is set with Pulumi's own command follows it, too", () => {
        const config = (adminPassword: string) => ({
            "plinth:instances": JSON.stringify({
                shop: { platform: "opencart", host: "shop.example.org", sharedFiles: "oneNode" },
            }),
            "plinth:secrets": JSON.stringify({ shop: { adminPassword } }),
        });
        const load = (password: string) =>
            loadStack(
                rawStack("plinth", "dev", config(password), ["plinth:secrets"]),
                Object.values(platforms).map((platform) => platform.config),
            );
        expect(() => load("hush")).to.throw(ConfigError, "plinth:secrets.shop.adminPassword: a value of 4 characters");
        expect(() => load("hush!")).not.to.throw();
    });
    it("that is generated contains only letters and digits, and can contain any", () => {
        const passwords = Array.from({ length: 400 }, () => newPassword(32, { purpose: "x" }));
        expect(new Set(passwords)).to.have.length(400);
        expect(new Set(passwords.join(""))).to.have.length(62);
        for (const password of passwords) expect(password).to.match(/^[A-Za-z0-9]{32}$/);
    });
    it("has the characters that its rule requires, whether set or generated", () => {
        const rule = { purpose: "x", among: { letters: /[a-z]/i, digits: /[0-9]/ } };
        expect(valueProblem(rule, "hush")).to.equal(
            "a value without digits is not allowed; allowed: a text with letters and digits",
        );
        expect(valueProblem(rule, "-")).to.include("without letters and digits");
        expect(valueProblem(rule, "hush1")).to.equal(undefined);
        for (let tries = 0; tries < 200; tries += 1) expect(newPassword(3, rule)).to.match(/[a-z]/i).and.match(/[0-9]/);
    });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { authoritiesFile } from "../../components/authorities";
import { cacheOf } from "../../config/cache";
import { Cache, OpenCache } from "../../components/cache";
import { declare, find, podOf, problemsOf, type Sent } from "../support/declare";
import { podsOf } from "../support/invariants";
import { declareOpenCart } from "../support/opencart";
import { declareOpenMage } from "../support/openmage";
import { declareQxsms } from "../support/qxsms";

const pem = readFileSync(join(__dirname, "..", "cases", "root.pem"), "utf8");
const sharedFiles = "oneNode";

const opencart = (database: object, instance: object = {}, values: object = {}) =>
    declareOpenCart({
        instance: { sharedFiles, database: { topology: "external", host: "db.example.org", ...database }, ...instance },
        values: { secrets: { shop: { databasePassword: "a" } }, ...values },
    });
const environment = (objects: readonly Sent[], kind: string, name: string): Record<string, string> =>
    Object.fromEntries(
        podOf(objects, kind, name).containers[0].env.map((one: { name: string; value: string }) => [
            one.name,
            one.value,
        ]),
    );
/** Workloads whose pods have the file of authorities; Tasks without the hash of their content. */
const firsts = (objects: readonly Sent[]) =>
    podsOf(objects)
        .filter(({ template }) =>
            (template.spec as { initContainers?: { name: string }[] }).initContainers?.some(
                ({ name }) => name === "authorities",
            ),
        )
        .map(({ owner }) => owner.metadata.name.replace(/-[0-9a-f]{10}$/, ""));

describe("external servers with TLS", () => {
    it("are pointed out where nothing is said, by name; false is an answer", async () => {
        for (const [host, port] of [
            ["shop.mysql.database.azure.com", undefined],
            ["shop-do-user-1.b.db.ondigitalocean.com", 25060],
        ] as const) {
            expect(await problemsOf(opencart({ host, port }))).to.match(
                /shop\.database\.tls: is missing, and .* takes TLS only; allowed: true, \{ca: …\}/,
            );
            for (const tls of [true, { ca: pem }, false])
                expect(await problemsOf(opencart({ host, port, tls }))).to.equal("");
        }
    });

    it("are assumed by their port, with a warning until something is said", async () => {
        const warned = async (tls?: boolean) => {
            const config = { topology: "external", engine: "valkey", host: "cache.example.org", port: 6380, cidrs: [] };
            const { warnings } = await declare(
                (instance) =>
                    new Cache(instance, "cache", {
                        config: { ...config, tls },
                        resources: {},
                    } as unknown as ConstructorParameters<typeof Cache>[2]),
                { values: { secrets: { bench: { cachePassword: "a" } } } },
            );
            return warnings.filter((warning) => warning.includes("TLS")).join();
        };
        expect(await warned())
            .to.contain("port 6380 without TLS")
            .and.to.contain("cache.tls: true");
        for (const tls of [true, false]) expect(await warned(tls)).to.equal("");
    });

    it("are refused for programs without TLS", async () => {
        const outside = { topology: "external", host: "cache.example.org" };
        const cache = (host: string) =>
            problemsOf(
                declare(
                    (instance) =>
                        new OpenCache(instance, "cache", {
                            config: { topology: "external", engine: "valkey", host, cidrs: [] },
                            resources: { cpu: "10m", memory: "64Mi" },
                        }),
                ),
            );
        expect(await cache("x.serverless.euw1.cache.amazonaws.com"))
            .to.contain("takes TLS only")
            .and.to.contain("cache.tls: false");
        expect(
            cacheOf({ policies: ["noeviction"], plain: true }).safeParse({ ...outside, tls: true }).error?.message,
        ).to.contain("have no TLS");
        expect(await cache("cache.example.org")).to.equal("");
    });

    it("are known by the public authorities, one's own, and those of caBundle, in all pods that use them", async () => {
        const objects = await opencart({ tls: { ca: pem } });
        expect(find(objects, "ConfigMap", "database-authority")["data"]["authorities.pem"]).to.equal(pem);
        const having = firsts(objects);
        expect(having).to.have.members(["install", "upgrade", "frontend", "admin", "cron"]);
        const env = environment(objects, "Deployment", "frontend");
        expect(env).to.include({ DB_TLS_CA: authoritiesFile, SSL_CERT_FILE: authoritiesFile });
        expect(firsts(await opencart({}))).to.deep.equal([]);
        expect(firsts(await opencart({ tls: true }))).to.deep.equal(having);
        const bundled = await opencart({}, { caBundle: pem }, { caBundle: pem });
        expect(find(bundled, "ConfigMap", "authorities")["data"]["authorities.pem"].split("BEGIN CERT")).to.have.length(
            3,
        );
        expect(firsts(bundled)).to.include.members(["frontend", "cron"]);
        expect(environment(bundled, "Deployment", "frontend")).not.to.have.property("DB_TLS_CA");
        expect(find(bundled, "ConfigMap", "frontend-php")["data"]["opencart.ini"]).to.contain(
            `openssl.cafile = '${authoritiesFile}'`,
        );
    });

    it("are called by the name in their certificate where that does not name their address", async () => {
        const named = { host: "10.20.0.5", tls: { ca: pem, serverName: "db.corp.example" } };
        const objects = await opencart(named);
        expect(environment(objects, "Deployment", "frontend")["DB_HOSTNAME"]).to.equal("db.corp.example");
        expect(podOf(objects, "Deployment", "frontend").hostAliases).to.deep.equal([
            { ip: "10.20.0.5", hostnames: ["db.corp.example"] },
        ]);
        const [{ to }] = find(objects, "NetworkPolicy", "frontend")["spec"].egress.filter(
            ({ ports }: { ports?: { port: number }[] }) => ports?.[0]?.port === 3306,
        );
        expect(to).to.deep.equal([{ ipBlock: { cidr: "10.20.0.5/32" } }]);
        expect(await problemsOf(opencart({ ...named, host: "db.example.org" }))).to.contain("database.tls.serverName");
        const more = { ...named, readHost: "reader.example.org" };
        const openmage = declareOpenMage({
            instance: { sharedFiles, database: { topology: "external", ...more } },
            values: { secrets: { shop: { databasePassword: "a" } } },
        });
        expect(await problemsOf(openmage)).to.contain("not allowed with readHost");
    });

    it("take a broker's own port of TLS", async () => {
        const broker = { topology: "external", host: "mq.example.org", tls: true };
        const objects = await declareQxsms({
            instance: { broker },
            values: { secrets: { shop: { brokerPassword: "a" } } },
        });
        expect(environment(objects, "Deployment", "worker")).to.include({
            RABBIT_PORT: "5671",
            RABBIT_TLS_NAME: "mq.example.org",
            DJANGO_SETTINGS_MODULE: "plinth_settings",
        });
    });

    it("may have certificates without their name, where the programs can check the authority alone", async () => {
        const external = { topology: "external", host: "db.example.org", tls: { ca: pem, verifyName: false } };
        const objects = await declareQxsms({
            instance: { database: external, broker: external },
            values: { secrets: { shop: { databasePassword: "a", brokerPassword: "a" } } },
        });
        const env = environment(objects, "Deployment", "worker");
        expect(env).to.include({ PGSSLMODE: "verify-ca" }).and.not.to.have.property("RABBIT_TLS_NAME");
        expect(await problemsOf(opencart({ tls: { ca: pem, verifyName: false } }))).to.match(
            /database\.tls\.verifyName: false is not possible here.*as host.*as serverName/,
        );
        expect(await problemsOf(opencart({ tls: { verifyName: false } }))).to.match(
            /verifyName: false is not allowed; allowed: true, unless ca is/,
        );
        const target = { type: "s3", bucket: "copies", tls: { ca: pem, verifyName: false } };
        expect(await problemsOf(opencart({}, { backup: { target } }))).to.match(
            /backup\.target\.tls\.verifyName: false is not allowed; allowed: true, because clients/,
        );
    });

    it("refuse anything but certificates", async () => {
        const told = await problemsOf(opencart({ tls: { ca: "-----BEGIN PRIVATE KEY-----" } }));
        expect(told).to.match(/database\.tls\.ca: .*allowed: certificates in PEM/);
        expect(await problemsOf(opencart({ tls: "yes" }))).to.contain(
            "allowed: true, false or {ca, serverName, verifyName}",
        );
    });
});

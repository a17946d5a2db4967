import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { addInstance, type AddArgs } from "../../../operations/instances/addInstance";
import { Session } from "../../../operations/session";
import { previewText } from "../../../operations/review/previewText";
import { renderStack } from "../../../operations/render/rendering";
import { setImages } from "../../../operations/images/setImages";
import { scratch } from "../../support/tools";

const folder = scratch();
after(() => folder.clean());
const file = join(folder.path, "Pulumi.many.yaml");
const before = `# Where we are.
config:
    plinth:cluster: {context: x, sharedStorageClass: shared}
    plinth:defaults: {platform: opencart} # all the same
    plinth:instances:
        # The first.
        shop:
            platform: opencart
            host: shop.example.org
            adminHost: admin.example.org # by name
            namespace: shops
            state: stopped
            size: medium
            edge:
                type: NodePort
                httpPort: 30080
                publicAddress: 192.0.2.1
            database: {topology: single, upgradeFrom: mariadb 11.4}
            volumes:
                database: {size: 50Gi, existing: pvc-0815}
                files: {existing: pvc-0816}
        # The other.
        far: {host: far.example.org, edge: {type: LoadBalancer, address: 192.0.2.9}}
# Behind everything.
`;
const failure = (work: Promise<unknown>): Promise<string> =>
    work.then(
        () => "",
        (error: Error) => error.message,
    );
const where = { folder: folder.path };

describe("adding an instance", () => {
    beforeEach(() => writeFileSync(file, before));
    const add = (name: string, args: AddArgs) => addInstance(new Session("many", where), name, args);

    it("appends its lines, and changes nothing else", async () => {
        const { diff, notCopied, secrets } = await add("north", { host: "north.example.org", platform: "opencart" });
        expect(diff).to.deep.equal([
            "+        north:",
            "+            platform: opencart",
            "+            host: north.example.org",
        ]);
        expect([notCopied, secrets]).to.deep.equal([[], []]);
        const added = diff.map((line) => `${line.slice(1)}\n`).join("");
        expect(readFileSync(file, "utf8")).to.equal(
            before.replace("# Behind everything.", `${added}# Behind everything.`),
        );
    });
    it("copies another instance's own keys, except those of one instance only", async () => {
        const { diff, notCopied } = await add("north", { host: "north.example.org", like: "shop" });
        expect(diff.map((line) => line.slice(9))).to.deep.equal([
            "north:",
            "    platform: opencart",
            "    host: north.example.org",
            "    size: medium",
            "    edge: {type: NodePort, publicAddress: 192.0.2.1}",
            "    database: {topology: single}",
            "    volumes: {database: {size: 50Gi}}",
        ]);
        expect(notCopied).to.deep.equal([
            "adminHost",
            "namespace",
            "state",
            "edge.httpPort",
            "database.upgradeFrom",
            "volumes.database.existing",
            "volumes.files.existing",
        ]);
        expect((await add("south", { host: "south.example.org", like: "far" })).notCopied).to.deep.equal([
            "edge.address",
        ]);
    });
    it("accepts additional keys, which override copied ones", async () => {
        const set = ["edge={type: ClusterIP}", "http.maxBody=128Mi", "size=null"];
        const { diff } = await add("north", { host: "north.example.org", like: "shop", set });
        expect(diff.slice(1).map((line) => line.slice(13))).to.deep.equal([
            "platform: opencart",
            "host: north.example.org",
            "edge: {type: ClusterIP}",
            "database: {topology: single}",
            "volumes: {database: {size: 50Gi}}",
            "http: {maxBody: 128Mi}",
        ]);
    });
    it("gives it a separate database on an external server, and names the secrets that it needs", async () => {
        const external =
            "database: {topology: external, host: db.example.org}, mail: {host: m.example.org, username: u}";
        writeFileSync(
            file,
            `${before.replace("far: {", `far: {${external}, `)}    plinth:secrets:\n        far: {databasePassword: {secure: x}, smtpPassword: {secure: y}}\n`,
        );
        const { diff, secrets } = await add("far-north", { host: "north.example.org", like: "far" });
        expect(diff.join("\n")).to.include("database: {topology: external, host: db.example.org, name: far_north}");
        expect(secrets.map(({ key }) => key).sort()).to.deep.equal(["databasePassword", "smtpPassword"]);
        expect(readFileSync(file, "utf8")).to.include("far-north:");
    });
    it("gives it a separate virtual host on an external broker", async () => {
        const panel =
            "{platform: qxsms, host: panel.example.org, debug: true, broker: {topology: external, host: r.example.org, vhost: panel, user: panel}}";
        writeFileSync(
            file,
            `${before.replace("# The other.", `panel: ${panel}`)}    plinth:secrets:\n        panel: {brokerPassword: {secure: x}}\n`,
        );
        const { diff, notCopied } = await add("other", { host: "other.example.org", like: "panel" });
        expect(diff.join("\n")).to.include("broker: {topology: external, host: r.example.org, vhost: other}");
        expect(notCopied).to.deep.equal(["broker.vhost", "broker.user"]);
    });
    it("gives its backups a separate folder, and works while other instances lack secrets", async () => {
        const backup = "backup: {target: {type: s3, bucket: dumps, prefix: far}}";
        writeFileSync(file, before.replace("far: {", `far: {${backup}, `));
        const { notCopied, secrets } = await add("north", { host: "north.example.org", like: "far" });
        expect(notCopied).to.deep.equal(["backup.target.prefix", "edge.address"]);
        expect(secrets.map(({ key }) => key).sort()).to.deep.equal(["backupAccessKey", "backupSecretKey"]);
    });
    for (const [mistake, name, args, message] of [
        ["an existing name", "far", { host: "new.example.org" }, '"many" already has an instance "far"'],
        ["a host in use", "new", { host: "admin.example.org" }, "is already the host of plinth:instances.shop"],
        ["a bad host", "new", { host: "https://x" }, '"https://x" is not allowed; allowed: a host name'],
        ["a bad name", "New_1", { host: "new.example.org" }, 'the name "New_1" is not allowed'],
        [
            "an unknown platform",
            "new",
            { host: "new.example.org", platform: "opencrt" },
            '"opencrt" is not a platform; did you mean "opencart"?',
        ],
        [
            "an unknown model",
            "new",
            { host: "new.example.org", like: "shp" },
            '"many" has no instance "shp"; did you mean "shop"?; available: shop, far',
        ],
        [
            "a malformed setting",
            "new",
            { host: "new.example.org", set: ["size"] },
            '"size" is not allowed; allowed: KEY=VALUE',
        ],
        [
            "an unknown setting",
            "new",
            { host: "new.example.org", set: ["http.maxBdy=1Mi"] },
            'plinth:instances.new.http.maxBdy: unknown key; did you mean "maxBody"?',
        ],
        [
            "a model of another platform",
            "new",
            { host: "new.example.org", like: "shop", platform: "other" },
            '"shop" is of platform opencart',
        ],
    ] as const)
        it(`refuses ${mistake}, and writes nothing`, async () => {
            expect(await failure(add(name, args))).to.include(message);
            expect(readFileSync(file, "utf8")).to.equal(before);
        });
    it("reports a mistake in a setting by position, and never quotes it", async () => {
        for (const value of ["'hunter2", "*hunter2", "!hunter2 x"]) {
            const message = await failure(add("new", { host: "new.example.org", set: [`mail.username=${value}`] }));
            expect(message, value).to.include("--set mail.username: ").and.not.to.include("hunter2");
        }
        expect(readFileSync(file, "utf8")).to.equal(before);
    });
    it("refuses a stack with other mistakes, and one without a file", async () => {
        writeFileSync(file, before.replace("size: medium", "size: huge"));
        expect(await failure(add("new", { host: "new.example.org" }))).to.include("plinth:instances.shop.size");
        expect(await failure(addInstance(new Session("mani", where), "new", { host: "new.example.org" }))).to.include(
            'did you mean "many"?',
        );
    });
});

describe("setting images", function () {
    // Each choice renders the stack twice.
    this.timeout(120_000);
    const running = before.replace("state: stopped", "state: running");
    beforeEach(() => writeFileSync(file, running));
    const set = (instance: string, ...choices: string[]) => setImages(new Session("many", where), instance, choices);

    it("writes them by their own name, or by the name of their tier", async () => {
        const { diff, tiers } = await set("shop", "frontend=r.example.org/php:staging", "caddy=caddy:2.10.0");
        expect(diff.map((line) => line.replace(/^(.) +/, "$1"))).to.deep.equal([
            "+images:",
            "+opencart-php: r.example.org/php:staging",
            "+caddy: caddy:2.10.0",
        ]);
        expect(tiers).to.deep.equal([
            { component: "admin", pulls: true },
            { component: "edge", pulls: false },
            { component: "frontend", pulls: true },
        ]);
        const again = await set("shop", "opencart-php=r.example.org/php:staging");
        expect(again.diff).to.deep.equal([]);
        expect(again.tiers.map(({ component }) => component)).to.deep.equal(["admin", "frontend"]);
        const replaced = await set("shop", "caddy=caddy:2.10.1");
        expect(replaced.diff.map((line) => line.replace(/^(.) +/, "$1"))).to.deep.equal([
            "-caddy: caddy:2.10.0",
            "+caddy: caddy:2.10.1",
        ]);
    });
    for (const [mistake, instance, choices, message] of [
        [
            "an unknown image",
            "shop",
            ["cady=x:1"],
            'has no image "cady"; did you mean "caddy"?; allowed: admin, cache, caddy',
        ],
        ["an invalid reference", "shop", ["caddy=Caddy:2"], 'caddy="Caddy:2" is not allowed; allowed: [REGISTRY/]'],
        ["a malformed choice", "shop", ["caddy"], '"caddy" is not allowed; allowed: NAME=REFERENCE'],
        ["two for one image", "shop", ["frontend=x:1", "admin=x:2"], "set the same image"],
        ["an unknown instance", "shp", ["caddy=x:1"], '"many" has no instance "shp"; did you mean "shop"?'],
    ] as const)
        it(`refuses ${mistake}, and writes nothing`, async () => {
            expect(await failure(set(instance, ...choices))).to.include(message);
            expect(readFileSync(file, "utf8")).to.equal(running);
        });
});

describe("a change of the defaults", function () {
    this.timeout(60_000);
    it("shows in the offline preview of each instance, except those that override it", async () => {
        writeFileSync(file, before.replace("state: stopped", "state: running").replace("size: medium", "size: small"));
        const sections = async () => {
            const text = stripVTControlCharacters(previewText(await renderStack("many", where)));
            const [head, ...rest] = text.split(/\n(?=\S+ {2}opencart, )/);
            return { head, of: Object.fromEntries(rest.map((section) => [section.split(" ")[0]!, section])) };
        };
        const first = await sections();
        expect(first.head).to.include("2 instances: shop, far");
        writeFileSync(
            file,
            readFileSync(file, "utf8").replace(
                "{platform: opencart}",
                "{platform: opencart, size: large, images: {caddy: caddy:2.10.0}}",
            ),
        );
        const second = await sections();
        for (const name of ["shop", "far"]) {
            expect(first.of[name]).not.to.include("caddy:2.10.0");
            expect(second.of[name]).to.include("caddy:2.10.0");
        }
        const database = (text: string | undefined) => /PersistentVolumeClaim +database +(\S+)/.exec(text ?? "")?.[1];
        expect([database(first.of["far"]), database(second.of["far"])]).to.deep.equal(["5Gi", "100Gi"]);
        expect([database(first.of["shop"]), database(second.of["shop"])]).to.deep.equal(["50Gi", "50Gi"]);
    });
});

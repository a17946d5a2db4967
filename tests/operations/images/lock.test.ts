import { execFileSync } from "node:child_process";
import { createSign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import { imagesOf } from "../../../operations/images/images";
import { lockImages } from "../../../operations/images/lock";
import { Session } from "../../../operations/session";
import { apiOf, digestOf, locate } from "../../../operations/images/registry";
import { changeEnvironment } from "../../support/environment";
import { Registry } from "../../support/registry";
import { StandIns } from "../../support/standIns";
import { freePort, program, scratch } from "../../support/tools";

const failure = (work: Promise<unknown>): Promise<string> =>
    work.then(
        () => "",
        (error: Error) => error.message,
    );

describe("references of images", () => {
    it("name registry, repository and tag as docker reads them", () => {
        for (const [reference, registry, repository, tag] of [
            ["caddy", "docker.io", "library/caddy", "latest"],
            ["valkey/valkey:9.1.0-alpine", "docker.io", "valkey/valkey", "9.1.0-alpine"],
            ["docker.io/library/caddy:2@sha256:ab", "docker.io", "library/caddy", "2"],
            ["localhost:5000/plinth/opencart-php:4.1.0.4", "localhost:5000", "plinth/opencart-php", "4.1.0.4"],
            ["index.docker.io/team/web:2", "docker.io", "team/web", "2"],
            ["localhost/a", "localhost", "a", "latest"],
            [
                "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
                "quay.io",
                "minio/minio",
                "RELEASE.2025-09-07T16-13-09Z",
            ],
            ["registry.example.org:8443/a/b/c", "registry.example.org:8443", "a/b/c", "latest"],
        ] as const)
            expect(locate(reference), reference).to.deep.equal({ registry, repository, tag });
    });
    it("determine the API's URL: Docker Hub has its own host, and this machine needs no TLS", () => {
        expect(apiOf("docker.io")).to.equal("https://registry-1.docker.io/v2/");
        expect(apiOf("quay.io")).to.equal("https://quay.io/v2/");
        expect(apiOf("localhost:5000")).to.equal("http://localhost:5000/v2/");
        expect(apiOf("127.0.0.1:5000")).to.equal("http://127.0.0.1:5000/v2/");
        expect(apiOf("localhost.example.org")).to.equal("https://localhost.example.org/v2/");
    });
});

describe("locking images to digests", function () {
    this.timeout(60_000);
    const folder = scratch();
    let registry: Registry;
    before(async function () {
        registry = await Registry.start(program(this, "docker-registry"), folder.path);
    });
    after(async () => {
        await registry?.stop();
        folder.clean();
    });

    const file = join(folder.path, "Pulumi.locked.yaml");
    const stack = (images = "") =>
        `# Keep this.
config:
    plinth:cluster: {context: somewhere,  sharedStorageClass: shared}   # and this
    plinth:images: {registry: ${registry.host}/plinth, mirror: ${registry.host}/mirror}
    plinth:edge:
        tls: {mode: "off"}
    plinth:instances:
        # The first shop.
        one:
            platform: opencart
            host: one.example.org # its host
${images}
        two: {platform: opencart, host: two.example.org, edge: {type: shared}}
`.replace("\n\n", "\n");
    const locked = () => new Session("locked", { folder: folder.path });
    const lock = (options = {}) => lockImages(locked(), options);

    /** Puts every image of the stack there; returns the digests of their indexes by repository. */
    async function fill(content: string): Promise<Map<string, string>> {
        const { used } = await imagesOf(locked());
        const digests = new Map<string, string>();
        for (const own of new Set(used.map((image) => image.own))) {
            const { repository, tag } = locate(own);
            digests.set(own, (await registry.put(repository, tag, `${content} ${own}`)).index);
        }
        return digests;
    }

    it("writes the registry's digests, and leaves the rest of the file unchanged", async () => {
        writeFileSync(file, stack());
        const digests = await fill("first");
        const { changed, behind } = await lock();
        // Two shops with five images each, of which the second has no balancer of its own; and the shared one.
        expect(changed).to.have.length(10);
        expect(behind).to.deep.equal([]);
        for (const { from, to } of changed) expect(to).to.equal(`${from}@${digests.get(from)!}`);
        expect(changed.map(({ path }) => path)).to.include.members([
            "plinth:instances.one.images.caddy",
            "plinth:instances.two.images.opencart-php",
            "plinth:edge.images.caddy",
        ]);

        const after = readFileSync(file, "utf8");
        const without = after
            .replace(/, images: \{[^}]*\}/, "")
            .replace(/^ +images:\n(?: +[\w-]+: \S+@sha256:[0-9a-f]{64}\n)+/gm, "");
        expect(without).to.equal(stack());
        const { rendering } = await imagesOf(locked());
        const pulled = [...JSON.stringify(rendering.objects).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image!);
        expect(new Set(pulled)).to.deep.equal(new Set(changed.map(({ to }) => to)));
    });
    it("changes nothing while the tags stay, and follows one that moves", async () => {
        const before = readFileSync(file, "utf8");
        expect((await lock()).changed).to.deep.equal([]);
        expect(readFileSync(file, "utf8")).to.equal(before);
        const { own } = (await imagesOf(locked())).used.find(({ name }) => name === "opencart-php")!;
        const { repository, tag } = locate(own);
        const { index } = await registry.put(repository, tag, "second");
        const { changed } = await lock();
        expect(changed.map(({ path, to }) => [path, to])).to.deep.equal(
            ["one", "two"].map((name) => [`plinth:instances.${name}.images.opencart-php`, `${own}@${index}`]),
        );
    });
    it("locks only the named ones, in every instance", async () => {
        writeFileSync(file, stack());
        const { changed } = await lock({ only: ["caddy", "valkey"] });
        expect(changed.map(({ path }) => path).sort()).to.deep.equal([
            "plinth:edge.images.caddy",
            "plinth:instances.one.images.caddy",
            "plinth:instances.one.images.valkey",
            "plinth:instances.two.images.valkey",
        ]);
        expect(await failure(lock({ only: ["cady"] }))).to.match(
            /^Nothing was changed: "cady" is not an image of "locked"; did you mean "caddy"\?; allowed: caddy, mariadb, /,
        );
    });
    it("writes nothing if one image does not exist", async () => {
        const missing = `            images: {valkey: ${registry.host}/nowhere/valkey:9, mariadb: ${registry.host}/nowhere/mariadb:11.8.8}`;
        writeFileSync(file, stack(missing));
        const before = readFileSync(file, "utf8");
        const message = await failure(lock());
        expect(message)
            .to.match(/^Nothing was changed/)
            .and.include(`${registry.host} has no nowhere/valkey:9`)
            .and.include(`${registry.host} has no nowhere/mariadb:11.8.8`)
            .and.include("./plinth images push locked");
        expect(readFileSync(file, "utf8")).to.equal(before);
    });
    it("keeps an older tag of the file with a notice, and uses the program's on request", async () => {
        const { repository } = locate((await imagesOf(locked())).used.find(({ name }) => name === "caddy")!.own);
        const { index } = await registry.put(repository, "2.10.0-alpine", "old");
        const old = `${registry.host}/${repository}:2.10.0-alpine`;
        writeFileSync(file, stack(`            images: {caddy: "${old}@sha256:${"0".repeat(64)}"} # why`));
        const { changed, behind } = await lock();
        expect(changed.find(({ path }) => path === "plinth:instances.one.images.caddy")?.to).to.equal(
            `${old}@${index}`,
        );
        expect(behind.map(({ path, reference }) => [path, reference])).to.deep.equal([
            ["plinth:instances.one.images.caddy", old],
        ]);
        const updated = await lock({ update: true });
        expect(updated.changed).to.have.length(1);
        expect(updated.changed[0]!.to).to.match(/caddy:2\.11\.\d+-alpine@sha256:/);
        expect(readFileSync(file, "utf8")).to.include("} # why");
    });
    it("refuses a digest without a tag, and a registry that does not answer", async () => {
        writeFileSync(file, stack(`            images: {caddy: "x/caddy@sha256:${"0".repeat(64)}"}`));
        expect(await failure(lock()))
            .to.include("plinth:instances.one.images.caddy")
            .and.include("has no tag to resolve");
        const nobody = `localhost:${await freePort()}`;
        writeFileSync(file, stack(`            images: {caddy: "${nobody}/caddy:2"}`));
        expect(await failure(lock())).to.include(`${nobody} does not answer: ECONNREFUSED`);
    });
});

describe("log-ins of registries", function () {
    this.timeout(60_000);
    const folder = scratch();
    const password = "secret";
    // Its bcrypt hash, the only format that the registry reads.
    const hash = "$2y$05$J2EZphRq9e8Mga3cZMOM2OQvrjtjk10S1jzMoKv5Sm6Y.XmyujqxS";
    const basic = (user: string, secret: string) => Buffer.from(`${user}:${secret}`).toString("base64");
    const config = (content: object) =>
        writeFileSync(join(folder.path, "docker", "config.json"), JSON.stringify(content));
    let command: string;
    let restore: (() => void) | undefined;
    before(function () {
        command = program(this, "docker-registry");
        mkdirSync(join(folder.path, "docker"));
        restore = changeEnvironment({ DOCKER_CONFIG: join(folder.path, "docker"), PATH: process.env["PATH"] });
    });
    after(() => {
        restore?.();
        folder.clean();
    });

    it("are docker's: from its file, or from a helper", async () => {
        const file = join(folder.path, "htpasswd");
        writeFileSync(file, `shop:${hash}\n`);
        const registry = await Registry.start(command, folder.path, { auth: { htpasswd: { realm: "r", path: file } } });
        try {
            const login = { Authorization: `Basic ${basic("shop", password)}` };
            const { index } = await registry.put("a/b", "1", "x", login);
            const ask = () => digestOf(`${registry.host}/a/b:1`);
            config({});
            expect(await failure(ask())).to.include(`docker login ${registry.host}`);
            config({ auths: { [registry.host]: { auth: basic("shop", "wrong") } } });
            expect(await failure(ask())).to.include("denies access to a/b");
            config({ auths: { [registry.host]: { auth: basic("shop", password) } } });
            expect(await ask()).to.equal(index);

            const tools = new StandIns(folder.path);
            const answer = JSON.stringify({ Username: "shop", Secret: password });
            tools.add("docker-credential-vault", `[ "$1 $(cat)" = "get ${registry.host}" ] && echo '${answer}'`);
            process.env["PATH"] = tools.path;
            config({ credsStore: "vault" });
            expect(await ask()).to.equal(index);
            config({ credHelpers: { [registry.host]: "vault" }, credsStore: "none-such" });
            expect(await ask()).to.equal(index);
        } finally {
            await registry.stop();
        }
    });

    it("are exchanged for a token if the registry requires one, which may be anonymous", async () => {
        const [key, certificate] = ["key.pem", "certificate.pem"].map((name) => join(folder.path, name)) as [
            string,
            string,
        ];
        const subject = ["-subj", "/CN=tokens"];
        execFileSync(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, ...subject],
            {
                stdio: "ignore",
            },
        );
        const issued: { authorization: string | undefined; query: URLSearchParams }[] = [];
        const tokens = await listen((request, response) => {
            const query = new URL(request.url!, "http://localhost").searchParams;
            issued.push({ authorization: request.headers.authorization, query });
            // Public images need no login; a wrong one is refused nevertheless.
            const wrong =
                request.headers.authorization && request.headers.authorization !== `Basic ${basic("shop", password)}`;
            if (wrong) return response.writeHead(401).end();
            response.end(JSON.stringify({ token: tokenFor(query.get("scope")!, key, certificate) }));
        });
        const realm = `http://127.0.0.1:${tokens.port}/token?from=test`;
        const auth = { token: { realm, service: "shops", issuer: "tests", rootcertbundle: certificate } };
        const registry = await Registry.start(command, folder.path, { auth });
        try {
            const pushing = { Authorization: `Bearer ${tokenFor("repository:a/b:pull,push", key, certificate)}` };
            const { index } = await registry.put("a/b", "1", "x", pushing);
            config({});
            expect(await digestOf(`${registry.host}/a/b:1`)).to.equal(index);
            expect(issued.map(({ query }) => Object.fromEntries(query))).to.deep.equal([
                { from: "test", service: "shops", scope: "repository:a/b:pull" },
            ]);
            expect(issued[0]!.authorization).to.equal(undefined);
            config({ auths: { [registry.host]: { auth: basic("shop", password) } } });
            expect(await digestOf(`${registry.host}/a/b:1`)).to.equal(index);
            expect(issued[1]!.authorization).to.equal(`Basic ${basic("shop", password)}`);
            config({ auths: { [registry.host]: { auth: basic("shop", "wrong") } } });
            expect(await failure(digestOf(`${registry.host}/a/b:1`))).to.include("(401 from 127.0.0.1:");
        } finally {
            await registry.stop();
            tokens.server.close();
        }
    });

    it("are optional, and the manifest's digest is computed if the registry sends none", async () => {
        const body = '{"schemaVersion":2}';
        const { server, port } = await listen((request, response) => {
            if (request.method === "HEAD") response.writeHead(405).end();
            else response.end(body);
        });
        const sum = execFileSync("sha256sum", { input: body, encoding: "utf8" }).split(" ")[0];
        expect(await digestOf(`127.0.0.1:${port}/a:1`)).to.equal(`sha256:${sum}`);
        server.close();
    });
});

async function listen(
    answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ server: Server; port: number }> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, port: (server.address() as { port: number }).port };
}

/** A token for one repository, signed as documented for the registry's token authentication. */
function tokenFor(scope: string, key: string, certificate: string): string {
    const [type, name, actions] = scope.split(":") as [string, string, string];
    const der = readFileSync(certificate, "utf8").replace(/-----[^-]+-----|\s/g, "");
    const now = Math.floor(Date.now() / 1000);
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const signed = [
        encode({ typ: "JWT", alg: "RS256", x5c: [der] }),
        encode({
            ...{ iss: "tests", sub: "shop", aud: "shops", jti: "1" },
            ...{ iat: now - 10, nbf: now - 10, exp: now + 300 },
            access: [{ type, name, actions: actions.split(",") }],
        }),
    ].join(".");
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(readFileSync(key)).toString("base64url")}`;
}

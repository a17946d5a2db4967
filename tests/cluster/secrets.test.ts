import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import type { RenderedObject } from "../../operations/render/rendering";
import type { Kubectl } from "../../operations/cluster/kubectl";
import { awaitPods } from "../../operations/secrets/rotation";
import { nativeHash } from "../../components/database/mysql";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { leaksIn, plant, type Planted } from "../support/leaks";
import { Project, type Ran } from "../support/project";
import { optionalProgram, program } from "../support/tools";

type Live = RenderedObject & {
    readonly metadata: { readonly uid: string; readonly creationTimestamp: string };
    readonly data?: Readonly<Record<string, string>>;
};

const stack = "leaks";
const namespace = "leaks-shop";
const digestAnnotation = "plinth.dev/secrets";

describe("secrets with the real engine on a real API server", function () {
    this.timeout(900_000);
    let cluster: ControlPlane;
    let project: Project;
    let planted: Record<string, Planted>;
    /** The output of every command, by its name. */
    const said: Record<string, string> = {};

    before(async function () {
        optionalProgram(this, "pulumi", "what the engine writes is searched");
        const openssl = program(this, "openssl");
        cluster = await controlPlane(this);
        project = new Project(cluster);
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox" },
            "plinth:protect": false,
            "plinth:images": { credentials: { hub: { registry: "docker.io", username: "shop" } } },
            "plinth:instances": {
                shop: {
                    platform: "opencart",
                    namespace,
                    host: "shop.example.org",
                    tls: { mode: "custom" },
                    sharedFiles: "oneNode",
                    mail: { host: "smtp.example.org", username: "shop" },
                    backup: { target: { type: "s3", bucket: "backups", region: "eu-west-1" } },
                },
            },
        });
        const [key, certificate] = [join(project.path, "key.pem"), join(project.path, "certificate.pem")];
        const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate];
        await execa(openssl, [...made, "-days", "2", "-subj", "/CN=shop.example.org"]);
        const pem = (file: string): Planted => {
            const value = readFileSync(file, "utf8");
            rmSync(file);
            return { value, core: value.split("\n")[5]!.slice(0, 32) };
        };
        planted = {
            adminPassword: plant(),
            smtpPassword: plant(40),
            databasePassword: plant(28),
            databaseRootPassword: plant(28),
            cachePassword: plant(28),
            backupAccessKey: plant(),
            backupSecretKey: plant(40),
            tlsCertificate: pem(certificate),
            tlsKey: pem(key),
            hub: plant(),
        };
    });
    after(async () => {
        await cluster?.kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]);
        project?.clean();
    });

    const file = () => readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8");
    const run = async (what: string, work: Promise<Ran>, codes: readonly number[] = [0]) => {
        const { code, all, out } = await work;
        said[what] = all;
        expect(codes, all).to.include(code);
        return out;
    };
    const refused = async (work: Promise<Ran>): Promise<string> => {
        const before = file();
        const { code, all } = await work;
        expect(code, all).to.equal(1);
        expect(file()).to.equal(before);
        return all;
    };
    /** The account at a registry is the stack's, every other key the instance's. */
    const set = (key: string, value: string) =>
        project.given(`${value}\n`, "secrets", "set", key === "hub" ? "images" : "shop", key, stack);
    const get = async (kinds: string) =>
        (await cluster.json<{ items: Live[] }>(["get", kinds, "--namespace", namespace])).items;
    const secret = async (name: string, key: string) => {
        const found = (await get("secrets")).find(({ metadata }) => metadata.name === name)!;
        return Buffer.from(found.data![key]!, "base64").toString();
    };
    /** The credentials that kubelets would use. */
    const hub = async () => {
        const { auths } = JSON.parse(await secret("pull-secret", ".dockerconfigjson")) as {
            auths: Record<string, { password: string }>;
        };
        return auths["https://index.docker.io/v1/"]!.password;
    };
    const digests = async (kinds: string) =>
        (await get(kinds)).flatMap(({ metadata }) => metadata.annotations?.[digestAnnotation] ?? []);

    it("sets every key from standard input, and refuses values that break the key's rule", async () => {
        expect(await refused(project.given("hush", "secrets", "set", "shop", "adminPassword", stack)))
            .to.include('The secret "adminPassword" of shop: a value of 4 characters is not allowed; allowed: 5 to 20')
            .and.not.include("hush");
        for (const [key, { value }] of Object.entries(planted)) await run(`set ${key}`, set(key, value));
        expect(said["set hub"]).to.include(`The secret "hub" of images is set in Pulumi.${stack}.yaml`);
        // Mistakes that only the program can find are also found before the value is stored.
        const valid = file();
        const mistake = "host: shop.example.org\n      env: {frontned: {TZ: UTC}}";
        writeFileSync(join(project.path, `Pulumi.${stack}.yaml`), valid.replace("host: shop.example.org", mistake));
        expect(await refused(set("smtpPassword", "another")))
            .to.include("nothing was changed")
            .and.include('env.frontned: matches nothing; did you mean "frontend"?');
        writeFileSync(join(project.path, `Pulumi.${stack}.yaml`), valid);
        const list = await run("list", project.plinth("secrets", "list", stack, "--json"));
        const states = JSON.parse(list) as { key: string; value: string }[];
        expect(states.map(({ key, value }) => `${key} ${value}`)).to.have.members([
            ...Object.keys(planted).map((key) => `${key} set`),
            "acmeKeyId unused",
            "acmeHmacKey unused",
        ]);
    });

    it("delivers values with any characters to the Secrets", async () => {
        await run("launch", project.plinth("launch", stack));
        expect(await secret("database", "password")).to.equal(planted["databasePassword"]!.value);
        expect(await secret("smtp", "password")).to.equal(planted["smtpPassword"]!.value);
        expect((await secret("edge-certificates", "shop.key")).trim()).to.equal(planted["tlsKey"]!.value.trim());
        expect(await hub()).to.equal(planted["hub"]!.value);
    });

    it("replaces a password: first in the server, then in every pod that connects", async () => {
        const before = {
            file: file(),
            digests: await digests("pods"),
            uids: (await get("pods")).map(({ metadata }) => metadata.uid),
        };
        // Changes with it, and rolls nothing.
        planted["new hub"] = plant();
        await run("set new hub", set("hub", planted["new hub"].value));
        await run("rotate", project.plinth("secrets", "rotate", "shop", "databasePassword", stack));
        expect(said["rotate"]).to.match(
            /The secret "databasePassword" of shop is rotated: \d+ pods with the new value, none with the old one/,
        );
        const password = await secret("database", "password");
        expect(password).to.match(/^[A-Za-z0-9]{32}$/);
        planted["new databasePassword"] = { value: password, core: password };
        expect(await secret("database-root", "init.sql")).to.include(nativeHash(password));
        expect(file()).not.to.equal(before.file);

        const pods = await get("pods");
        const rolled = pods.filter(({ metadata }) => !before.uids.includes(metadata.uid));
        const of = (component: string) =>
            rolled.filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === component);
        for (const component of ["database", "frontend", "admin"]) expect(of(component), component).to.have.length(1);
        expect(of("cache").concat(of("edge"))).to.deep.equal([]);
        expect(await hub()).to.equal(planted["new hub"].value);
        const started = (component: string) => of(component)[0]!.metadata.creationTimestamp;
        expect(started("database") <= started("frontend") && started("database") <= started("admin")).to.equal(true);
        console.log(
            `        server at ${started("database")}, clients at ${started("admin")} and ${started("frontend")}`,
        );
        const now = await digests("pods");
        const kept = pods
            .filter(({ metadata }) => before.uids.includes(metadata.uid))
            .map(({ metadata }) => metadata.annotations?.[digestAnnotation]);
        expect(now.filter((digest) => before.digests.includes(digest))).to.have.members(
            kept.filter((digest) => digest !== undefined),
        );
    });

    it("replaces the cache's password in the server's configuration and in its clients", async () => {
        await run("rotate cache", project.plinth("secrets", "rotate", "shop", "cachePassword", stack));
        const password = await secret("cache", "password");
        planted["new cachePassword"] = { value: password, core: password };
        const digest = createHash("sha256").update(password).digest("hex");
        expect(await secret("cache-config", "cache.conf")).to.include(`#${digest} `);
    });

    it("names the pods that still run with the old value", async () => {
        const [own] = (await get("deployments")).filter(({ metadata }) => metadata.name === "frontend");
        const labels = {
            "app.kubernetes.io/instance": "shop",
            "app.kubernetes.io/name": "frontend",
            "app.kubernetes.io/managed-by": "plinth",
        };
        const left = {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "left-over", namespace, labels, annotations: { [digestAnnotation]: "0000" } },
            spec: {
                schedulingGates: [{ name: "example.org/never" }],
                securityContext: { runAsNonRoot: true, runAsUser: 1, seccompProfile: { type: "RuntimeDefault" } },
                containers: [
                    {
                        name: "x",
                        image: "docker.io/library/x:1",
                        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                    },
                ],
            },
        };
        await cluster.kubectl(["apply", "--server-side", "--filename", "-"], JSON.stringify(left));
        const kubectl = {
            config: { stack },
            selector: `plinth.dev/stack=plinth.${stack}`,
            json: cluster.json,
            read: async (args: readonly string[]) => (await cluster.kubectl(args)).stdout,
        } as unknown as Kubectl;
        const dependents = {
            secrets: [{ kind: "Secret", namespace, name: "database" }],
            workloads: [{ kind: "Deployment", namespace, name: own!.metadata.name }],
        };
        const awaited = (before: string) =>
            awaitPods(kubectl, dependents, new Map([["shop/frontend", before]]), 0).then(
                (pods) => String(pods),
                (error: Error) => error.message,
            );
        expect(await awaited("another"))
            .to.include(`still run with the old value`)
            .and.include(`${namespace}/left-over`);
        await cluster.kubectl(["delete", "pod", "left-over", "--namespace", namespace, "--force", "--grace-period=0"]);
        expect(await awaited("another")).to.equal("1");
        const template = (own as unknown as { spec: { template: Live } }).spec.template;
        expect(await awaited(template.metadata.annotations![digestAnnotation]!)).to.include("shop/frontend");
    });

    it("refuses during another run of the stack, and for values that Plinth does not generate", async () => {
        const locks = join(project.path, ".pulumi", "locks", "organization", "plinth", stack);
        mkdirSync(locks, { recursive: true });
        const lock = join(locks, "other.json");
        writeFileSync(lock, JSON.stringify({ pid: process.pid, username: "somebody", hostname: hostname() }));
        const rotate = (key: string) => refused(project.plinth("secrets", "rotate", "shop", key, stack));
        expect(await rotate("cachePassword")).to.include(
            `Another run is working on "${stack}": process ${process.pid}`,
        );
        rmSync(lock);
        expect(await rotate("smtpPassword"))
            .to.include('the secret "smtpPassword" of shop is not generated by Plinth')
            .and.include("secrets set shop smtpPassword");
    });

    it("changes nothing if the launch is refused", async () => {
        const path = join(project.path, `Pulumi.${stack}.yaml`);
        const before = await secret("cache", "password");
        writeFileSync(
            path,
            file().replace(
                "host: shop.example.org",
                "host: shop.example.org\n      patches: [{kind: Deployment, name: cache, patch: {spec: {strategy: {type: Nonsense}}}}]",
            ),
        );
        const written = file();
        const { code, all } = await project.plinth("secrets", "rotate", "shop", "cachePassword", stack);
        said["refused rotate"] = all;
        expect(code, all).to.equal(1);
        expect(all).not.to.include("already has the new value");
        expect(file()).to.equal(written);
        expect(await secret("cache", "password")).to.equal(before);
        writeFileSync(path, file().replace(/\n +patches: .*/, ""));
        await run("launch after it", project.plinth("launch", stack));
        expect(await secret("cache", "password")).to.equal(before);
    });

    it("leaves values only in Secrets: not in state, history, files, logs, outputs or other objects", async () => {
        await run("preview", project.plinth("preview", stack));
        await run("preview --json", project.plinth("preview", stack, "--json"));
        await run("render", project.plinth("render", stack));
        await run("config show", project.plinth("config", "show", stack));
        await run("status --json", project.plinth("status", stack, "--json"), [0, 1]);
        await run("drift", project.plinth("drift", stack, "--json"), [0, 2]);
        await run("outputs", project.pulumi("stack", "output", "--json", "--stack", stack));
        await run("state", project.pulumi("stack", "export", "--stack", stack));
        await run("history", project.pulumi("stack", "history", "--json", "--stack", stack));
        await run("up --diff", project.pulumi("up", "--yes", "--diff", "--refresh", "--stack", stack));
        said["stack file"] = file();
        const state = join(project.path, ".pulumi");
        const files = readdirSync(state, { recursive: true, encoding: "utf8", withFileTypes: true }).filter((entry) =>
            entry.isFile(),
        );
        expect(files.filter(({ parentPath }) => parentPath.includes("history"))).not.to.have.length(0);
        said["files of the state"] = files
            .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
            .join("\n");

        const others = async () => {
            const { stdout } = await cluster.kubectl([
                "api-resources",
                "--verbs=list",
                "--namespaced",
                "--output=name",
            ]);
            const kinds = stdout.split("\n").filter((kind) => kind !== "" && kind !== "secrets");
            const args = [
                "get",
                kinds.join(","),
                "--namespace",
                namespace,
                "--show-managed-fields",
                "--output",
                "json",
            ];
            return (await cluster.kubectl(args)).stdout;
        };
        said["live objects"] = await others();
        expect(said["live objects"])
            .to.include('"kind": "Pod"')
            .and.include('"kind": "Event"')
            .and.include('"kind": "ConfigMap"');
        for (const [what, text] of Object.entries(said)) expect(leaksIn(text, planted), what).to.deep.equal([]);

        // Proof that the search works: the same objects with one written by hand, and the Secrets.
        const notes = { data: { url: `redis://:${encodeURIComponent(planted["smtpPassword"]!.value)}@cache` } };
        const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "notes", namespace }, ...notes };
        await cluster.kubectl(["apply", "--server-side", "--filename", "-"], JSON.stringify(map));
        expect(leaksIn(await others(), planted)).to.deep.equal(["smtpPassword: plain"]);
        const current = Object.keys(planted).filter(
            (key) => !["databasePassword", "cachePassword", "hub"].includes(key),
        );
        const found = leaksIn(JSON.stringify(await get("secrets")), planted).filter((leak) =>
            leak.endsWith(": base64"),
        );
        expect(found).to.have.members(current.map((key) => `${key}: base64`));
    });

    it("is destroyed", async () => {
        await run("destroy", project.pulumi("destroy", "--yes", "--stack", stack));
    });
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { clusterProvider } from "../../components/cluster";
import { mysqlSizes } from "../../components/database/sizing";
import type { Graph } from "../../components/graph";
import { Instance } from "../../components/instance";
import { Stack } from "../../components/stack";
import { images } from "../../platforms/opencart/images";
import { mebibytes } from "../../config/quantity";
import { readStack } from "../../config/read";
import { opencart } from "../../platforms/opencart";
import { sizes } from "../../platforms/opencart/config";
import { nginxConf } from "../../platforms/opencart/nginx";
import { sharedStorage, users } from "../../platforms/opencart/paths";
import { fpmConf, phpIni, phpMemory } from "../../platforms/opencart/php";
import { containerOf, type DeclareArgs, find, givenOf, podOf, problemsOf, type Sent } from "../support/declare";
import { write } from "../support/files";
import { declareOpenCart, layOut } from "../support/opencart";
import { scratch } from "../support/tools";

const problems = (args: DeclareArgs): Promise<string> => problemsOf(declareOpenCart(args));
const variable = (one: { env: { name: string; value?: string; valueFrom?: object }[] }, name: string) =>
    one.env.find((entry) => entry.name === name);

describe("OpenCart's configuration", () => {
    for (const [keys, message] of [
        [
            { adminPath: "catalog" },
            /plinth:instances\.shop\.adminPath: .*is not allowed; OpenCart itself uses the directories catalog/,
        ],
        [{ adminPath: "My Admin" }, /adminPath: .*allowed: lower-case letters/],
        [{ adminHost: "shop.example.org" }, /adminHost: .*is the host of the shop/],
        [{ adminUser: { name: "x" } }, /adminUser\.name: .*3 to 20/],
        [{ replicas: { admin: 2 } }, /replicas\.admin: 2 is not allowed/],
        [
            { mail: { host: "smtp.example.org", username: "x" } },
            /mail: is missing its password.*: \.\/plinth secrets set shop smtpPassword dev$/m,
        ],
        [
            { mail: { host: "smtp.example.org", username: "x", smtpPassword: "y" } },
            /mail\.smtpPassword: .*remove it and run: \.\/plinth secrets set shop smtpPassword dev$/m,
        ],
        [{ database: { topology: "single", engine: "postgres" } }, /database\.engine: "postgres".*mariadb/],
        [{ php: { memoryLimit: "100m" } }, /php\.memoryLimit: "100m".*from 1Mi/],
        [{ php: { uploadLimit: "1000Ki" } }, /php\.uploadLimit: "1000Ki".*from 1Mi/],
        [{ php: { uploadLimit: 0 } }, /php\.uploadLimit: 0.*from 1Mi/],
        [{ http: { maxBody: "500k" } }, /http\.maxBody: "500k".*from 1Mi/],
        [{ php: { uploadLimit: "65Mi" } }, /php\.uploadLimit: "65Mi" is larger than http\.maxBody, "64Mi"/],
        [{ extensions: "sharde" }, /extensions: .*shared/],
    ] as const) {
        it(`refuses ${JSON.stringify(keys)}`, async () => expect(await problems({ instance: keys })).to.match(message));
    }
    it("accepts the largest upload that requests allow", async () => {
        expect(await problems({ instance: { php: { uploadLimit: "1Gi" }, http: { maxBody: "1024Mi" } } })).to.equal("");
    });
    it("lets an external database replace the one in the cluster", async () => {
        const objects = await declareOpenCart({
            instance: { database: { topology: "external", host: "db.example.org", port: 3307 } },
            values: { secrets: { shop: { databasePassword: "given" } } },
        });
        expect(objects.map(({ kind }) => kind)).not.to.include("StatefulSet");
        const php = containerOf(objects, "Deployment", "frontend", "php");
        expect(variable(php, "DB_HOSTNAME")!.value).to.equal("db.example.org");
        expect(variable(php, "DB_PORT")!.value).to.equal("3307");
    });
});

describe("OpenCart's objects", () => {
    let objects: Sent[];
    before(async () => {
        const instance = {
            size: "medium",
            sharedFiles: "oneNode",
            adminAllow: ["192.0.2.0/24"],
            tls: { mode: "internal" },
        };
        objects = await declareOpenCart({ instance });
    });

    it("keep every password in Secrets", () => {
        const secrets = objects
            .filter(({ kind }) => kind === "Secret")
            .flatMap((secret) => Object.values(secret["stringData"] as Record<string, string>));
        const passwords = secrets.filter((value) => value.startsWith("placeholder"));
        expect(passwords.length).to.be.above(2);
        const rest = JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"));
        for (const password of passwords) expect(rest).not.to.contain(password);
    });
    it("set no replicas if an autoscaler decides, and one pod for the administration", () => {
        expect(find(objects, "Deployment", "frontend")["spec"]).not.to.have.property("replicas");
        expect(find(objects, "HorizontalPodAutoscaler", "frontend")["spec"]).to.include({
            minReplicas: 2,
            maxReplicas: 4,
        });
        expect(find(objects, "Deployment", "admin")["spec"].replicas).to.equal(1);
    });
    it("roll their pods when a file changes", async () => {
        const other = await declareOpenCart({
            instance: {
                size: "medium",
                sharedFiles: "oneNode",
                php: { memoryLimit: "384Mi" },
                tls: { mode: "internal" },
            },
        });
        const names = (list: readonly Sent[]) => JSON.stringify(podOf(list, "Deployment", "frontend").volumes);
        expect(names(other)).not.to.equal(names(objects));
    });
    it("accept requests and limits for every container by name, including init containers", async () => {
        const own = await declareOpenCart({
            instance: {
                resources: {
                    "frontend.files": { memory: "96Mi" },
                    "upgrade.files": { cpu: "1" },
                    frontend: { memory: "2Gi" },
                },
            },
        });
        const of = (kind: string, name: string, which: string) => containerOf(own, kind, name, which).resources;
        expect(of("Deployment", "frontend", "files")).to.deep.equal({
            requests: { cpu: "50m", memory: "96Mi", "ephemeral-storage": "80Mi" },
            limits: { memory: "96Mi", "ephemeral-storage": "320Mi" },
        });
        expect(of("Deployment", "frontend", "php").limits.memory).to.equal("2Gi");
        expect(of("Deployment", "admin", "files").limits.memory).to.equal("64Mi");
        expect(of("Job", "upgrade", "files").requests).to.deep.include({ cpu: "1", memory: "64Mi" });
    });
    it("give links the scheme and port that browsers see", async () => {
        const url = async (instance: object) =>
            variable(
                containerOf(await declareOpenCart({ instance: { ...instance } }), "Deployment", "frontend", "php"),
                "SHOP_URL",
            )!.value;
        expect(await url({})).to.equal("http://shop.example.org");
        expect(await url({ tls: { mode: "internal" } })).to.equal("https://shop.example.org");
        expect(await url({ tls: { mode: "internal" }, edge: { type: "NodePort", httpsPort: 30443 } })).to.equal(
            "https://shop.example.org:30443",
        );
        expect(
            await url({
                edge: { type: "ClusterIP", trustedProxies: ["10.0.0.0/8"] },
                tls: { mode: "off", inFront: true },
            }),
        ).to.equal("https://shop.example.org");
    });
    it("have the administration on its own host on request", async () => {
        const own = await declareOpenCart({ instance: { adminHost: "admin.example.org", adminPath: "office" } });
        expect(variable(containerOf(own, "Deployment", "admin", "php"), "ADMIN_URL")!.value).to.equal(
            "http://admin.example.org/office",
        );
    });
    it("keep extensions on the volume only on request", async () => {
        const mounts = (list: readonly Sent[]) =>
            containerOf(list, "Deployment", "frontend", "php").volumeMounts.map(
                (mount: { mountPath: string }) => mount.mountPath,
            );
        expect(mounts(objects)).to.include("/var/www/html/extension");
        expect(mounts(await declareOpenCart({ instance: { extensions: "image" } }))).not.to.include(
            "/var/www/html/extension",
        );
    });
    it("never mount over PHP's libraries in the storage directory", () => {
        for (const [kind, name, which] of [
            ["Deployment", "frontend", "php"],
            ["Deployment", "admin", "php"],
            ["CronJob", "cron", "cron"],
        ] as const) {
            const paths = containerOf(objects, kind, name, which).volumeMounts.map(
                (mount: { mountPath: string }) => mount.mountPath,
            );
            expect(paths).to.include("/var/www/storage/cache").and.not.include.members(["/var/www/storage"]);
            expect(
                paths.filter(
                    (path: string) =>
                        "/var/www/storage/vendor".startsWith(`${path}/`) || path === "/var/www/storage/vendor",
                ),
            ).to.deep.equal([]);
        }
    });
    it("stop PHP after nginx, and allow enough time for both", () => {
        const { containers, terminationGracePeriodSeconds } = podOf(objects, "Deployment", "frontend");
        const [php, nginx] = containers;
        expect(php.lifecycle.preStop.sleep.seconds).to.be.above(nginx.lifecycle.preStop.sleep.seconds);
        const stop = Number(
            /process_control_timeout = (\d+)s/.exec(
                find(objects, "ConfigMap", "frontend-php")["data"]["php-fpm.conf"],
            )![1],
        );
        expect(terminationGracePeriodSeconds).to.be.above(php.lifecycle.preStop.sleep.seconds + stop);
    });
});

describe("OpenCart's graph", () => {
    let graph: Graph;
    before(() => {
        const instances = { shop: { platform: "opencart", host: "shop.example.org" } };
        const { stack: settings, secrets } = readStack(givenOf({ instances }), [opencart.config]);
        const stack = new Stack(settings, secrets, clusterProvider(settings));
        opencart.declare(new Instance(stack, settings.instances[0]!, opencart.config));
        graph = stack.graph;
    });

    it("installs after the database is up, upgrades after that, and serves and works on the clock last", () => {
        const order = graph.inOrder().map(({ name }) => name);
        const comesBefore = (first: string, second: string) =>
            expect(order.indexOf(first), `${first}, ${second}`).to.be.below(order.indexOf(second));
        comesBefore("database", "install");
        comesBefore("install", "upgrade");
        for (const name of ["frontend", "admin", "cron"]) {
            comesBefore("upgrade", name);
            expect(graph.nodes.find((node) => node.name === name)!.startsAfter).to.deep.equal([
                "opencart-shop/upgrade",
            ]);
        }
    });
    it("lets only their users reach database and cache, and only the edge reach the shop", () => {
        const users = (name: string) =>
            [...new Set(graph.users(`opencart-shop/${name}`).map(({ from }) => from.name))].sort();
        expect(users("database")).to.deep.equal(["admin", "cron", "frontend", "install", "upgrade"]);
        expect(users("cache")).to.deep.equal(["admin", "cron", "frontend", "upgrade"]);
        expect(users("frontend")).to.deep.equal(["edge"]);
        expect(users("admin")).to.deep.equal(["edge"]);
    });
});

describe("OpenCart's text files", () => {
    it("round limits up, and never to 0, which means none", () => {
        const limits = { memoryLimit: "1M", uploadLimit: "1500k", timeoutSeconds: 60, mutableCode: true };
        expect(phpIni(limits))
            .to.match(/^memory_limit = 1M$/m)
            .and.match(/^upload_max_filesize = 2M$/m);
        expect(phpMemory(1, "300M")).to.equal(`${287 + 128 + 48}Mi`);
        const conf = nginxConf({
            role: "frontend",
            adminPath: "admin",
            maxBody: "1100Ki",
            bodies: 5,
            timeoutSeconds: 60,
        });
        expect(conf).to.contain("client_max_body_size 2m;");
    });
    it("never plan more PHP processes than the container's memory holds", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 16, max: 2048 }), (children, limit) => {
                const memory = mebibytes(phpMemory(children, `${limit}Mi`));
                const conf = fpmConf({ maxChildren: children, timeoutSeconds: 60 });
                const number = (key: string) => Number(new RegExp(`^${key} = (\\d+)$`, "m").exec(conf)![1]);
                expect(memory).to.be.at.least(children * 40 + 128 + limit * (children === 1 ? 1 : 0));
                expect(number("pm.start_servers")).to.be.within(
                    number("pm.min_spare_servers"),
                    number("pm.max_spare_servers"),
                );
                expect(number("pm.max_spare_servers")).to.be.at.most(number("pm.max_children"));
            }),
        );
    });
    it("leave the database enough connections for the largest number of pods", () => {
        for (const { frontend, maxChildren, database } of Object.values(sizes)) {
            const pods = typeof frontend === "number" ? frontend : frontend.max;
            const { connections } = mysqlSizes("mariadb", mebibytes(database.memory), mebibytes(database.volume));
            // One more pod during a rollout, and the same number for administration, cron and Tasks.
            expect(connections).to.be.above((pods + 2) * maxChildren);
        }
    });
    it("serve the administration under the image's name for it", () => {
        const conf = nginxConf({ role: "admin", adminPath: "office", maxBody: "64Mi", bodies: 4, timeoutSeconds: 60 });
        expect(conf).to.contain("SCRIPT_NAME /office/index.php").and.not.contain("/admin");
    });
});

describe("OpenCart's images", () => {
    const folder = join(__dirname, "..", "..", "images");
    const dockerfile = readFileSync(join(folder, "opencart", "Dockerfile"), "utf8");
    const userOf = (stage: string) => {
        const text = dockerfile.slice(dockerfile.indexOf(`AS ${stage}\n`)).split(/^FROM /m)[0]!;
        return Number(/^USER (\d+):\d+$/m.exec(text)?.[1]);
    };

    it("run as the users of the pods", async () => {
        const objects = await declareOpenCart();
        const { containers, securityContext } = podOf(objects, "Deployment", "frontend");
        expect(securityContext.runAsUser).to.equal(userOf("opencart-php")).and.equal(users.php);
        expect(containers[1].securityContext.runAsUser).to.equal(userOf("opencart-nginx")).and.equal(users.nginx);
    });
    it("have the tags that the pods pull", () => {
        const bake = readFileSync(join(folder, "docker-bake.hcl"), "utf8");
        const version = /variable "OPENCART_VERSION" \{\s+default = "(.*)"/.exec(bake)![1];
        for (const name of ["opencart-php", "opencart-nginx"] as const) {
            expect(images[name].reference).to.equal(`${name}:${version}`);
            expect(bake).to.contain(`\${REGISTRY}/${name}:`).and.contain(`target = "${name}"`);
        }
        expect(bake).to.contain("linux/amd64").and.contain("linux/arm64");
    });
    it("have a directory or file wherever pods mount into the code", async () => {
        const { path, clean } = scratch();
        try {
            const config = "$_['error_display'] = true;\n";
            const sources = write(join(path, "upload"), {
                "index.php": "<?php\ndefine('VERSION', '9.9.9.9');\n",
                "admin/index.php": "",
                "extension/ocmod/index.html": "",
                "extension/opencart/install.json": "",
                "image/no_image.png": "",
                "install/cli_cloud.php": "",
                "system/config/default.php": config,
                "system/config/admin.php": config,
                ...Object.fromEntries(
                    ["vendor", "cache", "session", ...sharedStorage].map((part) => [
                        `system/storage/${part}/index.html`,
                        "",
                    ]),
                ),
            });
            const root = join(path, "root");
            layOut(sources, root, "office");
            const objects = await declareOpenCart({ instance: { adminPath: "office" } });
            for (const [kind, name] of [
                ["Deployment", "frontend"],
                ["Deployment", "admin"],
                ["CronJob", "cron"],
            ] as const)
                for (const one of podOf(objects, kind, name).containers)
                    for (const { mountPath } of one.volumeMounts)
                        if (mountPath.startsWith("/var/www/"))
                            expect(existsSync(root + mountPath), `${name} ${mountPath}`).to.equal(true);
            expect(readFileSync(join(root, "opt/opencart/version"), "utf8")).to.equal("9.9.9.9\n");
            expect(existsSync(join(root, "var/www/html/install"))).to.equal(false);
            expect(existsSync(join(root, "opt/opencart/system/config/default.php"))).to.equal(true);
        } finally {
            clean();
        }
    });
});

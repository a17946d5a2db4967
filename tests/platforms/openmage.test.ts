import { expect } from "chai";
import { clusterProvider } from "../../components/cluster";
import { mysqlSizes } from "../../components/database/sizing";
import type { Graph } from "../../components/graph";
import { Instance } from "../../components/instance";
import { Stack } from "../../components/stack";
import { images } from "../../platforms/openmage/images";
import { mebibytes } from "../../config/quantity";
import { readStack } from "../../config/read";
import { openmage } from "../../platforms/openmage";
import { sizes } from "../../platforms/openmage/config";
import { containerOf, type DeclareArgs, find, givenOf, podOf, problemsOf, type Sent } from "../support/declare";
import { podsOf } from "../support/invariants";
import { declareOpenMage } from "../support/openmage";

const problems = (args: DeclareArgs): Promise<string> => problemsOf(declareOpenMage(args));
const localXml = (objects: readonly Sent[]): string => find(objects, "Secret", "local-xml")["stringData"]["local.xml"];
const caddyfile = (objects: readonly Sent[]): string => find(objects, "ConfigMap", "edge")["data"].Caddyfile;

describe("OpenMage's configuration", () => {
    for (const [keys, message] of [
        [{ adminPath: "admin" }, /adminPath: "admin" is not allowed; allowed: any except admin, api/],
        [{ adminPath: "checkout" }, /adminPath: "checkout" is not allowed/],
        [{ adminPath: "Back-Office" }, /adminPath: "Back-Office".*allowed: 2 to 32 lower-case letters/],
        [{ adminHost: "shop.example.org" }, /adminHost: "shop\.example\.org" is already the value of host/],
        [
            { adminHost: "a.example.org", stores: [{ host: "a.example.org", code: "english" }] },
            /stores\.0\.host: "a\.example\.org" is already the value of adminHost/,
        ],
        [{ adminAccess: "private", adminHost: "a.example.org" }, /adminHost: has no effect with adminAccess: private/],
        [{ adminAccess: "private", adminAllow: ["192.0.2.0/24"] }, /adminAllow: has no effect/],
        [{ replicas: { admin: 2 } }, /replicas\.admin: 2 is not allowed/],
        [{ replicas: { "frontend-php": 2 } }, /replicas\.frontend-php: matches nothing/],
        [{ database: { topology: "single", engine: "postgres" } }, /database\.engine: "postgres".*mariadb/],
        [{ cache: { topology: "single", policy: "allkeys-lru" } }, /cache\.policy: "allkeys-lru".*volatile-lru/],
        [{ sessions: { topology: "single", policy: "allkeys-lfu" } }, /sessions\.policy: "allkeys-lfu".*volatile-ttl/],
        [
            { sessions: { topology: "external", host: "redis.example.org" } },
            /sessions: is external and requires its password: \.\/plinth secrets set shop sessionsPassword dev/,
        ],
        [
            {
                cache: { topology: "external", host: "redis.example.org" },
                sessions: { topology: "external", host: "redis.example.org", port: 6379 },
            },
            /sessions\.host: "redis\.example\.org" is the server of the cache, which is emptied as a whole/,
        ],
        [{ php: { uploadLimit: "65Mi" } }, /php\.uploadLimit: "65Mi" is larger than http\.maxBody, "64Mi"/],
        [
            { php: { settings: { memory_limit: "1G" } } },
            /php\.settings\.memory_limit: "memory_limit" is not allowed; .*set php\.memoryLimit/,
        ],
        [
            { php: { settings: { include_path: "/tmp" } } },
            /php\.settings\.include_path: "include_path" is not allowed; allowed: any setting except include_path, var/,
        ],
        [{ php: { settings: { variables_order: "GPCS" } } }, /php\.settings\.variables_order: .*any setting except/],
        [{ php: { settings: { sendmail_path: "/bin/true" } } }, /php\.settings\.sendmail_path: .*set mail/],
        [{ php: { pool: ["[other]"] } }, /php\.pool\.0: "\[other\]" is not allowed; allowed: NAME = VALUE/],
        [{ php: { pool: ["; more", "pm.max_children = 50"] } }, /php\.pool\.1: .*set php\.maxChildren/],
        [{ php: { pool: ["clear_env=yes"] } }, /php\.pool\.0: "clear_env=yes" is not allowed; .*any setting except/],
        [{ php: { pool: ["php_value[memory_limit] = 2G"] } }, /php\.pool\.0: .*set php\.memoryLimit/],
        [{ php: { pool: ["env[OPENMAGE_CONFIG__A] = x"] } }, /php\.pool\.0: .*set systemConfig/],
        [{ nginx: { server: ["a;\nb;"] } }, /nginx\.server\.0: .*one line/],
        [
            { nginx: { server: ["add_header X-Shop acme"] } },
            /nginx\.server\.0: "add_header X-Shop acme" is not allowed; allowed: lines that end with ';'/,
        ],
        [{ nginx: { server: ["a 'b;' # c;"] } }, /nginx\.server\.0: .*lines that end with ';'/],
        [
            { nginx: { server: ["location /a {", "return 204;"] } },
            /nginx\.server\.0: "location \/a \{" is not allowed; .*a '}' is missing/,
        ],
        [{ nginx: { server: ["a;", "location /x {# }"] } }, /nginx\.server\.1: .*a '}' is missing/],
        [
            { nginx: { server: ['a"; } server { listen 1; b "b;'] } },
            /nginx\.server\.0: .*quotes that end in their line/,
        ],
        [{ nginx: { server: ['a"; } server { listen 1; b c;'] } }, /nginx\.server\.0: .*for each '{'/],
        [
            { php: { settings: { "session.name": '"shop"' } } },
            /php\.settings\.session\.name: .* is not allowed; allowed: the value itself, without quotes around it/,
        ],
        [{ php: { settings: { "session.name": "a\nb = c" } } }, /php\.settings\.session\.name: .*one line of text/],
        [{ php: { pool: ['env[A] = "b'] } }, /php\.pool\.0: .*quotes that end/],
        [{ php: { pool: ["env[A] = Bob's shop"] } }, /php\.pool\.0: .*between double quotes/],
        [{ nginx: { server: ["a b;", "}", "server {"] } }, /nginx\.server\.1: "}" is not allowed; .*for each '{'/],
        [
            { stores: [{ host: "a.example.org", code: "admin" }] },
            /stores\.0\.code: "admin" is not allowed; allowed: any code except admin, .*set adminHost/,
        ],
        [
            { stores: [{ host: "a.example.org", code: "default" }] },
            /stores\.0\.code: "default" is not allowed; allowed: any code except default, because that store answers at/,
        ],
        [
            { stores: [{ host: "a.example.org", code: "base", type: "website" }] },
            /any code except base, because that web/,
        ],
        [
            { stores: ["a", "b"].map((name) => ({ host: `${name}.example.org`, code: "english" })) },
            /stores\.1\.code: "english" is already the store of a\.example\.org; each store can only have one host/,
        ],
        [
            { resources: { frontend: { memory: "64Mi" } } },
            /resources\.frontend\.memory: "64Mi" is too little for php\.memoryLimit, "512Mi"; allowed: at least 816Mi/,
        ],
        [
            { resources: { "cron.ready": { memory: "128Mi" } }, php: { memoryLimit: "1Gi" } },
            /resources\.cron\.ready\.memory: "128Mi" is too little for php\.memoryLimit, "1Gi"; allowed: at least 1152Mi/,
        ],
        [
            { resources: { "frontend-php": { memory: "300Mi" } }, webPods: "separate" },
            /resources\.frontend-php\.memory: "300Mi" is too little/,
        ],
        [
            { env: { frontend: { OPENMAGE_CONFIG__DEFAULT__A__B__C: "x" } } },
            /env\.frontend\.OPENMAGE_CONFIG__DEFAULT__A__B__C: is not allowed here; set systemConfig/,
        ],
        [{ systemConfig: { "general/store_information/name": "x" } }, /systemConfig.*allowed: default\/SECTION/],
        [
            { systemConfig: { "default/web/secure/base_url": "x" } },
            /base_url" is not allowed; .*URLs, which follow from host/,
        ],
        [{ cryptKey: "0123" }, /cryptKey.*is a secret: remove it and run: \.\/plinth secrets set shop cryptKey dev/],
    ] as const) {
        it(`refuses ${JSON.stringify(keys)}`, async () => expect(await problems({ instance: keys })).to.match(message));
    }
    it("accepts hand-written lines of nginx and php-fpm", async () => {
        const server = [
            "# Ours; all of it",
            'location ~ "^/a{2}$" { return 204; } # short {',
            "location = /b {",
            '    add_header X-B "it\'s { here";',
            "}",
        ];
        const pool = ["; ours", "pm.max_requests = 500", "php_admin_value[disable_functions] = exec", "env[TZ] = UTC"];
        const stores = [
            { host: "a.example.org", code: "b2b" },
            { host: "b.example.org", code: "b2b", type: "website" },
        ];
        const resources = { frontend: { memory: "64Mi" }, "frontend-php": { memory: "816Mi" } };
        expect(
            await problems({ instance: { nginx: { server }, php: { pool }, stores, resources, webPods: "separate" } }),
        ).to.equal("");
    });
    it("refuses passwords that OpenMage would refuse, and keys that its cipher would refuse", async () => {
        const of = (values: object) => problems({ values: { secrets: { shop: values } } });
        expect(await of({ adminPassword: "short1" })).to.match(/adminPassword: a value of 6 characters.*at least 14/);
        expect(await of({ adminPassword: "only-letters-here" })).to.match(/adminPassword: a value without digits/);
        expect(await of({ cryptKey: "k".repeat(57) })).to.match(/cryptKey: a value of 57 characters.*1 to 56/);
        expect(await of({ adminPassword: "letters-and-1-digit", cryptKey: "k".repeat(56) })).to.equal("");
    });
});

describe("OpenMage's objects", () => {
    let objects: Sent[];
    const given = { cryptKey: "the-shop's-<old>-key", databasePassword: "a&b", sessionsPassword: 's"s' };
    before(async () => {
        const instance = {
            size: "medium",
            sharedFiles: "oneNode",
            tls: { mode: "internal" },
            adminHost: "office.example.org",
            adminAllow: ["192.0.2.0/24"],
            stores: [{ host: "en.example.org", code: "english" }],
        };
        objects = await declareOpenMage({ instance, values: { secrets: { shop: given } } });
    });

    it("keep every password and the key in Secrets, escaped correctly in XML", () => {
        const rest = JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"));
        for (const value of Object.values(given)) expect(rest).not.to.contain(JSON.stringify(value).slice(1, -1));
        expect(find(objects, "Secret", "crypt-key")["stringData"].key).to.equal(given.cryptKey);
        // Every string of the file, as read by an XML parser.
        const texts = [...localXml(objects).matchAll(/>([^<>]*)<\//g)].map(([, text]) =>
            text!.replace(/&(lt|gt|amp);/g, (_, name: "lt" | "gt" | "amp") => ({ lt: "<", gt: ">", amp: "&" })[name]),
        );
        expect(texts).to.include.members([...Object.values(given), "backoffice"]);
    });
    it("give every PHP the same local.xml, with replicas that only the frontends read", async () => {
        const mounts = podsOf(objects).flatMap(({ template }) =>
            [...(template.spec.initContainers ?? []), ...template.spec.containers]
                .filter(({ image }: { image: string }) => image.includes("openmage-php"))
                .map((one: { volumeMounts: { mountPath: string; subPath?: string }[] }) =>
                    one.volumeMounts.find(({ mountPath }) => mountPath === "/var/www/html/app/etc/local.xml"),
                ),
        );
        expect(mounts.length).to.be.above(5);
        for (const mount of mounts) expect(mount?.subPath).to.equal("local.xml");
        const own = await declareOpenMage({
            instance: { database: { topology: "external", host: "db.example.org", readHost: "read.example.org" } },
            values: { secrets: { shop: given } },
        });
        expect(localXml(own)).to.contain("<host>read.example.org:3306</host>");
        const nginx = (role: string) => find(own, "ConfigMap", `${role}-nginx`)["data"]["nginx.conf"];
        expect(nginx("frontend")).to.contain("default replica;");
        expect(nginx("admin")).not.to.contain("default replica;");
        expect(localXml(objects)).not.to.contain("default_read");
        // After a write, clients read from the source as long as a replica may lag behind.
        const replicated = await declareOpenMage({
            instance: { database: { topology: "replicated", maxLagSeconds: 45 } },
        });
        expect(find(replicated, "ConfigMap", "frontend-nginx")["data"]["nginx.conf"]).to.contain("Max-Age=45;");
    });
    it("change the cache prefix with the release and the system configuration, and with nothing else", async () => {
        const prefix = async (instance: object) => {
            const xml = localXml(await declareOpenMage({ instance: { ...instance } }));
            return /<prefix>([0-9a-f]+)_/.exec(xml)![1];
        };
        const usual = await prefix({});
        expect(await prefix({ size: "large", php: { uploadLimit: "8Mi" } })).to.equal(usual);
        expect(await prefix({ images: { "openmage-php": "registry.example.org/php:20.19.0" } })).not.to.equal(usual);
        expect(await prefix({ systemConfig: { "default/general/locale/code": "de_DE" } })).not.to.equal(usual);
        expect(await prefix({ namespace: "other" })).not.to.equal(usual);
        // Without it, no mail is sent: that is system configuration, too.
        expect(await prefix({ mail: { host: "smtp.example.org", from: "shop@example.org" } })).not.to.equal(usual);
    });
    it("pass the same system configuration to every PHP", async () => {
        const own = await declareOpenMage({
            instance: { systemConfig: { "stores/en-gb/general/locale/code": "en_GB" }, env: { cron: { EXTRA: "1" } } },
        });
        const all = podsOf(own).flatMap(({ template }) =>
            [...(template.spec.initContainers ?? []), ...template.spec.containers].filter(({ image }) =>
                image.includes("openmage-php"),
            ),
        );
        expect(all.length).to.be.above(5);
        for (const { env, command } of all) {
            // The entrypoint's shell does not support variables with a '-'.
            expect(command?.[0]).to.be.oneOf(["php", "php-fpm"]);
            const of = (name: string) => env.find((one: { name: string }) => one.name === name)?.value;
            expect(of("OPENMAGE_CONFIG__STORES__EN-GB__GENERAL__LOCALE__CODE")).to.equal("en_GB");
            expect(of("OPENMAGE_CONFIG_OVERRIDE_ALLOWED")).to.equal("1");
        }
    });
    it("set no replicas if an autoscaler decides, and one pod for the administration", () => {
        expect(find(objects, "Deployment", "frontend")["spec"]).not.to.have.property("replicas");
        expect(find(objects, "Deployment", "admin")["spec"].replicas).to.equal(1);
    });
    it("run cron every minute, one at a time", () => {
        expect(find(objects, "CronJob", "cron")["spec"]).to.include({
            schedule: "* * * * *",
            concurrencyPolicy: "Forbid",
        });
    });
    it("keep sessions on a volume, those of customers longest, and let the cache evict keys with a lifetime", () => {
        const file = (name: string) => find(objects, "Secret", `${name}-config`)["stringData"]["cache.conf"];
        expect(file("sessions")).to.contain("maxmemory-policy volatile-ttl").and.contain("appendonly yes");
        expect(file("cache")).to.contain("maxmemory-policy volatile-lru").and.contain("appendonly no");
        expect(find(objects, "PersistentVolumeClaim", "sessions")["spec"].resources.requests.storage).to.equal("2Gi");
    });
    it("mount only over local.xml and writable folders of the image", () => {
        for (const { owner, template } of podsOf(objects))
            for (const one of [...(template.spec.initContainers ?? []), ...template.spec.containers])
                for (const { mountPath } of one.image.includes("openmage") ? (one.volumeMounts ?? []) : [])
                    expect(mountPath, `${owner.metadata.name} ${one.name}`).to.match(
                        /^\/var\/www\/html\/(media|var|app\/etc\/local\.xml)$|^\/(tmp|etc\/|opt\/plinth)/,
                    );
    });
    it("stop PHP after nginx, and allow enough time for both", () => {
        const { containers, terminationGracePeriodSeconds } = podOf(objects, "Deployment", "frontend");
        const [php, nginx] = containers;
        expect(php.lifecycle.preStop.sleep.seconds).to.be.above(nginx.lifecycle.preStop.sleep.seconds);
        const conf = Object.values<string>(find(objects, "ConfigMap", "frontend-php-files")["data"]).join("");
        const stop = Number(/process_control_timeout = (\d+)s/.exec(conf)![1]);
        expect(terminationGracePeriodSeconds).to.be.above(php.lifecycle.preStop.sleep.seconds + stop);
        const { "nginx.conf": rules } = find(objects, "ConfigMap", "frontend-nginx")["data"] as Record<string, string>;
        expect(stop).to.be.at.least(Number(/fastcgi_read_timeout (\d+)s/.exec(rules!)![1]));
    });
    it("publish every host, and the administration as configured", async () => {
        const sites = caddyfile(objects);
        for (const host of ["shop.example.org", "en.example.org", "office.example.org"]) expect(sites).to.contain(host);
        expect(sites)
            .to.match(/@closed0 path_regexp .*\(backoffice\)/)
            .and.not.match(/@path0/);
        const below = caddyfile(await declareOpenMage());
        expect(below)
            .to.match(/@path0 path_regexp .*\(backoffice\)/)
            .and.contain("admin.openmage-shop.svc");
        const hidden = await declareOpenMage({ instance: { adminAccess: "private" } });
        expect(caddyfile(hidden))
            .not.to.match(/@path0/)
            .and.not.to.contain("admin.openmage-shop.svc");
        expect(find(hidden, "Service", "admin")["spec"].ports[0].port).to.equal(8080);
    });
    it("scale nginx and PHP separately on request, and admit no other FastCGI clients", async () => {
        const own = await declareOpenMage({
            instance: { webPods: "separate", replicas: { frontend: 2, "frontend-php": { min: 1, max: 4 } } },
        });
        expect(find(own, "Deployment", "frontend")["spec"].replicas).to.equal(2);
        expect(find(own, "HorizontalPodAutoscaler", "frontend-php")["spec"].maxReplicas).to.equal(4);
        expect(podOf(own, "Deployment", "frontend").containers.map(({ name }: { name: string }) => name)).to.deep.equal(
            ["nginx"],
        );
        const conf = find(own, "ConfigMap", "frontend-nginx")["data"]["nginx.conf"];
        expect(conf).to.contain("frontend-php.openmage-shop.svc.cluster.local").and.not.contain("127.0.0.1:9000");
        expect(find(own, "ConfigMap", "admin-nginx")["data"]["nginx.conf"]).to.contain("127.0.0.1:9000");
        const { ingress } = find(own, "NetworkPolicy", "frontend-php")["spec"];
        expect(JSON.stringify(ingress[0].from)).to.contain('"frontend"');
        expect(ingress).to.have.length(1);
    });
    it("use the shop's URL as seen by browsers", async () => {
        const urls = async (instance: object) => {
            const { env } = containerOf(
                await declareOpenMage({ instance: { ...instance } }),
                "Deployment",
                "admin",
                "settings",
            );
            return ["SHOP_URL", "ADMIN_URL"].map(
                (name) => env.find((one: { name: string }) => one.name === name)?.value,
            );
        };
        expect(await urls({})).to.deep.equal(["http://shop.example.org", "http://shop.example.org"]);
        // Each request's own URL, such as that of a forwarded port.
        expect(await urls({ adminAccess: "private" })).to.deep.equal(["http://shop.example.org", ""]);
        expect(
            await urls({
                tls: { mode: "internal" },
                edge: { type: "NodePort", httpsPort: 30443 },
                adminHost: "a.example.org",
            }),
        ).to.deep.equal(["https://shop.example.org:30443", "https://a.example.org:30443"]);
    });
    it("have the memory that PHP may use, wherever it runs", async () => {
        const own = await declareOpenMage({ instance: { php: { memoryLimit: "2Gi" } } });
        const all = podsOf(own).flatMap(({ template }) =>
            [...(template.spec.initContainers ?? []), ...template.spec.containers].filter(({ image }) =>
                image.includes("openmage-php"),
            ),
        );
        expect(all.length).to.be.above(5);
        for (const { name, resources } of all) expect(mebibytes(resources.limits.memory), name).to.be.at.least(2176);
        expect(containerOf(objects, "CronJob", "cron", "cron").resources.limits.memory).to.equal("1Gi");
    });
    it("leave the database enough connections for the largest number of pods", () => {
        for (const { frontend, maxChildren, database } of Object.values(sizes)) {
            const pods = typeof frontend === "number" ? frontend : frontend.max;
            const { connections } = mysqlSizes("mariadb", mebibytes(database.memory), mebibytes(database.volume));
            // One more pod during a rollout, and the same number for administration, cron and Tasks.
            expect(connections).to.be.above((pods + 2) * maxChildren);
        }
    });
});

describe("OpenMage's graph", () => {
    const graphOf = (instance: object): Graph => {
        const instances = { shop: { platform: "openmage", host: "shop.example.org", ...instance } };
        const { stack: settings, secrets } = readStack(givenOf({ instances }), [openmage.config]);
        const stack = new Stack(settings, secrets, clusterProvider(settings));
        openmage.declare(new Instance(stack, settings.instances[0]!, openmage.config));
        return stack.graph;
    };
    const usersOf = (graph: Graph, name: string) =>
        [...new Set(graph.users(`openmage-shop/${name}`).map(({ from }) => from.name))].sort();

    it("installs after its servers are up, upgrades after that, and serves and works on the clock last", () => {
        const graph = graphOf({});
        const order = graph.inOrder().map(({ name }) => name);
        const comesBefore = (first: string, second: string) =>
            expect(order.indexOf(first), `${first}, ${second}`).to.be.below(order.indexOf(second));
        for (const server of ["database", "cache", "sessions"]) comesBefore(server, "install");
        comesBefore("install", "upgrade");
        for (const name of ["frontend", "admin", "cron"]) comesBefore("upgrade", name);
    });
    it("lets only pods with the shop's code reach its servers, and only the edge reach the shop", () => {
        const shared = graphOf({});
        for (const server of ["database", "cache", "sessions"])
            expect(usersOf(shared, server), server).to.include.members(["admin", "cron", "frontend", "upgrade"]);
        expect(usersOf(shared, "frontend")).to.deep.equal(["edge"]);
        expect(usersOf(shared, "admin")).to.deep.equal(["edge"]);
        const separate = graphOf({ webPods: "separate", adminAccess: "private" });
        expect(usersOf(separate, "frontend-php")).to.deep.equal(["frontend"]);
        expect(usersOf(separate, "admin")).to.deep.equal([]);
        for (const server of ["database", "cache", "sessions"])
            expect(usersOf(separate, server)).not.to.include("frontend");
    });
});

describe("OpenMage's images", () => {
    it("are built, from one release", () => {
        const tags = (["openmage-php", "openmage-nginx"] as const).map((name) => images[name].reference.split(":")[1]);
        expect(new Set(tags)).to.have.length(1);
    });
});

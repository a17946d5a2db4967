import { expect } from "chai";
import { platforms } from "../../platforms";
import { ConfigError } from "../../config/problems";
import { declareProgram } from "../../platforms/program";
import { itSaysWhatIsWrong, type Mistakes, one, problemsOf, shop, stackOf } from "../support/badInput";

describe("bad input", () => {
    it("is not reported for valid input", async () => {
        expect(await one({})).to.deep.equal([]);
    });

    const cases: Mistakes = {
        "an unknown platform": {
            of: () => one({ platform: "opencrat" }),
            says: [
                `plinth:instances.shop.platform: "opencrat" is not a platform; did you mean "opencart"?; allowed: ${Object.keys(platforms).join(", ")}; platforms from elsewhere are listed in plinth:platforms`,
            ],
        },
        "a platform that is not a string": {
            of: () => one({ platform: { toString: 1 } }),
            says: [
                `plinth:instances.shop.platform: {"toString":1} is not a platform; allowed: ${Object.keys(platforms).join(", ")}`,
            ],
        },
        "a misspelt key of an instance": {
            of: () => one({ replcias: { frontend: 2 } }),
            says: ['plinth:instances.shop.replcias: unknown key; did you mean "replicas"?'],
        },
        "a misspelt key deep inside": {
            of: () => one({ edge: { type: "LoadBalancer", sourceRange: [] } }),
            says: ['plinth:instances.shop.edge.sourceRange: unknown key; did you mean "sourceRanges"?'],
        },
        "a backup to object storage without its key": {
            of: () => one({ backup: { target: { type: "s3", bucket: "backups" } } }),
            says: ["backupAccessKey", "backupSecretKey"].map(
                (key) =>
                    `plinth:instances.shop.backup.target: is object storage and requires its key: ./plinth secrets set shop ${key} staging`,
            ),
        },
        "a backup without target, with an invalid schedule and no retention": {
            of: () =>
                one({ backup: { schedule: "0 25 * * *", timeZone: "Europe/Nowhere", keep: { days: 0, count: 0 } } }),
            says: [
                'plinth:instances.shop.backup.schedule: "0 25 * * *" is not allowed; allowed: a cron expression of five fields',
                'plinth:instances.shop.backup.timeZone: "Europe/Nowhere" is not allowed; allowed: a time zone',
                "plinth:instances.shop.backup.keep.days: 0 is not allowed; allowed: at least 1",
                "plinth:instances.shop.backup.keep.count: 0 is not allowed; allowed: at least 1",
                "plinth:instances.shop.backup.target: is missing",
            ],
        },
        "a misspelt secret": {
            of: () => one({}, { "plinth:secrets": { shop: { smtpPasword: "x" } } }),
            says: ['plinth:secrets.shop.smtpPasword: unknown secret; did you mean "smtpPassword"?'],
        },
        "secrets of an instance that does not exist": {
            of: () => one({}, { "plinth:secrets": { shpo: { smtpPassword: "x" } } }),
            says: ['plinth:secrets.shpo: the instance "shpo" does not exist; did you mean "shop"?'],
        },
        "a misspelt key of the stack": {
            of: () => one({}, { "plinth:instnaces": {} }),
            says: ['plinth:instnaces: unknown key; did you mean "instances"?'],
        },
        "a wrong type": {
            of: () => one({ http: { hstsSeconds: "a year" } }),
            says: ['plinth:instances.shop.http.hstsSeconds: "a year" is not allowed; allowed: a number'],
        },
        "an invalid host name": {
            of: () => one({ host: "https://shop.example.org/" }),
            says: [
                'plinth:instances.shop.host: "https://shop.example.org/" is not allowed; allowed: a host name such as shop.example.org',
            ],
        },
        "a namespace longer than 63 characters": {
            of: () => one({ namespace: "n".repeat(64) }),
            says: ["plinth:instances.shop.namespace:", "allowed: at most 63 characters"],
        },
        "an instance's name that is too long": {
            of: () => problemsOf(stackOf({ ["n".repeat(45)]: shop() })),
            says: ["the name", "is longer than 40 characters"],
        },
        "an invalid quantity": {
            of: () => one({ volumes: { database: { size: "10 gigs" } } }),
            says: [
                'plinth:instances.shop.volumes.database.size: "10 gigs" is not allowed; allowed: a quantity of whole bytes from 1Mi to 1024Ti, such as 500Mi or 10Gi',
            ],
        },
        "an external database without a host": {
            of: () =>
                one({ database: { topology: "external" } }, { "plinth:secrets": { shop: { databasePassword: "x" } } }),
            says: ["plinth:instances.shop.database.host: is missing; allowed: a host name or an IP address"],
        },
        "an external database without its password": {
            of: () => one({ database: { topology: "external", host: "db.example.org" } }),
            says: ["plinth:instances.shop.database", "./plinth secrets set shop databasePassword staging"],
        },
        "custom TLS without a certificate": {
            of: () => one({ tls: { mode: "custom" } }),
            says: ["plinth:instances.shop.tls", "tlsCertificate"],
        },
        "an encrypted secret in plinth:instances": {
            of: () => one({ mail: { host: "smtp.example.org", username: { secure: "v1:x:y" } } }),
            says: [
                "plinth:instances.shop.mail.username: secrets do not belong here; remove it and run: ./plinth secrets set shop KEY staging",
            ],
        },
        "a secret's key in plinth:instances": {
            of: () => one({ databasePassword: "x" }),
            says: [
                "plinth:instances.shop.databasePassword: unknown key",
                "it is a secret: remove it and run: ./plinth secrets set shop databasePassword staging",
            ],
        },
        "a patch that matches nothing": {
            of: () => one({ patches: [{ kind: "Deployment", name: "fronted", patch: {} }] }),
            says: [
                'plinth:instances.shop.patches.0: matches nothing: Deployment "fronted" does not exist; did you mean "Deployment "frontend""?',
            ],
        },
        "a patch that does not fit": {
            of: () =>
                one({
                    patches: [
                        { kind: "Deployment", name: "frontend", patch: [{ op: "remove", path: "/spec/nothing" }] },
                    ],
                }),
            says: [
                'plinth:instances.shop.patches.0.patch: does not fit Deployment "frontend": operation 1 (remove /spec/nothing)',
            ],
        },
        "a patch that renames": {
            of: () => one({ patches: [{ kind: "Service", name: "frontend", patch: { metadata: { name: "other" } } }] }),
            says: ['may not change kind, name or namespace of Service "frontend"'],
        },
        "an omission that matches nothing": {
            of: () => one({ omit: [{ kind: "CronJob", name: "corn" }] }),
            says: ['plinth:instances.shop.omit.0: matches nothing: CronJob "corn" does not exist'],
        },
        "an image that matches nothing": {
            of: () => one({ images: { mariabd: "x:1" } }),
            says: ['plinth:instances.shop.images.mariabd: matches nothing; did you mean "mariadb"?'],
        },
        "invalid image references": {
            of: () => one({ images: { caddy: "Registry.example.org/Team/Caddy:2", mariadb: "mariadb:", mysql: "" } }),
            says: [
                'plinth:instances.shop.images.caddy: "Registry.example.org/Team/Caddy:2" is not allowed; allowed: [REGISTRY/]NAME[:TAG][@sha256:DIGEST]',
                'plinth:instances.shop.images.mariadb: "mariadb:" is not allowed',
                'plinth:instances.shop.images.mysql: "" is not allowed',
            ],
        },
        "invalid egress rules": {
            of: () =>
                one({
                    egress: [
                        {},
                        { ports: [0] },
                        { ports: [21], cidrs: ["192.0.2.7"] },
                        { cidrs: ["192.0.2.7/32"], namespace: "search" },
                        { cidrs: [] },
                        { cidrs: ["::ffff:169.254.0.0/112"] },
                        { protocol: "UDP", cidrs: ["192.0.2.7/32"] },
                    ],
                }),
            says: [
                "plinth:instances.shop.egress.0: {} is not allowed; allowed: ports with cidrs or a namespace",
                "plinth:instances.shop.egress.1.ports.0: 0",
                'plinth:instances.shop.egress.2.cidrs.0: "192.0.2.7" is not allowed; allowed: a range such as',
                "plinth:instances.shop.egress.3: ",
                "plinth:instances.shop.egress.4.cidrs: [] is not allowed; allowed: at least 1",
                'plinth:instances.shop.egress.5.cidrs.0: "::ffff:169.254.0.0/112" is not allowed; allowed: a range such as 192.0.2.0/24, not IPv4-mapped IPv6',
                "plinth:instances.shop.egress.6: ",
            ],
        },
        "cluster ranges that cover everything or are invalid": {
            of: () =>
                problemsOf({
                    "plinth:cluster": { context: "fixture", ranges: ["0.0.0.0/0", "::/0", "10.0.0.0", "10.0.0.0/8"] },
                    "plinth:instances": { shop: shop() },
                }),
            says: [
                'plinth:cluster.ranges.0: "0.0.0.0/0" is not allowed; allowed: ranges of the cluster',
                'plinth:cluster.ranges.1: "::/0" is not allowed',
                'plinth:cluster.ranges.2: "10.0.0.0" is not allowed; allowed: a range such as',
            ],
        },
        "a component that does not exist": {
            of: () => one({ replicas: { fronted: 2 }, env: { fronted: {} }, restartedAt: { fronted: "now" } }),
            says: [
                "replicas.fronted: matches nothing",
                "env.fronted: matches nothing",
                "restartedAt.fronted: matches nothing",
            ],
        },
        "a stack with neither context nor kubeconfig": {
            of: () => problemsOf({ "plinth:instances": { shop: shop() } }),
            says: ["plinth:cluster: is missing context or kubeconfig"],
        },
        "an unknown topology": {
            of: () => one({ database: { topology: "sharded" } }),
            says: [
                'plinth:instances.shop.database.topology: "sharded" is not allowed; allowed: "single", "replicated", "galera", "operator", "external"',
            ],
        },
        "replicas of an engine without replication": {
            of: () => one({ database: { topology: "replicated", engine: "mysql" } }),
            says: ['plinth:instances.shop.database.engine: "mysql" is not allowed; allowed: "mariadb"'],
        },
        "a source that is not a member, or is lost": {
            of: () => one({ database: { topology: "replicated", replicas: 2, source: 3, lost: [3] } }),
            says: [
                "plinth:instances.shop.database.source: 3 is not allowed; allowed: 0 to 2, because there are 3 members",
                "plinth:instances.shop.database.lost: [3] is not allowed; allowed: members other than the source",
            ],
        },
        "a number of Galera members that tolerates no more losses than the one below it": {
            of: () => one({ database: { topology: "galera", members: 4 } }),
            says: ["plinth:instances.shop.database.members: 4 is not allowed; allowed: 3, 5"],
        },
        "a Galera cluster of another engine": {
            of: () => one({ database: { topology: "galera", engine: "mysql" } }),
            says: ['plinth:instances.shop.database.engine: "mysql" is not allowed; allowed: "mariadb"'],
        },
        "a beginning by no member, from no position": {
            of: () => one({ database: { topology: "galera", begin: { member: 3, position: "latest" } } }),
            says: [
                'plinth:instances.shop.database.begin.position: "latest" is not allowed; allowed: none, broken, or a UUID, a colon and a number, as the member\'s log says',
            ],
        },
        "a beginning by a member that is not there": {
            of: () => one({ database: { topology: "galera", begin: { member: 3, position: "none" } } }),
            says: [
                "plinth:instances.shop.database.begin.member: 3 is not allowed; allowed: 0 to 2, because there are 3 members",
            ],
        },
        "a configuration of another version": {
            of: () => one({}, { "plinth:configVersion": 7 }),
            says: ["plinth:configVersion: 7 is not allowed; this version of Plinth reads version 1"],
        },
        "consent to a loss that names no object": {
            of: () => one({}, { "plinth:acceptLoss": ["files"] }),
            says: ['plinth:acceptLoss.0: "files" is not allowed; allowed: KIND/NAMESPACE/NAME'],
        },
        "an unknown key next to config": {
            of: () => problemsOf("config: {}\nplinth:instances: {}\n"),
            says: ["Pulumi.staging.yaml: plinth:instances: is next to `config:`"],
        },
        "a key without the program's name": {
            of: () => problemsOf({ ...stackOf({}), instances: {} }),
            says: ['Pulumi.staging.yaml: config.instances: has no namespace; did you mean "plinth:instances"?'],
        },
        "a misspelt platform key": {
            of: () => problemsOf(stackOf({ shop: { platfrom: "opencart", host: "shop.example.org" } })),
            says: ['plinth:instances.shop.platform: is missing; did you mean "platfrom"?'],
        },
        "a label that Kubernetes would refuse": {
            of: () => one({ labels: { owner: "Platform Team!" } }),
            says: ['plinth:instances.shop.labels.owner: "Platform Team!" is not allowed; allowed: at most 63 letters'],
        },
        "a request above its limit": {
            of: () => one({ resources: { frontend: { cpu: "2", cpuLimit: "1" } } }),
            says: ["plinth:instances.shop.resources.frontend:", "a request must not exceed its limit"],
        },
        "a quota that would refuse every pod": {
            of: () => one({ quota: { "limits.cpu": "4" } }),
            says: ["plinth:instances.shop.quota.limits.cpu: is not possible"],
        },
        "a namespace of Kubernetes' own": {
            of: () => one({ namespace: { name: "kube-system", create: false } }),
            says: ['plinth:instances.shop.namespace: "kube-system" belongs to Kubernetes itself'],
        },
        "invalid secrets": {
            of: () => one({}, { "plinth:secrets": { shop: { databasePassword: { value: "x" }, cachePassword: "" } } }),
            says: [
                "plinth:secrets.shop.databasePassword: the value is not allowed",
                "plinth:secrets.shop.cachePassword: the value is not allowed",
            ],
        },
        "an instance without secrets in the map of secrets": {
            of: () => one({}, { "plinth:secrets": { shop: null } }),
            says: ["plinth:secrets.shop: is not allowed; allowed: a map from secret names to values"],
        },
        "YAML that does not parse": {
            of: () => problemsOf("config:\n  plinth:instances: {a: [1\n"),
            says: ["Pulumi.staging.yaml: line 3, column 1: "],
        },
    };
    itSaysWhatIsWrong(cases);

    it("includes an encrypted value in the wrong place, even if the engine passes it as plain text", () => {
        const config = {
            "plinth:cluster": '{"context":"fixture"}',
            "plinth:instances": JSON.stringify({ shop: shop({ env: { frontend: { KEY: "clear" } } }) }),
        };
        const given = { project: "plinth", stack: "staging", config, secretKeys: ["plinth:instances"] };
        expect(() => declareProgram(given, { offline: true }))
            .to.throw(
                ConfigError,
                "plinth:instances: contains an encrypted value; secrets are only allowed in plinth:secrets",
            )
            .with.property("message")
            .that.does.not.include("clear");
    });

    it("is reported all at once, one line per problem, at the layer that contains it", async () => {
        const lines = await problemsOf({
            "plinth:cluster": { context: "fixture", networkPolicy: "some" },
            "plinth:defaults": { size: "huge" },
            "plinth:instances": { shop: shop({ host: "no host", volumes: { database: { size: "x" } } }) },
        });
        expect(lines).to.have.length(4);
        expect(lines.join("\n")).to.include("plinth:defaults.size:").and.to.include("plinth:cluster.networkPolicy:");
    });
});

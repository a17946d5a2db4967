import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran, shopIn } from "../support/project";
import { Authority } from "../support/tlsServers";
import { optionalProgram, program, scratch } from "../support/tools";

type Changes = Readonly<Record<string, number>>;

const namespace = "engine-tls";

describe("TLS to servers outside, a proxy and Secrets of others, with the real engine", function () {
    this.timeout(600_000);
    const folder = scratch();
    let cluster: ControlPlane;
    let project: Project;
    let authority: Authority;

    before(async function () {
        optionalProgram(this, "pulumi", "what the engine does is seen");
        program(this, "openssl");
        cluster = await controlPlane(this);
        project = new Project(cluster);
        mkdirSync(join(folder.path, "made"));
        authority = new Authority(join(folder.path, "made"), "authority");
        // Others made them, before the launch.
        await cluster.kubectl(["create", "namespace", namespace]);
        const create = ["--namespace", namespace, "create", "secret", "generic"];
        await cluster.kubectl([...create, "shop-db", "--from-literal=password=of-others"]);
        await cluster.kubectl([...create, "shop-cache", "--from-literal=password=of-others"]);
    });
    after(() => {
        project?.clean();
        folder.clean();
    });

    const write = (changes: object = {}) => {
        const tls = { ca: authority.pem };
        project.write("tls", {
            "plinth:cluster": {
                context: cluster.context ?? "plinth-sandbox",
                proxy: { https: "http://proxy.example.org:3128", noProxy: ["internal.example.org"] },
            },
            "plinth:protect": false,
            "plinth:caBundle": authority.pem,
            "plinth:secretsFrom": {
                shop: {
                    databasePassword: { secret: "shop-db", key: "password" },
                    cachePassword: { secret: "shop-cache", key: "password" },
                },
            },
            "plinth:instances": {
                shop: {
                    ...shopIn(namespace),
                    namespace: { name: namespace, create: false },
                    database: {
                        topology: "external",
                        host: "10.20.0.5",
                        tls: { ...tls, serverName: "db.example.org" },
                    },
                    cache: { topology: "external", host: "cache.example.org", tls },
                    ...changes,
                },
            },
        });
    };
    const succeeded = ({ code, all }: Ran) => expect(code, all).to.equal(0);
    const launch = async (): Promise<Changes> => {
        succeeded(await project.plinth("launch", "tls"));
        const { out } = await project.pulumi("stack", "history", "--json", "--page-size", "1", "--stack", "tls");
        return (JSON.parse(out) as { resourceChanges: Changes }[])[0]!.resourceChanges;
    };
    type Template = { env?: { name: string; value?: string; valueFrom?: { secretKeyRef: object } }[] };
    const frontend = async () => {
        const { spec } = await cluster.json<{
            spec: { template: { spec: { containers: Template[]; hostAliases: object[] } } };
        }>(["get", "deployment", "frontend", "--namespace", namespace]);
        return spec.template.spec;
    };

    it("come up, with the Secret of others by reference only", async () => {
        write();
        expect(await launch()).to.have.property("create");
        const { containers, hostAliases } = await frontend();
        const env = containers.flatMap(({ env: own = [] }) => own);
        const of = (name: string) => env.find((one) => one.name === name);
        expect(of("DB_PASSWORD")!.valueFrom!.secretKeyRef).to.include({ name: "shop-db", key: "password" });
        expect(of("HTTPS_PROXY")!.value).to.equal("http://proxy.example.org:3128");
        expect(of("SSL_CERT_FILE")!.value).to.equal("/run/authorities/all.pem");
        expect(hostAliases).to.deep.equal([{ ip: "10.20.0.5", hostnames: ["db.example.org"] }]);
        const { out } = await project.pulumi("stack", "export", "--stack", "tls");
        expect(out).not.to.include("of-others");
    });

    it("change nothing when nothing has changed", async () => {
        expect(Object.keys(await launch())).to.deep.equal(["same"]);
    });

    it("change with one value what has it, and nothing else", async () => {
        write({ env: { frontend: { GREETING: "hello" } } });
        const did = await launch();
        expect(did["update"]).to.equal(1);
        expect(Object.keys(did).sort()).to.deep.equal(["same", "update"]);
    });
});

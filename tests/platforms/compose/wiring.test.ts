import { expect } from "chai";
import { convert, refusalOf, web } from "./support";

const db = { image: "postgres:17", environment: { POSTGRES_PASSWORD: "elephant-7" } };

describe("the names of Compose services", () => {
    it("are Services by the container's ports, with those that peers call", () => {
        const { find } = convert({
            services: {
                web: { ...web, ports: ["8080:80"], environment: { DB: "postgres://db:5432/x", OTHER: "db:9187" } },
                db,
            },
        });
        const ports = (name: string) => find("Service", name)["spec"].ports.map(({ port }: { port: number }) => port);
        expect(ports("web")).to.deep.equal([80]);
        expect(ports("db")).to.deep.equal([5432, 9187]);
    });
    it("are headless where no port is known, so that any is reached", () => {
        const { find } = convert({ services: { web, db } });
        expect(find("Service", "db")["spec"]).to.have.property("clusterIP", "None");
        expect(find("Service", "db")["spec"]).not.to.have.property("ports");
    });
    it("have the ports that peers mean without writing them: of a URL's scheme, of the variable beside, of the image", () => {
        const queue = { image: "rabbitmq:4-management", ports: ["127.0.0.1:15672:15672"] };
        const { find } = convert({
            services: {
                web: {
                    ...web,
                    environment: {
                        CACHE_URL: "redis://:elephant-7@cache/0",
                        API: "http://api/v1",
                        SEARCH_HOST: "search",
                        SEARCH_PORT: "7701",
                        QUEUE_HOST: "queue",
                    },
                },
                cache: { image: "own/cache:1", expose: [9121] },
                api: { image: "own/api:1", ports: ["8081:8081"] },
                search: { image: "own/search:1", expose: [9000] },
                queue,
            },
        });
        const ports = (name: string) => find("Service", name)["spec"].ports.map(({ port }: { port: number }) => port);
        expect(ports("cache")).to.deep.equal([6379, 9121]);
        expect(ports("api")).to.deep.equal([80, 8081]);
        expect(ports("search")).to.deep.equal([7701, 9000]);
        expect(ports("queue")).to.include.members([5672, 15672]);
    });
    it("have no port of the caller's own: PORT beside SERVER is where it listens", () => {
        const services = (environment: object) => ({
            services: { web: { ...web, environment }, api: { image: "own/api:1", expose: [8080] } },
        });
        const ports = (environment: object) => {
            const { spec } = convert(services(environment)).find("Service", "api");
            return spec.ports.map(({ port }: { port: number }) => port);
        };
        expect(ports({ SERVER: "api", PORT: "3000" })).to.deep.equal([8080]);
        expect(ports({ HOST: "api", HOST_PORT: "3000" })).to.deep.equal([3000, 8080]);
    });
    it("stay headless if one peer names a port and another one does not, of an image that is not known", () => {
        const { find } = convert({
            services: {
                web: { ...web, environment: { STORE_HOST: "store", METRICS: "store:9100" } },
                store: { image: "own/store:1" },
            },
        });
        expect(find("Service", "store")["spec"]).to.have.property("clusterIP", "None");
        expect(find("Service", "store")["spec"]).not.to.have.property("ports");
    });
    it("include container names, host names, aliases and links", () => {
        const { names } = convert({
            services: {
                web: { ...web, links: ["db:store"], networks: { default: { aliases: ["front"] } } },
                db: { ...db, container_name: "shop-db", hostname: "pg" },
            },
        });
        for (const name of ["web", "front", "db", "shop-db", "pg", "store"])
            expect(names).to.include(`Service ${name}`);
    });
    it("are reached without the cluster's proxy, those of one network", () => {
        const { container } = convert(
            {
                services: {
                    web: { ...web, links: ["db:store"], networks: ["front", "back"] },
                    db: { ...db, container_name: "shop-db", networks: { back: { aliases: ["my_pg"] } } },
                    far: { image: "far:1", networks: ["far"] },
                },
                networks: { front: {}, back: {}, far: {} },
            },
            { values: { cluster: { context: "dev", proxy: { http: "http://10.1.2.3:3128" } } } },
        );
        const { env } = container("Deployment", "web") as { env: { name: string; value: string }[] };
        const without = env.find(({ name }) => name === "NO_PROXY")!.value.split(",");
        expect(without).to.include.members(["db", "shop-db", "my_pg", "my-pg", "store", "localhost", ".svc"]);
        expect(without).not.to.include("far");
    });
    it("are written anew at the place of a host, and nowhere else", () => {
        const { container } = convert({
            services: {
                web: {
                    ...web,
                    environment: { URL: "http://my_db:80/my_db", DB_HOST: "my_db", DB_NAME: "my_db" },
                    command: "wait my_db:80",
                },
                my_db: db,
            },
        });
        const { env, args } = container("Deployment", "web");
        expect(env).to.have.deep.members([
            { name: "DB_HOST", value: "my-db" },
            { name: "DB_NAME", value: "my_db" },
            { name: "URL", value: "http://my-db:80/my_db" },
        ]);
        expect(args).to.deep.equal(["wait", "my-db:80"]);
    });
    it("are not those of accounts in addresses, whatever characters the password has", () => {
        const passwords = ["elephant-7", "12345", "q/x", "p@ss/w:rd", "a?b#c@d:e/f"];
        for (const password of passwords) {
            const { find, container } = convert(
                {
                    services: {
                        my_shop: {
                            ...web,
                            environment: {
                                ROWS: "postgresql+asyncpg://my_shop:${PASSWORD}@my_db/my_shop",
                                QUEUE: "amqp://my_shop@my_db:5672/my_shop",
                                BARE: "my_shop:${PASSWORD}@tcp(my_db:3306)/my_shop",
                                PAGE: "http://my_shop:8080/@me",
                            },
                        },
                        my_db: db,
                    },
                },
                { files: { ".env": `PASSWORD='${password}'\n` }, showSecrets: true },
            );
            const { env } = container("Deployment", "my-shop");
            const plain = env.flatMap(({ name, value }: { name: string; value?: string }) => (value ? [name] : []));
            expect(plain, password).to.have.members(["QUEUE", "PAGE"]);
            expect(find("Secret", "my-shop-env")["stringData"]).to.deep.equal({
                ROWS: `postgresql+asyncpg://my_shop:${password}@my-db/my_shop`,
                BARE: `my_shop:${password}@tcp(my-db:3306)/my_shop`,
            });
            const value = (name: string) => env.find((one: { name: string }) => one.name === name).value;
            expect(value("QUEUE")).to.equal("amqp://my_shop@my-db:5672/my_shop");
            expect(value("PAGE")).to.equal("http://my-shop:8080/@me");
            const { ports } = find("Service", "my-shop")["spec"];
            expect(ports.map(({ port }: { port: number }) => port)).to.deep.equal([80, 8080]);
        }
    });
    it("stand in a file of hosts where no text has them or they have dots", () => {
        const { container } = convert({
            services: {
                web: { ...web, environment: { PEER: "grpc://peer0.example.com:7051" }, links: ["db:old_db"] },
                peer: { image: "peer:1", hostname: "peer0.example.com", expose: [7051] },
                db: { ...db, expose: [5432] },
            },
        });
        const script = container("Deployment", "web", "web-prepare").command[2] as string;
        expect(script).to.include("address_of peer.compose-shop.svc.cluster.local) peer0.example.com");
        expect(script).to.include("address_of db.compose-shop.svc.cluster.local) old_db");
        expect(container("Deployment", "web").volumeMounts).to.deep.include({
            name: "plinth-hosts",
            mountPath: "/etc/hosts",
            subPath: "hosts",
        });
        expect(container("Deployment", "web").env).to.deep.equal([
            { name: "PEER", value: "grpc://peer0.example.com:7051" },
        ]);
    });
    it("stand there, too, where only an image knows them: aliases, and names with dots, of the same network", () => {
        const { container, pod } = convert({
            services: {
                web: { ...web, networks: ["meet"] },
                talk: { image: "talk:1", expose: [5280], networks: { meet: { aliases: ["xmpp.meet.example"] } } },
                "orderer.example.com": { image: "orderer:1", expose: [7050], networks: ["meet", "far"] },
                far: { image: "far:1", networks: ["far"] },
                apart: { image: "apart:1", networks: ["apart"] },
            },
            networks: { meet: {}, far: {}, apart: {} },
        });
        const lines = (name: string) => container("Deployment", name, `${name}-prepare`).command[2] as string;
        expect(lines("web")).to.include("address_of talk.compose-shop.svc.cluster.local) xmpp.meet.example");
        expect(lines("web")).to.include(") orderer.example.com");
        expect(lines("far")).to.include(") orderer.example.com").and.not.to.include("xmpp");
        expect(pod("Deployment", "apart").initContainers ?? []).to.deep.equal([]);
    });
    it("are named with file and line where only an image may call them and no address stays", () => {
        const talk = { image: "own/talk:1", networks: { meet: { aliases: ["xmpp.meet.example", "my_talk"] } } };
        const services = (more: object) => ({
            services: { web: { ...web, networks: ["meet"] }, talk: { ...talk, ...more } },
            networks: { meet: {} },
        });
        // By its image's ports it has an address.
        expect(convert(services({ image: "redis:8" })).warnings.join("\n")).not.to.include("is no name");
        const place = String.raw`compose\.yaml:\d+:\d+: services\.talk\.networks\.meet\.aliases\[`;
        const { warnings, pod } = convert(services({ expose: [5280], deploy: { endpoint_mode: "dnsrr" } }));
        expect(warnings.join("\n")).to.match(
            new RegExp(`${place}1\\]: "my_talk" is no name.* since it is headless; .*endpoint_mode: vip`),
        );
        expect(pod("Deployment", "web").initContainers ?? []).to.deep.equal([]);
    });
    it("are refused where neither is possible, and for the balancer's own name", () => {
        const links = { services: { web: { ...web, links: ["db:old_db"] }, db: { image: "own/db:1" } } };
        expect(refusalOf(links)).to.match(/services\.web\.links\[0\]: "old_db" is no name.*state them with expose/);
        expect(refusalOf({ services: { edge: web } })).to.include(
            'services.edge: "edge" is the name of the instance\'s balancer',
        );
    });
    it("resolve before a service is healthy if its own check calls it", () => {
        const check = (test: string) =>
            convert({ services: { web, db: { ...db, expose: [27017], healthcheck: { test } } } }).find("Service", "db")[
                "spec"
            ];
        expect(check("mongosh --host db:27017")).to.have.property("publishNotReadyAddresses", true);
        expect(check("mongosh --host localhost:27017")).not.to.have.property("publishNotReadyAddresses");
    });
}).timeout(120_000);

describe("the order of Compose services", () => {
    const ordered = (image: string) => ({
        services: {
            web: {
                ...web,
                depends_on: {
                    migrate: { condition: "service_completed_successfully" },
                    cache: { condition: "service_started" },
                },
            },
            migrate: { image, command: "migrate", depends_on: { db: { condition: "service_healthy" } } },
            cache: { image: "valkey/valkey:9" },
            db: { ...db, healthcheck: { test: ["CMD", "pg_isready"] } },
        },
    });
    it("holds without the engine: pods wait in DNS for what is ready or done", () => {
        const { container, find, pod } = convert(ordered("app:1"));
        const [, , first] = container("Deployment", "migrate", "migrate-prepare").command as string[];
        expect(first).to.include("wait_for db-ready.compose-shop.svc.cluster.local");
        expect(find("Service", "db-ready")["spec"]).not.to.have.property("publishNotReadyAddresses");
        expect(pod("Deployment", "migrate").initContainers.map(({ name }: { name: string }) => name)).to.deep.equal([
            "migrate-prepare",
            "migrate",
        ]);
        const [, , second] = container("Deployment", "web", "web-prepare").command as string[];
        const [, done] = /wait_for (migrate-done-[0-9a-f]{10})\./.exec(second!)!;
        expect(find("Service", done!)["spec"].selector["plinth.dev/done"]).to.equal(done!.slice(-10));
        expect(second).not.to.include("cache");
    });
    it("is new when the work changes: pods of before are no sign for it", () => {
        const sign = (image: string) => convert(ordered(image)).names.find((name) => name.includes("migrate-done"));
        expect(sign("app:1")).not.to.equal(sign("app:2"));
        expect(sign("app:1")).to.equal(sign("app:1"));
    });
    it("has work on a schedule where a label of Kompose says so, and warns of labels without a meaning", () => {
        const labels = { "kompose.cronjob.schedule": "5 4 * * *", "kompose.own": "own" };
        const { find, warnings } = convert({ services: { web, tidy: { image: "app:1", restart: "no", labels } } });
        expect(find("CronJob", "tidy")["spec"]).to.have.property("schedule", "5 4 * * *");
        expect(warnings.join()).to.include("services.tidy.labels.kompose.own: is no label of Kompose");
    });
    it("has work that nobody waits for as a Task", () => {
        const { names } = convert({ services: { web, seed: { image: "app:1", restart: "no" } } });
        expect(names.filter((name) => name.startsWith("Job"))).to.have.length(1);
        expect(names).not.to.include("Deployment seed");
    });
}).timeout(120_000);

describe("the networks of Compose services", () => {
    it("are policies between their pods, and internal ones lead nowhere else", () => {
        const { find } = convert({
            services: { web: { ...web, networks: ["front", "back"] }, db: { ...db, networks: ["back"] } },
            networks: { front: {}, back: { internal: true } },
        });
        expect(find("NetworkPolicy", "network-back")["spec"].ingress).to.deep.equal([
            {
                from: [
                    {
                        podSelector: {
                            matchLabels: { "app.kubernetes.io/instance": "shop", "plinth.dev/network-back": "true" },
                        },
                    },
                ],
            },
        ]);
        const ways = (name: string) => JSON.stringify(find("NetworkPolicy", name)["spec"].egress ?? []);
        expect(ways("web")).to.include("0.0.0.0/0");
        expect(ways("db")).not.to.include("0.0.0.0/0");
    });
}).timeout(120_000);

describe("the published ports of Compose services", () => {
    const hosts = ({ find }: ReturnType<typeof convert>) =>
        (find("ConfigMap", "edge")["data"].Caddyfile as string).match(/reverse_proxy \S+/g);
    it("are served by the edge if one is for browsers; those of this machine stay private", () => {
        const all = convert({
            services: {
                web: { ...web, ports: ["8080:3000", "127.0.0.1:9000:9000"] },
                db: { ...db, ports: ["5432:5432"] },
            },
        });
        expect(hosts(all)).to.deep.equal(["reverse_proxy web.compose-shop.svc.cluster.local:3000"]);
        expect(all.warnings).to.have.length(1);
        expect(all.warnings[0]).to.include("services.db.ports[0]: 5432 is reached within the instance only");
    });
    it("are what x-plinth, labels of Kompose or routes say if there are several", () => {
        const two = (more: object) => ({
            services: { web: { ...web, ...more }, api: { image: "api:1", ports: ["8000:8000"] } },
        });
        expect(convert(two({ ports: ["3000:3000"] })).warnings.join()).to.include("web, api publish web ports");
        expect(hosts(convert(two({ "x-plinth": { route: "/shop" } })))).to.deep.equal([
            "reverse_proxy web.compose-shop.svc.cluster.local:80",
        ]);
        expect(hosts(convert(two({ labels: { "kompose.service.expose": "true" } })))).to.have.length(1);
        const routes = [
            { service: "api", path: "/api" },
            { service: "web", host: "www.example.org" },
        ];
        const routed = convert(two({}), { instance: { routes } });
        expect(hosts(routed)).to.deep.equal([
            "reverse_proxy api.compose-shop.svc.cluster.local:8000",
            "reverse_proxy web.compose-shop.svc.cluster.local:80",
        ]);
    });
    it("are opened on nodes where the stack file says so", () => {
        const { find } = convert(
            { services: { web, dns: { image: "dns:1", ports: ["53:53/udp"] } } },
            { instance: { open: [{ service: "dns", port: 53, nodePort: 30053 }] } },
        );
        expect(find("Service", "dns-nodes")["spec"]).to.deep.include({ type: "NodePort" });
        expect(find("Service", "dns-nodes")["spec"].ports).to.deep.equal([
            { name: "udp-53", port: 53, targetPort: "udp-53", protocol: "UDP", nodePort: 30053 },
        ]);
    });
}).timeout(120_000);

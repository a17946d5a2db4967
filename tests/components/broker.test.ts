import { expect } from "chai";
import { Broker } from "../../components/broker";
import { configurationFile, diskFreeLimit, memoryWatermark, saltedHash } from "../../components/broker/files";
import { checkSeries, SeriesError } from "../../components/database/series";
import { type BrokerConfig, broker } from "../../config/broker";
import { type DeclareArgs, declare, find } from "../support/declare";

const build = (written: object, args: DeclareArgs = {}, seen: (made: Broker) => void = () => {}) =>
    declare(
        (instance) =>
            seen(
                new Broker(instance, "broker", {
                    config: broker.parse(written) as BrokerConfig,
                    user: "qxsms",
                    resources: { cpu: "100m", memory: "512Mi" },
                    size: "1Gi",
                    permits: ["global_qos"],
                }),
            ),
        args,
    );
const single = { topology: "single" };

describe("Broker", () => {
    it("hashes passwords as RabbitMQ documents it", () => {
        // https://www.rabbitmq.com/docs/passwords#computing-password-hash
        expect(saltedHash(Buffer.from("908DC60A", "hex"), "test12")).to.equal(
            "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
        );
    });

    it("blocks publishers while there is memory and disk left", () => {
        for (const limit of [256, 512, 4096, 65536]) expect(memoryWatermark(limit)).to.be.at.most(0.6 * limit);
        expect([100, 1024, 10240, 1048576].map(diskFreeLimit)).to.deep.equal([50, 102, 1024, 2048]);
    });

    it("permits deprecated features that clients still need, only on servers that would deny them", () => {
        const permitted = (version: readonly [number, number]) =>
            configurationFile({ limit: 512, disk: 1024, version, permits: ["global_qos"], definitions: "/x" }).includes(
                "deprecated_features.permit.global_qos = true",
            );
        expect(
            (
                [
                    [3, 9],
                    [3, 12],
                    [3, 13],
                    [4, 0],
                    [4, 3],
                ] as const
            ).map(permitted),
        ).to.deep.equal([false, false, true, true, true]);
    });

    it("keeps passwords in the Secrets of their users, and for the server as hashes that change only with passwords", async () => {
        const definitions = async (brokerPassword: string) => {
            const made = await build(single, {
                values: { secrets: { bench: { brokerPassword, brokerAdminPassword: "admins-own" } } },
            });
            const annotations = find(made.objects, "StatefulSet", "broker")["spec"].template.metadata.annotations;
            const secret = find(made.objects, "Secret", "broker-server")["stringData"];
            return { ...made, file: secret["definitions.json"] as string, digest: annotations["plinth.dev/secrets"] };
        };
        const first = await definitions("own@secret");
        const clear = first.objects.filter((object) => /own@secret|admins-own/.test(JSON.stringify(object)));
        expect(clear.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.have.members([
            "Secret broker",
            "Secret broker-admin",
        ]);
        expect(find(first.objects, "Secret", "broker")["stringData"]).to.deep.equal({
            password: "own@secret",
            userinfo: "qxsms:own%40secret",
        });
        const [again, other] = [await definitions("own@secret"), await definitions("another")];
        expect(again.file).to.equal(first.file);
        expect(other.file).not.to.equal(first.file);
        expect(again.digest).to.equal(first.digest);
        expect(other.digest).not.to.equal(first.digest);
    });

    it("adapts to the configured memory and volume", async () => {
        const { objects } = await build(single, {
            instance: { resources: { broker: { memory: "1Gi" } }, volumes: { broker: { size: "10Gi" } } },
        });
        const file = find(objects, "ConfigMap", "broker")["data"]["rabbitmq.conf"];
        expect(file).to.contain("vm_memory_high_watermark.absolute = 614MiB");
        expect(file).to.contain("disk_free_limit.absolute = 1024MiB");
        const error = await build(single, { instance: { resources: { broker: { memory: "128Mi" } } } }).catch(String);
        expect(error).to.contain(
            'resources.broker.memory: "128Mi" is too little for rabbitmq; allowed: at least 256Mi',
        );
    });

    it("runs as the image's user, and keeps everything that the server writes on the volume", async () => {
        const pod = async (image?: string) => {
            const { objects } = await build(single, image ? { instance: { images: { rabbitmq: image } } } : {});
            return find(objects, "StatefulSet", "broker")["spec"].template.spec;
        };
        const { securityContext, volumes, containers } = await pod();
        expect(securityContext).to.include({ runAsUser: 100, runAsGroup: 101, fsGroup: 101 });
        expect((await pod("rabbitmq:4.3.5")).securityContext).to.include({ runAsUser: 999, runAsGroup: 999 });
        const [{ name }] = containers[0].volumeMounts.filter(
            ({ mountPath }: { mountPath: string }) => mountPath === "/var/lib/rabbitmq",
        );
        expect(volumes.find((volume: { name: string }) => volume.name === name)).to.deep.equal({
            name: "broker",
            persistentVolumeClaim: { claimName: "broker" },
        });
    });

    it("lets users of the service reach only messages, and people the management pages", async () => {
        let made: Broker | undefined;
        const { objects } = await build(single, {}, (created) => {
            made = created;
        });
        const ports = find(objects, "Service", "broker")["spec"].ports as { name: string; port: number }[];
        expect(ports.map(({ name, port }) => `${name} ${port}`)).to.deep.equal(["amqp 5672", "management 15672"]);
        expect(made!.service.ports).to.deep.equal({ amqp: 5672 });
    });

    it("offers metrics only if Prometheus is configured", async () => {
        const { objects } = await build(single, {
            values: { cluster: { context: "kind-dev", monitoringNamespace: "monitoring" } },
        });
        expect(find(objects, "ConfigMap", "broker")["data"]["enabled_plugins"]).to.equal(
            "[rabbitmq_management,rabbitmq_prometheus].\n",
        );
        expect(find(objects, "NetworkPolicy", "broker")["spec"].ingress).to.deep.equal([
            {
                from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
                ports: [{ protocol: "TCP", port: 15692 }],
            },
        ]);
    });

    it("outside the cluster offers the same settings, with its Secret as the only object", async () => {
        let made: Broker | undefined;
        const config = { topology: "external", host: "192.0.2.7", port: 5673, vhost: "survey", user: "their/user" };
        const { objects } = await build(
            config,
            { values: { secrets: { bench: { brokerPassword: "p@ss" } } } },
            (created) => {
                made = created;
            },
        );
        expect(objects.map(({ kind }) => kind)).to.have.members(["Namespace", "NetworkPolicy", "Secret"]);
        expect(made!.service.external).to.deep.equal({ cidrs: ["192.0.2.7/32"] });
        expect(made!.service.bind({ H: "host", P: "port", U: "user", V: "vhost" }).env).to.deep.equal({
            H: "192.0.2.7",
            P: "5673",
            U: "their/user",
            V: "survey",
        });
        expect(find(objects, "Secret", "broker")["stringData"]["userinfo"]).to.equal("their%2Fuser:p%40ss");
        const error = await build(config).catch(String);
        expect(error).to.contain("plinth:instances.bench.broker: is external and requires its password");
    });

    it("refuses images without a version, and versions without consent", async () => {
        for (const tag of ["latest", "4", "4-alpine", "management"]) {
            const error = await build(single, { instance: { images: { rabbitmq: `rabbitmq:${tag}` } } }).catch(String);
            expect(error, tag).to.contain(`images.rabbitmq: "rabbitmq:${tag}" does not show its version`);
        }
        const check = (known: string, wanted: string, consent?: string) => () =>
            checkSeries("here", known, wanted, consent);
        expect(check("rabbitmq 4.2", "rabbitmq 4.3", "rabbitmq 4.2")()).to.equal("rabbitmq 4.3");
        expect(check("rabbitmq 4.2", "rabbitmq 4.3")).to.throw(
            SeriesError,
            'enable all feature flags of rabbitmq 4.2 and set here.upgradeFrom to "rabbitmq 4.2"',
        );
        expect(check("rabbitmq 4.3", "rabbitmq 4.2")).to.throw(SeriesError, "let the queues run empty");
        expect(broker.safeParse({ ...single, upgradeFrom: "4.2" }).success).to.equal(false);
        expect(broker.safeParse({ topology: "cluster" }).success).to.equal(false);
    });
});

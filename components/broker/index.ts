import { Component, type ComponentOptions } from "../component";
import { Value } from "../../config/value";
import { type BrokerConfig, brokerPort, type BrokerSecret, outsideBrokerPort } from "../../config/broker";
import type { ResourcesConfig } from "../../config/fields";
import { mebibytes } from "../../config/quantity";
import { images } from "../../config/images";
import { claim } from "../claim";
import { dataServer } from "../dataServer";
import { guardedSeries, imageSeries } from "../database/series";
import { livenessProbe, startupProbe } from "../probes";
import { clusterService } from "../deployment";
import { type Clients, outside, requiredSecret } from "../external";
import { type Node, type SecretRef, Service } from "../graph";
import type { HasNode, Instance } from "../instance";
import { sh, word } from "../languages/sh";
import { wholeFile } from "../languages/text";
import { metricsRules } from "../metrics";
import type { ContainerArgs } from "../podArgs";
import { mib } from "../scratch";
import { withVolumeLock } from "../volumeLock";
import { administrator, configurationFile, definitions, enabledPlugins, leastMemory } from "./files";

/** Settings that a broker offers to its clients. */
export type BrokerSettings = {
    readonly user: string;
    readonly vhost: string;
    readonly password: SecretRef;
    readonly userinfo: SecretRef;
};

export interface BrokerArgs extends Clients {
    readonly config: BrokerConfig;
    /** The platform's user: letters, digits, `_` and `-`; neither `guest` nor `admin`. */
    readonly user: string;
    /** The platform's virtual host. @default "/" */
    readonly vhost?: string;
    /**
     * Deprecated RabbitMQ features that the platform's client still needs, by the names in
     * https://www.rabbitmq.com/release-information/deprecated-features-list: Celery before 5.7 declares
     * `transient_nonexcl_queues` and sets `global_qos`, which RabbitMQ 4.3 denies by default.
     *
     * @default none
     */
    readonly permits?: readonly string[];
    /** Resources of the server's container; the memory alarm is derived from the memory. */
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of the volume. */
    readonly size: string;
    /** Where the user agrees to other versions, for messages. @default the component's key in the instance */
    readonly settingsAt?: string;
}

/** The ports that clients of the broker use. */
const ports = { amqp: brokerPort };
/** The management port, for `plinth open`: no edge can use it. */
const management = { management: 15672 };
const metricsPort = 15692;

const folders = { settings: "/etc/rabbitmq", server: "/etc/plinth", home: "/run/rabbitmq" } as const;
/** The cookie must be readable only by its owner, which is not the case for files of a mounted Secret. */
const copyCookie = sh`rm -f "$HOME/.erlang.cookie" && umask 377 && cat ${word(`${folders.server}/erlang.cookie`)} >"$HOME/.erlang.cookie"`;

/**
 * A message broker, RabbitMQ: one server with its own volume, or an external one.
 *
 * The service's settings are `host`, `port`, `user`, `password` and `vhost`, and `userinfo`: user and password as they
 * stand before the `@` of a URL, with what has a meaning there escaped. In a container's environment that takes it as
 * `BROKER`, `amqp://$(BROKER)@host:5672/%2F` is the whole URL.
 *
 * A changed password rolls the pod, which takes it at its start; nothing can take it earlier. Meanwhile:
 * - Until the server has stopped, clients stay connected, and new connections need the old password.
 * - While it restarts there is no connection. Persistent messages in durable queues are kept; what was delivered and
 *   not acknowledged is delivered again.
 * - From then on the old password is refused, also to those who were connected. What starts after this component gets
 *   its new pods now; its old pods are refused until then.
 */
export class Broker<Name extends string = string> extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service<BrokerSettings>;

    constructor(
        instance: Instance<BrokerSecret<NoInfer<Name>>>,
        name: Name,
        args: BrokerArgs,
        opts?: ComponentOptions,
    ) {
        super(instance, "Broker", name, opts);
        if (!/^[A-Za-z0-9_-]{1,32}$/.test(args.user) || ["guest", administrator].includes(args.user))
            throw new RangeError(`"${args.user}" is not a valid name for a platform's broker user`);
        const { config, vhost = "/" } = args;
        const key = `${name}Password` as const;
        if (config.topology === "external") {
            this.node = instance.addNode(name, { kind: "broker", pods: false });
            const password = requiredSecret(instance, name, key);
            const settings = this.settings(instance, config.user ?? args.user, config.vhost ?? vhost, password);
            const { host, external } = outside(instance, this, this.node, config, args);
            this.service = new Service(this.node.id, host, { amqp: outsideBrokerPort(config) }, settings, external);
        } else {
            const { monitoringNamespace } = instance.cluster;
            this.node = instance.addNode(name, {
                kind: "broker",
                networkRules: metricsRules(monitoringNamespace, metricsPort),
            });
            const password = instance.password(`${name}-password`, key);
            this.service = instance.service(name, ports, this.settings(instance, args.user, vhost, password));
            this.single(instance, name, args, { vhost, password, upgradeFrom: config.upgradeFrom });
            clusterService(instance, this, this.node, { ...ports, ...management });
        }
        this.registerOutputs({ host: this.service.host });
    }

    private settings(instance: Instance, user: string, vhost: string, password: Value<string>) {
        const userinfo = password.map((secret) => [user, secret].map(encodeURIComponent).join(":"));
        const { node } = this;
        return { user, vhost, ...instance.secret(this, node.name, { password, userinfo }, { node }) };
    }

    private single(
        instance: Instance<BrokerSecret<Name>>,
        name: Name,
        args: BrokerArgs,
        given: { vhost: string; password: Value<string>; upgradeFrom: string | undefined },
    ): void {
        const { node } = this;
        const image = instance.image(images.rabbitmq);
        const series = imageSeries(instance, "rabbitmq", image);
        const memory = instance.resources(name, args.resources).memory ?? args.resources.memory;
        const limit = mebibytes(memory);
        if (limit < leastMemory)
            instance.problem(
                ["resources", name, "memory"],
                `"${memory}" is too little for rabbitmq; allowed: at least ${leastMemory}Mi`,
            );
        const disk = mebibytes(instance.volume(name, args.size).size);
        const volume = claim(instance, this, name, { size: args.size, node });
        const metrics = instance.cluster.monitoringNamespace !== undefined;
        const [major, minor] = series.split(" ")[1]!.split(".").map(Number) as [number, number];
        const settings = instance.add(
            this,
            "ConfigMap",
            name,
            {
                data: {
                    "rabbitmq.conf": configurationFile({
                        limit,
                        disk,
                        version: [major, minor],
                        permits: args.permits ?? [],
                        definitions: `${folders.server}/definitions.json`,
                    }),
                    enabled_plugins: enabledPlugins(metrics),
                },
            },
            { node },
        );

        const adminPassword = instance.password(`${name}-admin-password`, `${name}AdminPassword`);
        instance.secret(this, `${name}-admin`, { password: adminPassword }, { node });
        const accounts = Value.all([given.password, adminPassword]).map(([password, admin]) =>
            definitions({ user: args.user, vhost: given.vhost, password, adminPassword: admin }),
        );
        const cookie = instance.password(`${name}-cookie`, undefined);
        const server = instance.secret(
            this,
            `${name}-server`,
            { "definitions.json": accounts, "erlang.cookie": cookie.map(wholeFile) },
            { node },
        )["erlang.cookie"].secret;

        // All containers look for the cookie here, including the command-line tools in a shell.
        const env = { HOME: folders.home };
        const shared: ContainerArgs["mounts"] = [
            { path: folders.home, scratch: { memory: true, size: "1Mi" } },
            { path: folders.server, secret: server },
        ];
        dataServer(instance, this, node, {
            pod: {
                initContainers: [
                    {
                        name: "cookie",
                        image: images.rabbitmq,
                        command: ["sh", "-c", copyCookie],
                        env,
                        resources: { cpu: "10m", memory: "16Mi" },
                        mounts: shared,
                    },
                ],
                containers: [
                    {
                        name: "rabbitmq",
                        image: images.rabbitmq,
                        command: [
                            ...withVolumeLock({ file: "/var/lib/rabbitmq/server.lock" }),
                            ...["docker-entrypoint.sh", "rabbitmq-server"],
                        ],
                        env: {
                            ...env,
                            // It is part of the data's path: with the pod's own name, each pod would start with an
                            // empty directory.
                            RABBITMQ_NODENAME: "rabbit@localhost",
                            RABBITMQ_USE_LONGNAME: "false",
                            // Only other nodes, of which there are none, and the command-line tools use these two
                            // ports; anyone who can reach them and knows the cookie can run anything.
                            ERL_EPMD_ADDRESS: "127.0.0.1",
                            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
                        },
                        ports: { ...ports, ...management, ...(metrics ? { metrics: metricsPort } : {}) },
                        resources: args.resources,
                        probes: {
                            // Not with the command-line tools, which start a virtual machine of 100 MiB for each call.
                            startup: startupProbe({ tcpSocket: { port: ports.amqp } }),
                            readiness: { tcpSocket: { port: ports.amqp }, periodSeconds: 10, timeoutSeconds: 5 },
                            liveness: livenessProbe({ tcpSocket: { port: ports.amqp } }),
                        },
                        mounts: [
                            // The whole volume, because the data's path below it differs between versions.
                            { path: "/var/lib/rabbitmq", claim: volume },
                            { path: folders.settings, configMap: settings },
                            // Logs go to the console; crash dumps contain the memory.
                            { path: "/var/log/rabbitmq", scratch: { size: mib(limit) } },
                            { path: "/tmp", scratch: { size: "64Mi" } },
                            ...shared,
                        ],
                    },
                ],
                ...(image.tag.includes("alpine") ? { user: 100, group: 101 } : { user: 999 }),
                // Queues are flushed at the stop signal.
                graceSeconds: 120,
            },
            series: guardedSeries(instance, name, series, given.upgradeFrom, { settingsAt: args.settingsAt }),
        });
    }
}

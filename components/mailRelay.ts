import { Component, type ComponentOptions } from "./component";
import type { ResourcesConfig } from "../config/fields";
import { images } from "../config/images";
import type { MailRelayConfig } from "../config/mailRelay";
import { clusterService, deployment } from "./deployment";
import type { Node, Service } from "./graph";
import type { HasNode, Instance } from "./instance";
import { sh, word } from "./languages/sh";
import type { Mount } from "./podArgs";
import { livenessProbe, startupProbe } from "./probes";

export interface MailRelayArgs {
    /** @default mail goes straight to the servers of its recipients */
    readonly config?: MailRelayConfig;
    /** The name by which it introduces itself to other servers (HELO): one that leads back to the cluster. */
    readonly helo: string;
    /** @default 10m, 64Mi */
    readonly resources?: ResourcesConfig;
}

const ports = { smtp: 8025 };
const logs = "/var/log/exim";

/** Networks that pods have addresses in; the image's own list lacks the last two. */
const podNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

/**
 * The image sends one log to the container's output, and gives the other two names that Exim does not use, so that it
 * would write them to the read-only root.
 */
const linkLogs = sh`cd ${word(logs)} && ln -sf /dev/stdout mainlog && ln -sf /dev/stderr paniclog && ln -sf /dev/stderr rejectlog`;

/**
 * A relay for outgoing mail, Exim, for platforms whose user has no mail server: it takes mail of the platform's pods on
 * port 8025, without a login and without TLS, and delivers it or hands it to a smarthost.
 *
 * Before it takes a mail, it looks for the way to its recipient: without a smarthost, an address whose domain DNS does
 * not know is refused at once (550), and the platform must cope with that.
 *
 * What waits in its queue is in the pod: a new pod begins with an empty queue, after the old one has tried everything
 * in it once more. Many networks and providers refuse mail from such relays; a mail server (`mail`) is the better way.
 */
export class MailRelay extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service;

    constructor(instance: Instance, name: string, args: MailRelayArgs, opts?: ComponentOptions) {
        super(instance, "MailRelay", name, opts);
        const { config = {}, helo, resources } = args;
        const { smarthost } = config;
        this.node = instance.addNode(name, {
            kind: "mail relay",
            networkRules: [
                {
                    name: "smtp",
                    direction: "egress",
                    ports: [smarthost?.port ?? 25],
                    ...(smarthost ? { host: smarthost.host } : {}),
                },
            ],
        });
        this.service = instance.service(name, ports, {});
        const logFolder: Mount = { path: logs, scratch: { size: "1Mi" } };
        deployment(instance, this, this.node, {
            replicas: 1,
            pod: {
                initContainers: [
                    {
                        name: "logs",
                        image: images.eximRelay,
                        command: ["sh", "-c", linkLogs],
                        resources: { cpu: "10m", memory: "16Mi" },
                        mounts: [logFolder],
                    },
                ],
                containers: [
                    {
                        name: "exim",
                        image: images.eximRelay,
                        env: {
                            HOSTNAME: helo,
                            // In Exim's notation for lists with colons in them.
                            RELAY_FROM_HOSTS: `<; ${[...podNetworks, ...instance.cluster.ranges].join(" ; ")}`,
                            ...(smarthost ? { SMARTHOST: `${smarthost.host}::${smarthost.port}` } : {}),
                        },
                        ports,
                        resources: { cpu: "10m", memory: "64Mi", ...resources },
                        probes: {
                            startup: startupProbe({ tcpSocket: { port: ports.smtp } }, 300),
                            // It logs each of them as a connection without mail.
                            readiness: { tcpSocket: { port: ports.smtp }, periodSeconds: 30, timeoutSeconds: 5 },
                            liveness: livenessProbe({ tcpSocket: { port: ports.smtp } }),
                        },
                        preStop: ["exim", "-qff"],
                        mounts: [logFolder, { path: "/var/spool/exim", scratch: { size: "512Mi" } }],
                    },
                ],
                user: 100,
                group: 101,
                graceSeconds: 60,
            },
        });
        clusterService(instance, this, this.node, ports);
        this.registerOutputs({ host: this.service.host });
    }
}

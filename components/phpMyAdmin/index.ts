import { Component, type ComponentOptions } from "../component";
import { mebibytesFor } from "../../config/quantity";
import type { PhpMyAdminConfig } from "../../config/phpMyAdmin";
import { images } from "../../config/images";
import { tlsEnv } from "../authorities";
import { clusterService, deployment } from "../deployment";
import type { Node, Service } from "../graph";
import type { HasNode, Instance } from "../instance";
import type { Site } from "../loadBalancer";
import { mib } from "../scratch";
import { apacheConf, configInc } from "./files";

export interface PhpMyAdminArgs {
    readonly config: PhpMyAdminConfig;
    /** Service of a MariaDB or MySQL, with the settings `host` and `port`. */
    readonly database: Service;
}

const ports = { web: 8080 };
const settings = "/etc/phpmyadmin";
const timeoutSeconds = 600;
const memoryLimit = 128;
const workers = 8;

/**
 * phpMyAdmin. Users log in with accounts of the database itself; none are stored here.
 *
 * One pod: a session is a file in it. What a browser has entered survives a new pod, in a cookie that is encrypted
 * with a key of the instance's.
 */
export class PhpMyAdmin extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service;
    /** The site to publish with the instance's others, if its access is public. */
    readonly site: Site | undefined;

    constructor(instance: Instance, name: string, { config, database }: PhpMyAdminArgs, opts?: ComponentOptions) {
        super(instance, "PhpMyAdmin", name, opts);
        const edge = database.bind({ DB_HOST: "host", DB_PORT: "port" });
        this.node = instance.addNode(name, { kind: "web tier", uses: [edge] });
        const { node } = this;
        this.service = instance.service(name, ports, {});
        const uploadLimit = mebibytesFor(config.uploadLimit);
        if (config.access === "public") {
            const { host, allow } = config;
            this.site = { host, routes: [{ to: this.service, allow, maxBody: `${uploadLimit + 1}Mi` }] };
        }
        const files = instance.add(
            this,
            "ConfigMap",
            name,
            {
                data: {
                    "apache2.conf": apacheConf({ port: ports.web, uploadLimit, memoryLimit, workers, timeoutSeconds }),
                    "config.inc.php": configInc(timeoutSeconds),
                },
            },
            { node },
        );
        const key = instance.password(`${name}-cookie-key`, undefined, 32);
        const { key: cookieKey } = instance.secret(this, name, { key }, { node });
        const health = { path: "/healthz", port: ports.web };
        deployment(instance, this, node, {
            replicas: 1,
            recreate: true,
            pod: {
                containers: [
                    {
                        name: "phpmyadmin",
                        image: images.phpmyadmin,
                        // Bypasses the entrypoint, which rewrites the configuration.
                        command: ["apache2", "-D", "FOREGROUND", "-f", `${settings}/apache2.conf`],
                        uses: [edge],
                        env: { COOKIE_KEY: cookieKey, ...tlsEnv(database, "DB_TLS_CA") },
                        ports,
                        resources: { cpu: "25m", memory: "512Mi" },
                        probes: {
                            readiness: { httpGet: health, periodSeconds: 10, timeoutSeconds: 5 },
                            liveness: { httpGet: health, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 },
                        },
                        mounts: [
                            { path: settings, configMap: files },
                            // Sessions: some hundred kilobytes each, until they expire.
                            { path: "/sessions", scratch: { size: "128Mi" } },
                            // One import per worker, and compiled templates.
                            { path: "/tmp", scratch: { size: mib(workers * (uploadLimit + 1) + 64) } },
                        ],
                    },
                ],
                // www-data of Debian.
                user: 33,
            },
        });
        clusterService(instance, this, node, ports);
        this.registerOutputs({ host: this.service.host });
    }
}

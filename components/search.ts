import { createHash, createHmac } from "node:crypto";
import { Component, type ComponentOptions } from "./component";
import { Value } from "../config/value";
import type { ResourcesConfig } from "../config/fields";
import { images } from "../config/images";
import { mebibytes, parseQuantity } from "../config/quantity";
import { indexPrefixOf, type SearchConfig, searchPort, type SearchSecret } from "../config/search";
import { claim } from "./claim";
import { imageSeries } from "./database/series";
import { clusterService, deployment } from "./deployment";
import { rangesOf, requiredSecret } from "./external";
import { type Node, type SecretRef, Service } from "./graph";
import type { HasNode, Instance } from "./instance";
import { whereIpv6 } from "./ipv6";
import { sh, word } from "./languages/sh";
import { livenessProbe, startupProbe } from "./probes";
import type { Site } from "./site";

/** Settings that a search engine offers to its clients. */
export type SearchSettings = {
    /** `http://host:port`, for pods. */
    readonly url: string;
    /** For browsers. */
    readonly publicUrl: string;
    /** The names of the instance's indexes begin with it. */
    readonly prefix: string;
    /** For the Task that creates the application's key: may do everything. */
    readonly masterKey: SecretRef;
    /** The application's key, once it has been created with {@link apiKeyUid}. */
    readonly apiKey: SecretRef;
    /** Its identity, a UUID v4, which tokens for visitors are made with, too. */
    readonly apiKeyUid: SecretRef;
};

export interface SearchArgs {
    readonly config: SearchConfig;
    /** Resources of the server's container; the memory for indexing is derived from the memory. */
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of the volume. @default "5Gi" */
    readonly size?: string;
    /**
     * Host under which browsers reach a server in the cluster, unless the user sets `publicHost` in its settings: of a
     * key of the platform's own that is marked as one (`ownHost`).
     *
     * @default none
     */
    readonly publicHost?: string;
    /** URL at which browsers reach a server in the cluster. @default the one for pods */
    readonly publicUrl?: string;
}

/** Minimum memory limit in MiB: the server itself, and enough for indexing to progress. */
const leastMemory = 256;

const dataFolder = "/meili_data";

/** Any user, since the image has none. */
const user = 1000;

/**
 * The value of a key: not stored by the server, but computed from the master key and the key's identity, here as there.
 * So it is known before the key exists, and a new master key gives all keys new values.
 *
 * https://www.meilisearch.com/docs/learn/security/master_api_keys
 */
export const apiKeyOf = (masterKey: string, uid: string): string =>
    createHmac("sha256", masterKey).update(uid).digest("hex");

/** A UUID of version 4 (RFC 9562) that is always the same for one seed. */
export function uuidOf(seed: string): string {
    const bytes = createHash("sha256").update(seed).digest().subarray(0, 16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * Limits for indexing, which would otherwise take two thirds of the node's memory and its cores, whatever the
 * container may have. The rest is for the index itself, which is mapped into memory.
 *
 * @param memory limit of the container, in MiB
 * @param cpu requested cores
 */
export const indexing = (memory: number, cpu: number): { readonly bytes: number; readonly threads: number } => ({
    bytes: Math.floor(memory / 3) * 2 ** 20,
    threads: Math.max(1, Math.ceil(cpu)),
});

/** What only administrators and the platform's pods need. With a key, all of it would be open to everyone. */
const administration = ["/keys", "/dumps", "/snapshots", "/metrics", "/logs", "/experimental-features", "/network"];

/**
 * A search engine, Meilisearch: one server in the cluster, or an external one.
 *
 * The platform creates the application's key in a Task, with the identity `apiKeyUid` and for the indexes `PREFIX*`;
 * its value is then `apiKey`. With the same identity, the Task may run any number of times.
 *
 * The volume is disposable: the platform indexes anew what is missing. An engine does not read the index of another
 * minor version, so a new one begins with an empty volume of its own, and the old one is deleted.
 */
export class Search<Name extends string = string> extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service<SearchSettings>;
    /** Host under which browsers reach a server in the cluster. */
    readonly publicHost: string | undefined;
    /** Series of a server in the cluster, whose volume is its own; else the URL. Another one has neither keys nor indexes. */
    readonly engine: string;

    constructor(
        instance: Instance<SearchSecret<NoInfer<Name>>>,
        name: Name,
        args: SearchArgs,
        opts?: ComponentOptions,
    ) {
        super(instance, "Search", name, opts);
        const { config } = args;
        const key = `${name}MasterKey` as const;
        const usualPrefix = indexPrefixOf(instance.namespace);
        if (config.topology === "external") {
            this.node = instance.addNode(name, { kind: "search", pods: false });
            this.engine = config.url;
            const secrets = this.secrets(instance, name, requiredSecret(instance, name, key));
            const url = new URL(config.url);
            const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
            this.service = new Service(
                this.node.id,
                url.hostname,
                { http: port },
                {
                    url: config.url,
                    publicUrl: config.publicUrl ?? config.url,
                    prefix: config.prefix ?? usualPrefix,
                    ...secrets,
                },
                { cidrs: rangesOf(url.hostname, config.cidrs) },
            );
        } else {
            // Its metrics need a key, so no access is opened for them.
            this.node = instance.addNode(name, { kind: "search" });
            this.publicHost = config.publicHost ?? args.publicHost;
            const secrets = this.secrets(instance, name, instance.password(`${name}-master-key`, key));
            const url = `http://${instance.host(name)}:${searchPort}`;
            this.service = instance.service(
                name,
                { http: searchPort },
                { url, publicUrl: args.publicUrl ?? url, prefix: usualPrefix, ...secrets },
            );
            this.engine = this.single(instance, name, args, secrets.masterKey);
        }
        this.registerOutputs({ host: this.service.host });
    }

    /** The site that the edge must publish for browsers to reach a server in the cluster; empty without a public host. */
    sites(): Site[] {
        const { publicHost, service } = this;
        return publicHost === undefined
            ? []
            : [{ host: publicHost, routes: [{ to: service }], closed: [{ paths: administration }] }];
    }

    /** Two Secrets, so that pods with the application's key do not see the other. */
    private secrets(instance: Instance<SearchSecret<Name>>, name: Name, masterKey: Value<string>) {
        const { node } = this;
        const apiKeyUid = instance.password(`${name}-key-uid`, undefined).map(uuidOf);
        const apiKey = Value.all([masterKey, apiKeyUid]).map(([master, uid]) => apiKeyOf(master, uid));
        return {
            ...instance.secret(this, name, { masterKey }, { node }),
            ...instance.secret(this, `${name}-key`, { apiKey, apiKeyUid }, { node }),
        };
    }

    private single(
        instance: Instance<SearchSecret<Name>>,
        name: Name,
        { resources, size = "5Gi" }: SearchArgs,
        masterKey: SecretRef,
    ): string {
        const { node } = this;
        const series = imageSeries(instance, "meilisearch", instance.image(images.meilisearch));
        const version = series.split(" ")[1]!.replace(".", "-");
        const { memory = resources.memory, cpu = "0" } = instance.resources(name, resources);
        const limit = mebibytes(memory);
        if (limit < leastMemory)
            instance.problem(
                ["resources", name, "memory"],
                `"${memory}" is too little for meilisearch; allowed: at least ${leastMemory}Mi`,
            );
        const volume = claim(instance, this, name, { size, node, disposable: version });
        const { bytes, threads } = indexing(limit, parseQuantity(cpu));
        const ports = { http: searchPort };
        const healthy = { httpGet: { path: "/health", port: "http" } };
        deployment(instance, this, node, {
            replicas: 1,
            recreate: true,
            pod: {
                containers: [
                    {
                        name: "meilisearch",
                        image: images.meilisearch,
                        command: [
                            ...whereIpv6(sh`export MEILI_HTTP_ADDR=[::]:${word(String(searchPort))}`),
                            "/bin/meilisearch",
                        ],
                        env: {
                            MEILI_ENV: "production",
                            MEILI_NO_ANALYTICS: "true",
                            MEILI_HTTP_ADDR: `0.0.0.0:${searchPort}`,
                            MEILI_DB_PATH: `${dataFolder}/data.ms`,
                            MEILI_MASTER_KEY: masterKey,
                            MEILI_MAX_INDEXING_MEMORY: String(bytes),
                            MEILI_MAX_INDEXING_THREADS: String(threads),
                        },
                        ports,
                        resources,
                        probes: {
                            startup: startupProbe(healthy, 900),
                            readiness: { ...healthy, periodSeconds: 10, timeoutSeconds: 5 },
                            liveness: livenessProbe(healthy),
                        },
                        mounts: [
                            // By version here, too, for directories of the user's own, which are always the same ones.
                            { path: dataFolder, claim: volume, subPath: `data-${version}` },
                            // What indexing sorts, about as much as the documents.
                            { path: "/tmp", claim: volume, subPath: `tmp-${version}` },
                        ],
                        workingDir: dataFolder,
                    },
                ],
                user,
                graceSeconds: 60,
            },
        });
        clusterService(instance, this, node, ports);
        return series;
    }
}

import { Component, type ComponentOptions } from "../component";
import { Value } from "../../config/value";
import type { ResourcesConfig } from "../../config/fields";
import {
    bucketName,
    type ObjectStorageConfig,
    type ObjectStorageSecret,
    objectStorageSecrets,
    s3Endpoint,
} from "../../config/objectStorage";
import { images } from "../../config/images";
import { authorityOf } from "../authorities";
import { claim } from "../claim";
import { clusterService, deployment } from "../deployment";
import { rangesOf, requiredSecret } from "../external";
import { type Node, nodeId, type SecretRef, Service } from "../graph";
import type { HasNode, Instance } from "../instance";
import type { Site } from "../site";
import { metricsRules } from "../metrics";
import type { ContainerArgs } from "../podArgs";
import { Task } from "../task";
import { checkIdentity } from "../workloadIdentity";
import { type Bucket, bucketFiles } from "./buckets";
import { minio, volumeCheck, volumeCheckContainer } from "./minio";
import { identities, identitiesFile, metricsPort, seaweedfs } from "./seaweedfs";

export type { Bucket, Cors } from "./buckets";

/**
 * Settings that a storage offers to its clients; `forcePathStyle` is `true` or `false`. Without keys, clients find those
 * of their pod's account by themselves.
 */
export type ObjectStorageSettings = {
    readonly endpoint: string;
    readonly publicEndpoint: string;
    readonly region: string;
    readonly forcePathStyle: string;
    readonly accessKey: SecretRef | undefined;
    readonly secretKey: SecretRef | undefined;
};

export interface ObjectStorageArgs {
    readonly config: ObjectStorageConfig;
    /** Buckets that the platform needs, by its own names: see {@link ObjectStorage.bucketNames}. */
    readonly buckets: readonly Bucket[];
    /** Of a server in the cluster. @default 100m, 1Gi */
    readonly resources?: ResourcesConfig;
    /** Volume of a server in the cluster. @default 10Gi */
    readonly size?: string;
    /** URL at which browsers reach the storage. @default the endpoint */
    readonly publicUrl?: string;
}

/** A key as references to its two halves, or neither. */
type Key = Pick<ObjectStorageSettings, "accessKey" | "secretKey">;

/** A key as the variables that all of AWS's clients read; none without one. */
export const awsKeys = ({ accessKey, secretKey }: Key): Readonly<Record<string, SecretRef>> =>
    accessKey && secretKey ? { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey } : {};

/** Any user that owns nothing in the images, which accept all users. */
const user = 1000;
const region = "us-east-1";
const bucketsFolder = "/etc/plinth-buckets";

/**
 * Object storage with the S3 protocol: a server in the cluster, or an external one.
 *
 * Settings of {@link service}: `endpoint`, `publicEndpoint`, `region`, `accessKey`, `secretKey`, `forcePathStyle`
 * (`true` or `false`), besides `host` and `port`. What uses buckets starts after {@link bucketsTask}.
 *
 * With SeaweedFS the application's key reaches its buckets only, and the Task has another one. With MinIO there is one
 * key for both, since MinIO makes others by its own protocol only; and CORS is one list of origins for all buckets.
 */
export class ObjectStorage extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service<ObjectStorageSettings>;
    /** The Task that creates all buckets, or the storage itself if nothing is set up. */
    readonly bucketsTask: HasNode;
    /** The buckets' names on the server, by those that the platform gives them: outside the cluster its user may choose others. */
    readonly bucketNames: Readonly<Record<string, string>>;
    private readonly buckets: readonly Bucket[];

    constructor(
        private readonly instance: Instance<ObjectStorageSecret>,
        private readonly name: string,
        private readonly args: ObjectStorageArgs,
        opts?: ComponentOptions,
    ) {
        super(instance, "ObjectStorage", name, opts);
        const { config } = args;
        const nameOf = (bucket: string) =>
            (config.topology === "external" ? config.buckets[bucket] : undefined) ?? bucket;
        this.bucketNames = Object.fromEntries(args.buckets.map(({ name: bucket }) => [bucket, nameOf(bucket)]));
        const buckets = args.buckets.map((bucket) => ({ ...bucket, name: nameOf(bucket.name) }));
        this.buckets = buckets;
        for (const bucket of buckets) {
            const checked = bucketName.safeParse(bucket.name);
            if (!checked.success)
                instance.problem(
                    ["objectStorage"],
                    `the bucket name "${bucket.name}" is not allowed; ${checked.error.issues[0]!.message}`,
                );
        }
        const { node, service, admin } =
            config.topology === "external" ? this.external(config) : this.single(config.engine);
        this.node = node;
        this.service = service;
        const managed = config.topology === "single" || config.manageBuckets;
        this.bucketsTask = managed && buckets.length > 0 ? this.task(admin) : this;
        this.registerOutputs({ host: service.host });
    }

    /** The site that the edge must publish for browsers to reach the storage; undefined without a public host. */
    sites(): Site[] {
        const { config } = this.args;
        if (config.topology === "external" || !config.publicHost) return [];
        // What S3 takes in one request; more comes in parts.
        return [{ host: config.publicHost, routes: [{ to: this.service, maxBody: "5Gi" }] }];
    }

    private single(engine: "seaweedfs" | "minio"): { node: Node; service: Service<ObjectStorageSettings>; admin: Key } {
        const { instance, name, buckets } = this;
        const { resources: given, size = "10Gi" } = this.args;
        const resources = { cpu: "100m", memory: "1Gi", ...given };
        // MinIO's metrics are on the S3 port and require a token, so no access is opened for them.
        const monitoring = engine === "seaweedfs" ? instance.cluster.monitoringNamespace : undefined;
        const node = instance.addNode(name, {
            kind: "object storage",
            networkRules: metricsRules(monitoring, metricsPort),
        });
        const keys = this.keys("keys", "objectStorageAccessKey", "objectStorageSecretKey");
        const key = instance.secret(this, `${name}-keys`, keys, { node });
        const volume = claim(instance, this, name, { size, node, followsPath: engine === "minio" });
        let container: ContainerArgs;
        let admin: Key = key;
        const initContainers: ContainerArgs[] = [];
        if (engine === "minio") {
            const { path, existing } = instance.volume(name, size);
            container = minio({ claim: volume, buckets, keys: key, resources, path });
            if (path !== undefined || existing !== undefined) {
                const data = { "check.sh": volumeCheck() };
                const configMap = instance.add(this, "ConfigMap", `${name}-check`, { data }, { node });
                initContainers.push(
                    volumeCheckContainer({ claim: volume, path, key: instance.path("volumes", name), configMap }),
                );
            }
        } else {
            const adminKeys = this.keys("admin");
            admin = instance.secret(this, `${name}-admin`, adminKeys, { node });
            const file = Value.all([adminKeys, keys]).map(([forTask, forUsers]) =>
                identities({ admin: forTask, application: forUsers }, buckets),
            );
            const users = instance.secret(this, `${name}-identities`, { [identitiesFile]: file }, { node });
            container = seaweedfs({
                claim: volume,
                size: instance.volume(name, size).size,
                identities: users[identitiesFile]!.secret,
                resources,
                metrics: monitoring !== undefined,
            });
            if (instance.cluster.networkPolicy === "off")
                instance.warn(
                    `without network policies, every pod in the cluster can reach the internal port of "${name}", through which keys can be added`,
                );
        }
        // The server writes its index at shutdown, which took 12 seconds with hardly any data.
        deployment(instance, this, node, {
            pod: { user, initContainers, containers: [container], graceSeconds: 60 },
            replicas: 1,
            recreate: true,
        });
        const ports = { s3: container.ports!["s3"]! };
        clusterService(instance, this, node, ports);
        const endpoint = `http://${instance.host(name)}:${ports.s3}`;
        return { node, service: instance.service(name, ports, this.settings(endpoint, region, key, true)), admin };
    }

    private external(config: Extract<ObjectStorageConfig, { topology: "external" }>): {
        node: Node;
        service: Service<ObjectStorageSettings>;
        admin: Key;
    } {
        const { instance, name } = this;
        const endpoint = s3Endpoint(config);
        const url = new URL(endpoint);
        const node = instance.addNode(name, { kind: "object storage", pods: false });
        const key = config.identity === "pod" ? this.podIdentity(config.endpoint) : this.externalKeys(node);
        const ports = { s3: Number(url.port || (url.protocol === "https:" ? 443 : 80)) };
        const settings = this.settings(
            endpoint,
            config.region,
            key,
            config.forcePathStyle ?? config.endpoint !== undefined,
        );
        const id = nodeId(instance.namespace, name);
        const authority = authorityOf(instance, this, node, config.tls?.ca);
        return {
            node,
            service: new Service(id, url.hostname, ports, settings, {
                cidrs: rangesOf(url.hostname, config.cidrs),
                ...(authority ? { tls: { authority } } : {}),
                ...(config.identity === "pod" ? { identity: "objectStorage.identity" } : {}),
            }),
            admin: key,
        };
    }

    private externalKeys(node: Node): Key {
        const otherwise = "; or identity: pod, if the cloud gives the pods a role";
        const required = (key: ObjectStorageSecret) => requiredSecret(this.instance, "objectStorage", key, otherwise);
        const values = {
            accessKey: required("objectStorageAccessKey"),
            secretKey: required("objectStorageSecretKey"),
        };
        return this.instance.secret(this, `${this.name}-keys`, values, { node });
    }

    private podIdentity(endpoint: string | undefined): Key {
        const secrets = Object.keys(objectStorageSecrets) as ObjectStorageSecret[];
        checkIdentity(this.instance, ["objectStorage"], secrets, endpoint);
        return { accessKey: undefined, secretKey: undefined };
    }

    private settings(endpoint: string, inRegion: string, key: Key, forcePathStyle: boolean): ObjectStorageSettings {
        return {
            endpoint,
            publicEndpoint: this.args.publicUrl ?? endpoint,
            region: inRegion,
            forcePathStyle: String(forcePathStyle),
            ...key,
        };
    }

    /** Generated unless set by the user, if that is possible. */
    private keys(which: string, accessKey?: ObjectStorageSecret, secretKey?: ObjectStorageSecret) {
        const prefix = `${this.name}-${which}`;
        return {
            accessKey: this.instance.password(`${prefix}-access-key`, accessKey, 20),
            secretKey: this.instance.password(`${prefix}-secret-key`, secretKey, 40),
        };
    }

    private task(admin: Key): Task {
        const { instance, name, args, service } = this;
        const files = bucketFiles({
            buckets: this.buckets,
            region: service.settings.region,
            forcePathStyle: service.settings.forcePathStyle === "true",
            cors: !(args.config.topology === "single" && args.config.engine === "minio"),
        });
        const task = `${name}-buckets`;
        const configMap = instance.add(this, "ConfigMap", task, { data: files });
        return new Task(
            instance,
            task,
            {
                pod: {
                    user,
                    containers: [
                        {
                            name: "aws",
                            image: images.awsCli,
                            command: ["sh", `${bucketsFolder}/buckets.sh`],
                            env: {
                                HOME: "/tmp",
                                ...awsKeys(admin),
                            },
                            uses: [service.bind({ S3_ENDPOINT: "endpoint", AWS_DEFAULT_REGION: "region" })],
                            resources: { cpu: "100m", memory: "256Mi" },
                            mounts: [
                                { path: bucketsFolder, configMap },
                                // Answers of the server.
                                { path: "/tmp", scratch: { size: "16Mi" } },
                            ],
                        },
                    ],
                },
                startsAfter: [this],
            },
            { parent: this },
        );
    }
}

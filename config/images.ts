import type { ImagesConfig } from "./imageSources";

/**
 * Every image that this program deploys, with its tag: nowhere else stands a version of one.
 *
 * `built` marks those that come from `images/` and therefore from the stack's own registry; `variables` are those of
 * the bake file that an instance decides, each with the instance's key that holds the value.
 */
export const images = {
    caddy: { reference: "docker.io/library/caddy:2.11.4-alpine" },
    mariadb: { reference: "docker.io/library/mariadb:11.8.8" },
    mysql: { reference: "docker.io/library/mysql:8.4.11" },
    postgres: { reference: "docker.io/library/postgres:17.11" },
    valkey: { reference: "docker.io/valkey/valkey:9.1.0-alpine" },
    redis: { reference: "docker.io/library/redis:8.2.9-alpine" },
    mysqldExporter: { reference: "docker.io/prom/mysqld-exporter:v0.20.0" },
    postgresExporter: { reference: "quay.io/prometheuscommunity/postgres-exporter:v0.20.1" },
    redisExporter: { reference: "docker.io/oliver006/redis_exporter:v1.88.0" },
    rabbitmq: { reference: "docker.io/library/rabbitmq:4.3.5-alpine" },
    phpmyadmin: { reference: "docker.io/library/phpmyadmin:5.2.3-apache" },
    varnish: { reference: "docker.io/library/varnish:9.0.4" },
    // Its second version is that of Varnish, whose own tool it runs.
    varnishExporter: { reference: "ghcr.io/otto-de/prometheus-varnish-exporter:1.8.3-varnish-9.0.0" },
    seaweedfs: { reference: "docker.io/chrislusf/seaweedfs:4.47" },
    minio: { reference: "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z" },
    awsCli: { reference: "docker.io/amazon/aws-cli:2.36.48" },
    "opencart-php": { reference: "opencart-php:4.1.0.4", built: true, variables: { ADMIN_PATH: "adminPath" } },
    "opencart-nginx": { reference: "opencart-nginx:4.1.0.4", built: true, variables: { ADMIN_PATH: "adminPath" } },
    "openmage-php": { reference: "openmage-php:20.18.0", built: true },
    "openmage-nginx": { reference: "openmage-nginx:20.18.0", built: true },
    qxsms: { reference: "qxsms:2023-06-21", built: true, variables: { QXSMS_DEBUG: "debug" } },
    // In no pod of an instance: the one in which `data copy` and `data load` reach a volume.
    busybox: { reference: "docker.io/library/busybox:1.37.0" },
    // In no pod: the local registry that `images load` starts where a cluster needs one.
    registry: { reference: "docker.io/library/registry:3.1.1" },
} as const satisfies Record<string, Image>;

interface Image {
    readonly reference: string;
    readonly built?: true;
    readonly variables?: Readonly<Record<string, string>>;
}

export type ImageName = keyof typeof images;

export const imageOf = (name: ImageName): Image => images[name];

export interface ResolvedImage {
    readonly reference: string;
    readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
    /** Tag without registry, repository and digest: `11.8.8`. Empty where only a digest is given. */
    readonly tag: string;
}

/**
 * The reference that a pod pulls.
 *
 * What the user wrote is taken as it is; a public image gets the mirror's prefix, a built one the registry's.
 */
export function resolveImage(name: ImageName, override: string | undefined, config: ImagesConfig): ResolvedImage {
    const image = imageOf(name);
    const prefix = image.built ? config.registry : config.mirror;
    const reference = override ?? (prefix ? `${prefix}/${image.reference}` : image.reference);
    const [named, digest] = reference.split("@") as [string, string | undefined];
    const tag = /:([^/:]+)$/.exec(named)?.[1] ?? "";
    // A digest never moves. A tag without a digit is no version but a branch or a channel (`latest`, which a missing
    // tag means, `staging`, `stable`): what it names changes.
    const moves = digest === undefined && !/\d/.test(tag);
    return { reference, tag, pullPolicy: config.pullPolicy ?? (moves ? "Always" : "IfNotPresent") };
}

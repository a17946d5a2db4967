import type { ImagesConfig } from "./imageSources";
import { splitReference } from "./registries";

/** A container image with its tag. */
export interface Image {
    /** Key below `images` with which a stack file can replace the image. */
    readonly name: string;
    readonly reference: string;
    /**
     * Whether it is built here, from `images/` under the same name or from its `target`, and pulled from the stack's own
     * registry. @default false
     */
    readonly built?: true;
    /**
     * Variables of the bake file that depend on the instance, with the instance's key that contains the value. @default
     * none
     */
    readonly variables?: Readonly<Record<string, string>>;
    /**
     * How it is built if not from `images/`: a target of `docker buildx bake` in JSON, without its tag. The paths are
     * absolute. @default a target of the bake file
     */
    readonly target?: BakeTarget;
}

/** https://docs.docker.com/build/bake/reference/#target */
export type BakeTarget = Readonly<Record<string, unknown>> & {
    /** Further names of the image. */
    readonly tags?: readonly string[];
    /** Others by name. `target:NAME` is the image NAME of the same instance. */
    readonly contexts?: Readonly<Record<string, string>>;
};

/** Images by name. */
export const imagesNamed = <Name extends string>(
    all: Readonly<Record<Name, Omit<Image, "name">>>,
): Readonly<Record<Name, Image>> =>
    Object.fromEntries(
        Object.entries<Omit<Image, "name">>(all).map(([name, image]) => [name, { name, ...image }]),
    ) as Record<Name, Image>;

/**
 * All images that components deploy, with their only definition of versions. Images of a platform's own code are in its
 * folder.
 */
export const images = imagesNamed({
    caddy: { reference: "docker.io/library/caddy:2.11.4-alpine" },
    mariadb: { reference: "docker.io/library/mariadb:11.8.8" },
    // What stands beside each server of mariadb-operator, of the operator's own release.
    mariadbOperator: { reference: "docker-registry3.mariadb.com/mariadb-operator/mariadb-operator:25.10.4" },
    haproxy: { reference: "docker.io/library/haproxy:3.0.26-alpine" },
    mysql: { reference: "docker.io/library/mysql:8.4.11" },
    postgres: { reference: "docker.io/library/postgres:17.11" },
    cloudnativePg: { reference: "ghcr.io/cloudnative-pg/postgresql:17.6-standard-trixie" },
    pgbouncer: { reference: "ghcr.io/cloudnative-pg/pgbouncer:1.25.1" },
    mongo: { reference: "docker.io/library/mongo:7.0.39" },
    valkey: { reference: "docker.io/valkey/valkey:9.1.0-alpine" },
    redis: { reference: "docker.io/library/redis:8.2.9-alpine" },
    mysqldExporter: { reference: "docker.io/prom/mysqld-exporter:v0.20.0" },
    postgresExporter: { reference: "quay.io/prometheuscommunity/postgres-exporter:v0.20.1" },
    mongoExporter: { reference: "docker.io/percona/mongodb_exporter:0.53.0" },
    redisExporter: { reference: "docker.io/oliver006/redis_exporter:v1.88.0" },
    rabbitmq: { reference: "docker.io/library/rabbitmq:4.3.5-alpine" },
    meilisearch: { reference: "docker.io/getmeili/meilisearch:v1.36.0" },
    eximRelay: { reference: "docker.io/devture/exim-relay:4.96-r1-0" },
    phpmyadmin: { reference: "docker.io/library/phpmyadmin:5.2.3-apache" },
    varnish: { reference: "docker.io/library/varnish:9.0.4" },
    // The second version is that of Varnish, whose tool it runs.
    varnishExporter: { reference: "ghcr.io/otto-de/prometheus-varnish-exporter:1.8.3-varnish-9.0.0" },
    seaweedfs: { reference: "docker.io/chrislusf/seaweedfs:4.47" },
    minio: { reference: "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z" },
    awsCli: { reference: "docker.io/amazon/aws-cli:2.36.48" },
    // Not in an instance's own pods: used by `data copy` and `data load`.
    busybox: { reference: "docker.io/library/busybox:1.37.0" },
    // Not in pods: the local registry that `images load` starts if a cluster needs one.
    registry: { reference: "docker.io/library/registry:3.1.1" },
});

/** The images that an instance's pods may run: those of components and of its platform. */
export const usualImages = (own: Readonly<Record<string, Image>>): Image[] =>
    Object.values<Image>({ ...images, ...own });

export interface ResolvedImage {
    readonly reference: string;
    readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
    /** Tag without registry, repository and digest: `11.8.8`. Empty if there is only a digest. */
    readonly tag: string;
}

/** The default reference that a pod pulls: for public images, what stands for their registry; for built ones, the stack's. */
export function usualReference({ reference, built }: Image, { registry, mirror }: ImagesConfig): string {
    if (built) return `${registry}/${reference}`;
    const { registry: own, path } = splitReference(reference);
    const cache = mirror[own];
    return cache === undefined ? reference : `${cache}/${path}`;
}

/** The tag of a reference, without registry, repository and digest; empty if there is none. */
export const tagOf = (reference: string): string => /:([^/:]+)$/.exec(reference.split("@")[0]!)?.[1] ?? "";

/** The reference that a pod pulls. A user's reference is used unchanged. */
export function resolveImage(image: Image, override: string | undefined, config: ImagesConfig): ResolvedImage {
    const reference = override ?? usualReference(image, config);
    const tag = tagOf(reference);
    // A digest never moves. A tag without a digit is not a version but a branch or a channel (`latest`, which is also
    // the default tag, `staging`, `stable`), and may move.
    const moves = !reference.includes("@") && !/\d/.test(tag);
    return { reference, tag, pullPolicy: config.pullPolicy ?? (moves ? "Always" : "IfNotPresent") };
}

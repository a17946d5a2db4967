import type { ImagesConfig } from "./imageSources";

/** An image that pods run, with its tag. */
export interface Image {
    /** By which a stack's file names another one, under `images`. */
    readonly name: string;
    readonly reference: string;
    /** Comes from `images/`, under its name there, and therefore from the stack's own registry. @default false */
    readonly built?: true;
    /** Variables of the bake file that an instance decides, each with the instance's key that holds the value. @default none */
    readonly variables?: Readonly<Record<string, string>>;
}

/** Images by name. */
export const imagesNamed = <Name extends string>(
    all: Readonly<Record<Name, Omit<Image, "name">>>,
): Readonly<Record<Name, Image>> =>
    Object.fromEntries(
        Object.entries<Omit<Image, "name">>(all).map(([name, image]) => [name, { name, ...image }]),
    ) as Record<Name, Image>;

/** Every image that components deploy: nowhere else stands a version of one. Those of a platform's own code are in its folder. */
export const images = imagesNamed({
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
    // In no pod of an instance: the one in which `data copy` and `data load` reach a volume.
    busybox: { reference: "docker.io/library/busybox:1.37.0" },
    // In no pod: the local registry that `images load` starts where a cluster needs one.
    registry: { reference: "docker.io/library/registry:3.1.1" },
});

/** The images that pods of an instance may run: those of components, and those of its platform. */
export const usualImages = (own: Readonly<Record<string, Image>>): Image[] =>
    Object.values<Image>({ ...images, ...own });

export interface ResolvedImage {
    readonly reference: string;
    readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
    /** Tag without registry, repository and digest: `11.8.8`. Empty where only a digest is given. */
    readonly tag: string;
}

/** What a pod pulls unless the user names another: a public image gets the mirror's prefix, a built one the registry's. */
export function usualReference({ reference, built }: Image, { registry, mirror }: ImagesConfig): string {
    const prefix = built ? registry : mirror;
    return prefix ? `${prefix}/${reference}` : reference;
}

/** The reference that a pod pulls. What the user wrote is taken as it is. */
export function resolveImage(image: Image, override: string | undefined, config: ImagesConfig): ResolvedImage {
    const reference = override ?? usualReference(image, config);
    const [named, digest] = reference.split("@") as [string, string | undefined];
    const tag = /:([^/:]+)$/.exec(named)?.[1] ?? "";
    // A digest never moves. A tag without a digit is no version but a branch or a channel (`latest`, which a missing
    // tag means, `staging`, `stable`): what it names changes.
    const moves = digest === undefined && !/\d/.test(tag);
    return { reference, tag, pullPolicy: config.pullPolicy ?? (moves ? "Always" : "IfNotPresent") };
}

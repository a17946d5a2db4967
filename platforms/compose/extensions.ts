import { z } from "zod";
import type { LoadedProject, Path, Service, Volume } from "../../compose";
import { explain } from "../../config/explain";
import { imageReference, replicas, storage, storageClass } from "../../config/fields";
import { routePath } from "./config";
import { roles } from "./roles";
import type { Notes } from "./notes";

const port = z.int().min(1).max(65535);
const route = z.union([
    routePath.transform((path) => ({ path })),
    z.strictObject({ path: routePath.default("/"), port: port.optional() }),
]);

/** `x-plinth` of a service: what Compose cannot say. */
const serviceExtension = z.strictObject({
    /** What the edge sends here: paths of the instance's host; false for nothing. */
    route: z.union([z.literal(false), route.transform((one) => [one]), z.array(route).min(1)]).optional(),
    /** Variables whose values are secret although their names do not look like it. */
    secret: z.array(z.string().min(1)).default([]),
    /** Variables whose values are no secret although their names look like it. */
    plain: z.array(z.string().min(1)).default([]),
    /** Whether the pod satisfies Pod Security restricted: needs a numeric `user`. */
    hardened: z.boolean().default(false),
    /** Whether it does its work once and ends. */
    once: z.boolean().optional(),
    replicas: replicas.optional(),
    /** Whether volumes that are empty get what the image has at their paths. */
    prefill: z.boolean().default(true),
    /** What becomes of bind mounts, by their source as written: files of the project, or a volume. */
    binds: z.record(z.string(), z.enum(["files", "volume", "none"])).default({}),
    controller: z.enum(["deployment", "statefulset"]).optional(),
    /** Whether the image is built here. @default if there is no `image`, or `pull_policy` is `build` */
    build: z.boolean().optional(),
    /** The component that takes the place of a service with a well-known image. @default none: it runs as it is */
    as: z.enum(roles).optional(),
    /** Whether backups dump it, by its engine's own program. @default true for a database that `as` names */
    dump: z.boolean().optional(),
    /** Consent to a new version of what `as` names: see `database.upgradeFrom` and `database.upgradeImage`. */
    upgradeFrom: z
        .string()
        .regex(/^[a-z]+ \d+(\.\d+)?$/, 'allowed: engine and version of the data, such as "postgres 16"')
        .optional(),
    upgradeImage: imageReference.optional(),
    /** Extensions of PostgreSQL in the database that `as` names. */
    extensions: z.array(z.string().regex(/^[a-z0-9_-]+$/, "allowed: the name of an extension")).default([]),
});

/** `x-plinth` of a named volume. */
const volumeExtension = z.strictObject({
    size: storage.optional(),
    storageClass: storageClass.optional(),
    /** Whether backups contain its files, and the number of the user that may read and write them all. */
    backup: z.strictObject({ user: z.int().min(1).max(65_535) }).optional(),
});

export type ServiceExtension = z.output<typeof serviceExtension>;
export type VolumeExtension = z.output<typeof volumeExtension>;

/** What the project's own extensions and labels of Kompose say. */
export interface Extensions {
    readonly services: Readonly<Record<string, ServiceExtension>>;
    readonly volumes: Readonly<Record<string, VolumeExtension>>;
}

export function readExtensions({ project }: LoadedProject, notes: Notes): Extensions {
    const read = <S extends z.ZodType>(schema: S, value: unknown, path: Path): z.output<S> => {
        const parsed = schema.safeParse(value ?? {});
        if (parsed.success) return parsed.data;
        for (const { path: inner, message } of explain(schema, value, parsed.error.issues))
            notes.refuse(
                [...path, "x-plinth", ...inner.map((key) => (typeof key === "symbol" ? String(key) : key))],
                message,
            );
        return schema.parse({});
    };
    return {
        services: Object.fromEntries(
            Object.entries(project.services).map(([name, service]) => [
                name,
                read(serviceExtension, (service as Extended)["x-plinth"], ["services", name]),
            ]),
        ),
        volumes: Object.fromEntries(
            Object.entries(project.volumes ?? {}).map(([name, volume]) => [
                name,
                read(volumeExtension, (volume as Extended)["x-plinth"], ["volumes", name]),
            ]),
        ),
    };
}

interface Extended {
    readonly "x-plinth"?: unknown;
}

/** A label of Kompose. */
export const komposeLabel = (of: Pick<Service | Volume, "labels"> | undefined, name: string): string | undefined =>
    of?.labels?.[`kompose.${name}`];

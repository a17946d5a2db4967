import { z } from "zod";
import { backup, backupSecrets } from "../../config/backup";
import { edgeSecrets } from "../../config/edge";
import { hostName, instanceFields, port } from "../../config/fields";
import { ownHost, ownNodePort } from "../../config/own";
import type { PlatformConfig } from "../../config/platform";
import type { InstanceOf, SettingsOf } from "../platform";
import { images } from "./images";

const path = z.string().min(1, "allowed: the path of a file, from the stack file's folder");
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "allowed: the name of a variable");
/** Paths that begin with it are routed: segments as in `PathRule`. */
export const routePath = z
    .string()
    .regex(
        /^\/([a-z0-9_.-]*[a-z0-9_-](\/[a-z0-9_.-]*[a-z0-9_-])*)?$/,
        "allowed: / or a path in lower case such as /api",
    );
const serviceName = z.string().regex(/^[a-zA-Z0-9._-]+$/, "allowed: the name of a service in the Compose file");

/** What needs a consent by name, because it gives a container rights over its node. */
export const permissions = ["privileged", "docker.sock", "hostNetwork", "hostPid", "hostIpc", "unsafeSysctls"] as const;

/** As Kompose names them. */
export const volumeTypes = ["persistentVolumeClaim", "emptyDir", "hostPath"] as const;
export type VolumeType = (typeof volumeTypes)[number];

const schema = z.strictObject({
    platform: z.literal("compose"),
    ...instanceFields,
    /** One Compose file, or several, each laid over those before it. */
    file: z.union([path.transform((one) => [one]), z.array(path).min(1)], "allowed: a path, or a list of paths"),
    /** @default COMPOSE_PROFILES of the project's `.env` */
    profiles: z.array(z.string().min(1)).default([]),
    /** @default `.env` beside the first Compose file */
    envFiles: z.array(path).default([]),
    /** Variables of the Compose file, which count before those of env files. */
    variables: z.record(variableName, z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
    /** Whether everything that has no counterpart in Kubernetes is an error instead of a warning. */
    strict: z.boolean().default(false),
    /** Rights over nodes by service: one of the names, or the path of a node that the service mounts. */
    allow: z
        .record(
            serviceName,
            z.array(
                z.union(
                    [z.enum(permissions), z.string().regex(/^\//)],
                    `allowed: ${permissions.join(", ")}, or an absolute path of the node`,
                ),
            ),
        )
        .default({}),
    /**
     * What becomes of paths of the machine that services mount, absolute or from the project's folder: files of the
     * project, a volume that all of them share, or nothing. @default `x-plinth.binds` of each service, else what lies there in the project
     */
    binds: z
        .record(
            z
                .string()
                .regex(
                    /^(\/|\.\.?\/)/,
                    "allowed: an absolute path, or one from the project's folder, such as ../media",
                ),
            z.enum(["files", "volume", "none"]),
        )
        .default({}),
    /**
     * What volumes are: claims; directories that are deleted with their pods; or folders of the only node of a local
     * cluster. @default persistentVolumeClaim
     */
    volumeType: z.enum(volumeTypes).default("persistentVolumeClaim"),
    /** Dumps of the database that the project marks: see docs/compose.md. @default no backups */
    backup: backup.optional(),
    /** What the edge sends where. @default `x-plinth` in the Compose file, else the only web port that it publishes */
    routes: z
        .array(
            z.strictObject({
                service: serviceName,
                /** Of the container. @default its only web port */
                port: port.optional(),
                /** Paths that begin with this. */
                path: routePath.default("/"),
                /** @default the instance's */
                host: ownHost(hostName.optional()),
            }),
        )
        .optional(),
    /** Published ports that are opened outside the cluster, besides those of the edge. */
    open: z
        .array(
            z.strictObject({
                service: serviceName,
                /** Of the container. */
                port,
                type: z.enum(["NodePort", "LoadBalancer"]).default("NodePort"),
                /** @default the cluster chooses */
                nodePort: ownNodePort(z.int().min(30000).max(32767).optional()),
            }),
        )
        .default([]),
});

export type ComposeConfig = SettingsOf<typeof schema>;

export const config = {
    name: "compose",
    schema,
    images,
    podSecurity: "baseline",
    defaults: () => ({}),
    secrets: { ...backupSecrets, ...edgeSecrets },
} satisfies PlatformConfig;

export type ComposeInstance = InstanceOf<Record<string, string>>;

import { Component, type ComponentOptions } from "../component";
import { Value } from "../../config/value";
import { type BackupConfig, type BackupSecret, folderOf, identityOf } from "../../config/backup";
import { type Image, images } from "../../config/images";
import { mebibytesFor } from "../../config/quantity";
import { claim, type SharedClaim } from "../claim";
import type { Database } from "../database";
import type { NetworkRule, Node, SecretRef, Setting } from "../graph";
import type { HasNode, Instance } from "../instance";
import { plinthLabels } from "../labels";
import type { ContainerArgs, Mount } from "../podArgs";
import { mib } from "../scratch";
import { ScheduledTask } from "../scheduledTask";
import { keepEnv, steps, tasks } from "./contract";
import { backupFiles } from "./scripts";

/** A platform's settings for its backups. */
export interface BackupArgs {
    /** @default none: nothing is backed up, with a warning outside dev */
    readonly config: BackupConfig | undefined;
    readonly database: Database;
    /** Files that belong to the database's rows. @default none */
    readonly files?: {
        readonly volume: SharedClaim;
        /** Image with `tar`, and the user that owns the files. */
        readonly image: Image;
        readonly user: number;
    };
    /** Components that write to the database or the files, or cache their data: stopped during a restore. */
    readonly writers: readonly HasNode[];
}

const folders = { scripts: "/etc/plinth-backup", work: "/work", volume: "/backup", files: "/files" } as const;
/** Default for an external database, whose size is unknown: set `volumes."backup.work"` and `"restore.work"`. */
const outsideDatabase = "10Gi";
/** User of the database's own images. */
const databaseUser = 999;
/** A date that never occurs: the task only runs manually. */
const never = "0 0 31 2 *";

/** Declares the backups of an instance, if configured. */
export function backUp(instance: Instance<BackupSecret>, args: BackupArgs): Backup | undefined {
    if (args.config) return new Backup(instance, tasks.backup, { ...args, config: args.config });
    if (instance.stack.config.stack !== "dev" && instance.config.state === "running")
        instance.warn("nothing is backed up; set backup.target (docs/backup.md)");
    return undefined;
}

/**
 * Scheduled backups: a consistent dump with the database's own client and image, then the files, to a volume or to
 * object storage. Incomplete backups are never used, and old ones are only deleted after a success.
 *
 * A second, suspended task, `restore`, lists backups and restores one manually.
 */
export class Backup extends Component implements HasNode {
    readonly node: Node;
    private readonly env: Readonly<Record<string, Setting | number>>;
    /** Environment of the steps that access the target. */
    private readonly targetEnv: Readonly<Record<string, Setting | number>>;
    private readonly networkRules: readonly NetworkRule[];
    private readonly mounts: readonly Mount[];
    private readonly storage: Image;

    constructor(
        private readonly instance: Instance<BackupSecret>,
        private readonly name: string,
        private readonly args: BackupArgs & { readonly config: BackupConfig },
        opts?: ComponentOptions,
    ) {
        super(instance, "Backup", name, opts);
        const { config, database } = args;
        const { engine } = database;
        const { target } = config;
        const configMap = instance.add(this, "ConfigMap", name, {
            data: backupFiles({
                client: engine === "postgres" ? "postgres" : "mysql",
                target: target.type,
                files: this.files !== undefined,
                ...(target.type === "s3"
                    ? { forcePathStyle: target.forcePathStyle ?? target.endpoint !== undefined }
                    : {}),
            }),
        });
        const mounts: Mount[] = [
            { path: folders.scripts, configMap },
            { path: folders.work, scratch: { size: this.workSpace() } },
            // Home directories of the clients.
            { path: "/tmp", scratch: { size: "64Mi" } },
        ];
        const env = {
            HOME: "/tmp",
            WORK: folders.work,
            TIMEOUT: config.timeoutSeconds,
        };
        const keep = { TARGET: target.type, ...keepEnv(config.keep) };
        if (target.type === "s3") {
            const { env: settings, needs } = this.bucket(target);
            this.env = { ...env, PARTIALS: folders.work };
            this.targetEnv = { ...keep, ...settings };
            this.networkRules = needs;
            this.mounts = mounts;
            this.storage = images.awsCli;
        } else {
            // A run waits for another one to end.
            const volume = claim(instance, this, name, { size: "10Gi", takesTurns: true });
            this.env = { ...env, PARTIALS: folders.volume };
            this.targetEnv = { ...keep, BACKUPS: folders.volume };
            this.networkRules = [];
            this.mounts = [...mounts, { path: folders.volume, claim: volume }];
            this.storage = images[engine];
        }
        this.node = this.backup().node;
        this.restore();
        this.registerOutputs({});
    }

    private get files(): BackupArgs["files"] {
        return this.args.config.files ? this.args.files : undefined;
    }

    /**
     * Space for lists and, with a bucket, the whole backup before it is stored or loaded. Compressed, that is at most
     * the size of the volumes, because pictures do not get smaller.
     */
    private workSpace(): string {
        const { database, config } = this.args;
        if (config.target.type === "volume") return "256Mi";
        const sizeOf = (claimed: string | undefined) =>
            Object.values(this.instance.volumes).find(({ claim: one }) => one === claimed)?.size;
        const ofDatabase = this.instance.volumes[database.node.name]?.size ?? outsideDatabase;
        const ofFiles = this.files ? (sizeOf(this.files.volume.claim) ?? "0") : "0";
        return mib(mebibytesFor(ofDatabase) + mebibytesFor(ofFiles) + 256);
    }

    private get identity(): string {
        const { stack, namespace } = this.instance;
        return identityOf(stack.config.project, stack.config.stack, namespace);
    }

    private bucket(target: Extract<BackupConfig["target"], { type: "s3" }>): {
        env: Record<string, Setting>;
        needs: NetworkRule[];
    } {
        const { instance, name } = this;
        const { url, prefix } = folderOf(target, this.identity);
        const values = { accessKey: this.required("backupAccessKey"), secretKey: this.required("backupSecretKey") };
        const key: Record<keyof typeof values, SecretRef> = instance.secret(this, `${name}-keys`, values);
        const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
        return {
            env: {
                S3_ENDPOINT: url.origin,
                S3_BUCKET: target.bucket,
                S3_PREFIX: prefix,
                AWS_DEFAULT_REGION: target.region,
                AWS_ACCESS_KEY_ID: key.accessKey,
                AWS_SECRET_ACCESS_KEY: key.secretKey,
            },
            needs: [{ name: "s3", direction: "egress", host: url.hostname, ports: [port], cidrs: target.cidrs }],
        };
    }

    private required(key: BackupSecret): Value<string> {
        const value = this.instance.secretValue(key);
        if (!value)
            this.instance.problem(
                [this.name, "target"],
                `is object storage and requires its key: ${this.instance.howToSet(key)}`,
                [key],
            );
        return value ?? Value.secret("");
    }

    private backup(): ScheduledTask {
        const { config } = this.args;
        const all = [this.databaseStep(steps.backup.dump, false), ...this.filesStep(steps.backup.archive, true)];
        return this.task(this.name, [...all, this.step(steps.backup.store, this.storage, { env: this.targetEnv })], {
            schedule: config.schedule,
            timeZone: config.timeZone,
        });
    }

    private restore(): ScheduledTask {
        const all = [
            this.step(steps.restore.fetch, this.storage, { env: this.targetEnv }),
            this.databaseStep(steps.restore.load, true),
            ...this.filesStep(steps.restore.unpack, false),
        ];
        return this.task(tasks.restore, all, {
            schedule: never,
            suspended: true,
            // A retry could not know how far the first attempt got.
            retries: 0,
            annotations: { [plinthLabels.writers]: this.writers() },
        });
    }

    /** A request that loses its cache halfway hangs until it times out, and its pod with it: caches are stopped last. */
    private writers(): string {
        const nodes = this.args.writers.map(({ node }) => node).filter(({ pods }) => pods);
        const uses = (one: Node, other: Node) => one.uses.some(({ to }) => to.nodes.includes(other.id));
        const isLast = (one: Node) =>
            nodes.some((other) => uses(other, one)) && !nodes.some((other) => uses(one, other));
        const names = (some: readonly Node[]) =>
            some
                .map(({ name }) => name)
                .sort()
                .join(" ");
        const last = names(nodes.filter(isLast));
        return `${names(nodes.filter((node) => !isLast(node)))}${last && `; ${last}`}`;
    }

    private task(
        name: string,
        containers: readonly ContainerArgs[],
        args: Omit<ConstructorParameters<typeof ScheduledTask>[2], "pod">,
    ): ScheduledTask {
        const { files, args: own } = this;
        return new ScheduledTask(
            this.instance,
            name,
            {
                pod: {
                    initContainers: containers.slice(0, -1),
                    containers: containers.slice(-1),
                    user: files?.user ?? databaseUser,
                    ...(files?.volume.shareNodeFor ? { shareNodeFor: files.volume.shareNodeFor } : {}),
                },
                timeoutSeconds: own.config.timeoutSeconds,
                networkRules: this.networkRules,
                startsAfter: [own.database],
                ...args,
            },
            { parent: this },
        );
    }

    private step(name: string, image: Image, more: Partial<ContainerArgs> = {}): ContainerArgs {
        return {
            name,
            image,
            command: ["sh", `${folders.scripts}/${name}.sh`],
            resources: { cpu: "100m", memory: "256Mi" },
            ...more,
            env: { ...this.env, ...more.env },
            mounts: [...this.mounts, ...(more.mounts ?? [])],
        };
    }

    private databaseStep(name: string, loads: boolean): ContainerArgs {
        const { config, database } = this.args;
        const { acceptFrom } = config;
        const { engine, rootPassword } = database;
        return this.step(name, images[engine], {
            env: {
                ENGINE: engine,
                CLIENT: engine === "postgres" ? "postgres" : "mysql",
                INSTANCE: this.identity,
                ...(loads && acceptFrom.length > 0 ? { ACCEPT_FROM: acceptFrom.join(" ") } : {}),
                // To load a dump into a second database for a check. PostgreSQL does not need this, because it loads in one
                // transaction.
                ...(loads && rootPassword && engine !== "postgres" ? { DB_ROOT_PASSWORD: rootPassword } : {}),
            },
            uses: [
                database.service.bind({
                    DB_HOST: "host",
                    DB_PORT: "port",
                    DB_NAME: "name",
                    DB_USER: "user",
                    DB_PASSWORD: "password",
                }),
            ],
        });
    }

    private filesStep(name: string, readOnly: boolean): ContainerArgs[] {
        const { files } = this;
        if (!files) return [];
        const volume: Mount = { path: folders.files, claim: files.volume.claim, ...(readOnly ? { readOnly } : {}) };
        return [this.step(name, files.image, { env: { FILES: folders.files }, mounts: [volume] })];
    }
}

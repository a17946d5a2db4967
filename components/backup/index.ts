import { Component, type ComponentOptions } from "../component";
import { type BackupConfig, type BackupSecret, folderOf, identityOf } from "../../config/backup";
import { type Image, images } from "../../config/images";
import { postgresTlsEnv, tlsEnv } from "../authorities";
import { authorityData } from "../authorityFile";
import { claim } from "../claim";
import { egressRule } from "../egress";
import type { NetworkRule, Node, Setting } from "../graph";
import type { HasNode, Instance } from "../instance";
import { plinthLabels } from "../labels";
import type { ContainerArgs, Mount } from "../podArgs";
import { ScheduledTask } from "../scheduledTask";
import { type BackupArgs, workSpace, writersOf } from "./args";
import { bucketKeys, podIdentity } from "./bucketAccess";
import { everyDatabase, keepEnv, steps, tasks } from "./contract";
import { bindDocuments, bindObjects, isPathStyle, objectsEnv, refuseOwnBucket } from "./parts";
import { backupFiles } from "./scripts";

export type { BackupArgs, DatabaseLike } from "./args";
export type { DocumentStoreLike } from "./parts";

const folders = { scripts: "/etc/plinth-backup", work: "/work", volume: "/backup", files: "/files" } as const;
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
 * Scheduled backups: a consistent dump with the database's own client and image, then documents, files and objects, to
 * a volume or to object storage. Each part comes after those that name what is in it. Incomplete backups are never used,
 * and old ones are only deleted after a success.
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
    /** Authorities of the target's server. */
    private readonly authorities: readonly string[];

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
                documents: args.documents !== undefined,
                files: this.files !== undefined,
                objects: this.buckets !== undefined,
                ...(target.type === "s3" ? { forcePathStyle: isPathStyle(target) } : {}),
            }),
        });
        const mounts: Mount[] = [
            { path: folders.scripts, configMap },
            { path: folders.work, scratch: { size: workSpace(instance, args, this.files) } },
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
            if (this.buckets) refuseOwnBucket(instance, name, target, this.buckets.storage);
            const { env: settings, needs } = this.bucket(target);
            this.env = { ...env, PARTIALS: folders.work };
            this.targetEnv = { ...keep, ...settings };
            this.networkRules = [...needs, ...instance.config.egress.map(egressRule)];
            this.mounts = mounts;
            this.storage = images.awsCli;
        } else {
            // A run waits for another one to end.
            const volume = claim(instance, this, name, { size: "10Gi", takesTurns: true });
            this.env = { ...env, PARTIALS: folders.volume };
            this.targetEnv = { ...keep, BACKUPS: folders.volume };
            this.networkRules = [];
            this.mounts = [...mounts, { path: folders.volume, claim: volume }];
            this.storage = database.image;
        }
        const authority = target.type === "s3" ? authorityData([target.tls?.ca]) : undefined;
        this.authorities = authority ? [instance.add(this, "ConfigMap", `${name}-authority`, { data: authority })] : [];
        this.node = this.backup().node;
        this.restore();
        this.registerOutputs({});
    }

    private get files(): BackupArgs["files"] {
        return this.args.config.files ? this.args.files : undefined;
    }

    private get buckets(): BackupArgs["buckets"] {
        const { config, buckets } = this.args;
        return config.objects && buckets && Object.keys(buckets.storage.bucketNames).length > 0 ? buckets : undefined;
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
        const { env, needs } =
            target.identity === "pod" ? podIdentity(instance, name, target.endpoint) : bucketKeys(this, instance, name);
        const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
        return {
            env: {
                S3_ENDPOINT: url.origin,
                S3_BUCKET: target.bucket,
                S3_PREFIX: prefix,
                AWS_DEFAULT_REGION: target.region,
                ...env,
            },
            needs: [
                { name: "s3", direction: "egress", host: url.hostname, ports: [port], cidrs: target.cidrs },
                ...needs,
            ],
        };
    }

    private backup(): ScheduledTask {
        const { config } = this.args;
        const all = [
            this.databaseStep(steps.backup.dump, false),
            ...this.documentsStep(steps.backup.documents),
            ...this.filesStep(steps.backup.archive, true),
            ...this.objectsStep(steps.backup.objects),
        ];
        return this.task(this.name, [...all, this.step(steps.backup.store, this.storage, { env: this.targetEnv })], {
            schedule: config.schedule,
            timeZone: config.timeZone,
        });
    }

    private restore(): ScheduledTask {
        const all = [
            this.step(steps.restore.fetch, this.storage, { env: this.targetEnv }),
            ...this.documentsStep(steps.restore.inspectDocuments),
            ...this.objectsStep(steps.restore.inspectObjects),
            this.databaseStep(steps.restore.load, true),
            ...this.documentsStep(steps.restore.loadDocuments),
            ...this.filesStep(steps.restore.unpack, false),
            ...this.objectsStep(steps.restore.loadObjects),
        ];
        return this.task(tasks.restore, all, {
            schedule: never,
            suspended: true,
            // A retry could not know how far the first attempt got.
            retries: 0,
            annotations: { [plinthLabels.writers]: writersOf(this.args.writers) },
        });
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
                    authorities: this.authorities,
                    user: files?.user ?? this.buckets?.user ?? databaseUser,
                    ...(files?.volume.shareNodeFor ? { shareNodeFor: files.volume.shareNodeFor } : {}),
                },
                timeoutSeconds: own.config.timeoutSeconds,
                networkRules: this.networkRules,
                startsAfter: [
                    own.database,
                    ...(own.documents ? [own.documents] : []),
                    ...(this.buckets ? [this.buckets.storage.bucketsTask] : []),
                ],
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
        return this.step(name, database.image, {
            env: {
                ...(engine === "postgres" ? postgresTlsEnv(database.direct) : tlsEnv(database.direct, "DB_TLS_CA")),
                ...(engine === "mysql" && database.direct.anyName ? { DB_TLS_MODE: "VERIFY_CA" } : {}),
                ENGINE: engine,
                CLIENT: engine === "postgres" ? "postgres" : "mysql",
                INSTANCE: this.identity,
                ...(loads && acceptFrom.length > 0 ? { ACCEPT_FROM: acceptFrom.join(" ") } : {}),
                // To load a dump into a second database for a check. PostgreSQL does not need this, because it loads in one
                // transaction.
                ...(loads && rootPassword && engine !== "postgres" ? { DB_ROOT_PASSWORD: rootPassword } : {}),
            },
            uses: [
                database.direct.bind({
                    DB_HOST: "host",
                    DB_PORT: "port",
                    DB_NAME: "name",
                    DB_USER: "user",
                    DB_PASSWORD: "password",
                }),
            ],
        });
    }

    private documentsStep(name: string): ContainerArgs[] {
        const { documents, allDocuments } = this.args;
        if (!documents) return [];
        const env: Readonly<Record<string, string>> = allDocuments ? { DOCUMENTS_NAME: everyDatabase } : {};
        return [this.step(name, images.mongo, { env, uses: [bindDocuments(documents)] })];
    }

    private objectsStep(name: string): ContainerArgs[] {
        const { buckets } = this;
        if (!buckets) return [];
        return [
            this.step(name, buckets.image, {
                env: { ...this.targetEnv, ...objectsEnv(buckets.storage, this.args.config.target) },
                uses: [bindObjects(buckets.storage)],
                // The list of all objects, and a part of several of them.
                resources: { cpu: "100m", memory: "512Mi" },
            }),
        ];
    }

    private filesStep(name: string, readOnly: boolean): ContainerArgs[] {
        const { files } = this;
        if (!files) return [];
        const volume: Mount = { path: folders.files, claim: files.volume.claim, ...(readOnly ? { readOnly } : {}) };
        return [this.step(name, files.image, { env: { FILES: folders.files }, mounts: [volume] })];
    }
}

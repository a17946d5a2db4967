import type { BackupConfig } from "../../config/backup";
import type { Image } from "../../config/images";
import { mebibytesFor } from "../../config/quantity";
import type { SharedClaim } from "../claim";
import type { Database } from "../database";
import type { Node } from "../graph";
import type { HasNode, Instance } from "../instance";
import { mib } from "../scratch";
import type { DocumentStoreLike, Storage } from "./parts";

/** A database, as backups need it. */
export type DatabaseLike = Pick<Database, "node" | "direct" | "engine" | "image" | "rootPassword">;

/** A platform's settings for its backups. */
export interface BackupArgs {
    /** @default none: nothing is backed up, with a warning outside dev */
    readonly config: BackupConfig | undefined;
    readonly database: DatabaseLike;
    /** Documents that the database's rows name: dumped after it. @default none */
    readonly documents?: DocumentStoreLike;
    /** Whether all databases of that store are dumped, not only the platform's. @default false */
    readonly allDocuments?: boolean;
    /** Files that belong to the database's rows. @default none */
    readonly files?: {
        readonly volume: SharedClaim;
        /** Image with `tar`, and the user that owns the files. */
        readonly image: Image;
        readonly user: number;
    };
    /** Objects that rows and documents name: all buckets of a storage, copied last. @default none */
    readonly buckets?: {
        readonly storage: Storage;
        /** Image with `python3`, version 3.8 or later, without any packages. */
        readonly image: Image;
        /** That may run it. @default the user of the files, else of the database's image */
        readonly user?: number;
    };
    /** Components that write to any of these, or cache their data: stopped during a restore. */
    readonly writers: readonly HasNode[];
}

/** Default for an external database or document store, whose size is unknown: set `volumes."backup.work"` and `"restore.work"`. */
const outsideDatabase = "10Gi";

/**
 * Space for lists and, with a bucket, the whole backup before it is stored or loaded. Compressed, that is at most the
 * size of the volumes, because pictures do not get smaller. Objects go from server to server.
 */
export function workSpace(
    { volumes }: Instance,
    { database, documents, config }: BackupArgs & { readonly config: BackupConfig },
    files: BackupArgs["files"],
): string {
    if (config.target.type === "volume") return "256Mi";
    const sizeOf = (claimed: string | undefined) =>
        Object.values(volumes).find(({ claim: one }) => one === claimed)?.size;
    const ofStores = [database, ...(documents ? [documents] : [])]
        .map(({ node }) => mebibytesFor(volumes[node.name]?.size ?? outsideDatabase))
        .reduce((sum, size) => sum + size, 0);
    const ofFiles = files ? (sizeOf(files.volume.claim) ?? "0") : "0";
    return mib(ofStores + mebibytesFor(ofFiles) + 256);
}

/**
 * The writers' names, those to stop last after a semicolon: a request that loses its cache halfway hangs until it times
 * out, and its pod with it, so caches are stopped last.
 */
export function writersOf(writers: readonly HasNode[]): string {
    const nodes = writers.map(({ node }) => node).filter(({ pods }) => pods);
    const uses = (one: Node, other: Node) => one.uses.some(({ to }) => to.nodes.includes(other.id));
    const isLast = (one: Node) => nodes.some((other) => uses(other, one)) && !nodes.some((other) => uses(one, other));
    const names = (some: readonly Node[]) =>
        some
            .map(({ name }) => name)
            .sort()
            .join(" ");
    const last = names(nodes.filter(isLast));
    return `${names(nodes.filter((node) => !isLast(node)))}${last && `; ${last}`}`;
}

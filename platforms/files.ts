import { type SharedClaim, sharedClaim } from "../components/claim";
import type { Service } from "../components/graph";
import type { HasNode, Instance } from "../components/instance";
import type { Site } from "../components/loadBalancer";
import { ObjectStorage, type ObjectStorageSettings } from "../components/objectStorage";
import type { ObjectStorageConfig, ObjectStorageSecret } from "../config/objectStorage";
import { publicHostOf, publicUrl } from "./publicUrl";

export interface FilesArgs {
    /** `objectStorage` of the instance's settings. @default the files are on the volume */
    readonly config: ObjectStorageConfig | undefined;
    /** Of the volume, unless the user sets another. */
    readonly size: string;
    /** Whether there is a volume with a bucket, too: for what the platform keeps on a disk in any case. @default false */
    readonly keepsVolume?: boolean;
}

/** A bucket that browsers read from. */
export interface PublicBucket {
    /** On the server: outside the cluster its user may have chosen another. */
    readonly name: string;
    /** Address below which browsers find its objects, without a final slash. */
    readonly url: string;
    readonly service: Service<ObjectStorageSettings>;
}

/** Where the files of an instance are. Without a bucket, there is a volume. */
export interface Files {
    readonly volume: SharedClaim | undefined;
    readonly bucket: PublicBucket | undefined;
    /** What comes before all that uses them. */
    readonly startsAfter: readonly HasNode[];
    /** What is to be published beside the platform's own sites. */
    readonly sites: readonly Site[];
}

/**
 * Declares the place of files that people upload: a volume that several pods mount, or a bucket of that name, which
 * everyone may read. Files do not move when it changes.
 *
 * @param name of the volume and of the bucket
 * @throws RangeError when the schema lets a server in the cluster have no host
 */
export function files(
    instance: Instance<ObjectStorageSecret>,
    name: string,
    args: FilesArgs & { readonly keepsVolume: true },
): Files & { readonly volume: SharedClaim };
export function files(instance: Instance<ObjectStorageSecret>, name: string, args: FilesArgs): Files;
export function files(
    instance: Instance<ObjectStorageSecret>,
    name: string,
    { config, size, keepsVolume = false }: FilesArgs,
): Files {
    const volume = !config || keepsVolume ? sharedClaim(instance, instance.owner, name, { size }) : undefined;
    if (!config) return { volume, bucket: undefined, startsAfter: [], sites: [] };
    const host = publicHostOf(config);
    if (config.topology === "single" && host === undefined)
        throw new RangeError(
            `the bucket "${name}" has no address for browsers: objectStorageOf([…], { isPublic: true })`,
        );
    const storage = new ObjectStorage(instance, "storage", {
        config,
        buckets: [{ name, public: true }],
        ...(host === undefined ? {} : { publicUrl: publicUrl(instance, host) }),
    });
    const bucket = storage.bucketNames[name]!;
    const { publicEndpoint, forcePathStyle } = storage.service.settings;
    const url =
        forcePathStyle === "true" ? `${publicEndpoint}/${bucket}` : publicEndpoint.replace("://", `://${bucket}.`);
    return {
        volume,
        bucket: { name: bucket, url, service: storage.service },
        startsAfter: [storage.bucketsTask],
        sites: storage.sites(),
    };
}

import { claim, type SharedClaim, sharedClaim } from "../../components/claim";
import { contentHash, objectName } from "../../components/names";
import type { Mount } from "../../components/podArgs";
import type { Path, Service } from "../../compose";
import { type VolumeType, volumeTypes } from "./config";
import type { Conversion } from "./conversion";
import { replicasOf } from "./deploy";
import { komposeLabel } from "./extensions";
import type { FileObjects } from "./configFiles";
import { schedulesOf } from "./schedules";
import { distinct, memoryMounts, sizeOf, usual } from "./mounts";
import { serviceLabel } from "./names";

type VolumeMount = NonNullable<Service["volumes"]>[number];

/** A mount whose directory gets what the image has at its path, if it is empty. */
export interface Fill {
    readonly mount: Mount;
    /** False for the owner and mode alone. */
    readonly copies: boolean;
}

export interface MountPlan {
    readonly mounts: readonly Mount[];
    readonly fills: readonly Fill[];
    /** Claims that no other pod mounts. */
    readonly own: readonly string[];
    /** Where the project states the size of a directory in memory, by its path in the container. */
    readonly sizes: ReadonlyMap<string, Path>;
    readonly shareNodeFor?: string;
}

interface ClaimUse {
    readonly key: string;
    readonly name: string;
    readonly pods: Set<string>;
    readonly services: string[];
    readonly volume?: string;
}

interface Declared {
    readonly claim: string;
    readonly shareNodeFor?: string;
    readonly isShared: boolean;
}

/** The volumes of a project: one claim for each, whoever mounts it. */
export class Volumes {
    private readonly uses = new Map<string, ClaimUse>();
    private readonly declared = new Map<string, Declared>();

    constructor(
        private readonly conversion: Conversion,
        private readonly files: FileObjects,
    ) {
        for (const service of Object.keys(conversion.services).filter((one) => !conversion.isTakenOver(one)))
            for (const one of this.mountsOf(service)) {
                const use = this.claimOf(one);
                if (!use) continue;
                const known = this.uses.get(use.key) ?? { ...use, pods: new Set<string>(), services: [] };
                known.pods.add(conversion.podOf(service));
                known.services.push(service);
                this.uses.set(use.key, known);
            }
        this.checkVolumes();
    }

    /** Own mounts and those of `volumes_from`, each with the service that writes it. */
    private mountsOf(
        service: string,
        seen: readonly string[] = [],
    ): { mount: VolumeMount; of: string; index: number; readOnly: boolean }[] {
        const { volumes = [], volumes_from = [] } = this.conversion.services[service] ?? {};
        const own = volumes.map((mount, index) => ({ mount, of: service, index, readOnly: mount.read_only ?? false }));
        const targets = new Set(own.map(({ mount }) => mount.target));
        const others = volumes_from.flatMap((from) => {
            const [other = "", mode] = from.split(":");
            if (seen.includes(other)) return [];
            return this.mountsOf(other, [...seen, service]).map((one) => ({
                ...one,
                readOnly: one.readOnly || mode === "ro",
            }));
        });
        return [...own, ...others.filter(({ mount }) => !targets.has(mount.target))];
    }

    private claimOf({
        mount,
        of,
        index,
    }: {
        mount: VolumeMount;
        of: string;
        index: number;
    }): Omit<ClaimUse, "pods" | "services"> | undefined {
        if (mount.type === "volume" && mount.source && this.typeOf(mount.source) !== "emptyDir")
            return { key: `volume ${mount.source}`, name: this.volumeName(mount.source), volume: mount.source };
        const bind = mount.type === "bind" ? this.conversion.source.binds[of]![index] : undefined;
        return bind?.kind === "volume" ? { key: `bind ${bind.name}`, name: bind.name } : undefined;
    }

    /** A label of one of its services, or the instance, says what a volume is. */
    private typeOf(volume: string): VolumeType {
        const { services, settings } = this.conversion;
        const labels = Object.values(services).flatMap((service) => {
            const label = komposeLabel(service, "volume.type")?.toLowerCase();
            const mounts = service.volumes?.some(({ source }) => source === volume) ?? false;
            return mounts ? volumeTypes.filter((type) => type.toLowerCase() === label) : [];
        });
        return labels[0] ?? settings.volumeType;
    }

    /** Two volumes that would be written alike get a digest. */
    private volumeName(volume: string): string {
        const label = serviceLabel(volume);
        const first = Object.keys(this.conversion.source.loaded.project.volumes ?? {}).find(
            (one) => serviceLabel(one) === label,
        );
        return first === volume ? label : objectName(label, contentHash(volume).slice(0, 6));
    }

    private checkVolumes(): void {
        const { notes, source } = this.conversion;
        for (const [name, { driver, driver_opts, external }] of Object.entries(source.loaded.project.volumes ?? {})) {
            if (!this.uses.has(`volume ${name}`)) continue;
            const label = this.volumeName(name);
            const key = `volumes.${label}`;
            if (external)
                notes.warn(
                    ["volumes", name, "external"],
                    `a new volume is made, since Docker's are not in the cluster; set ${key}.existing or ${key}.claim for one that exists`,
                );
            if (driver !== undefined && driver !== "local")
                notes.warn(
                    ["volumes", name, "driver"],
                    `"${driver}" is one of Docker's; the cluster's storage class is used, or ${key}.storageClass`,
                );
            if (driver_opts && Object.keys(driver_opts).length > 0)
                notes.warn(
                    ["volumes", name, "driver_opts"],
                    `has no effect; set ${key}.nfs or ${key}.local for a server or a node's folder`,
                );
        }
    }

    /** Pods that mount the same volumes have to be on one node, where no class can be mounted by several. */
    private together(use: ClaimUse): string {
        const shared = [...this.uses.values()].filter((one) => this.isShared(one));
        const group = new Set([use]);
        for (let size = 0; size < group.size;) {
            size = group.size;
            for (const one of shared)
                if ([...group].some(({ pods }) => [...one.pods].some((pod) => pods.has(pod)))) group.add(one);
        }
        return this.conversion.instance.objectName([...group].map(({ name }) => name).sort()[0]!);
    }

    private isShared({ pods, volume }: ClaimUse): boolean {
        // Backups mount it beside its services.
        if (volume !== undefined && this.backupOf(volume)) return true;
        const several = (pod: string) => {
            if ((schedulesOf(this.conversion, pod)?.length ?? 1) > 1) return true;
            const replicas = replicasOf(pod, this.conversion.services[pod]!, this.conversion);
            return (
                typeof this.conversion.instance.config.replicas[this.conversion.component(pod)] === "object" ||
                (typeof replicas === "object" ? replicas.max > 1 : replicas > 1)
            );
        };
        return pods.size > 1 || [...pods].some(several);
    }

    private claim(key: string): Declared {
        const known = this.declared.get(key);
        if (known) return known;
        const use = this.uses.get(key)!;
        const { instance, source, services, settings } = this.conversion;
        const volume = use.volume === undefined ? undefined : source.loaded.project.volumes?.[use.volume];
        const extension = use.volume === undefined ? undefined : source.extensions.volumes[use.volume];
        const label = (name: string) =>
            komposeLabel(volume, name) ??
            use.services.map((service) => komposeLabel(services[service], name)).find(Boolean);
        const storageClass = extension?.storageClass ?? label("volume.storage-class-name");
        const isFolder = settings.volumeType === "hostPath" && storageClass === undefined;
        const args = {
            size: extension?.size ?? label("volume.size") ?? usual.claim,
            ...(storageClass === undefined ? {} : { storageClass }),
            ...(isFolder ? { hostFolder: `/var/lib/plinth/${instance.namespace}/${use.name}` } : {}),
        };
        const isShared = this.isShared(use);
        const made: Declared = isShared
            ? {
                  ...sharedClaim(instance, instance.owner, use.name, { ...args, together: this.together(use) }),
                  isShared,
              }
            : { claim: claim(instance, instance.owner, use.name, args), isShared };
        this.declared.set(key, made);
        return made;
    }

    private backupOf(volume: string): { readonly user: number } | undefined {
        const { settings, source } = this.conversion;
        return settings.backup && source.extensions.volumes[volume]?.backup;
    }

    /** The volume whose files backups contain, and the user that may read and write them. */
    backedUp(): { readonly volume: SharedClaim; readonly user: number } | undefined {
        const { notes, source } = this.conversion;
        const marked = [...this.uses.values()].flatMap((use) => {
            const backup = use.volume === undefined ? undefined : this.backupOf(use.volume);
            return backup ? [{ use, ...backup }] : [];
        });
        const [first, ...others] = marked;
        for (const { use } of others)
            notes.refuse(
                ["volumes", use.volume!, "x-plinth", "backup"],
                `is a second volume to back up, besides ${first!.use.volume}: an instance has one`,
            );
        for (const name of Object.keys(source.extensions.volumes))
            if (this.backupOf(name) && !marked.some(({ use }) => use.volume === name))
                notes.warn(["volumes", name, "x-plinth", "backup"], "has no effect: no service mounts it as a volume");
        return first && { volume: this.claim(first.use.key), user: first.user };
    }

    /** The mounts of a service's container. */
    plan(service: string): MountPlan {
        const { services, source, notes } = this.conversion;
        const { prefill } = source.extensions.services[service]!;
        const mounts: Mount[] = [];
        const fills: Fill[] = [];
        const own: string[] = [];
        const stated = new Map<string, Path>();
        let shareNodeFor: string | undefined;
        for (const { mount, of, index, readOnly } of this.mountsOf(service)) {
            const path = mount.target ?? "";
            const at = ["services", of, "volumes", index];
            const claimed = this.claimOf({ mount, of, index });
            if (claimed) {
                const { claim: name, isShared, shareNodeFor: node } = this.claim(claimed.key);
                shareNodeFor ??= node;
                if (!isShared) own.push(name);
                const subPath = mount.volume?.subpath ?? komposeLabel(services[of], "volume.subpath");
                const made: Mount = {
                    path,
                    claim: name,
                    ...(subPath ? { subPath } : {}),
                    ...(readOnly ? { readOnly: true } : {}),
                };
                mounts.push(made);
                if (prefill) fills.push({ mount: made, copies: claimed.volume !== undefined && !mount.volume?.nocopy });
                continue;
            }
            switch (mount.type) {
                case "bind": {
                    const bind = source.binds[of]![index]!;
                    if (bind.kind === "host")
                        mounts.push({ path, hostPath: bind.path, ...(readOnly ? { readOnly: true } : {}) });
                    if (bind.kind === "files") {
                        mounts.push(this.files.bind(bind.source, path));
                        if (!readOnly)
                            notes.warn(
                                at,
                                `${path} is read-only, since it has the files of the project: write :ro; or, if the service writes there, x-plinth.binds makes it a volume`,
                            );
                    }
                    break;
                }
                case "volume": {
                    if (!mount.source)
                        notes.warn(at, `${path} has no name: it is deleted with its pod; name the volume to keep it`);
                    const made: Mount = {
                        path,
                        scratch: { size: usual.scratch },
                        ...(mount.source ? { name: this.volumeName(mount.source) } : {}),
                    };
                    mounts.push(made);
                    if (prefill) fills.push({ mount: made, copies: true });
                    break;
                }
                case "tmpfs":
                    if (mount.tmpfs?.size !== undefined) stated.set(path, at);
                    mounts.push({ path, scratch: { size: sizeOf(mount.tmpfs?.size), memory: true } });
                    break;
                default:
                    notes.warn(at, `a mount of type ${mount.type} has no counterpart; allowed: volume, bind, tmpfs`);
            }
        }
        const memory = memoryMounts(services[service]!, service, notes);
        mounts.push(...memory.mounts);
        mounts.push(...this.files.mountsOf(service));
        const sizes = new Map([...stated, ...memory.stated]);
        return { mounts: distinct(mounts), fills, own, sizes, ...(shareNodeFor === undefined ? {} : { shareNodeFor }) };
    }
}

import type { Mount } from "../../components/podArgs";
import type { Path, Service } from "../../compose";
import { parseQuantity } from "../../config/quantity";
import type { Notes } from "./notes";

/** Default sizes of claims and of directories that live as long as their pod. */
export const usual = { claim: "5Gi", scratch: "1Gi", memory: "64Mi" } as const;

/** A path can be mounted once; the last one counts, as in Docker. */
export const distinct = (mounts: readonly Mount[]): Mount[] => [
    ...new Map(mounts.map((mount) => [mount.path, mount])).values(),
];

/** Bytes as a quantity, or Docker's own spelling of a size. */
export function sizeOf(text: string | undefined): string {
    if (text === undefined) return usual.memory;
    const [, digits, unit = ""] = /^(\d+)([kmg]?)b?$/i.exec(text) ?? [];
    const bytes = digits === undefined ? 0 : Number(digits) * 1024 ** " kmg".indexOf(unit.toLowerCase() || " ");
    return bytes > 0 ? `${Math.max(1, Math.ceil(bytes / 2 ** 20))}Mi` : usual.memory;
}

/** Directories in memory that a service has beside its volumes, and where the project states their sizes, by path. */
export function memoryMounts(
    { tmpfs = [], shm_size }: Service,
    service: string,
    notes: Notes,
): { mounts: Mount[]; stated: ReadonlyMap<string, Path> } {
    const mounts: Mount[] = [];
    const stated = new Map<string, Path>();
    const add = (path: string, size: string | undefined, at: Path) => {
        if (size !== undefined) stated.set(path, at);
        mounts.push({ path, scratch: { size: sizeOf(size), memory: true } });
    };
    for (const [index, entry] of tmpfs.entries()) {
        const at = ["services", service, "tmpfs", index];
        const [path = "", options = ""] = entry.split(":");
        const others = options.split(",").filter((option) => option !== "" && !/^(size=|rw$)/.test(option));
        if (others.length > 0)
            notes.warn(
                at,
                `${others.join(", ")} has no counterpart: every user of the pod can write there; allowed: size`,
            );
        add(path, /(?:^|,)size=(\w+)/.exec(options)?.[1], at);
    }
    if (shm_size !== undefined) add("/dev/shm", shm_size, ["services", service, "shm_size"]);
    return { mounts, stated };
}

/**
 * Directories in memory count towards the memory of their container, in Docker, too, where they may be larger than it.
 * If it has no room for them, those without a stated size get half of what the others leave; if these alone are too
 * large, all get half of the memory together, with a warning for each stated size.
 *
 * @param memory limit of the container; undefined for none
 * @param stated where the project states sizes, by path
 */
export function withinMemory(
    mounts: readonly Mount[],
    memory: string | undefined,
    stated: ReadonlyMap<string, Path>,
    notes: Notes,
): Mount[] {
    const bytes = (mount: Mount) =>
        "scratch" in mount && mount.scratch.memory ? parseQuantity(mount.scratch.size) : 0;
    const sum = (all: readonly Mount[]) => all.reduce((total, mount) => total + bytes(mount), 0);
    if (memory === undefined || sum(mounts) < parseQuantity(memory)) return [...mounts];
    const limit = parseQuantity(memory);
    const fixed = sum(mounts.filter(({ path }) => stated.has(path)));
    const keepsStated = fixed < limit;
    const share = keepsStated ? (limit - fixed) / 2 / (sum(mounts) - fixed) : limit / 2 / sum(mounts);
    return mounts.map((mount) => {
        const at = stated.get(mount.path);
        if (!("scratch" in mount) || bytes(mount) === 0 || (keepsStated && at)) return mount;
        const size = `${Math.max(4, Math.floor((bytes(mount) * share) / 1024))}Ki`;
        if (at)
            notes.warn(
                at,
                `${mount.path} gets ${size} instead of ${mount.scratch.size}: what is in memory counts towards the limit of the container, ${memory}; raise that limit, or state less`,
            );
        return { ...mount, scratch: { ...mount.scratch, size } };
    });
}

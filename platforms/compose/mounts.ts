import type { Mount } from "../../components/podArgs";
import { parseQuantity } from "../../config/quantity";

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

/**
 * Directories in memory count towards the memory of their container, in Docker, too, where they may be larger than it.
 * If it has no room for them, they get half of it together.
 */
export function withinMemory(mounts: readonly Mount[], memory: string | undefined): Mount[] {
    const bytes = mounts.map((mount) =>
        "scratch" in mount && mount.scratch.memory ? parseQuantity(mount.scratch.size) : 0,
    );
    const all = bytes.reduce((sum, one) => sum + one, 0);
    if (memory === undefined || all < parseQuantity(memory)) return [...mounts];
    const share = parseQuantity(memory) / 2 / all;
    return mounts.map((mount, index) =>
        bytes[index]! > 0 && "scratch" in mount
            ? {
                  ...mount,
                  scratch: { ...mount.scratch, size: `${Math.max(4, Math.floor((bytes[index]! * share) / 1024))}Ki` },
              }
            : mount,
    );
}

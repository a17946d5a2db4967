import type { Mount } from "../../components/podArgs";

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

import pc from "picocolors";
import { parseQuantity } from "../config/quantity";
import type { ClaimHealth } from "../operations/cluster/claimHealth";
import type { ScheduledHealth } from "../operations/cluster/health";
import { dayOf, healthName, type Status } from "../operations/status/status";
import { table } from "../operations/system/text";

/** @param now milliseconds since the epoch */
export function statusText(status: Status, missing: readonly string[], now: number): string {
    const { nodes, instances, tiers, tasks, scheduled, claims } = status;
    const age = (time: string | undefined) => (time === undefined ? "" : ageOf(time, now));
    const parts = [
        section(
            ["node", "ready", "version", "memory"],
            nodes.map(({ name, ready, version, memory }) => [name, ready ? "yes" : "no", version, size(memory)]),
        ),
        section(
            ["instance", "platform", "state", "namespace", "address"],
            instances.flatMap(({ name, platform, state, namespace, urls }) => {
                const addresses = state === "running" ? Object.values(urls) : [];
                return [
                    [name, platform, state, namespace, addresses[0] ?? ""],
                    ...addresses.slice(1).map((url) => ["", "", "", "", url]),
                ];
            }),
        ),
        section(
            ["component", "ready", "image", "age", "restarts", ""],
            tiers.map((tier) => [
                healthName(tier),
                `${tier.ready}/${tier.desired}`,
                shortImage(tier.image),
                age(tier.created),
                String(tier.restarts),
                tier.reason ?? "",
            ]),
        ),
        section(
            ["task", "state", "age", ""],
            [
                ...tasks.map((task) => [healthName(task), task.state, age(task.created), task.reason ?? ""]),
                ...scheduled.map((task) => [
                    healthName(task),
                    scheduleState(task),
                    "",
                    [
                        task.lastSuccess ? `last success ${age(task.lastSuccess)} ago` : "no success yet",
                        ...(task.reason ? [task.reason] : []),
                    ].join("; "),
                ]),
            ],
        ),
        section(
            ["volume", "phase", "size", "used", "class"],
            claims.map((claim) => [
                `${claim.instance}/${claim.claim}`,
                claim.waits ? "waits for its first pod" : claim.phase,
                claim.size,
                useText(claim),
                claim.storageClass,
            ]),
        ),
        section(
            ["certificate", "expires", "hosts"],
            status.certificates.map(({ namespace, source, managedBy, hosts, expires, reason }) => [
                `${namespace}/${source}`,
                managedBy === "Caddy" ? "obtained and renewed by Caddy" : expires ? dayOf(expires) : (reason ?? ""),
                (hosts ?? []).join(", "),
            ]),
        ),
        section(
            ["evicted", "times", "last", ""],
            status.evictions.map((eviction) => [
                healthName(eviction),
                String(eviction.count),
                `${age(eviction.last)} ago`,
                eviction.key ? `${eviction.reason} Raise ${eviction.key}` : eviction.reason,
            ]),
        ),
    ];
    const verdict =
        missing.length === 0
            ? pc.green("Everything that should be ready is ready.")
            : `${pc.red("Not ready:")}\n${missing.map((line) => `  ${line}`).join("\n")}`;
    return [...parts.filter((part) => part !== ""), verdict].join("\n\n");
}

const section = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
    rows.length > 0 ? table(head, rows) : "";

/** `45s`, `12m`, `5h`, `3d`. */
export function ageOf(since: string, now: number): string {
    const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
    if (seconds < 120) return `${seconds}s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
    return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** The part of an image reference that identifies the version: without registry and path, with a shortened digest. */
export const shortImage = (image: string): string =>
    image.slice(image.lastIndexOf("/") + 1).replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1");

const scheduleState = ({ suspended, running, failed, schedule }: ScheduledHealth): string =>
    `${suspended ? "suspended" : running ? "running" : failed ? "last run failed" : "scheduled"} (${schedule})`;

/** Formats bytes or a quantity for display. */
function size(quantity: string): string {
    if (!/^\d/.test(quantity)) return quantity;
    const bytes = parseQuantity(quantity);
    return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

/**
 * For directories, which local clusters use as volumes, kubelets report the usage of the whole disk, not of the volume.
 */
export function useText({ size: total, fileSystem }: Pick<ClaimHealth, "size" | "fileSystem">): string {
    if (!fileSystem) return "unknown";
    const percent = `${Math.round((100 * fileSystem.used) / fileSystem.capacity)}%`;
    // Disks have a minimum size, and sizes are rounded up.
    const isDirectory = fileSystem.capacity > 2 * parseQuantity(total);
    return isDirectory ? `unknown, disk ${percent} full` : `${size(String(fileSystem.used))} (${percent})`;
}

import { setTimeout as sleep } from "node:timers/promises";

/** A server of a cluster, as a failure tells of it. */
interface Told {
    readonly ordinal: number;
    readonly log: string;
}

/** Waits until something holds. @throws with the ends of the servers' logs if it does not in time */
export async function until(
    what: string,
    holds: () => boolean,
    seconds: number,
    servers: readonly Told[],
): Promise<void> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        try {
            if (holds()) return;
        } catch {
            // Not yet.
        }
        if (Date.now() > end)
            throw new Error(
                `never: ${what}\n${servers.map((one) => `== member ${one.ordinal}\n${one.log.slice(-4000)}`).join("\n")}`,
            );
        await sleep(200);
    }
}

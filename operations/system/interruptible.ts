import { UserError } from "./errors";

/**
 * Work that Ctrl-C, or another request to end, does not cut off: it is told, and ends in order. A kubectl that runs
 * meanwhile gets Ctrl-C by itself.
 *
 * @param work with the signal that is given then; its reason is a UserError with exit code 130
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const stop = () => abort.abort(new UserError("Interrupted.", 130));
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.on(signal, stop);
    try {
        return await work(abort.signal);
    } finally {
        for (const signal of signals) process.off(signal, stop);
    }
}

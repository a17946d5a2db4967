import { UserError } from "./errors";

/**
 * Runs work that is not killed by Ctrl-C or another termination signal, but notified, so that it can end in an orderly
 * way. A running kubectl receives Ctrl-C by itself.
 *
 * @param work is given a signal that is aborted then; its reason is a UserError with exit code 130
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

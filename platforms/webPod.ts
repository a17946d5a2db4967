import type { Mount, Probe } from "../components/podArgs";

/**
 * A directory that is empty when the pod starts and is deleted with it.
 *
 * @param size its size limit
 * @param name of its volume, if none can be derived from the path
 */
export const scratch = (path: string, size: string, name?: string): Mount => ({
    path,
    scratch: { size },
    ...(name ? { name } : {}),
});

/** Probes nginx on its port, and PHP through it. */
export const nginxProbe =
    (port: number) =>
    (path: string, periodSeconds: number, failureThreshold: number): Probe => ({
        httpGet: { path, port },
        periodSeconds,
        timeoutSeconds: 5,
        failureThreshold,
    });

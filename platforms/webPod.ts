import type { SecretRef } from "../components/graph";
import type { Mount, Probe } from "../components/podArgs";

/**
 * A directory that is empty when the pod starts, and gone with it.
 *
 * @param size what it may hold
 * @param name of its volume, where the path makes none
 */
export const scratch = (path: string, size: string, name?: string): Mount => ({
    path,
    scratch: { size },
    ...(name ? { name } : {}),
});

/** Asks nginx on its port, also about PHP behind it. */
export const nginxProbe =
    (port: number) =>
    (path: string, periodSeconds: number, failureThreshold: number): Probe => ({
        httpGet: { path, port },
        periodSeconds,
        timeoutSeconds: 5,
        failureThreshold,
    });

/** A secret value as a file, for programs that read passwords from there. */
export const secretFile = (path: string, { secret, key }: SecretRef): Mount => ({ path, secret, file: key });

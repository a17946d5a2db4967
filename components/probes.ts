import type { Probe } from "./podArgs";

/** What is asked: a port, a path over HTTP, or a command. */
export type Check = Pick<Probe, "tcpSocket" | "httpGet" | "command">;

/** Seconds that a server has for its first start, and for recovery after a crash. */
export const startSeconds = 1800;

/**
 * A startup probe of a server that others wait for. It asks each second: readiness is only asked once it has succeeded,
 * so that a longer period would add to each restart.
 *
 * @param seconds time limit for the start
 */
export const startupProbe = (check: Check, seconds = startSeconds): Probe => ({
    ...check,
    periodSeconds: 1,
    failureThreshold: seconds,
    timeoutSeconds: 5,
});

/**
 * A liveness probe: two minutes of silence before a restart, because a server under load answers late, and a restart
 * would make it worse.
 *
 * @param timeoutSeconds time limit for one answer
 */
export const livenessProbe = (check: Check, timeoutSeconds = 5): Probe => ({
    ...check,
    periodSeconds: 20,
    failureThreshold: 6,
    timeoutSeconds,
});

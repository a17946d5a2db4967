import type { Service } from "../../compose";
import { startSeconds } from "../../components/probes";
import type { ContainerArgs, Probe, Word } from "../../components/podArgs";
import { secondsOf } from "./durations";
import { probesOfLabels, readinessLabel } from "./kompose";

/** Docker's defaults in seconds: https://docs.docker.com/reference/dockerfile/#healthcheck */
const usual = { interval: 30, timeout: 30, retries: 3, startPeriod: 0, startInterval: 5 } as const;

/** Whether a service has a health check of its own. One in its image is not visible here. */
export const hasCheck = ({ healthcheck }: Service): boolean =>
    healthcheck?.test !== undefined && !healthcheck.disable && healthcheck.test[0] !== "NONE";

/**
 * Probes for a health check: readiness as often as Docker asks, and before that a startup probe, which only delays it.
 * No liveness: Docker does not restart a container that is not healthy.
 *
 * @param words of the test, with its kind first
 */
export function probesOf(service: Service, words: readonly Word[] | undefined): Pick<ContainerArgs, "probes"> {
    const { healthcheck } = service;
    const labelled = probesOfLabels(service);
    const says = readinessLabel(service);
    if (!healthcheck || !words || !hasCheck(service))
        return Object.keys(labelled).length > 0 ? { probes: labelled } : {};
    const [kind, ...rest] = words;
    const command: Word[] = kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...rest] : kind === "CMD" ? rest : [...words];
    const interval = secondsOf(healthcheck.interval) ?? usual.interval;
    const timeoutSeconds = secondsOf(healthcheck.timeout) ?? usual.timeout;
    const retries = healthcheck.retries || usual.retries;
    const period = secondsOf(healthcheck.start_interval) ?? Math.min(usual.startInterval, interval);
    const start = (secondsOf(healthcheck.start_period) ?? usual.startPeriod) + retries * interval;
    const startup: Probe = {
        command,
        periodSeconds: period,
        timeoutSeconds,
        // Its failure would restart the container, so it has the time that other servers have.
        failureThreshold: Math.ceil(Math.max(start, startSeconds) / period),
    };
    const readiness: Probe = { command, periodSeconds: interval, timeoutSeconds, failureThreshold: retries };
    return { probes: { startup, ...(says === "disabled" ? {} : { readiness }), ...labelled } };
}

/** `stop_grace_period` in seconds. @default Docker's 10 */
export const graceSeconds = ({ stop_grace_period }: Service): number => secondsOf(stop_grace_period) ?? 10;

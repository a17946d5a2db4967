import type { ContainerArgs, Probe } from "../../components/podArgs";
import type { Service } from "../../compose";
import { secondsOf } from "./durations";
import { komposeLabel } from "./extensions";

/** `true`, `/path`, `host` or `host/path` */
export function exposedAt(text: string): { readonly host?: string; readonly path: string } {
    const [, host = "", path] = /^([^/]*)(\/.*)?$/.exec(text.trim()) ?? [];
    return { ...(/^(|true|false)$/.test(host) ? {} : { host }), path: path ?? "/" };
}

/** Whether labels say that there is, or is not, a readiness probe. */
export const readinessLabel = (service: Service): "disabled" | "given" | undefined => {
    const label = (key: string) => komposeLabel(service, `service.healthcheck.readiness.${key}`);
    if (label("disable") === "true") return "disabled";
    return (label("test") ?? label("http_get_path") ?? label("tcp_port")) ? "given" : undefined;
};

/** Probes of labels, instead of those that a health check makes. */
export function probesOfLabels(service: Service): NonNullable<ContainerArgs["probes"]> {
    const asked = (kind: "liveness" | "readiness"): Probe | undefined => {
        const label = (key: string) => komposeLabel(service, `service.healthcheck.${kind}.${key}`);
        const [path, port, tcp, test] = [
            label("http_get_path"),
            label("http_get_port"),
            label("tcp_port"),
            kind === "readiness" ? label("test") : undefined,
        ];
        if (path !== undefined) return { httpGet: { path, port: Number(port ?? 80) } };
        if (tcp !== undefined) return { tcpSocket: { port: Number(tcp) } };
        return test === undefined ? undefined : { command: ["/bin/sh", "-c", test] };
    };
    const { healthcheck = {} } = service;
    const label = (key: string) => komposeLabel(service, `service.healthcheck.readiness.${key}`);
    const [live, ready] = [asked("liveness"), readinessLabel(service) === "given" ? asked("readiness") : undefined];
    const timing = (
        interval: string | undefined,
        timeout: string | undefined,
        retries: number | undefined,
        start: string | undefined,
    ): Partial<Probe> => {
        const [periodSeconds, timeoutSeconds, initialDelaySeconds] = [interval, timeout, start].map(secondsOf);
        return {
            periodSeconds: periodSeconds ?? 30,
            timeoutSeconds: timeoutSeconds ?? 30,
            failureThreshold: retries ?? 3,
            ...(initialDelaySeconds === undefined ? {} : { initialDelaySeconds }),
        };
    };
    return {
        ...(live
            ? {
                  liveness: {
                      ...live,
                      ...timing(
                          healthcheck.interval,
                          healthcheck.timeout,
                          healthcheck.retries,
                          healthcheck.start_period,
                      ),
                  },
              }
            : {}),
        ...(ready
            ? {
                  readiness: {
                      ...ready,
                      ...timing(
                          label("interval"),
                          label("timeout"),
                          label("retries") === undefined ? undefined : Number(label("retries")),
                          label("start_period"),
                      ),
                  },
              }
            : {}),
    };
}

/** The container before a service's own that labels ask for. */
export function initContainerOf(
    service: Service,
): { readonly name: string; readonly image: string; readonly command: readonly string[] } | undefined {
    const label = (key: string) => komposeLabel(service, `init.containers.${key}`);
    const [image, command] = [label("image"), label("command")];
    if (image === undefined) return undefined;
    return { name: label("name") ?? "init", image, command: wordsOf(command ?? "") };
}

/** `["sh", "-c", "…"]`, or words. */
function wordsOf(text: string): readonly string[] {
    try {
        const list = JSON.parse(text) as unknown;
        if (Array.isArray(list)) return list.map(String);
    } catch {
        // No list, so words.
    }
    return text.split(/\s+/).filter(Boolean);
}

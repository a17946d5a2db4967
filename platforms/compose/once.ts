import type { Conversion } from "./conversion";

/** Whether a service does its work once and ends: others wait for that, or the project says so. */
export function onceOf({ services, source, waitedFor }: Conversion, pod: string): "awaited" | "alone" | undefined {
    const { restart, deploy, ports, expose, healthcheck } = services[pod]!;
    if (waitedFor.completed.has(pod)) return "awaited";
    const said = source.extensions.services[pod]!.once;
    const ends =
        deploy?.mode === "replicated-job" ||
        deploy?.restart_policy?.condition === "none" ||
        // Whoever serves something would be started again.
        (restart === "no" && !ports && !expose && !healthcheck);
    return (said ?? ends) ? "alone" : undefined;
}

/** How often work that is done once is tried again; undefined if the project does not say. */
export function retriesOf({ services }: Conversion, pod: string): number | undefined {
    const { restart, deploy } = services[pod]!;
    const [, tries] = /^on-failure:(\d+)$/.exec(restart ?? "") ?? [];
    return tries === undefined ? deploy?.restart_policy?.max_attempts : Number(tries);
}

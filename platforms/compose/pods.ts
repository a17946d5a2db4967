import type { Service } from "../../compose";
import { komposeLabel } from "./extensions";

/** The service in whose pod a service runs: another one's if it shares that one's network, or is in one group with it. */
export function podOf(services: Readonly<Record<string, Service>>, service: string): string {
    const other = /^service:(.+)$/.exec(services[service]?.network_mode ?? "")?.[1];
    if (other !== undefined && other !== service && services[other]) return podOf(services, other);
    const group = komposeLabel(services[service], "service.group");
    if (group === undefined) return service;
    return Object.keys(services).find((one) => komposeLabel(services[one], "service.group") === group)!;
}

import { contentHash, objectName } from "../../components/names";
import { Value, type Input } from "../../config/value";
import type { Service } from "../../compose";
import type { ComposeConfig, ComposeInstance } from "./config";
import { type PeerName, serviceLabel } from "./names";
import type { Notes } from "./notes";
import { podOf } from "./pods";
import type { Parts } from "./secrets";
import type { Source } from "./source";
import { networksOf } from "./texts";

/** What the parts of a conversion share. */
export class Conversion {
    readonly notes: Notes;
    /** The names of each service. */
    readonly namesOf: ReadonlyMap<string, readonly PeerName[]>;
    /** Services whose health others wait for, and those whose end they wait for. */
    readonly waitedFor: Readonly<Record<"healthy" | "completed", ReadonlySet<string>>>;
    private readonly pods = new Map<string, string>();
    private readonly members = new Map<string, string[]>();

    constructor(
        readonly instance: ComposeInstance,
        readonly settings: ComposeConfig,
        readonly source: Source,
    ) {
        this.notes = source.notes;
        const services = Object.keys(this.services);
        for (const service of services) {
            const pod = podOf(this.services, service);
            this.pods.set(service, pod);
            const all = this.members.get(pod) ?? [pod];
            if (service !== pod) all.push(service);
            this.members.set(pod, all);
        }
        const names = new Map<string, PeerName[]>(services.map((service) => [service, []]));
        for (const name of source.names) names.get(name.service)?.push(name);
        this.namesOf = names;
        const edges = Object.values(this.services).flatMap(({ depends_on = {} }) => Object.entries(depends_on));
        const on = (wanted: string) =>
            new Set(edges.flatMap(([service, { condition }]) => (condition === wanted ? [service] : [])));
        this.waitedFor = { healthy: on("service_healthy"), completed: on("service_completed_successfully") };
    }

    get services(): Readonly<Record<string, Service>> {
        return this.source.loaded.project.services;
    }

    /** The networks of all services of a pod. */
    networksOfPod(pod: string): ReadonlySet<string> {
        return new Set(this.inPod(pod).flatMap((service) => [...networksOf(this.source.loaded, service)]));
    }

    /** The service in whose pod a service runs: another one's if it shares that one's network. */
    podOf(service: string): string {
        return this.pods.get(service) ?? service;
    }

    /** The services of a pod, the one that it is named after first. */
    inPod(pod: string): readonly string[] {
        return this.members.get(pod) ?? [pod];
    }

    /** Whether a component of this program takes the place of a service. */
    isTakenOver(service: string): boolean {
        return this.source.data.takeovers[service] !== undefined;
    }

    /** Logical name of a service's component. */
    component(service: string): string {
        return serviceLabel(service);
    }

    /** The value of a text with secret parts. */
    value(parts: Parts): Input<string> {
        if (!parts.some((part) => typeof part === "object")) return parts.join("");
        const values = parts.map((part) => (typeof part === "object" ? this.secret(part.key) : part));
        return Value.all(values).map((all) => all.join(""));
    }

    /** @throws RangeError for a key that the project does not have */
    secret(key: string): Value<string> {
        const value = this.instance.secretValue(key);
        if (value) return value;
        if (!this.source.lacking.some((one) => one.key === key))
            throw new RangeError(`the project has no secret "${key}"`);
        return Value.secret("");
    }
}

/** A name for an object of a service, of at most 63 characters. */
export const nameOf = (...parts: readonly string[]): string => objectName(...parts.map((part) => serviceLabel(part)));

export const digestOf = (content: unknown): string => contentHash(content);

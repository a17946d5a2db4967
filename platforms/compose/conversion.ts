import { contentHash, objectName } from "../../components/names";
import { Value, type Input } from "../../config/value";
import type { Service } from "../../compose";
import type { ComposeConfig, ComposeInstance } from "./config";
import { serviceLabel } from "./names";
import type { Notes } from "./notes";
import type { Parts } from "./secrets";
import type { Source } from "./source";

/** What the parts of a conversion share. */
export class Conversion {
    readonly notes: Notes;

    constructor(
        readonly instance: ComposeInstance,
        readonly settings: ComposeConfig,
        readonly source: Source,
    ) {
        this.notes = source.notes;
    }

    get services(): Readonly<Record<string, Service>> {
        return this.source.loaded.project.services;
    }

    /** The service in whose pod a service runs: another one's if it shares that one's network. */
    podOf(service: string): string {
        const other = /^service:(.+)$/.exec(this.services[service]?.network_mode ?? "")?.[1];
        return other === undefined || other === service || !this.services[other] ? service : this.podOf(other);
    }

    /** The services of a pod, the one that it is named after first. */
    inPod(pod: string): string[] {
        return [pod, ...Object.keys(this.services).filter((one) => one !== pod && this.podOf(one) === pod)];
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
        if (!value) throw new RangeError(`the project has no secret "${key}"`);
        return value;
    }
}

/** A name for an object of a service, of at most 63 characters. */
export const nameOf = (...parts: readonly string[]): string => objectName(...parts.map((part) => serviceLabel(part)));

export const digestOf = (content: unknown): string => contentHash(content);

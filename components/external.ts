import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import type { Instance } from "./instance";

/** Ranges of an external server: those given, else its own address, else none (anywhere). */
export function rangesOf(host: string, cidrs: readonly string[]): readonly string[] {
    if (cidrs.length > 0) return cidrs;
    const version = isIP(host);
    return version === 0 ? [] : [`${host}/${version === 4 ? 32 : 128}`];
}

/** The password of a service outside the cluster: it cannot be generated, so a missing one is reported at `field`. */
export function requiredSecret(instance: Instance, field: string, key: string): pulumi.Output<string> {
    const value = instance.secretValue(key);
    if (!value) instance.problem([field], `is external and needs its password: ${instance.howToSet(key)}`);
    return value ?? pulumi.secret("");
}

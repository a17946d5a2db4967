import { isIP } from "node:net";
import { Value } from "../config/value";
import ipaddr from "ipaddr.js";
import type { Instance } from "./instance";

/**
 * Ranges of an external server: those given, else its own address, else none (anywhere).
 *
 * @param host a name or an address, which may stand in brackets as in a URL
 */
export function rangesOf(host: string, cidrs: readonly string[]): readonly string[] {
    if (cidrs.length > 0) return cidrs;
    const text = host.replace(/^\[(.*)\]$/, "$1");
    if (isIP(text) === 0) return [];
    // An IPv4 address that is written as an IPv6 one is still reached by IPv4.
    const address = ipaddr.process(text);
    return [`${address.toString()}/${address.kind() === "ipv4" ? 32 : 128}`];
}

/** The password of a service outside the cluster: it cannot be generated, so a missing one is reported at `field`. */
export function requiredSecret<Secret extends string>(
    instance: Instance<Secret>,
    field: string,
    key: Secret,
): Value<string> {
    const value = instance.secretValue(key);
    if (!value) instance.problem([field], `is external and needs its password: ${instance.howToSet(key)}`, [key]);
    return value ?? Value.secret("");
}

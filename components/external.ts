import { isIP } from "node:net";
import { Value } from "../config/value";
import ipaddr from "ipaddr.js";
import type { Instance } from "./instance";

/**
 * Address ranges of an external server: the given ones, else its own address, else none (any address).
 *
 * @param host a name or an address, optionally in brackets as in a URL
 */
export function rangesOf(host: string, cidrs: readonly string[]): readonly string[] {
    if (cidrs.length > 0) return cidrs;
    const text = host.replace(/^\[(.*)\]$/, "$1");
    if (isIP(text) === 0) return [];
    // IPv4-mapped IPv6 addresses are reached over IPv4.
    const address = ipaddr.process(text);
    return [`${address.toString()}/${address.kind() === "ipv4" ? 32 : 128}`];
}

/** The password of an external service. It cannot be generated, so a missing one is reported at `field`. */
export function requiredSecret<Secret extends string>(
    instance: Instance<Secret>,
    field: string,
    key: Secret,
): Value<string> {
    const value = instance.secretValue(key);
    if (!value) instance.problem([field], `is external and requires its password: ${instance.howToSet(key)}`, [key]);
    return value ?? Value.secret("");
}

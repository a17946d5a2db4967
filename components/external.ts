import { isIP } from "node:net";
import { type ServerTlsConfig, takesTlsOnly, tlsPorts } from "../config/serverTls";
import { Value } from "../config/value";
import ipaddr from "ipaddr.js";
import { authorityOf } from "./authorities";
import type { Component } from "./component";
import type { External, Node } from "./graph";
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

interface OutsideConfig {
    readonly host: string;
    readonly port?: number | undefined;
    readonly cidrs: readonly string[];
    readonly tls?: ServerTlsConfig;
}

/** What the programs that connect can do. */
export interface Clients {
    /** Whether they can check a certificate's authority alone. @default false: they always check the name, too */
    readonly anyName?: boolean;
}

/** Where clients find an external server, and how they connect. */
export interface Outside {
    readonly host: string;
    readonly external: External;
}

/**
 * An external server as its clients see it. Reports a server that takes TLS only when nothing is said about it, and
 * warns of a port where many do.
 *
 * @param node of the component, whose name is also its key in the instance's configuration
 */
export function outside(
    instance: Instance,
    owner: Component,
    node: Node,
    config: OutsideConfig,
    clients: Clients = {},
): Outside {
    const { host, port, cidrs, tls } = config;
    const key = [node.name, "tls"];
    const plain = { host, external: { cidrs: rangesOf(host, cidrs) } };
    if (tls === undefined && takesTlsOnly(host, port))
        instance.problem(
            key,
            `is missing, and ${host} takes TLS only; allowed: true, {ca: …} for an authority of its own, ` +
                "or false if connections are not encrypted all the same",
        );
    else if (tls === undefined && port !== undefined && tlsPorts.includes(port))
        instance.warn(
            `"${node.name}" connects to port ${port} without TLS, which servers often require there; set ${key.join(".")}: true, or false if this one does not`,
        );
    if (tls === undefined || tls === false) return plain;
    const { ca, serverName, verifyName = true } = tls === true ? {} : tls;
    if (!verifyName && !clients.anyName)
        instance.problem(
            [...key, "verifyName"],
            "false is not possible here, because the programs that connect always check the name in the certificate; " +
                "allowed: true, with the server's address as host and the name in its certificate as serverName",
        );
    const authority = authorityOf(instance, owner, node, ca);
    const named = serverName !== undefined && serverName !== host;
    if (named && isIP(host) === 0)
        instance.problem(
            [...key, "serverName"],
            `"${serverName}" is not allowed with a host that is a name; set the host to the name in the certificate`,
        );
    return {
        host: named ? serverName : host,
        external: {
            ...plain.external,
            tls: {
                ...(authority === undefined ? {} : { authority }),
                ...(named ? { address: host } : {}),
                ...(verifyName ? {} : { anyName: true }),
            },
        },
    };
}

/** Reports a server that takes TLS only, for programs that have none. */
export function refuseTlsOnly(instance: Instance, name: string, { host, port, tls }: OutsideConfig): void {
    if (tls === undefined && takesTlsOnly(host, port))
        instance.problem(
            [name, "host"],
            `is not allowed: ${host} takes TLS only, and the programs that connect to it have no TLS; ` +
                `allowed: another host, or ${name}.tls: false if connections are not encrypted all the same`,
        );
}

/**
 * The password of an external service. It cannot be generated, so a missing one is reported at `field`.
 *
 * @param otherwise what takes its place. @default nothing does
 */
export function requiredSecret<Secret extends string>(
    instance: Instance<Secret>,
    field: string,
    key: Secret,
    otherwise = "",
): Value<string> {
    const value = instance.secretValue(key);
    if (!value)
        instance.problem([field], `is external and requires its password: ${instance.howToSet(key)}${otherwise}`, [
            key,
        ]);
    return value ?? Value.secret("");
}

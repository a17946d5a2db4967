import type { NetworkRule, SecretRef } from "../components/graph";
import type { Mount, Probe } from "../components/podArgs";

/**
 * A directory that is empty when the pod starts and is deleted with it.
 *
 * @param size its size limit
 * @param name of its volume, if none can be derived from the path
 */
export const scratch = (path: string, size: string, name?: string): Mount => ({
    path,
    scratch: { size },
    ...(name ? { name } : {}),
});

/**
 * Asks a pod by HTTP: every so many seconds, and how many failures in a row count.
 *
 * @param headers that the request has. @default none
 */
export const httpProbe =
    (port: number, path: string, headers: Readonly<Record<string, string>> = {}) =>
    (periodSeconds: number, failureThreshold: number): Probe => {
        const httpHeaders = Object.entries(headers).map(([name, value]) => ({ name, value }));
        return {
            httpGet: { path, port, ...(httpHeaders.length > 0 ? { httpHeaders } : {}) },
            periodSeconds,
            timeoutSeconds: 5,
            failureThreshold,
        };
    };

/** Asks nginx on its port, also about PHP behind it. */
export const nginxProbe =
    (port: number) =>
    (path: string, periodSeconds: number, failureThreshold: number): Probe =>
        httpProbe(port, path)(periodSeconds, failureThreshold);

/** What code that talks to services of others reaches: anybody's HTTPS. */
export const webServices: NetworkRule = { name: "web services", direction: "egress", ports: [443] };

/**
 * The way to a service of the user's own, by its URL or `host:port`. In the cluster its pods may have any port, since
 * policies look at those.
 */
export function wayTo(name: string, address: string | undefined): NetworkRule[] {
    if (address === undefined) return [];
    const { protocol, hostname, port } = new URL(address.includes("://") ? address : `http://${address}`);
    const namespace = /^[^.]+\.([^.]+)\.svc(\.|$)/.exec(hostname)?.[1];
    return [
        namespace === undefined
            ? { name, direction: "egress", host: hostname, ports: [Number(port || (protocol === "https:" ? 443 : 80))] }
            : { name, direction: "egress", namespace, ports: [] },
    ];
}

/**
 * Secret values as files, for programs that read what `NAME_FILE` leads to: passwords then are in no environment, and
 * no program takes one for a number.
 *
 * @param folder in which the files appear
 * @param values by the names of the variables, without `_FILE`; what is undefined is left out
 */
export function secretFiles(
    folder: string,
    values: Readonly<Record<string, SecretRef | undefined>>,
): { readonly env: Readonly<Record<string, string>>; readonly mounts: readonly Mount[] } {
    const given = Object.entries(values).flatMap(([name, value]) => (value ? [{ name, ...value }] : []));
    return {
        env: Object.fromEntries(given.map(({ name }) => [`${name}_FILE`, `${folder}/${name}`])),
        mounts: given.map(({ name, secret, key }) => ({ path: `${folder}/${name}`, secret, file: key })),
    };
}

import { images } from "../config/images";
import { authorityData, authorityKey } from "./authorityFile";
import type { Component } from "./component";
import { goesOut, type Node, type Service } from "./graph";
import type { Instance } from "./instance";
import { sh, word } from "./languages/sh";
import type { ContainerArgs, Mount, PodArgs } from "./podArgs";

/**
 * In the pods that connect to servers with TLS: the certificates of all authorities that they trust, the public ones
 * and your own. Programs with a setting for it are told this path; others find it by the environment.
 */
export const authoritiesFile = "/run/authorities/all.pem";

/** Where the container that makes the file has your own authorities. */
const ownFolder = "/etc/own-authorities";

/**
 * The variables by which programs find the file: OpenSSL, Go, Python and .NET; Python's requests; curl; the AWS SDKs;
 * Node.js; git; gRPC. Each would take it instead of its own list, so that the file has the public authorities, too.
 */
const environment = Object.fromEntries(
    [
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "AWS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    ].map((name) => [name, authoritiesFile]),
);

/** Joins the public authorities, where distributions of Linux have them, and all files of the folder. */
export const script = (folder = ownFolder, target = authoritiesFile) => sh`set -eu
for public in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -s "$public" ]; then break; fi
done
if [ ! -s "$public" ]; then
    echo "FAILED: the image has no certificates of public authorities" >&2
    exit 1
fi
for file in "$public" ${word(folder)}/*; do
    if [ ! -f "$file" ]; then continue; fi
    cat "$file"
    echo
done >${word(target)}`;

/** Declares the authority of one server; undefined if it has none of its own. */
export function authorityOf(
    instance: Instance,
    owner: Component,
    node: Node,
    ca: string | undefined,
): string | undefined {
    if (ca === undefined) return undefined;
    return instance.add(owner, "ConfigMap", `${node.name}-authority`, { data: authorityData([ca])! }, { node });
}

/** Where programs of an instance find the authorities, if it has its own or one of the services needs them. */
export const authoritiesFor = (instance: Instance, services: readonly Service[] = []): string | undefined =>
    instance.owner.authorities !== undefined || services.some(({ tls }) => tls) ? authoritiesFile : undefined;

/** A variable with the authorities' file for a program that connects to a service with TLS; nothing without TLS. */
export const tlsEnv = ({ tls }: Service, variable: string): Readonly<Record<string, string>> =>
    tls ? { [variable]: authoritiesFile } : {};

/** The same for PostgreSQL's library: https://www.postgresql.org/docs/current/libpq-envars.html */
export const postgresTlsEnv = (service: Service): Readonly<Record<string, string>> =>
    service.tls
        ? { PGSSLMODE: service.anyName ? "verify-ca" : "verify-full", ...tlsEnv(service, "PGSSLROOTCERT") }
        : {};

/**
 * A pod that connects with TLS to servers whose authorities are named, or to servers that are told the path, with the
 * file of authorities in all of its containers; and with the names of servers whose certificates do not name their
 * addresses.
 */
export function withAuthorities(instance: Instance, node: Node, args: PodArgs): PodArgs {
    const servers = node.uses.flatMap(({ to }) => (to.external?.tls ? [{ host: to.host, ...to.external.tls }] : []));
    const common = goesOut(node) ? instance.owner.authorities : undefined;
    const own = [common, ...servers.map(({ authority }) => authority), ...(args.authorities ?? [])].filter(
        (name) => name !== undefined,
    );
    if (servers.length === 0 && own.length === 0) return args;
    const folder: Mount = { path: "/run/authorities", scratch: { size: "4Mi" }, name: "authorities" };
    const informed = (one: ContainerArgs): ContainerArgs => ({
        ...one,
        env: { ...environment, ...one.env },
        mounts: [...(one.mounts ?? []), folder],
    });
    const first: ContainerArgs = {
        name: "authorities",
        // Every instance has this image, and it has the public authorities.
        image: images.caddy,
        command: ["sh", "-c", script()],
        resources: { cpu: "5m", memory: "16Mi" },
        mounts: [
            folder,
            ...[...new Set(own)].map((configMap): Mount => ({
                path: `${ownFolder}/${configMap}.pem`,
                configMap,
                file: authorityKey,
            })),
        ],
    };
    const named = servers.flatMap(({ host, address }) => (address === undefined ? [] : [[host, address] as const]));
    const hostAliases = [...new Map(named)].map(([host, ip]) => ({ ip, hostnames: [host] }));
    const { hostAliases: others = [], ...more } = args.more ?? {};
    return {
        ...args,
        initContainers: [first, ...(args.initContainers ?? []).map(informed)],
        containers: args.containers.map(informed),
        more: {
            ...more,
            ...(hostAliases.length + (others as object[]).length > 0
                ? { hostAliases: [...(others as typeof hostAliases), ...hostAliases] }
                : {}),
        },
    };
}

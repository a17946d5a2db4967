import type { GaleraConfig } from "../../../config/database";
import { images } from "../../../config/images";
import { clusterService, disruptionBudget } from "../../deployment";
import type { Component } from "../../component";
import { type NetworkRule, type Node, nodeId, Service } from "../../graph";
import type { Instance } from "../../instance";
import { selectorOf } from "../../labels";
import type { ContainerArgs } from "../../podArgs";
import type { ServerArgs } from "../server";
import { beginFile, galeraPorts } from "./files";

/** Name of the volume that is another one in each member's pod. */
export const memberVolume = "data";

const beginPath = "/etc/plinth-begin";

const between = {
    server: galeraPorts.server,
    agent: galeraPorts.agent,
    group: galeraPorts.group,
    missing: galeraPorts.missing,
    whole: galeraPorts.whole,
};

/** Logical names of the Services of a cluster's reads and of its members. */
export const galeraServices = (name: string) => ({ reads: `${name}-read`, members: `${name}-members` }) as const;

/** Logical names of the members' volumes: the first is that which sets the size of all. */
export const galeraVolumes = (name: string, { members }: GaleraConfig): string[] =>
    [...Array(members).keys()].map((ordinal) => (ordinal === 0 ? name : `${name}-${ordinal}`));

/**
 * Whether servers of a series make the account that copies all data to another member for the time of the transfer.
 * https://jira.mariadb.org/browse/MDEV-31809
 */
export function fillsMembers(series: string): boolean {
    const [major, minor] = series.split(" ")[1]!.split(".").map(Number) as [number, number];
    return major > 11 || (major === 11 && minor >= 6);
}

/** Adds the members to the graph, as one component whose pods connect to each other. */
export function joinGroup(instance: Instance, name: string, networkRules: readonly NetworkRule[]): Node {
    const self = new Service(nodeId(instance.namespace, name), instance.host(name), between, {});
    return instance.addNode(name, { kind: "database", uses: [self.bind()], networkRules });
}

/** Host names of the members, in the order of their ordinals: the StatefulSet gives them to its pods. */
export const memberHosts = (instance: Instance, name: string, { members }: GaleraConfig): string[] =>
    [...Array(members).keys()].map(
        (ordinal) => `${instance.objectName(name)}-${ordinal}.${instance.host(galeraServices(name).members)}`,
    );

export interface GaleraArgs {
    readonly config: GaleraConfig;
    /** Host names of the members, in order. */
    readonly hosts: readonly string[];
    /** ConfigMap with the consent to begin, which changes in place. */
    readonly begin: string;
}

/** Declares the Services of the members, of the one that takes writes, and of those that answer reads. */
export function galeraObjects(instance: Instance, owner: Component, node: Node, config: GaleraConfig): string {
    const { reads, members } = galeraServices(node.name);
    // Each pod's proxy leads to the writer.
    clusterService(instance, owner, node, { mysql: galeraPorts.writes });
    clusterService(instance, owner, node, { server: galeraPorts.server }, { name: reads });
    clusterService(instance, owner, node, { server: galeraPorts.server }, { name: members, members: true });
    disruptionBudget(instance, owner, node, selectorOf(node));
    return instance.add(
        owner,
        "ConfigMap",
        `${node.name}-begin`,
        { data: { begin: beginFile(config) } },
        { node, fixedName: true },
    );
}

/** The pod of a member: the server, a supervisor that answers for it, and a proxy that leads to the writer. */
export function galeraContainers(
    server: ContainerArgs,
    { rootPassword }: ServerArgs["secrets"],
    { hosts, begin }: GaleraArgs,
    configMap: string,
): ContainerArgs[] {
    const { env = {}, mounts = [] } = server;
    const group = { HOSTS: hosts.join(" ") };
    return [
        {
            ...server,
            env: { ...env, ...group },
            ports: {
                server: galeraPorts.server,
                group: galeraPorts.group,
                missing: galeraPorts.missing,
                whole: galeraPorts.whole,
            },
            probes: {
                readiness: {
                    command: ["sh", "/etc/plinth/ready.sh"],
                    periodSeconds: 2,
                    timeoutSeconds: 5,
                    failureThreshold: 2,
                },
                liveness: {
                    command: ["sh", "/etc/plinth/alive.sh"],
                    periodSeconds: 15,
                    timeoutSeconds: 15,
                    failureThreshold: 6,
                },
            },
            preStop: ["sh", "/etc/plinth/leave.sh"],
            mounts: [...mounts, { path: beginPath, configMap: begin }],
        },
        {
            name: "supervisor",
            image: server.image,
            command: ["sh", "/etc/plinth/supervise.sh"],
            env: { MARIADB_USER: env["MARIADB_USER"]!, MARIADB_ROOT_PASSWORD: rootPassword, ...group },
            ports: { agent: galeraPorts.agent },
            resources: { cpu: "10m", memory: "64Mi" },
            mounts: mounts.filter(({ path }) => path === "/etc/plinth" || path === "/run/mysqld"),
        },
        {
            name: "proxy",
            image: images.haproxy,
            command: ["haproxy", "-W", "-db", "-f", "/etc/plinth/haproxy.cfg"],
            ports: { mysql: galeraPorts.writes },
            resources: { cpu: "20m", memory: "64Mi" },
            probes: { readiness: { tcpSocket: { port: galeraPorts.writes }, periodSeconds: 2, failureThreshold: 2 } },
            user: 99,
            // Connections that have just been sent here are still accepted.
            preStop: 5,
            mounts: [{ path: "/etc/plinth", configMap }],
        },
    ];
}

/** Mounts each member's own volume in the place of the one with the claim. */
export const onOwnVolume =
    (claim: string) =>
    (container: ContainerArgs): ContainerArgs => ({
        ...container,
        ...(container.mounts
            ? {
                  mounts: container.mounts.map((mount) =>
                      "claim" in mount && mount.claim === claim ? { ...mount, name: memberVolume } : mount,
                  ),
              }
            : {}),
    });

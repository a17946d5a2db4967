import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import type { ClusterConfig } from "./stack";

/** One cluster as a kubeconfig describes it. */
export interface Context {
    readonly name: string;
    /** URL of the API server; empty when the kubeconfig does not say. */
    readonly server: string;
}

/** Contexts that the common local clusters make. */
const localNames = /^(minikube|docker-desktop|rancher-desktop|orbstack|microk8s|colima.*|kind-.+|k3d-.+|k3s-default)$/;

/** A cluster on this very machine: by its name, or because its API server listens on loopback. */
export const isLocal = ({ name, server }: Context): boolean =>
    localNames.test(name) || /^https?:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\]|0\.0\.0\.0)(:|\/|$)/.test(server);

interface Kubeconfig {
    readonly "current-context"?: string;
    readonly contexts?: readonly { name: string; context: { cluster: string } }[];
    readonly clusters?: readonly { name: string; cluster: { server?: string } }[];
}

/** The kubeconfig that the configuration or the environment names: a path, or contents. */
export function kubeconfigOf(cluster: ClusterConfig): string | undefined {
    if (typeof cluster.kubeconfig === "object") return process.env[cluster.kubeconfig.env];
    return cluster.kubeconfig;
}

/** The context that a stack's objects go to, or undefined when there is no kubeconfig or no such context in it. */
export function contextOf(cluster: ClusterConfig): Context | undefined {
    const configs = readKubeconfigs(kubeconfigOf(cluster));
    const name = cluster.context ?? configs.find((config) => config["current-context"])?.["current-context"];
    const context = configs.flatMap((config) => config.contexts ?? []).find((candidate) => candidate.name === name);
    if (!context) return undefined;
    const server = configs
        .flatMap((config) => config.clusters ?? [])
        .find((candidate) => candidate.name === context.context.cluster);
    return { name: context.name, server: server?.cluster.server ?? "" };
}

function readKubeconfigs(explicit: string | undefined): Kubeconfig[] {
    if (explicit?.includes("\n")) return [parse(explicit) as Kubeconfig];
    const paths = explicit
        ? [explicit]
        : (process.env["KUBECONFIG"] ?? join(homedir(), ".kube", "config")).split(delimiter);
    return paths
        .filter((path) => path !== "" && existsSync(path))
        .map((path) => (parse(readFileSync(path, "utf8")) ?? {}) as Kubeconfig);
}

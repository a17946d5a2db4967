import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { ConfigError } from "./problems";
import type { ClusterConfig } from "./stack";

/** One cluster as a kubeconfig describes it. */
export interface Context {
    readonly name: string;
    /** URL of the API server; empty when the kubeconfig does not say. */
    readonly server: string;
    /** Whether minikube made it, which notes that beside the server: a profile may have any name. */
    readonly minikube?: boolean;
}

/** Contexts that the common local clusters make. */
const localNames = /^(minikube|docker-desktop|rancher-desktop|orbstack|microk8s|colima.*|kind-.+|k3d-.+|k3s-default)$/;

/** A cluster on this very machine: by its name or maker, or because its API server listens on loopback. */
export const isLocal = ({ name, server, minikube = false }: Context): boolean =>
    minikube ||
    localNames.test(name) ||
    /^https?:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\]|0\.0\.0\.0)(:|\/|$)/.test(server);

interface Kubeconfig {
    readonly "current-context"?: string;
    readonly contexts?: readonly { name: string; context: { cluster: string } }[];
    readonly clusters?: readonly { name: string; cluster: Cluster }[];
}

interface Cluster {
    readonly server?: string;
    readonly extensions?: readonly { readonly extension?: { readonly provider?: unknown } | null }[];
}

/**
 * The kubeconfig that the configuration names: a path, or contents. Undefined when it names none: the usual places.
 *
 * @throws ConfigError when the one that is named is not there: the usual places would lead to another cluster
 */
export function kubeconfigOf(cluster: ClusterConfig): string | undefined {
    const { kubeconfig } = cluster;
    const named = typeof kubeconfig === "object" ? process.env[kubeconfig.env] : kubeconfig;
    const path = "plinth:cluster.kubeconfig";
    if (typeof kubeconfig === "object" && !named)
        throw new ConfigError([{ path, message: `the environment variable ${kubeconfig.env} is not set` }]);
    if (named && !isContents(named) && !existsSync(named))
        throw new ConfigError([{ path, message: `there is no file "${named}"` }]);
    return named;
}

/** Whether it is a kubeconfig itself, with its keys and tokens, and no path of one. */
export const isContents = (kubeconfig: string): boolean => kubeconfig.includes("\n");

/** What makes kubectl work on the same cluster as the provider; contents are given as a file. */
export function kubectlArgs(cluster: ClusterConfig): string[] {
    const named = kubeconfigOf(cluster);
    const path = named && isContents(named) ? writePrivate(named) : named;
    return [...(path ? ["--kubeconfig", path] : []), ...(cluster.context ? ["--context", cluster.context] : [])];
}

/** A file that only this user can read, and that is gone when the process ends. */
function writePrivate(contents: string): string {
    const folder = mkdtempSync(join(tmpdir(), "plinth-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "kubeconfig");
    writeFileSync(path, contents, { mode: 0o600 });
    return path;
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
    const minikube = server?.cluster.extensions?.some(
        ({ extension }) => extension?.provider === "minikube.sigs.k8s.io",
    );
    return { name: context.name, server: server?.cluster.server ?? "", ...(minikube ? { minikube } : {}) };
}

function readKubeconfigs(explicit: string | undefined): Kubeconfig[] {
    if (explicit && isContents(explicit)) return [parse(explicit) as Kubeconfig];
    const paths = explicit
        ? [explicit]
        : (process.env["KUBECONFIG"] ?? join(homedir(), ".kube", "config")).split(delimiter);
    return paths
        .filter((path) => path !== "" && existsSync(path))
        .map((path) => (parse(readFileSync(path, "utf8")) ?? {}) as Kubeconfig);
}

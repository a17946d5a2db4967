import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { ConfigError, show } from "./problems";
import type { ClusterConfig } from "./stack";
import { readYaml } from "./yaml";

/** One context of a kubeconfig. */
export interface Context {
    readonly name: string;
    /** URL of the API server; empty if the kubeconfig does not contain it. */
    readonly server: string;
    /** Whether minikube created it, by a note next to the server, because a profile may have any name. */
    readonly minikube?: boolean;
}

/** Names of contexts that common local clusters create. */
const localNames = /^(minikube|docker-desktop|rancher-desktop|orbstack|microk8s|colima.*|kind-.+|k3d-.+|k3s-default)$/;

/** Whether a cluster is on this machine: by its name or creator, or because its API server listens on loopback. */
export const isLocal = ({ name, server, minikube = false }: Context): boolean =>
    minikube ||
    localNames.test(name) ||
    /^https?:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\]|0\.0\.0\.0)(:|\/|$)/.test(server);

const extension = z.looseObject({ extension: z.looseObject({ provider: z.unknown() }).nullish().catch(null) });

/** The parts of a kubeconfig that are used here. kubectl writes `null` for an empty list. */
const schema = z.looseObject({
    "current-context": z.string().nullish(),
    contexts: z.array(z.looseObject({ name: z.string(), context: z.looseObject({ cluster: z.string() }) })).nullish(),
    clusters: z
        .array(
            z.looseObject({
                name: z.string(),
                cluster: z.looseObject({ server: z.string().optional(), extensions: z.array(extension).nullish() }),
            }),
        )
        .nullish(),
});

type Kubeconfig = z.infer<typeof schema>;

/**
 * The configured kubeconfig: a path, or contents. Undefined for the default locations.
 *
 * @throws ConfigError if the configured one does not exist, because the default locations may point to another cluster
 */
export function kubeconfigOf(cluster: ClusterConfig): string | undefined {
    const { kubeconfig } = cluster;
    const named = typeof kubeconfig === "object" ? process.env[kubeconfig.env] : kubeconfig;
    const path = "plinth:cluster.kubeconfig";
    const wrong = (message: string) => new ConfigError([{ path, message }]);
    if (typeof kubeconfig === "object" && !named) throw wrong(`the environment variable ${kubeconfig.env} is not set`);
    if (named && !isContents(named) && !existsSync(named))
        throw wrong(
            typeof kubeconfig === "object"
                ? // Its value may be an unreadable kubeconfig and is not shown.
                  `the environment variable ${kubeconfig.env} contains neither the path of an existing file nor a kubeconfig in YAML or JSON`
                : `the file ${show(named)} does not exist`,
        );
    return named;
}

/** Whether this is a kubeconfig itself, with keys and tokens, rather than a path. */
export const isContents = (kubeconfig: string): boolean => /\n|^\s*\{/.test(kubeconfig);

/** The context that a stack is deployed to; undefined if there is no kubeconfig or it has no such context. */
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
    if (explicit && isContents(explicit)) return [asKubeconfig(explicit, "plinth:cluster.kubeconfig")];
    const paths = explicit
        ? [explicit]
        : (process.env["KUBECONFIG"] ?? join(homedir(), ".kube", "config")).split(delimiter);
    return paths
        .filter((path) => path !== "" && existsSync(path))
        .map((path) => asKubeconfig(readFileSync(path, "utf8"), path));
}

/** @throws ConfigError if it is not a kubeconfig */
function asKubeconfig(text: string, name: string): Kubeconfig {
    const { success, data } = schema.safeParse(readYaml(text, name) ?? {});
    if (success) return data;
    throw new ConfigError([
        { path: name, message: "is not a kubeconfig; allowed: a map with lists of clusters, users and contexts" },
    ]);
}

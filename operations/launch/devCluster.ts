import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Context, contextOf, isLocal } from "../../config/kubeconfig";
import type { StackConfig } from "../../config/stack";
import { isMissing, type Missing, ownState } from "../engine/engine";
import { UserError } from "../system/errors";
import { findClusterTool, isMinikube, loaderFor } from "../images/localCluster";
import type { RenderedObject } from "../render/rendering";
import type { Session } from "../session";
import { findOnPath, read, run } from "../system/shell";

export interface ClusterOptions {
    /** What makes a cluster where there is none. @default what is installed, minikube before kind */
    readonly cluster?: "minikube" | "kind";
    /** The cluster's name. @default the tool's own */
    readonly profile?: string;
    /** What minikube runs its node in. @default minikube's choice */
    readonly driver?: string;
}

/** A cluster on this machine that is there, or can be. */
export interface DevCluster {
    /** What it takes and is not there. */
    check(): Promise<Missing[]>;
    /**
     * Makes sure that it runs.
     *
     * @param ports node ports to be reached under the same number on this machine, where the cluster is created
     * @throws UserError when it cannot be started
     */
    start(ports: readonly NodePort[]): Promise<void>;
}

export interface NodePort {
    readonly nodePort: number;
    readonly protocol?: string;
}

/** The ports that the Services of a stack open on every node. */
export const nodePortsOf = (objects: readonly RenderedObject[]): NodePort[] =>
    objects
        .filter(({ kind }) => kind === "Service")
        .flatMap((service) => (service as { spec?: { ports?: Partial<NodePort>[] } }).spec?.ports ?? [])
        .filter((port): port is NodePort => port.nodePort !== undefined);

/**
 * The cluster of the current context, or the one to create where there is none.
 *
 * @throws UserError when the context is of a cluster elsewhere, which is never touched, or is not the one asked for
 */
export function chooseCluster(session: Session, options: ClusterOptions): DevCluster {
    const config = session.config();
    const context = contextOf(config.cluster);
    if (!context) return clusterToCreate(config, options);
    if (!isLocal(context))
        throw new UserError(
            `Nothing was changed: the context "${context.name}" (${context.server}) is no cluster on this machine.\n` +
                (config.cluster.context
                    ? `It is named by plinth:cluster.context in Pulumi.${config.stack}.yaml: take it out, or name a local one.`
                    : "Switch to a local one (kubectl config use-context NAME), or have one created beside it:\n" +
                      "  KUBECONFIG=~/.kube/plinth-dev ./plinth dev up"),
        );
    checkOptions(context, options);
    return existingCluster(context, session);
}

/** @throws UserError when options ask for another cluster than the current one */
function checkOptions(context: Context, { cluster, profile, driver }: ClusterOptions): void {
    const isKind = context.name.startsWith("kind-");
    const fits =
        driver === undefined &&
        (cluster === undefined || (cluster === "kind" ? isKind : isMinikube(context))) &&
        (profile === undefined || context.name === (isKind ? `kind-${profile}` : profile));
    if (fits) return;
    throw new UserError(
        `Nothing was changed: the current context is "${context.name}", a local cluster, which is used as it is; ` +
            "--cluster, --profile and --driver say how one is created.\n" +
            "Leave them out, or have it created beside: KUBECONFIG=~/.kube/plinth-dev ./plinth dev up …",
    );
}

function existingCluster(context: Context, session: Session): DevCluster {
    const loader = loaderFor(context, session);
    return {
        check: async () => {
            const found = await session.cluster();
            if (!isMissing(found)) return loader.check();
            // minikube starts what it has stopped, with all that is in it.
            if (isMinikube(context)) return findClusterTool("minikube");
            const [, kind] = /^kind-(.+)$/.exec(context.name) ?? [];
            return [kind ? { ...found, remedy: `start it: docker start ${kind}-control-plane` } : found];
        },
        start: async () => {
            console.error(`The current context is used: ${context.name}`);
            if (isMissing(await session.cluster())) await run("minikube", ["start", "--profile", context.name]);
        },
    };
}

function clusterToCreate({ stack, cluster: settings }: StackConfig, options: ClusterOptions): DevCluster {
    if (settings.context || settings.kubeconfig)
        throw new UserError(
            `Nothing was changed: plinth:cluster in Pulumi.${stack}.yaml names ${
                settings.context
                    ? `the context "${settings.context}", which is not there`
                    : "a kubeconfig without a current context"
            }. Take it out to have a cluster created.`,
        );
    const { profile, driver } = options;
    const tool =
        options.cluster ??
        (driver !== undefined || findOnPath("minikube") ? "minikube" : findOnPath("kind") ? "kind" : undefined);
    if (tool === "kind" && driver !== undefined)
        throw new UserError(`--driver "${driver}" is for minikube; kind has no drivers`);
    return {
        check: async () =>
            tool === undefined
                ? [
                      {
                          what: "a local cluster: no context is current, and neither minikube nor kind is on the PATH",
                          remedy: "https://minikube.sigs.k8s.io/docs/start/ or https://kind.sigs.k8s.io",
                      },
                  ]
                : findClusterTool(tool),
        start: (ports) =>
            tool === "kind" ? startKind(profile ?? "kind", ports) : startMinikube(profile, driver, ports),
    };
}

/** Starts the cluster of that name, too, when it is there already. */
async function startMinikube(
    profile: string | undefined,
    driver: string | undefined,
    ports: readonly NodePort[],
): Promise<void> {
    await run("minikube", [
        "start",
        ...(profile === undefined ? [] : ["--profile", profile]),
        ...(driver === undefined ? [] : ["--driver", driver]),
        // Of effect where the node is a container; elsewhere it is ignored.
        ...ports
            .filter(({ protocol = "TCP" }) => protocol === "TCP")
            .flatMap(({ nodePort }) => ["--ports", `127.0.0.1:${nodePort}:${nodePort}`]),
    ]);
}

async function startKind(name: string, ports: readonly NodePort[]): Promise<void> {
    const { ok, stdout } = await read("kind", ["get", "clusters"]);
    if (ok && stdout.split(/\s+/).includes(name)) {
        await run("kind", ["export", "kubeconfig", "--name", name]);
        return;
    }
    mkdirSync(ownState, { recursive: true });
    const config = join(ownState, "kind.yaml");
    writeFileSync(config, kindConfig(ports));
    await run("kind", ["create", "cluster", "--name", name, "--config", config]);
}

/** A cluster of one node whose node ports are reached from this machine, and from nowhere else. */
const kindConfig = (ports: readonly NodePort[]): string =>
    stringify({
        kind: "Cluster",
        apiVersion: "kind.x-k8s.io/v1alpha4",
        nodes: [
            {
                role: "control-plane",
                extraPortMappings: ports.map(({ nodePort, protocol = "TCP" }) => ({
                    containerPort: nodePort,
                    hostPort: nodePort,
                    listenAddress: "127.0.0.1",
                    protocol,
                })),
            },
        ],
    });

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { nodePath } from "../../config/dev";
import { type Context, contextOf, isLocal } from "../../config/kubeconfig";
import type { StackConfig } from "../../config/stack";
import { isMissing, type Missing, ownState } from "../engine/engine";
import { UserError } from "../system/errors";
import { findClusterTool, isMinikube, loaderFor } from "../images/localCluster";
import type { RenderedObject } from "../render/rendering";
import type { Session } from "../session";
import { findOnPath, read, run } from "../system/shell";

export interface ClusterOptions {
    /** Tool that creates a cluster if there is none. @default the installed one, minikube before kind */
    readonly cluster?: "minikube" | "kind";
    /** The cluster's name. @default the tool's default */
    readonly profile?: string;
    /** Driver for minikube's node. @default minikube's choice */
    readonly driver?: string;
    /** Further arguments for `minikube start`, such as `--hyperv-virtual-switch=Default Switch`. @default none */
    readonly more?: readonly string[];
}

/** What a cluster has when it is created. */
export interface ClusterNeeds {
    /** Node ports to publish under the same number on this machine. */
    readonly ports: readonly NodePort[];
    /** Folders of this machine that pods mount. */
    readonly folders: readonly string[];
}

/** A cluster on this machine that exists or can be created. */
export interface DevCluster {
    /** Missing prerequisites. */
    check(): Promise<Missing[]>;
    /**
     * Creates or starts the cluster unless it is running.
     *
     * @param needs what it has from its beginning; of a cluster that exists, what it lacks is told
     * @throws UserError if it cannot be started
     */
    start(needs: ClusterNeeds): Promise<void>;
}

export interface NodePort {
    readonly nodePort: number;
    readonly protocol?: string;
}

/** The node ports of a stack's Services. */
export const nodePortsOf = (objects: readonly RenderedObject[]): NodePort[] =>
    objects
        .filter(({ kind }) => kind === "Service")
        .flatMap((service) => (service as { spec?: { ports?: Partial<NodePort>[] } }).spec?.ports ?? [])
        .filter((port): port is NodePort => port.nodePort !== undefined);

/**
 * The cluster of the current context, or the one to create if there is none.
 *
 * @throws UserError if the context belongs to a remote cluster, which is never touched, or does not match the options
 */
export function chooseCluster(session: Session, options: ClusterOptions): DevCluster {
    const config = session.config();
    const context = contextOf(config.cluster);
    if (!context) return clusterToCreate(config, options);
    if (!isLocal(context))
        throw new UserError(
            `Nothing was changed: the context "${context.name}" (${context.server}) is not a cluster on this machine.\n` +
                (config.cluster.context
                    ? `It is set by plinth:cluster.context in Pulumi.${config.stack}.yaml: remove that, or set a local one.`
                    : "Switch to a local one (kubectl config use-context NAME), or have one created in a separate kubeconfig:\n" +
                      "  KUBECONFIG=~/.kube/plinth-dev ./plinth dev up"),
        );
    checkOptions(context, options);
    return existingCluster(context, session);
}

/** @throws UserError if the options ask for a different cluster than the current one */
function checkOptions(context: Context, { cluster, profile, driver, more = [] }: ClusterOptions): void {
    const isKind = context.name.startsWith("kind-");
    const fits =
        driver === undefined &&
        more.length === 0 &&
        (cluster === undefined || (cluster === "kind" ? isKind : isMinikube(context))) &&
        (profile === undefined || context.name === (isKind ? `kind-${profile}` : profile));
    if (fits) return;
    throw new UserError(
        `Nothing was changed: the current context is "${context.name}", a local cluster, which is used as it is; ` +
            "--cluster, --profile, --driver and arguments after -- only apply to a new one.\n" +
            "Omit them, or have a new one created in a separate kubeconfig: KUBECONFIG=~/.kube/plinth-dev ./plinth dev up …",
    );
}

function existingCluster(context: Context, session: Session): DevCluster {
    const loader = loaderFor(context, session);
    return {
        check: async () => {
            const found = await session.cluster();
            if (!isMissing(found)) return loader.check();
            // minikube restarts a stopped cluster with all its contents.
            if (isMinikube(context)) return findClusterTool("minikube");
            const [, kind] = /^kind-(.+)$/.exec(context.name) ?? [];
            return [kind ? { ...found, remedy: `start it: docker start ${kind}-control-plane` } : found];
        },
        start: async ({ folders }) => {
            console.error(`Using the current context: ${context.name}`);
            const mounts = isMinikube(context) ? minikubeMount(folders) : undefined;
            if (isMissing(await session.cluster())) await run("minikube", ["start", "--profile", context.name]);
            if (mounts)
                console.error(
                    `Its node sees the folders of dev.mounts while this runs in another terminal:\n  minikube mount ${mounts} --profile ${context.name}`,
                );
            else if (folders.length > 0)
                console.error(
                    `The node of "${context.name}" sees the folders of dev.mounts only if it was created with them, by ./plinth dev up.`,
                );
        },
    };
}

function clusterToCreate({ stack, cluster: settings }: StackConfig, options: ClusterOptions): DevCluster {
    if (settings.context || settings.kubeconfig)
        throw new UserError(
            `Nothing was changed: plinth:cluster in Pulumi.${stack}.yaml names ${
                settings.context
                    ? `the context "${settings.context}", which does not exist`
                    : "a kubeconfig without a current context"
            }. Remove it to have a cluster created.`,
        );
    const { profile, driver, more = [] } = options;
    const tool =
        options.cluster ??
        (driver !== undefined || more.length > 0 || findOnPath("minikube")
            ? "minikube"
            : findOnPath("kind")
              ? "kind"
              : undefined);
    if (tool === "kind" && driver !== undefined)
        throw new UserError(`--driver "${driver}" only applies to minikube; kind has no drivers`);
    if (tool === "kind" && more.length > 0)
        throw new UserError(`"${more.join(" ")}" after -- is for minikube; kind gets no further arguments`);
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
        start: (needs) =>
            tool === "kind" ? startKind(profile ?? "kind", needs) : startMinikube({ profile, driver, more }, needs),
    };
}

/**
 * The folder that minikube mounts, the innermost one with all these, as it takes it; undefined for none.
 *
 * @throws UserError if only a whole disk has all of them
 */
export function minikubeMount(folders: readonly string[]): string | undefined {
    const [first, ...others] = folders.map((folder) => folder.split("/"));
    if (!first) return undefined;
    const differs = first.findIndex((part, index) => others.some((other) => other[index] !== part));
    const common = (differs < 0 ? first : first.slice(0, differs)).join("/");
    if (!common.replace(/^[A-Za-z]:/, ""))
        throw new UserError(
            `Nothing was changed: minikube mounts one folder of this machine, and none has all of dev.mounts: ${folders.join(", ")}`,
        );
    return `${common}:${nodePath(common)}`;
}

/** Also starts an existing cluster of that name. */
async function startMinikube(
    { profile, driver, more }: Pick<ClusterOptions, "profile" | "driver"> & { readonly more: readonly string[] },
    { ports, folders }: ClusterNeeds,
): Promise<void> {
    const mount = minikubeMount(folders);
    await run("minikube", [
        "start",
        ...(profile === undefined ? [] : ["--profile", profile]),
        ...(driver === undefined ? [] : ["--driver", driver]),
        // Only takes effect if the node is a container; otherwise it is ignored.
        ...ports
            .filter(({ protocol = "TCP" }) => protocol === "TCP")
            .flatMap(({ nodePort }) => ["--ports", `127.0.0.1:${nodePort}:${nodePort}`]),
        ...(mount ? ["--mount", "--mount-string", mount] : []),
        ...more,
    ]);
}

async function startKind(name: string, needs: ClusterNeeds): Promise<void> {
    const { ok, stdout } = await read("kind", ["get", "clusters"]);
    if (ok && stdout.split(/\s+/).includes(name)) {
        await run("kind", ["export", "kubeconfig", "--name", name]);
        return;
    }
    mkdirSync(ownState, { recursive: true });
    const config = join(ownState, "kind.yaml");
    writeFileSync(config, kindConfig(needs));
    await run("kind", ["create", "cluster", "--name", name, "--config", config]);
}

/** A cluster with one node, whose node ports are reachable from this machine only. */
const kindConfig = ({ ports, folders }: ClusterNeeds): string =>
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
                ...(folders.length > 0
                    ? { extraMounts: folders.map((folder) => ({ hostPath: folder, containerPath: nodePath(folder) })) }
                    : {}),
            },
        ],
    });

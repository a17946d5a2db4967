import { images, usualReference } from "../../config/images";
import { type Context, isLocal } from "../../config/kubeconfig";
import type { StackConfig } from "../../config/stack";
import type { Missing } from "../engine/engine";
import { UserError } from "../system/errors";
import { KubectlError } from "../cluster/kubectlError";
import type { Session } from "../session";
import { read, run } from "../system/shell";
import { type BuiltImage, findTool } from "./images";
import { apiOf, isLoopback, locate } from "./registry";

/** How images get to where a local cluster's pods find them. */
export interface Loader {
    /** What it takes and is not there. */
    check(): Promise<Missing[]>;
    /** @throws UserError when the images cannot be brought there */
    load(images: readonly BuiltImage[]): Promise<void>;
}

const homepages = {
    minikube: "https://minikube.sigs.k8s.io/docs/start/",
    kind: "https://kind.sigs.k8s.io/docs/user/quick-start/",
    k3d: "https://k3d.io/stable/#installation",
    kubectl: "https://kubernetes.io/docs/tasks/tools/",
};

/** A program for local clusters, or that it is missing. */
export const findClusterTool = (name: keyof typeof homepages): Missing[] => findTool(name, homepages[name]);

export const isMinikube = ({ name, minikube = false }: Context): boolean => minikube || name === "minikube";

/**
 * The way that suits the cluster of a context.
 *
 * @throws UserError when the cluster is not on this machine
 */
export function loaderFor(context: Context, session: Pick<Session, "config" | "kubectl">): Loader {
    const config = session.config();
    const { name } = context;
    if (!isLocal(context))
        throw new UserError(
            `The context "${name}" (${context.server}) is no local cluster, and gets its images from a registry: ./plinth images push ${config.stack}`,
        );
    const [, tool, cluster] = /^(kind|k3d)-(.+)$/.exec(name) ?? [];
    const references = (images: readonly BuiltImage[]) => images.map(({ reference }) => reference);
    if (isMinikube(context))
        return {
            check: async () => findClusterTool("minikube"),
            load: async (images) => {
                for (const reference of references(images))
                    await run("minikube", ["image", "load", reference, "--profile", name]);
            },
        };
    if (tool === "kind")
        return {
            check: async () => findClusterTool("kind"),
            load: async (images) => {
                await run("kind", ["load", "docker-image", ...references(images), "--name", cluster!]);
            },
        };
    if (tool === "k3d")
        return {
            check: async () => findClusterTool("k3d"),
            load: async (images) => {
                await run("k3d", ["image", "import", ...references(images), "--cluster", cluster!]);
            },
        };
    if (/^(docker-desktop|orbstack)$/.test(name)) return { check: async () => [], load: () => shared(name) };
    if (/^(rancher-desktop|colima.*)$/.test(name))
        return { check: () => checkRuntime(name, session), load: () => shared(name) };
    const { registry } = locate(`${config.images.registry}/any`);
    return {
        check: async () => {
            if (isLoopback(registry)) return [];
            throw new UserError(
                `The images of "${config.stack}" belong to ${registry}, which is not on this machine: ./plinth images push ${config.stack}`,
            );
        },
        load: async (images) => {
            await startRegistry(registry, config);
            for (const reference of references(images)) await run("docker", ["push", reference]);
        },
    };
}

async function shared(name: string): Promise<void> {
    console.error(`${name} runs the images of the local docker: there is nothing to load.`);
}

/** These clusters run what docker has built only if docker is what runs their containers. */
async function checkRuntime(name: string, session: Pick<Session, "kubectl">): Promise<Missing[]> {
    const missing = findClusterTool("kubectl");
    if (missing.length > 0) return missing;
    const kubectl = await session.kubectl();
    const query = "jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}";
    const runtimes = await kubectl.read(["get", "nodes", "--output", query]).catch((error: unknown) => {
        if (!(error instanceof KubectlError)) throw error;
        throw new UserError(`kubectl could not tell what runs containers in "${name}": ${error.said}`);
    });
    if (runtimes.startsWith("docker://")) return [];
    return [
        {
            what: `docker as what runs containers in "${name}": ${runtimes.trim()} does not see docker's images`,
            remedy:
                name === "rancher-desktop"
                    ? "choose dockerd (moby) in Preferences → Container Engine"
                    : "start it anew: colima start --kubernetes --runtime docker",
        },
    ];
}

/** How long a registry may take to start, in milliseconds: docker has fetched its image before. */
const startTimeout = 30_000;

/** Starts a registry on this machine, where the stack's images say that there is one, unless it answers already. */
async function startRegistry(registry: string, config: StackConfig): Promise<void> {
    if (await answers(registry)) return;
    const port = /:(\d+)$/.exec(registry)?.[1] ?? "80";
    const name = `plinth-registry-${port}`;
    // Stopped, it still holds what was pushed to it.
    const { ok } = await read("docker", ["start", name]);
    if (!ok)
        await run("docker", [
            ...["run", "--detach", "--restart", "unless-stopped", "--name", name],
            ...["--publish", `127.0.0.1:${port}:5000`],
            usualReference(images.registry, config.images),
        ]);
    const end = Date.now() + startTimeout;
    while (!(await answers(registry))) {
        if (Date.now() > end)
            throw new UserError(`The registry on ${registry} was started and does not answer: docker logs ${name}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
    }
}

/** @throws UserError when something else has taken the port */
async function answers(registry: string): Promise<boolean> {
    let response: Response;
    try {
        response = await fetch(apiOf(registry), { signal: AbortSignal.timeout(5000) });
    } catch {
        return false;
    }
    // A registry that wants a log-in says so here.
    if (response.status === 200 || response.status === 401) return true;
    throw new UserError(
        `What answers on ${registry} is no registry (status ${response.status}); on macOS that may be AirPlay. ` +
            "Choose another port: plinth:images: {registry: localhost:5001/plinth}",
    );
}

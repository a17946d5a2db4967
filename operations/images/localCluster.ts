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

/** How images are made available to the pods of a local cluster. */
export interface Loader {
    /** Missing prerequisites. */
    check(): Promise<Missing[]>;
    /** @throws UserError if the images cannot be loaded */
    load(images: readonly Pick<BuiltImage, "reference">[]): Promise<void>;
}

const homepages = {
    minikube: "https://minikube.sigs.k8s.io/docs/start/",
    kind: "https://kind.sigs.k8s.io/docs/user/quick-start/",
    k3d: "https://k3d.io/stable/#installation",
    kubectl: "https://kubernetes.io/docs/tasks/tools/",
};

/** What is missing if a program for local clusters is not on the PATH; empty if it is. */
export const findClusterTool = (name: keyof typeof homepages): Missing[] => findTool(name, homepages[name]);

export const isMinikube = ({ name, minikube = false }: Context): boolean => minikube || name === "minikube";

/**
 * The loader for the cluster of a context.
 *
 * @throws UserError if the cluster is not on this machine
 */
export function loaderFor(context: Context, session: Pick<Session, "config" | "kubectl">): Loader {
    const config = session.config();
    const { name } = context;
    if (!isLocal(context))
        throw new UserError(
            `The context "${name}" (${context.server}) is not a local cluster; it pulls its images from a registry: ./plinth images push ${config.stack}`,
        );
    const [, tool, cluster] = /^(kind|k3d)-(.+)$/.exec(name) ?? [];
    const references = (images: readonly Pick<BuiltImage, "reference">[]) => images.map(({ reference }) => reference);
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
    if (/^(docker-desktop|orbstack)$/.test(name)) return { check: async () => [], load: () => reportShared(name) };
    if (/^(rancher-desktop|colima.*)$/.test(name))
        return { check: () => checkRuntime(name, session), load: () => reportShared(name) };
    const { registry } = locate(`${config.images.registry}/any`);
    return {
        check: async () => {
            if (isLoopback(registry)) return [];
            throw new UserError(
                `The images of "${config.stack}" are in ${registry}, which is not on this machine: ./plinth images push ${config.stack}`,
            );
        },
        load: async (images) => {
            await startRegistry(registry, config);
            for (const reference of references(images)) await run("docker", ["push", reference]);
        },
    };
}

async function reportShared(name: string): Promise<void> {
    console.error(`${name} uses the images of the local Docker: nothing to load.`);
}

/** These clusters can only use local images if Docker is their container runtime. */
async function checkRuntime(name: string, session: Pick<Session, "kubectl">): Promise<Missing[]> {
    const missing = findClusterTool("kubectl");
    if (missing.length > 0) return missing;
    const kubectl = await session.kubectl();
    const query = "jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}";
    const runtimes = await kubectl.read(["get", "nodes", "--output", query]).catch((error: unknown) => {
        if (!(error instanceof KubectlError)) throw error;
        throw new UserError(`kubectl could not determine the container runtime of "${name}": ${error.details}`);
    });
    if (runtimes.startsWith("docker://")) return [];
    return [
        {
            what: `Docker as container runtime of "${name}": ${runtimes.trim()} does not have access to Docker's images`,
            remedy:
                name === "rancher-desktop"
                    ? "choose dockerd (moby) in Preferences → Container Engine"
                    : "restart it: colima start --kubernetes --runtime docker",
        },
    ];
}

/** How long a registry may take to start, in milliseconds, after Docker has pulled its image. */
const startTimeout = 30_000;

/** Starts a registry on this machine if the stack's images refer to one and it does not answer yet. */
async function startRegistry(registry: string, config: StackConfig): Promise<void> {
    if (await answers(registry)) return;
    const port = /:(\d+)$/.exec(registry)?.[1] ?? "80";
    const name = `plinth-registry-${port}`;
    // A stopped registry still holds what was pushed to it.
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
            throw new UserError(`The registry on ${registry} was started but does not answer: docker logs ${name}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
    }
}

/** @throws UserError if something else uses the port */
async function answers(registry: string): Promise<boolean> {
    let response: Response;
    try {
        response = await fetch(apiOf(registry), { signal: AbortSignal.timeout(5000) });
    } catch {
        return false;
    }
    // 401: a registry that requires a login.
    if (response.status === 200 || response.status === 401) return true;
    throw new UserError(
        `The service on ${registry} is not a registry (status ${response.status}); on macOS it may be AirPlay. ` +
            "Choose another port: plinth:images: {registry: localhost:5001/plinth}",
    );
}

import { Option } from "commander";
import { contextOf } from "../../config/kubeconfig";
import { ConfigError, type Problem, show } from "../../config/problems";
import type { StackConfig } from "../../config/stack";
import { example, type Register } from "../command";
import { chooseCluster, type ClusterOptions, nodePortsOf } from "../../operations/launch/devCluster";
import { foldersOf, forward, forwardsOf, missingFolders } from "../../operations/launch/devFolders";
import { showWhereToOpen } from "../../operations/launch/devUrls";
import { isMissing, refuseMissing } from "../../operations/engine/engine";
import { UserError } from "../../operations/system/errors";
import { bake, builtImages, checkBuilt, checkUnlocked, findDocker, imagesOf } from "../../operations/images/images";
import { loaderFor } from "../../operations/images/localCluster";
import { openSession, refuseSandbox } from "../../operations/launch/sandbox";
import { bringUp } from "../../operations/launch/bringUp";

export const dev: Register = (program) => {
    const group = program.command("dev").description("Run the stack dev on a local cluster.");
    example(
        group
            .command("up")
            .description(
                "Build, load and launch the stack dev on a local cluster.\n\nUses the cluster of the current context, which must be on this machine. Without a context, creates a cluster with minikube or kind.",
            )
            .addOption(
                new Option("--cluster <tool>", "tool that creates a cluster if there is none").choices([
                    "minikube",
                    "kind",
                ]),
            )
            .option("--profile <name>", "name of the cluster to create (default: minikube, or kind)")
            .option("--driver <name>", "driver for minikube's node: docker, kvm2, qemu …")
            .option("--no-build", "load existing images without building")
            .argument("[minikube...]", "after --: arguments of `minikube start` that are passed on unchanged")
            .action((more: string[], { build, ...options }: ClusterOptions & { build: boolean }) => {
                if (more.length > 0 && !process.argv.includes("--"))
                    throw new UserError(`${show(more[0])} is not allowed; arguments of minikube follow after --`);
                return up(build, { ...options, more });
            }),
        "dev up",
        "dev up --cluster minikube --profile shop --driver docker",
        'dev up --driver hyperv -- --hyperv-virtual-switch "Default Switch" --memory 8g',
    );
};

/** All prerequisites are checked first; then each step prints its commands. */
async function up(build: boolean, options: ClusterOptions): Promise<void> {
    const session = await openSession("dev");
    refuseSandbox(session, "Nothing was changed");
    const images = await imagesOf(session);
    const problems = [...localProblems(images.config), ...missingFolders(images.config)];
    if (problems.length > 0) throw new ConfigError(problems);
    const built = builtImages(images);
    checkUnlocked(images);
    const cluster = chooseCluster(session, options);
    const [docker, engine, missing] = await Promise.all([findDocker(), session.engine(true), cluster.check()]);
    refuseMissing("Nothing was changed.", [
        ...(Array.isArray(docker) ? docker : []),
        ...missing,
        ...(isMissing(engine) ? [engine] : []),
    ]);
    if (!build) await checkBuilt(session.stack, built);

    await cluster.start({ ports: nodePortsOf(images.rendering.objects), folders: foldersOf(images.config) });
    if (build && "platform" in docker) await bake(images, { platforms: [docker.platform], push: false });
    // The session still has the cluster that did not answer, not the one that was started.
    const started = session.refreshed();
    const context = contextOf(started.config().cluster);
    if (!context)
        throw new UserError("The cluster is running, but the kubeconfig has no current context; check KUBECONFIG");
    if (built.length > 0) await loaderFor(context, started).load(built);
    await bringUp(started);
    await showWhereToOpen(images.rendering);
    const forwards = forwardsOf(images.config);
    if (forwards.length > 0) await forward(await started.kubectl(), forwards);
}

/** Settings of instances that only work with public addresses. */
export function localProblems({ instances, sharedEdge }: StackConfig): Problem[] {
    const problems = instances
        .filter(({ state }) => state !== "removed")
        .flatMap((instance): Problem[] => {
            const own = `plinth:instances.${instance.name}`;
            const isShared = instance.edge.type === "shared";
            const edge = isShared ? sharedEdge.edge : instance.edge;
            const isSharedTls = isShared && instance.tls.mode === "off";
            const tls = isSharedTls ? sharedEdge.tls : instance.tls;
            return [
                edge.type === "LoadBalancer" && {
                    path: `${isShared ? "plinth:edge" : own}.edge.type`,
                    message:
                        '"LoadBalancer" is not available on a local cluster, which cannot assign addresses; set edge: {type: NodePort, httpPort: 30080}',
                },
                tls.mode === "acme" && {
                    path: `${isSharedTls ? "plinth:edge" : own}.tls.mode`,
                    message:
                        '"acme" is not available on a local cluster, which no certificate authority can reach; set tls: {mode: "off"} or {mode: internal}',
                },
            ].filter((problem) => problem !== false);
        });
    return [...new Map(problems.map((problem) => [problem.path, problem])).values()];
}

import { Option } from "commander";
import { contextOf } from "../../config/kubeconfig";
import { ConfigError, type Problem } from "../../config/problems";
import type { StackConfig } from "../../config/stack";
import { example, type Register } from "../command";
import { chooseCluster, type ClusterOptions, nodePortsOf } from "../devCluster";
import { showWhereToOpen } from "../devUrls";
import { findEngine, isMissing } from "../engine";
import { UserError } from "../errors";
import { bake, builtImages, checkBuilt, checkUnlocked, findDocker, imagesOf, refuseMissing } from "../images";
import { loaderFor } from "../localCluster";
import { bringUp } from "./launch";

/** The stack that belongs to this machine. */
const stack = "dev";

export const dev: Register = (program) => {
    const group = program.command("dev").description("The stack dev on a local cluster.");
    example(
        group
            .command("up")
            .description(
                "Bring up the stack dev on the current local cluster, or on one created with minikube or kind: builds the images, loads them, launches.",
            )
            .addOption(
                new Option("--cluster <tool>", "what creates a cluster where there is none").choices([
                    "minikube",
                    "kind",
                ]),
            )
            .option("--profile <name>", "name of the cluster to create (default: minikube, or kind)")
            .option("--driver <name>", "what minikube runs its node in: docker, kvm2, qemu …")
            .option("--no-build", "load the images as they were built before")
            .action(({ build, ...options }: ClusterOptions & { build: boolean }) => up(build, options)),
        "dev up",
        "dev up --cluster minikube --profile shop --driver docker",
    );
};

/** Everything is found and checked first; then each step prints what it runs. */
async function up(build: boolean, options: ClusterOptions): Promise<void> {
    const images = await imagesOf(stack);
    const { config, rendering } = images;
    checkEdges(config);
    const built = builtImages(images);
    checkUnlocked(images);
    const cluster = chooseCluster(config, options);
    const [docker, engine, missing] = await Promise.all([findDocker(), findEngine(true), cluster.check()]);
    refuseMissing("Nothing was changed.", [
        ...(Array.isArray(docker) ? docker : []),
        ...missing,
        ...(isMissing(engine) ? [engine] : []),
    ]);
    if (!build) await checkBuilt(stack, built);

    await cluster.start(nodePortsOf(rendering.objects));
    if (build && "platform" in docker) await bake(images, { platforms: [docker.platform], push: false });
    const context = contextOf(config.cluster);
    if (!context) throw new UserError("The cluster runs, but the kubeconfig has no current context: see KUBECONFIG");
    if (built.length > 0) await loaderFor(context, config).load(built);
    await bringUp(stack, { edgeFirst: false, recover: false });
    await showWhereToOpen(rendering);
}

/** @throws ConfigError where an instance needs what only the internet and a cloud can give */
function checkEdges({ instances, sharedEdge }: StackConfig): void {
    const problems = instances
        .filter(({ state }) => state !== "removed")
        .flatMap(({ name, edge, tls }): Problem[] => {
            const shared = edge.type === "shared";
            const path = `plinth:instances.${name}`;
            const type = shared ? sharedEdge.edge.type : edge.type;
            const mode = shared && tls.mode === "off" ? sharedEdge.tls.mode : tls.mode;
            return [
                ...(type === "LoadBalancer"
                    ? [
                          {
                              path: shared ? "plinth:edge.edge.type" : `${path}.edge.type`,
                              message: `"LoadBalancer" is not for a local cluster, which has no addresses to give; write edge: {type: NodePort, httpPort: 30080}`,
                          },
                      ]
                    : []),
                ...(mode === "acme"
                    ? [
                          {
                              path: shared && tls.mode === "off" ? "plinth:edge.tls.mode" : `${path}.tls.mode`,
                              message: `"acme" is not for a local cluster, which no certificate authority can reach; write tls: {mode: "off"} or {mode: internal}`,
                          },
                      ]
                    : []),
            ];
        });
    const unique = new Map(problems.map((problem) => [problem.path, problem]));
    if (unique.size > 0) throw new ConfigError([...unique.values()]);
}

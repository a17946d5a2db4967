import { plinthLabels } from "../../components/labels";
import { kubectlArgs } from "../../config/kubeconfig";
import { example, type Register } from "../command";
import { type Backend, chooseBackend, findCluster, findEngine, isMissing, locksOf, type Ready } from "../engine";
import { UserError } from "../errors";
import { streamOf } from "../manifests";
import { showOutputs } from "../outputs";
import { type RenderedObject, type Rendering, renderStack } from "../rendering";
import { findOnPath, read, run } from "../shell";
import { clusterOf } from "../stackConfig";

export const launch: Register = (program) => {
    example(
        program
            .command("launch")
            .description(
                "Bring a stack up, or up to date; then print URLs, DNS records and where the first password is.",
            )
            .argument("[stack]", "stack to launch", "dev")
            .option(
                "--edge-first",
                "first only the edges' Services, so that DNS can be set before certificates are asked for; an Ingress has its address from its controller",
            )
            .option("--recover", "go on after an interrupted run: clear its lock, take over what it has created")
            .action((stack: string, options: { edgeFirst?: boolean; recover?: boolean }) =>
                bringUp(stack, { edgeFirst: options.edgeFirst ?? false, recover: options.recover ?? false }),
            ),
        "launch",
        "launch production --edge-first",
    );
};

/**
 * Finds all that a run with the engine needs.
 *
 * @throws UserError that names everything that is missing, each with the way to get it
 */
async function prepare(stack: string): Promise<Ready> {
    const [engine, cluster] = await Promise.all([findEngine(true), findCluster(clusterOf(stack))]);
    const missing = [engine, cluster].filter(isMissing);
    if (missing.length > 0 || isMissing(engine))
        throw new UserError(
            `Nothing was deployed. Missing:\n${missing.map(({ what, remedy }) => `  - ${what}\n    ${remedy}`).join("\n")}\n` +
                `Without them: ./plinth preview ${stack}, and ./plinth render ${stack} --out DIR for kubectl.`,
        );
    return { engine, backend: chooseBackend(stack) };
}

interface LaunchArgs {
    /** First only what gives the edge its address, so that DNS can be set up before certificates are asked for. */
    readonly edgeFirst: boolean;
    /** Clears what an interrupted run has left, and takes over objects that are ours already. */
    readonly recover: boolean;
}

/** Brings a stack up: creates it when needed, runs the engine, then says where everything is. */
export async function bringUp(stack: string, { edgeFirst, recover }: LaunchArgs): Promise<void> {
    const rendering = await renderStack(stack);
    const { engine, backend } = await prepare(stack);
    const pulumi = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
        run(engine.command, [...args, "--stack", stack], { env: { ...backend.env, ...env } });

    await run(engine.command, ["stack", "select", stack, "--create"], { env: backend.env });
    await checkLocks(rendering, backend, recover);
    if (recover) {
        await checkOwnership(rendering, stack);
        // A lock elsewhere may be a colleague's, whose run only they can know to be dead: `pulumi cancel` by hand.
        if (locksOf(backend, rendering.project, stack).length > 0) await pulumi(["cancel", "--yes"]);
        await pulumi(["refresh", "--yes", "--clear-pending-creates", "--skip-preview"]);
    }
    // One run may take over what the interrupted one has created; the next one may not.
    const adopt: Record<string, string> = recover
        ? { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true", PULUMI_K8S_ENABLE_PATCH_FORCE: "true" }
        : {};
    if (edgeFirst) {
        await pulumi(["up", "--yes", "--skip-preview", ...edgeTargets(rendering)], adopt);
        await showOutputs(engine, backend, stack);
    }
    await pulumi(["up", "--yes", "--refresh"], adopt);
    await showOutputs(engine, backend, stack);
}

async function checkLocks({ project, stack }: Rendering, backend: Backend, recover: boolean): Promise<void> {
    const locks = locksOf(backend, project, stack);
    const alive = locks.find((lock) => lock.alive);
    if (alive)
        throw new UserError(
            `Another run is working on "${stack}": process ${alive.pid} on ${alive.host}. Wait for it.`,
        );
    if (locks.length > 0 && !recover)
        throw new UserError(
            `A run on "${stack}" was interrupted (process ${locks[0]!.pid} is gone) and left its lock. Go on with: ./plinth launch ${stack} --recover`,
        );
}

/** Recovery takes over existing objects: only those that carry this stack's label. */
async function checkOwnership(rendering: Rendering, stack: string): Promise<void> {
    const kubectl = findOnPath("kubectl");
    if (!kubectl)
        throw new UserError(
            "kubectl is needed to make sure that what exists already is this stack's own: https://kubernetes.io/docs/tasks/tools/",
        );
    const args = ["get", "--filename", "-", "--ignore-not-found", "--output", "json"];
    const found = await read(kubectl, [...kubectlArgs(clusterOf(stack)), ...args], {
        input: streamOf(rendering, true),
    });
    // Kinds and namespaces that the cluster does not have yet hold nothing of anybody's.
    if (!found.ok && found.stdout.trim() === "" && !/NotFound|no matches for kind/.test(found.stderr))
        throw new UserError(`kubectl could not look at what exists already: ${found.stderr.trim()}`);
    const own = `${rendering.project}.${rendering.stack}`;
    const foreign = objectsIn(found.stdout).filter(({ metadata }) => metadata.labels?.[plinthLabels.stack] !== own);
    if (foreign.length === 0) return;
    const named = foreign.map(({ kind, metadata }) => `  ${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
    throw new UserError(
        `These objects are in the cluster and are not this stack's (${plinthLabels.stack}: ${own}). Nothing was changed.\n${named.join("\n")}\n` +
            "Choose another namespace, or remove them first.",
    );
}

/** kubectl prints one object, a list, or nothing. */
function objectsIn(json: string): RenderedObject[] {
    if (json.trim() === "") return [];
    const printed = JSON.parse(json) as RenderedObject & { readonly items?: RenderedObject[] };
    return printed.items ?? [printed];
}

/** The provider, the namespaces and the edges' Services: enough for an address. */
function edgeTargets({ resources }: Rendering): string[] {
    const wanted = [
        "pulumi:providers:kubernetes",
        "plinth:components:Namespace",
        "plinth:components:LoadBalancer",
        "kubernetes:core/v1:Namespace",
    ];
    const targets = resources.filter(
        ({ type, name }) => wanted.includes(type) || (type === "kubernetes:core/v1:Service" && /(^|-)edge$/.test(name)),
    );
    return [...new Set(targets.map(({ type, name }) => `**${type}::${name}`))].flatMap((pattern) => [
        "--target",
        pattern,
    ]);
}

import pc from "picocolors";
import type { DnsRecord } from "../components/dns";
import { plinthLabels } from "../components/labels";
import type { StackOutputs } from "../components/outputs";
import { findOnPath, read, run } from "./commands";
import { type Backend, chooseBackend, type Engine, findCluster, findEngine, isMissing, locksOf } from "./engine";
import { UserError } from "./errors";
import { previewText } from "./preview";
import { streamOf } from "./render";
import { type RenderedObject, type Rendering, renderStack } from "./rendering";
import { kubectlArgs } from "../config/kubeconfig";
import { clusterOf } from "./stackConfig";

/** The stack's outputs as the engine has them. */
export type Outputs = Pick<StackOutputs, "instances" | "warnings"> & {
    readonly dns: { records: DnsRecord[]; zone: string; pending: string[] };
};

interface Ready {
    readonly engine: Engine;
    readonly backend: Backend;
}

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

/** `pulumi preview`, or the offline preview where CLI, cluster or stack are not there yet; says which and why. */
export async function preview(stack: string, json: boolean): Promise<void> {
    const rendering = await renderStack(stack);
    const reason = await whyOffline(stack);
    if (typeof reason !== "string") {
        await run(reason.engine.command, ["preview", "--stack", stack, ...(json ? ["--json"] : ["--diff"])], {
            env: reason.backend.env,
        });
        return;
    }
    if (json) {
        console.log(
            JSON.stringify(
                { mode: "offline", reason, objects: rendering.objects, outputs: rendering.outputs },
                null,
                2,
            ),
        );
        return;
    }
    console.log(previewText(rendering));
    console.log(
        pc.dim(
            `Offline preview; ${reason}. Compare with a cluster: ./plinth render ${stack} --out out && kubectl diff --kustomize out`,
        ),
    );
}

async function whyOffline(stack: string): Promise<string | Ready> {
    const [engine, cluster] = await Promise.all([findEngine(), findCluster(clusterOf(stack))]);
    for (const found of [engine, cluster]) if (isMissing(found)) return `missing: ${found.what} (${found.remedy})`;
    let ready: Ready;
    try {
        ready = { engine: engine as Engine, backend: chooseBackend(stack) };
    } catch (error) {
        if (error instanceof UserError) return error.message;
        throw error;
    }
    const { ok } = await read(ready.engine.command, ["stack", "history", "--stack", stack, "--json"], {
        env: ready.backend.env,
    });
    return ok ? ready : `the stack "${stack}" does not exist yet; launch creates it`;
}

export interface LaunchArgs {
    /** First only what gives the edge its address, so that DNS can be set up before certificates are asked for. */
    readonly edgeFirst: boolean;
    /** Clears what an interrupted run has left, and takes over objects that are ours already. */
    readonly recover: boolean;
}

/** Brings a stack up: creates it when needed, runs the engine, then says where everything is. */
export async function launch(stack: string, { edgeFirst, recover }: LaunchArgs): Promise<void> {
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

/** The outputs of the last run. */
export async function stackOutputs(stack: string): Promise<Outputs> {
    const engine = await findEngine();
    if (isMissing(engine)) throw new UserError(`Missing: ${engine.what}\n  ${engine.remedy}`);
    return outputsOf(engine, chooseBackend(stack), stack);
}

async function outputsOf(engine: Engine, backend: Backend, stack: string): Promise<Outputs> {
    const { ok, stdout, stderr } = await read(
        engine.command,
        ["stack", "output", "--json", "--stack", stack],
        backend.env,
    );
    if (!ok) throw new UserError(`The outputs of "${stack}" could not be read: ${stderr.trim()}`);
    return JSON.parse(stdout) as Outputs;
}

async function showOutputs(engine: Engine, backend: Backend, stack: string): Promise<void> {
    const { instances, dns } = await outputsOf(engine, backend, stack);
    for (const [name, { urls, firstPassword }] of Object.entries(instances ?? {})) {
        console.log(`\n${pc.bold(name)}`);
        for (const [what, url] of Object.entries(urls)) console.log(`  ${what.padEnd(10)}${url}`);
        if (firstPassword) console.log(`  password  ${firstPassword}`);
    }
    if (dns?.records.length) console.log(`\nDNS records:\n${dns.zone}`);
    if (dns?.pending.length) console.log(`\nNo address is known yet for ${dns.pending.join(", ")}.`);
}

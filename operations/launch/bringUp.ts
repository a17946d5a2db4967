import pc from "picocolors";
import { plinthLabels } from "../../components/labels";
import { edgeName } from "../../components/loadBalancer";
import { refuseWhileRestoring, restoreTasks } from "../backup/restore";
import { kubectlFor } from "../cluster/kubectl";
import { existingObjects } from "../cluster/ownership";
import { prune } from "../cluster/prune";
import { findEngine, isMissing, type Ready } from "../engine/engine";
import { comparing, enginePreview } from "../engine/enginePreview";
import { showOutputs } from "../engine/outputs";
import { type Rendering, renderStack } from "../render/rendering";
import { stackConfig } from "../stackfile/stackConfig";
import { UserError } from "../system/errors";
import { findOnPath, run } from "../system/shell";
import { examine, inTheWay, isAdoptable } from "./adoption";
import { applyToSandbox, wasApplied } from "./applyToSandbox";
import { awaitRules } from "./awaitRules";
import { freeClaims } from "./freeClaims";
import {
    atRestIn,
    checkKnown,
    losable,
    type Loss,
    lossesIn,
    refusalOf,
    type Resource,
    servedConsent,
    spentConsent,
} from "./losses";
import { checkLocks, clearLocks, ensureStack, prepare } from "./prepare";
import { otherCluster } from "./sameCluster";
import { isInSandbox, wasLaunched } from "./sandbox";

export interface LaunchArgs {
    /**
     * First only what gives the edge its address, so that DNS can be set up before certificates are asked for.
     * @default false
     */
    readonly edgeFirst?: boolean;
    /** Clears what an interrupted run has left, and takes over objects that are ours already. @default false */
    readonly recover?: boolean;
    /** Objects that hold data and may be made anew, empty, or deleted: `KIND/NAMESPACE/NAME`. @default none */
    readonly acceptLoss?: readonly string[];
    /** Context of the cluster in which all is made anew, where it is another than the stack was deployed to. */
    readonly newCluster?: string;
    /** URNs of an instance that is given up, some of which may be gone already. @default none */
    readonly givenUp?: readonly string[];
    /** What is done when nothing is refused any more, and before the engine begins. @default nothing */
    readonly beforeUp?: () => Promise<void> | void;
    /** What may be taken over from a former deployment: namespaces, PersistentVolumes, Secrets. @default none */
    readonly adopt?: readonly string[];
}

/**
 * Brings a stack up: creates it when needed, runs the engine, then says where everything is.
 *
 * @throws UserError before anything is changed when something is missing, another run is working, or data is lost
 */
export async function bringUp(
    stack: string,
    {
        edgeFirst = false,
        recover = false,
        acceptLoss = [],
        newCluster,
        givenUp = [],
        adopt = [],
        beforeUp,
    }: LaunchArgs = {},
): Promise<void> {
    const rendering = await renderStack(stack);
    const found = await findEngine(true);
    if (isInSandbox()) {
        if (isMissing(found) && wasLaunched())
            throw new UserError(
                "The sandbox was deployed with the engine, which is not here now: applied without it, the passwords in its state would be replaced.\n" +
                    "Put the Pulumi CLI back on the PATH, or begin anew: ./plinth sandbox down",
            );
        if (isMissing(found)) return applyToSandbox(rendering);
        if (wasApplied())
            throw new UserError(
                "The sandbox was deployed without the engine, whose state therefore knows nothing of it. Begin anew: ./plinth sandbox down",
            );
    }
    const { engine, backend } = await prepare(stack, found);
    const pulumi = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
        run(engine.command, [...args, "--stack", stack], { env: { ...backend.env, ...env } });

    await ensureStack({ engine, backend }, stack);
    const moving = newCluster ? ` --new-cluster ${newCluster}` : "";
    checkLocks(rendering, backend, recover, `./plinth launch ${stack}${moving}`);
    const resources = await losable({ engine, backend }, stack);
    // What is given up may be gone already, after an interrupted run.
    const kept = resources.filter(({ urn }) => !givenUp.includes(urn));
    const moves = await checkCluster(stack, kept, newCluster, recover);
    if (recover || moves)
        await checkOwnership({ engine, backend }, rendering, adopt, `${moving}${recover ? " --recover" : ""}`);
    if (recover) await clearLocks({ engine, backend }, rendering);
    const { takes, upserts, patches } = await examine(rendering, adopt);
    // Before the first refresh: that would forget what was there.
    const previews = resources.length > 0;
    const accepted = previews ? await checkLosses({ engine, backend }, rendering, kept, acceptLoss, moves) : [];
    await beforeUp?.();
    // Then a run that fails on the way has only to make what is missing.
    if (recover || moves)
        await pulumi([
            "refresh",
            "--yes",
            "--skip-preview",
            "--run-program",
            ...(recover ? ["--clear-pending-creates"] : []),
        ]);
    if (takes.length > 0) console.log(`Taken over:\n${takes.map((line) => `  ${line}`).join("\n")}`);
    if (patches.length > 0) {
        const kubectl = await kubectlFor(stack);
        for (const patch of patches) await kubectl.run(patch);
    }
    const claims = accepted.filter(({ name, op }) => op === "replace" && name.startsWith("persistentvolumeclaim/"));
    if (claims.length > 0)
        await freeClaims(
            await kubectlFor(stack),
            claims.map(({ name }) => name),
        );
    // One run may take over what is there, of an interrupted one or of a former deployment; the next one may not.
    const taking: Record<string, string> = recover || upserts ? { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" } : {};
    if (edgeFirst) {
        await pulumi(["up", "--yes", "--skip-preview", ...edgeTargets(rendering)], taking);
        await showOutputs(engine, backend, stack);
    }
    // A recovery is another run than the one that was previewed.
    const again = previews && !recover ? ["--skip-preview"] : [];
    await pulumi(["up", "--yes", ...comparing, ...again], taking);
    // The interrupted run may have left deletions to do, of names that the run above has just taken over; and Jobs that
    // the state has forgotten go on trying.
    if (recover) await prune(await kubectlFor(stack), rendering, ["Job"]);
    // The provider goes back to what it may do every day.
    if (recover || upserts) await pulumi(["up", "--yes", ...comparing, "--skip-preview"]);
    await showOutputs(engine, backend, stack);
    const served = servedConsent(stack, accepted, stackConfig(stack).acceptLoss);
    if (served) console.error(pc.yellow(served));
    if (findOnPath("kubectl")) await awaitRules(await kubectlFor(stack), rendering);
    else
        console.error(
            pc.yellow(
                "Whether the edges follow was not looked at: kubectl is missing. They do within two minutes, unless they refuse the new rules.",
            ),
        );
}

/**
 * Makes sure that the run goes to the cluster where the stack is, and does not come between a restore's steps.
 *
 * @param resources what is to be kept of the stack's state
 * @param newCluster context of the one that may be another
 * @param recover whether an interrupted run may have come there already
 * @returns whether it is another
 * @throws UserError when it is another without consent, or the consent is to something else
 */
async function checkCluster(
    stack: string,
    resources: readonly Resource[],
    newCluster: string | undefined,
    recover: boolean,
): Promise<boolean> {
    if (resources.length > 0 && !findOnPath("kubectl") && !newCluster) {
        // A run would start what writes to data that are half loaded.
        if (restoreTasks(resources).length > 0)
            throw new UserError(
                "Nothing was changed: whether a restore is under way cannot be seen, since kubectl is missing: https://kubernetes.io/docs/tasks/tools/",
            );
        console.error(
            pc.yellow(
                "Whether this is the cluster that the stack was deployed to was not looked at: kubectl is missing.",
            ),
        );
        return false;
    }
    const kubectl = resources.length > 0 ? await kubectlFor(stack) : undefined;
    const other = kubectl && (await otherCluster(kubectl, resources, { recover }));
    if (newCluster && !other && !recover)
        throw new UserError(
            `Nothing was changed: --new-cluster ${newCluster}: the configuration leads to the cluster that "${stack}" is deployed to, or the state knows of none. Leave the option out.`,
        );
    if (other && newCluster !== other.context)
        throw new UserError(newCluster ? `${other.refusal}\nnot --new-cluster ${newCluster}` : other.refusal);
    if (kubectl) await refuseWhileRestoring(kubectl, resources);
    return other !== undefined;
}

/**
 * Makes sure that no data are lost without consent, by a preview of the whole run.
 *
 * @param kept the stack's state, but for what is given up
 * @param moves whether all is made anew in another cluster
 * @returns the losses, all of which are accepted
 * @throws UserError that names every loss without consent, or what the preview refuses; nothing is changed
 */
async function checkLosses(
    ready: Ready,
    { stack, outputs }: Rendering,
    kept: readonly Resource[],
    acceptLoss: readonly string[],
    moves: boolean,
): Promise<Loss[]> {
    const { steps, failed } = await enginePreview(ready, stack);
    const losses = lossesIn(kept, steps, atRestIn(outputs));
    const gone = moves ? losses.filter(({ op }) => op === "create").map(({ name }) => name) : [];
    const { acceptLoss: written, protect } = stackConfig(stack);
    const refusal = refusalOf(stack, losses, { written, given: [...acceptLoss, ...gone], protects: protect });
    if (refusal) throw new UserError(refusal);
    if (failed) throw failed;
    if (gone.length > 0)
        console.error(
            pc.yellow(`Made anew in another cluster than before:\n${gone.map((name) => `  ${name}`).join("\n")}`),
        );
    const spent = spentConsent(stack, losses, written);
    if (spent) console.error(pc.yellow(spent));
    return losses;
}

/**
 * A recovery takes over existing objects, and so does a stack that finds them in a new cluster: only those that carry
 * this stack's label, or are named.
 *
 * @param options by which the run goes on, each with a space before it
 */
async function checkOwnership(
    ready: Ready,
    rendering: Rendering,
    adopt: readonly string[],
    options: string,
): Promise<void> {
    const { stack } = rendering;
    const { own, foreign } = await existingObjects(await kubectlFor(stack), rendering);
    await checkKnown(ready, stack, own);
    const refused = foreign.filter((object) => !isAdoptable(rendering, object, adopt));
    if (refused.length === 0) return;
    const named = refused.map((object) => `  ${inTheWay(rendering, object)}`);
    throw new UserError(
        `These objects are in the cluster and are not this stack's (${plinthLabels.stack}: ${rendering.project}.${stack}). Nothing was changed.\n${named.join("\n")}\n` +
            `Choose another namespace; or go on with ./plinth launch ${stack}${options} and what is said above.`,
    );
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
        ({ type, name }) =>
            wanted.includes(type) || (type === "kubernetes:core/v1:Service" && name.endsWith(`-${edgeName}`)),
    );
    return [...new Set(targets.map(({ type, name }) => `**${type}::${name}`))].flatMap((pattern) => [
        "--target",
        pattern,
    ]);
}

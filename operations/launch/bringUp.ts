import pc from "picocolors";
import { plinthLabels } from "../../components/labels";
import type { StackConfig } from "../../config/stack";
import { refuseWhileRestoring, restoreTasks } from "../backup/progress";
import type { Kubectl } from "../cluster/kubectl";
import { existingIn } from "../cluster/ownership";
import { prune } from "../cluster/prune";
import { isMissing } from "../engine/engine";
import { comparing, enginePreview } from "../engine/enginePreview";
import { outputsOf, printOutputs } from "../engine/outputs";
import { isOutcome } from "../engine/progressLines";
import type { Pulumi } from "../engine/pulumi";
import type { Resource, State } from "../engine/state";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { examine, conflictRemedy, isAdoptable } from "./adoption";
import { applyToSandbox, wasApplied } from "./applyToSandbox";
import { awaitDeletions } from "./awaitDeletions";
import { awaitRules } from "./awaitRules";
import { checkPods } from "./checkPods";
import { sourceChanges } from "./declaredSource";
import { freeClaims } from "./freeClaims";
import { followSources } from "./followSources";
import { liveBefore } from "./liveBefore";
import {
    atRestIn,
    checkKnown,
    losable,
    type Loss,
    lossesIn,
    refusalOf,
    fulfilledConsent,
    unusedConsent,
} from "./losses";
import { checkLocks, clearLocks, ensureStack, prepare } from "./prepare";
import { otherCluster } from "./sameCluster";
import { wasLaunched } from "./sandbox";
import { edgeTargets, namespaceTargets } from "./targets";
import { watchPods } from "./watchPods";

export interface LaunchArgs {
    /**
     * Deploys what gives the edge its address before everything else, so that DNS can be set up before certificates
     * are requested.
     * @default false
     */
    readonly edgeFirst?: boolean;
    /** Clears the lock of an interrupted run, and adopts objects that already belong to the stack. @default false */
    readonly recover?: boolean;
    /** Objects with data that may be deleted or recreated empty: `KIND/NAMESPACE/NAME`. @default none */
    readonly acceptLoss?: readonly string[];
    /**
     * Context of the cluster in which everything is recreated, if it differs from the one the stack was deployed to.
     */
    readonly newCluster?: string;
    /** URNs of an instance to be deleted, some of which may already be deleted. @default none */
    readonly deletedUrns?: readonly string[];
    /** Called after all checks have passed, before the engine runs. @default nothing */
    readonly beforeUp?: () => Promise<void> | void;
    /** What may be adopted from a previous deployment: namespaces, PersistentVolumes, Secrets. @default none */
    readonly adopt?: readonly string[];
}

/**
 * Deploys a stack: creates it if needed, runs the engine, then prints the addresses.
 *
 * @param session of the stack in its desired state
 * @throws UserError before anything is changed if something is missing, another run is in progress, or data would be
 * lost
 */
export async function bringUp(
    session: Session,
    {
        edgeFirst = false,
        recover = false,
        acceptLoss = [],
        newCluster,
        deletedUrns = [],
        adopt = [],
        beforeUp,
    }: LaunchArgs = {},
): Promise<void> {
    const { stack } = session;
    const rendering = await session.rendering();
    if (session.isInSandbox && (await isAppliedWithoutEngine(session))) return applyToSandbox(session);
    const pulumi = await prepare(session);

    await ensureStack(session);
    const moving = newCluster ? ` --new-cluster ${newCluster}` : "";
    checkLocks(session, recover, `./plinth launch ${stack}${moving}`);
    const resources = losable(await session.state());
    // Objects of a deleted instance may already be gone after an interrupted run.
    const kept = resources.filter(({ urn }) => !deletedUrns.includes(urn));
    const isNeeded = recover || adopt.length > 0 || (newCluster !== undefined && kept.length > 0);
    const live = await liveBefore(session, isNeeded);
    const moves = checkCluster(session.config(), live, kept, newCluster, recover);
    if (live && (recover || moves))
        checkOwnership(rendering, live, await session.state(), adopt, `${moving}${recover ? " --recover" : ""}`);
    if (recover) await clearLocks(session);
    const { adopted, changesExisting, patches } = await examine(session, live, adopt);
    // Before the first refresh, which would drop missing objects from the state.
    const previews = resources.length > 0;
    const accepted = previews ? await checkLosses(pulumi, session.config(), rendering, kept, acceptLoss, moves) : [];
    const absent = live ? await checkPods(await session.kubectl(), rendering) : [];
    await beforeUp?.();
    if (live) await awaitDeletions(await session.kubectl(), live, rendering);
    // A run that fails later then only has to create what is missing.
    if (recover || moves)
        await pulumi.run([
            "refresh",
            "--yes",
            "--skip-preview",
            "--run-program",
            ...(recover ? ["--clear-pending-creates"] : []),
        ]);
    if (adopted.length > 0) console.log(`Adopted:\n${adopted.map((line) => `  ${line}`).join("\n")}`);
    for (const patch of patches) await (await session.kubectl()).run(patch);
    const claims = accepted.filter(({ name, op }) => op === "replace" && name.startsWith("persistentvolumeclaim/"));
    if (claims.length > 0)
        await freeClaims(
            await session.kubectl(),
            claims.map(({ name }) => name),
        );
    // Only this run may adopt existing objects, of an interrupted run or of a previous deployment; the next one may
    // not.
    const upsert: Record<string, string> =
        recover || changesExisting ? { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" } : {};
    // The outputs are printed below.
    const whole = ["up", "--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress"];
    const up = async (signal?: AbortSignal) => {
        // What is watched is said by its pods.
        const watched = signal ? { signal, shown: isOutcome } : {};
        if (absent.length > 0) {
            await pulumi.run([...whole, ...namespaceTargets(rendering)], { ...watched, env: upsert });
            await checkPods(await session.kubectl(), rendering);
        }
        if (edgeFirst) {
            await pulumi.run([...whole, ...edgeTargets(rendering)], { ...watched, env: upsert });
            printOutputs(await outputsOf(pulumi));
        }
        await pulumi.run([...whole, ...comparing], { ...watched, env: upsert });
        // The interrupted run may have left pending deletions of names that the run above has just adopted; and Jobs that
        // are missing from the state keep retrying.
        if (recover) await prune(await session.kubectl(), rendering, ["Job"]);
        // The provider returns to its normal permissions.
        if (recover || changesExisting) await pulumi.run([...whole, ...comparing], watched);
    };
    let closed: string[] = [];
    if (live) {
        const kubectl = await session.kubectl();
        const changes = sourceChanges(rendering.objects, live);
        closed = await followSources(kubectl, changes, () => watchPods(kubectl, rendering, up));
    } else await up();
    // From here on everything is read again, because the run has changed outputs and pods.
    printOutputs(await outputsOf(pulumi));
    const served = fulfilledConsent(stack, accepted, session.config().acceptLoss);
    if (served) console.error(pc.yellow(served));
    if (session.hasKubectl()) return finish(await session.kubectl(), rendering, closed);
    console.error(
        pc.yellow(
            "Whether the edges have loaded the new rules was not checked: kubectl is missing. They do so within two minutes, unless they reject the rules.",
        ),
    );
}

/**
 * Waits until the edges serve the new rules.
 *
 * @param closed what keeps databases from taking writes
 * @throws UserError with that, and with the edges that do not serve the rules
 */
async function finish(kubectl: Kubectl, rendering: Rendering, closed: readonly string[]): Promise<void> {
    const open = closed.map((why) => `The stack is launched, but ${why}`);
    try {
        await awaitRules(kubectl, rendering);
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        open.push(error.message);
    }
    if (open.length > 0) throw new UserError(open.join("\n\n"));
}

/**
 * Whether to deploy to the sandbox without the engine.
 *
 * @throws UserError if it was deployed the other way
 */
async function isAppliedWithoutEngine(session: Session): Promise<boolean> {
    const isWithout = isMissing(await session.engine(true));
    if (isWithout && wasLaunched())
        throw new UserError(
            "The sandbox was deployed with the engine, which is no longer installed: without it, the passwords in its state would be replaced.\n" +
                "Put the Pulumi CLI back on the PATH, or start over: ./plinth sandbox down",
        );
    if (!isWithout && wasApplied())
        throw new UserError(
            "The sandbox was deployed without the engine, so it is not in the engine's state. Start over: ./plinth sandbox down",
        );
    return isWithout;
}

/**
 * Ensures that the run goes to the cluster that the stack was deployed to, and that no restore is in progress.
 *
 * @param live existing objects before the run; undefined if kubectl is missing
 * @param resources the part of the stack's state that is to be kept
 * @param newCluster context of a different cluster that the user has allowed
 * @param recover whether an interrupted run may already have created objects there
 * @returns whether the cluster is a different one
 * @throws UserError if it is a different one without consent, or the consent does not apply
 */
function checkCluster(
    config: StackConfig,
    live: readonly RenderedObject[] | undefined,
    resources: readonly Resource[],
    newCluster: string | undefined,
    recover: boolean,
): boolean {
    if (!live && resources.length > 0) {
        // A run would start components that write to partially restored data.
        if (restoreTasks(resources).length > 0)
            throw new UserError(
                "Nothing was changed: kubectl is missing, so it cannot be checked whether a restore is in progress: https://kubernetes.io/docs/tasks/tools/",
            );
        console.error(
            pc.yellow(
                "Whether this is the cluster that the stack was deployed to was not checked: kubectl is missing.",
            ),
        );
        return false;
    }
    const other = live && otherCluster(config, live, resources, { recover });
    if (newCluster && !other && !recover)
        throw new UserError(
            `Nothing was changed: --new-cluster ${newCluster}: "${config.stack}" is already deployed to the configured cluster, or its state records no cluster. Omit the option.`,
        );
    if (other && newCluster !== other.context)
        throw new UserError(newCluster ? `${other.refusal}\nnot --new-cluster ${newCluster}` : other.refusal);
    if (live) refuseWhileRestoring(config.stack, live, resources);
    return other !== undefined;
}

/**
 * Ensures, by a preview of the whole run, that no data is lost without consent.
 *
 * @param kept the stack's state without the instance to be deleted
 * @param moves whether everything is recreated in a different cluster
 * @returns the accepted losses
 * @throws UserError that lists every loss without consent, or what the preview refuses; nothing is changed
 */
async function checkLosses(
    pulumi: Pulumi,
    { stack, acceptLoss: written, protect }: StackConfig,
    { outputs }: Rendering,
    kept: readonly Resource[],
    acceptLoss: readonly string[],
    moves: boolean,
): Promise<Loss[]> {
    const { text, steps, failed } = await enginePreview(pulumi, { shown: false });
    const losses = lossesIn(kept, steps, atRestIn(outputs));
    const gone = moves ? losses.filter(({ op }) => op === "create").map(({ name }) => name) : [];
    const refusal = refusalOf(stack, losses, { written, given: [...acceptLoss, ...gone], protects: protect });
    if (refusal) throw new UserError(refusal);
    if (failed) {
        console.error(text);
        throw failed;
    }
    if (gone.length > 0)
        console.error(pc.yellow(`Recreated in a different cluster:\n${gone.map((name) => `  ${name}`).join("\n")}`));
    const spent = unusedConsent(stack, losses, written);
    if (spent) console.error(pc.yellow(spent));
    return losses;
}

/**
 * A recovery adopts existing objects, and so does a move to a new cluster: only those that have this stack's label or
 * were named.
 *
 * @param options needed to continue the run, each preceded by a space
 */
function checkOwnership(
    rendering: Rendering,
    live: readonly RenderedObject[],
    state: State | undefined,
    adopt: readonly string[],
    options: string,
): void {
    const { stack } = rendering;
    const { own, foreign } = existingIn(live, rendering);
    checkKnown(stack, state, own);
    const refused = foreign.filter((object) => !isAdoptable(rendering, object, adopt));
    if (refused.length === 0) return;
    const named = refused.map((object) => `  ${conflictRemedy(rendering, object)}`);
    throw new UserError(
        `These objects already exist and do not belong to this stack (${plinthLabels.stack}: ${rendering.project}.${stack}). Nothing was changed.\n${named.join("\n")}\n` +
            `Choose another namespace, or do what is suggested above and continue with ./plinth launch ${stack}${options}`,
    );
}

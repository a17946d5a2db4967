import pc from "picocolors";
import { plinthLabels } from "../../components/labels";
import { edgeName } from "../../components/loadBalancer";
import type { StackConfig } from "../../config/stack";
import { refuseWhileRestoring, restoreTasks } from "../backup/progress";
import { existingIn } from "../cluster/ownership";
import { prune } from "../cluster/prune";
import { isMissing } from "../engine/engine";
import { comparing, enginePreview } from "../engine/enginePreview";
import { outputsOf, printOutputs } from "../engine/outputs";
import type { Pulumi } from "../engine/pulumi";
import type { Resource, State } from "../engine/state";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { examine, inTheWay, isAdoptable } from "./adoption";
import { applyToSandbox, wasApplied } from "./applyToSandbox";
import { awaitRules } from "./awaitRules";
import { freeClaims } from "./freeClaims";
import { liveBefore } from "./liveBefore";
import { atRestIn, checkKnown, losable, type Loss, lossesIn, refusalOf, servedConsent, spentConsent } from "./losses";
import { checkLocks, clearLocks, ensureStack, prepare } from "./prepare";
import { otherCluster } from "./sameCluster";
import { wasLaunched } from "./sandbox";

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
 * @param session of the stack as it shall be
 * @throws UserError before anything is changed when something is missing, another run is working, or data is lost
 */
export async function bringUp(
    session: Session,
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
    const { stack } = session;
    const rendering = await session.rendering();
    if (session.isInSandbox && (await isAppliedThere(session))) return applyToSandbox(session);
    const pulumi = await prepare(session);

    await ensureStack(session);
    const moving = newCluster ? ` --new-cluster ${newCluster}` : "";
    checkLocks(session, recover, `./plinth launch ${stack}${moving}`);
    const resources = losable(await session.state());
    // What is given up may be gone already, after an interrupted run.
    const kept = resources.filter(({ urn }) => !givenUp.includes(urn));
    const isNeeded = recover || adopt.length > 0 || (newCluster !== undefined && kept.length > 0);
    const live = await liveBefore(session, isNeeded);
    const moves = checkCluster(session.config(), live, kept, newCluster, recover);
    if (live && (recover || moves))
        checkOwnership(rendering, live, await session.state(), adopt, `${moving}${recover ? " --recover" : ""}`);
    if (recover) await clearLocks(session);
    const { takes, upserts, patches } = await examine(session, live, adopt);
    // Before the first refresh: that would forget what was there.
    const previews = resources.length > 0;
    const accepted = previews ? await checkLosses(pulumi, session.config(), rendering, kept, acceptLoss, moves) : [];
    await beforeUp?.();
    // Then a run that fails on the way has only to make what is missing.
    if (recover || moves)
        await pulumi.run([
            "refresh",
            "--yes",
            "--skip-preview",
            "--run-program",
            ...(recover ? ["--clear-pending-creates"] : []),
        ]);
    if (takes.length > 0) console.log(`Taken over:\n${takes.map((line) => `  ${line}`).join("\n")}`);
    for (const patch of patches) await (await session.kubectl()).run(patch);
    const claims = accepted.filter(({ name, op }) => op === "replace" && name.startsWith("persistentvolumeclaim/"));
    if (claims.length > 0)
        await freeClaims(
            await session.kubectl(),
            claims.map(({ name }) => name),
        );
    // One run may take over what is there, of an interrupted one or of a former deployment; the next one may not.
    const taking: Record<string, string> = recover || upserts ? { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" } : {};
    if (edgeFirst) {
        await pulumi.run(["up", "--yes", "--skip-preview", ...edgeTargets(rendering)], taking);
        printOutputs(await outputsOf(pulumi));
    }
    // A recovery is another run than the one that was previewed.
    const again = previews && !recover ? ["--skip-preview"] : [];
    await pulumi.run(["up", "--yes", ...comparing, ...again], taking);
    // The interrupted run may have left deletions to do, of names that the run above has just taken over; and Jobs that
    // the state has forgotten go on trying.
    if (recover) await prune(await session.kubectl(), rendering, ["Job"]);
    // The provider goes back to what it may do every day.
    if (recover || upserts) await pulumi.run(["up", "--yes", ...comparing, "--skip-preview"]);
    // From here on everything is read anew: what the run has made of the outputs, and of the pods.
    printOutputs(await outputsOf(pulumi));
    const served = servedConsent(stack, accepted, session.config().acceptLoss);
    if (served) console.error(pc.yellow(served));
    if (session.hasKubectl()) await awaitRules(await session.kubectl(), rendering);
    else
        console.error(
            pc.yellow(
                "Whether the edges follow was not looked at: kubectl is missing. They do within two minutes, unless they refuse the new rules.",
            ),
        );
}

/**
 * Whether the sandbox is to be deployed without the engine.
 *
 * @throws UserError where it was deployed in the other way
 */
async function isAppliedThere(session: Session): Promise<boolean> {
    const isWithout = isMissing(await session.engine(true));
    if (isWithout && wasLaunched())
        throw new UserError(
            "The sandbox was deployed with the engine, which is not here now: applied without it, the passwords in its state would be replaced.\n" +
                "Put the Pulumi CLI back on the PATH, or begin anew: ./plinth sandbox down",
        );
    if (!isWithout && wasApplied())
        throw new UserError(
            "The sandbox was deployed without the engine, whose state therefore knows nothing of it. Begin anew: ./plinth sandbox down",
        );
    return isWithout;
}

/**
 * Makes sure that the run goes to the cluster where the stack is, and does not come between a restore's steps.
 *
 * @param live what the cluster has before the run; undefined where kubectl is missing
 * @param resources what is to be kept of the stack's state
 * @param newCluster context of the one that may be another
 * @param recover whether an interrupted run may have come there already
 * @returns whether it is another
 * @throws UserError when it is another without consent, or the consent is to something else
 */
function checkCluster(
    config: StackConfig,
    live: readonly RenderedObject[] | undefined,
    resources: readonly Resource[],
    newCluster: string | undefined,
    recover: boolean,
): boolean {
    if (!live && resources.length > 0) {
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
    const other = live && otherCluster(config, live, resources, { recover });
    if (newCluster && !other && !recover)
        throw new UserError(
            `Nothing was changed: --new-cluster ${newCluster}: the configuration leads to the cluster that "${config.stack}" is deployed to, or the state knows of none. Leave the option out.`,
        );
    if (other && newCluster !== other.context)
        throw new UserError(newCluster ? `${other.refusal}\nnot --new-cluster ${newCluster}` : other.refusal);
    if (live) refuseWhileRestoring(config.stack, live, resources);
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
    pulumi: Pulumi,
    { stack, acceptLoss: written, protect }: StackConfig,
    { outputs }: Rendering,
    kept: readonly Resource[],
    acceptLoss: readonly string[],
    moves: boolean,
): Promise<Loss[]> {
    const { steps, failed } = await enginePreview(pulumi);
    const losses = lossesIn(kept, steps, atRestIn(outputs));
    const gone = moves ? losses.filter(({ op }) => op === "create").map(({ name }) => name) : [];
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

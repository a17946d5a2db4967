import pc from "picocolors";
import { isMissing } from "../engine/engine";
import { EngineError } from "../engine/engineError";
import { enginePreview } from "../engine/enginePreview";
import { atRestIn, losable, lossesIn, refusalOf, spentConsent } from "../launch/losses";
import { otherCluster } from "../launch/sameCluster";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { previewText } from "./previewText";

/** What a run would do to a stack. */
export interface Preview {
    readonly mode: "engine" | "offline";
    /** For people. */
    readonly text: string;
    /** Why it would be refused; undefined: nothing stands against it, or, offline, it cannot be told. */
    readonly refusal?: string;
}

/**
 * Whether there is the engine's preview, or why there is only the offline one.
 *
 * @param offline true: the offline one in any case; false: never. @default where CLI, cluster or stack are missing
 * @returns undefined where the engine can preview
 * @throws UserError when there must be the engine's, with what is missing
 */
export async function whyOffline(session: Session, offline?: boolean): Promise<string | undefined> {
    if (offline) return "as asked";
    const reason = await findReason(session, offline === false);
    if (reason !== undefined && offline === false) throw new UserError(`No preview with the engine: ${reason}`);
    return reason;
}

async function findReason(session: Session, fetch: boolean): Promise<string | undefined> {
    const { stack } = session;
    for (const found of await Promise.all([session.engine(fetch), session.cluster()]))
        if (isMissing(found)) return `missing: ${found.what} (${found.remedy})`;
    try {
        return (await session.state()) ? undefined : `the stack "${stack}" does not exist yet; launch creates it`;
    } catch (error) {
        if (error instanceof EngineError) return `the state of "${stack}" cannot be read: ${error.said}`;
        // There is no place for it.
        if (error instanceof UserError) return error.message;
        throw error;
    }
}

/**
 * The engine's preview, shown while it runs, and whether it would lose data that nobody has accepted.
 *
 * @param live what the cluster has before the run; undefined where kubectl is missing
 * @param more flags for people's view: `--diff`, `--json`
 */
export async function guardedPreview(
    session: Session,
    live: readonly RenderedObject[] | undefined,
    more: readonly string[],
): Promise<Preview> {
    const { stack } = session;
    const resources = losable(await session.state());
    const other = live && otherCluster(session.config(), live, resources);
    const { text, steps, failed } = await enginePreview(await session.pulumi(), more);
    const losses = lossesIn(resources, steps, atRestIn((await session.rendering()).outputs));
    const { acceptLoss: written, protect } = session.config();
    const refusal =
        other?.refusal ??
        refusalOf(stack, losses, { written, protects: protect }) ??
        failed?.message ??
        spentConsent(stack, losses, written);
    return { mode: "engine", text, ...(refusal ? { refusal } : {}) };
}

/** What the program declares, without a look at what is there. */
export const offlinePreview = (rendering: Rendering, reason: string): Preview => ({
    mode: "offline",
    text:
        previewText(rendering) +
        pc.dim(
            `Offline preview; ${reason}. Compare with a cluster: ./plinth render ${rendering.stack} --out out && kubectl diff --kustomize out`,
        ),
});

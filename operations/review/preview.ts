import pc from "picocolors";
import { isMissing } from "../engine/engine";
import { EngineError } from "../engine/engineError";
import { enginePreview } from "../engine/enginePreview";
import { atRestIn, losable, lossesIn, refusalOf, unusedConsent } from "../launch/losses";
import { otherCluster } from "../launch/sameCluster";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { previewText } from "./previewText";

/** What a run would do to a stack. */
export interface Preview {
    readonly mode: "engine" | "offline";
    /** Human-readable text. */
    readonly text: string;
    /** Why it would be refused; undefined if it would not be, or, offline, if this is unknown. */
    readonly refusal?: string;
}

/**
 * Why only the offline preview is available.
 *
 * @param offline true to force the offline preview, false to forbid it. @default offline if CLI, cluster or stack is
 * missing
 * @returns undefined if the engine can preview
 * @throws UserError with what is missing, if the offline preview is forbidden
 */
export async function whyOffline(session: Session, offline?: boolean): Promise<string | undefined> {
    if (offline) return "as requested";
    const reason = await findReason(session, offline === false);
    if (reason !== undefined && offline === false)
        throw new UserError(`The engine's preview is not available: ${reason}`);
    return reason;
}

async function findReason(session: Session, fetch: boolean): Promise<string | undefined> {
    const { stack } = session;
    for (const found of await Promise.all([session.engine(fetch), session.cluster()]))
        if (isMissing(found)) return `missing: ${found.what} (${found.remedy})`;
    try {
        return (await session.state()) ? undefined : `the stack "${stack}" does not exist yet; launch creates it`;
    } catch (error) {
        if (error instanceof EngineError) return `the state of "${stack}" cannot be read: ${error.details}`;
        // No backend is configured.
        if (error instanceof UserError) return error.message;
        throw error;
    }
}

/**
 * The engine's preview, printed while it runs, and whether it would lose data without consent.
 *
 * @param live existing objects before the run; undefined if kubectl is missing
 * @param more further flags for the text output: `--diff`, `--json`
 */
export async function guardedPreview(
    session: Session,
    live: readonly RenderedObject[] | undefined,
    more: readonly string[],
): Promise<Preview> {
    const { stack } = session;
    const resources = losable(await session.state());
    const other = live && otherCluster(session.config(), live, resources);
    const { text, steps, failed } = await enginePreview(await session.pulumi(), { more });
    const losses = lossesIn(resources, steps, atRestIn((await session.rendering()).outputs));
    const { acceptLoss: written, protect } = session.config();
    const refusal =
        other?.refusal ??
        refusalOf(stack, losses, { written, protects: protect }) ??
        failed?.message ??
        unusedConsent(stack, losses, written);
    return { mode: "engine", text, ...(refusal ? { refusal } : {}) };
}

/**
 * A preview with the changes that Kubernetes does not make to objects that exist, which the engine alone would only find
 * in a cluster.
 *
 * @param refused changes for which `launch` would be refused
 * @param notes what else is to be known of changes
 */
export const withChanges = (preview: Preview, refused: readonly string[], notes: readonly string[]): Preview => {
    const refusal =
        preview.refusal ?? (refused.length > 0 ? `launch would refuse this change:\n${indented(refused)}` : undefined);
    return {
        ...preview,
        text: notes.length > 0 ? `${preview.text}\n${notes.join("\n")}` : preview.text,
        ...(refusal ? { refusal } : {}),
    };
};

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join("\n");

/** What the program declares, without comparing it to the current state. */
export const offlinePreview = (rendering: Rendering, reason: string): Preview => ({
    mode: "offline",
    text:
        previewText(rendering) +
        pc.dim(
            `Offline preview; ${reason}. Compare with a cluster: ./plinth render ${rendering.stack} --out out && kubectl diff --kustomize out`,
        ),
});

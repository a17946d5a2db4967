import pc from "picocolors";
import { chooseBackend, findCluster, findEngine, isMissing, type Ready } from "../engine/engine";
import { enginePreview } from "../engine/enginePreview";
import { UserError } from "../system/errors";
import { kubectlFor } from "../cluster/kubectl";
import { atRestIn, losable, lossesIn, refusalOf, spentConsent } from "../launch/losses";
import { previewText } from "./previewText";
import type { Rendering } from "../render/rendering";
import { otherCluster } from "../launch/sameCluster";
import { findOnPath, read } from "../system/shell";
import { clusterOf, stackConfig } from "../stackfile/stackConfig";

/** What a run would do to a stack. */
export interface Preview {
    readonly mode: "engine" | "offline";
    /** For people. */
    readonly text: string;
    /** Why it would be refused; undefined: nothing stands against it, or, offline, it cannot be told. */
    readonly refusal?: string;
}

/**
 * What leads to the engine's preview, or why there is only the offline one.
 *
 * @param offline true: the offline one in any case; false: never. @default where CLI, cluster or stack are missing
 * @throws UserError when there must be the engine's, with what is missing
 */
export async function readyToPreview(stack: string, offline?: boolean): Promise<Ready | string> {
    if (offline) return "as asked";
    const reason = await whyOffline(stack, offline === false);
    if (typeof reason === "string" && offline === false) throw new UserError(`No preview with the engine: ${reason}`);
    return reason;
}

async function whyOffline(stack: string, fetch: boolean): Promise<string | Ready> {
    const [engine, cluster] = await Promise.all([findEngine(fetch), findCluster(clusterOf(stack))]);
    for (const found of [engine, cluster]) if (isMissing(found)) return `missing: ${found.what} (${found.remedy})`;
    if (isMissing(engine)) return engine.what;
    let backend: Ready["backend"];
    try {
        backend = chooseBackend(stack);
    } catch (error) {
        if (error instanceof UserError) return error.message;
        throw error;
    }
    const { ok, stderr } = await read(engine.command, ["stack", "history", "--stack", stack, "--json"], {
        env: backend.env,
    });
    if (ok) return { engine, backend };
    if (/no stack named/.test(stderr)) return `the stack "${stack}" does not exist yet; launch creates it`;
    return `the state of "${stack}" cannot be read: ${stderr.trim()}`;
}

/**
 * The engine's preview, shown while it runs, and whether it would lose data that nobody has accepted.
 *
 * @param more flags for people's view: `--diff`, `--json`
 */
export async function guardedPreview(
    ready: Ready,
    { stack, outputs }: Rendering,
    more: readonly string[],
): Promise<Preview> {
    const resources = await losable(ready, stack);
    const other = findOnPath("kubectl") ? await otherCluster(await kubectlFor(stack), resources) : undefined;
    const { text, steps, failed } = await enginePreview(ready, stack, more);
    const losses = lossesIn(resources, steps, atRestIn(outputs));
    const { acceptLoss: written, protect } = stackConfig(stack);
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

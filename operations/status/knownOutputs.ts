import { type Outputs, outputsOf } from "../engine/outputs";
import type { Session } from "../session";
import { UserError } from "../system/errors";

/** A stack's outputs without a run: those of the last run, or, without engine or stack, those of the rendering. */
export async function knownOutputs(
    session: Session,
): Promise<{ source: "engine" | "rendering"; outputs: Pick<Outputs, "instances"> }> {
    try {
        const { instances } = await outputsOf(await session.pulumi());
        // A stack that was created but never launched has none.
        if (instances) return { source: "engine", outputs: { instances } };
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
    }
    return { source: "rendering", outputs: (await session.rendering()).outputs };
}

import { type Outputs, outputsOf } from "../engine/outputs";
import type { Session } from "../session";
import { UserError } from "../system/errors";

/** What is known of a stack without a run: the outputs of the last one, or, without engine or stack, the rendering's. */
export async function knownOutputs(
    session: Session,
): Promise<{ source: "engine" | "rendering"; outputs: Pick<Outputs, "instances"> }> {
    try {
        const { instances } = await outputsOf(await session.pulumi());
        // A stack that was created and never launched has none.
        if (instances) return { source: "engine", outputs: { instances } };
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
    }
    return { source: "rendering", outputs: (await session.rendering()).outputs };
}

import { example, type Register } from "../command";
import { driftIn, driftText, errorsIn, type PreviewDigest } from "../driftText";
import { presentOrThrow } from "../../operations/engine/engine";
import { EngineError } from "../../operations/engine/engineError";
import { comparing } from "../../operations/engine/enginePreview";
import { openSession } from "../../operations/launch/sandbox";
import { UserError } from "../../operations/system/errors";

export const drift: Register = (program) => {
    example(
        program
            .command("drift")
            .description(
                "Compare the cluster with the stack, field by field, without changing anything.\n\nExit code 0 if there is no difference, 2 if there are differences, 1 if the comparison failed.",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .action((stack: string, options: { json?: boolean }) => show(stack, options.json ?? false)),
        "drift production || echo 'changed by hand'",
    );
};

/**
 * The engine does the comparison, because it knows which fields belong to the stack, and which to autoscalers or
 * restarts.
 */
async function show(stack: string, json: boolean): Promise<void> {
    const session = await openSession(stack);
    const [engine, cluster] = await Promise.all([session.engine(true), session.cluster()]);
    for (const found of [engine, cluster]) presentOrThrow(found);
    const pulumi = await session.pulumi();
    const said = await pulumi.read(["preview", ...comparing, "--json"]).catch((error: unknown) => {
        if (!(error instanceof EngineError) || error.kind !== "other") throw error;
        // The engine reports errors of a JSON preview only in that JSON.
        const why = [...errorsIn(parsed(error.output)), error.details].filter((text) => text !== "").join("\n");
        throw new UserError(`pulumi preview failed: ${why}`);
    });
    const objects = driftIn(parsed(said));
    console.log(json ? JSON.stringify({ objects }, null, 2) : driftText(stack, objects));
    process.exitCode = objects.length > 0 ? 2 : 0;
}

/** Empty if the engine failed before it printed anything. */
function parsed(stdout: string): PreviewDigest {
    try {
        return JSON.parse(stdout) as PreviewDigest;
    } catch {
        return {};
    }
}

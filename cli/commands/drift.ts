import { example, type Register } from "../command";
import { driftIn, driftText, errorsIn, type PreviewDigest } from "../driftText";
import { chooseBackend, findCluster, findEngine, present } from "../../operations/engine/engine";
import { comparing } from "../../operations/engine/enginePreview";
import { failure, read } from "../../operations/system/shell";
import { clusterOf } from "../../operations/stackfile/stackConfig";

export const drift: Register = (program) => {
    example(
        program
            .command("drift")
            .description(
                "Compare the cluster with what the stack says, field by field, and change nothing. Exit code 0: no difference; 2: differences, which are listed; 1: it could not be told.",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .action((stack: string, options: { json?: boolean }) => show(stack, options.json ?? false)),
        "drift production || echo 'somebody was there'",
    );
};

/** The engine compares: it knows which fields are the stack's, and that an autoscaler's or a restart's are not. */
async function show(stack: string, json: boolean): Promise<void> {
    const [found, cluster] = await Promise.all([findEngine(true), findCluster(clusterOf(stack))]);
    const engine = present(found);
    present(cluster);
    const args = ["preview", ...comparing, "--json", "--stack", stack];
    const { ok, stdout, stderr } = await read(engine.command, args, { env: chooseBackend(stack).env });
    const digest = parsed(stdout);
    if (!ok) {
        const why = [...errorsIn(digest), stderr.trim()].filter((text) => text !== "").join("\n");
        throw failure(engine.command, args, `${stdout}\n${stderr}`, { why });
    }
    const objects = driftIn(digest);
    console.log(json ? JSON.stringify({ objects }, null, 2) : driftText(stack, objects));
    process.exitCode = objects.length > 0 ? 2 : 0;
}

/** Nothing where the engine failed before it could say anything. */
function parsed(stdout: string): PreviewDigest {
    try {
        return JSON.parse(stdout) as PreviewDigest;
    } catch {
        return {};
    }
}

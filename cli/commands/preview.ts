import { examine } from "../../operations/launch/adoption";
import { example, type Register } from "../command";
import { UserError } from "../../operations/system/errors";
import { liveBefore } from "../../operations/launch/liveBefore";
import { openSession } from "../../operations/launch/sandbox";
import { guardedPreview, offlinePreview, whyOffline } from "../../operations/review/preview";

interface Options {
    readonly json?: boolean;
    readonly offline?: boolean;
    readonly adopt: readonly string[];
}

export const preview: Register = (program) => {
    example(
        program
            .command("preview")
            .description(
                "Show what `launch` would do.\n\nUses the engine, or works offline if CLI, cluster or stack is missing. Exit code 1 if volumes, namespaces, databases or passwords would be lost that plinth:acceptLoss does not name.",
            )
            .argument("[stack]", "stack to preview", "dev")
            .option("--json", "for scripts")
            .option(
                "--adopt <name>",
                "show what `launch --adopt` would adopt",
                (name: string, others: readonly string[]) => [...others, name],
                [],
            )
            .option("--offline", "use neither cluster nor state")
            .option("--no-offline", "fail if the engine cannot preview")
            .action(show),
        "preview staging",
        "preview production --no-offline",
    );
};

/** Shows `pulumi preview`, or the offline preview, and says which and why. */
async function show(stack: string, { json = false, offline, adopt }: Options): Promise<void> {
    const session = await openSession(stack);
    const rendering = await session.rendering();
    const reason = await whyOffline(session, offline);
    const live = reason === undefined || adopt.length > 0 ? await liveBefore(session, adopt.length > 0) : undefined;
    if (reason === undefined || adopt.length > 0) {
        const { adopted } = await examine(session, live, adopt);
        if (adopted.length > 0) console.error(`Would be adopted:\n${adopted.map((line) => `  ${line}`).join("\n")}`);
    }
    if (reason === undefined) {
        const { refusal } = await guardedPreview(session, live, [json ? "--json" : "--diff"]);
        if (refusal) throw new UserError(refusal);
    } else if (json) {
        const { objects, outputs } = rendering;
        console.log(JSON.stringify({ mode: "offline", reason, objects, outputs }, null, 2));
    } else console.log(offlinePreview(rendering, reason).text);
}

import pc from "picocolors";
import { example, type Register } from "../command";
import { chooseBackend, type Engine, findCluster, findEngine, isMissing, type Ready } from "../engine";
import { UserError } from "../errors";
import { previewText } from "../previewText";
import { renderStack } from "../rendering";
import { read, run } from "../shell";
import { clusterOf } from "../stackConfig";

export const preview: Register = (program) => {
    example(
        program
            .command("preview")
            .description(
                "Show what `launch` would do: with the engine, or offline where CLI, cluster or stack are missing.",
            )
            .argument("[stack]", "stack to preview", "dev")
            .option("--json", "for scripts")
            .action((stack: string, options: { json?: boolean }) => show(stack, options.json ?? false)),
        "preview staging",
    );
};

/** `pulumi preview`, or the offline preview where CLI, cluster or stack are not there yet; says which and why. */
async function show(stack: string, json: boolean): Promise<void> {
    const rendering = await renderStack(stack);
    const reason = await whyOffline(stack);
    if (typeof reason !== "string") {
        await run(
            reason.engine.command,
            ["preview", "--refresh", "--stack", stack, ...(json ? ["--json"] : ["--diff"])],
            {
                env: reason.backend.env,
            },
        );
        return;
    }
    if (json) {
        console.log(
            JSON.stringify(
                { mode: "offline", reason, objects: rendering.objects, outputs: rendering.outputs },
                null,
                2,
            ),
        );
        return;
    }
    console.log(previewText(rendering));
    console.log(
        pc.dim(
            `Offline preview; ${reason}. Compare with a cluster: ./plinth render ${stack} --out out && kubectl diff --kustomize out`,
        ),
    );
}

async function whyOffline(stack: string): Promise<string | Ready> {
    const [engine, cluster] = await Promise.all([findEngine(), findCluster(clusterOf(stack))]);
    for (const found of [engine, cluster]) if (isMissing(found)) return `missing: ${found.what} (${found.remedy})`;
    let ready: Ready;
    try {
        ready = { engine: engine as Engine, backend: chooseBackend(stack) };
    } catch (error) {
        if (error instanceof UserError) return error.message;
        throw error;
    }
    const { ok } = await read(ready.engine.command, ["stack", "history", "--stack", stack, "--json"], {
        env: ready.backend.env,
    });
    return ok ? ready : `the stack "${stack}" does not exist yet; launch creates it`;
}

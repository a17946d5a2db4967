import { openSession } from "../../operations/launch/sandbox";
import type { Session } from "../../operations/session";
import { gatherStatus, notReady } from "../../operations/status/status";
import { example, type Register } from "../command";
import { statusText } from "../statusText";

export const status: Register = (program) => {
    example(
        program
            .command("status")
            .description(
                "Show a stack's objects in the cluster and whether they are ready.\n\nExit code 0 if everything that should be ready is ready, else 1.",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .action(async (stack: string, options: { json?: boolean }) =>
                showStatus(await openSession(stack), options.json ?? false),
            ),
        "status production",
        "status production --json | jq '.notReady'",
    );
};

export async function showStatus(session: Session, json: boolean): Promise<void> {
    const gathered = await gatherStatus(session);
    const missing = notReady(gathered);
    console.log(
        json ? JSON.stringify({ ...gathered, notReady: missing }, null, 2) : statusText(gathered, missing, Date.now()),
    );
    process.exitCode = missing.length > 0 ? 1 : 0;
}

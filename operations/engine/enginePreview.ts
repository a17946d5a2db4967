import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineError } from "./engineError";
import type { Pulumi } from "./pulumi";
import { temporaryFolder } from "../system/temporary";

/** One thing that the engine would do to one resource. */
export interface Step {
    /** `create`, `update`, `replace`, `delete-replaced`, … */
    readonly op: string;
    readonly urn: string;
}

/** What a run would do: as the engine shows it to people, and as a list. */
export interface EnginePreview {
    readonly text: string;
    readonly steps: readonly Step[];
    /** What the engine's refusal means here: of what is protected, for one, it shows the steps and refuses the whole. */
    readonly failed?: EngineError;
}

/**
 * Flags by which the engine compares with the cluster that the configuration names now: without the second it would
 * ask the one that the state was written for.
 */
export const comparing: readonly string[] = ["--refresh", "--run-program"];

/**
 * The engine's preview of a stack, compared with the cluster, for the user to see while it runs.
 *
 * What is shown and what is checked come from one run: between two the cluster could change.
 *
 * @param more flags for people's view: `--diff`, `--json`
 */
export async function enginePreview(pulumi: Pulumi, more: readonly string[] = []): Promise<EnginePreview> {
    // Only this user's: events hold the inputs of resources, if not the secret ones.
    const folder = temporaryFolder();
    const log = join(folder.path, "events");
    try {
        // The flag is the one by which the engine's own Automation API follows a run.
        const args = ["preview", ...comparing, "--event-log", log, ...more];
        const { output, failed } = await pulumi.attempt(args, { PULUMI_DEBUG_COMMANDS: "true" });
        const steps = existsSync(log) ? stepsIn(readFileSync(log, "utf8")) : [];
        return { text: output, steps, ...(failed ? { failed } : {}) };
    } finally {
        folder.remove();
    }
}

interface EngineEvent {
    readonly resourcePreEvent?: { readonly metadata: Step };
}

/** One event a line, of which those that announce a step count. */
export const stepsIn = (log: string): Step[] =>
    log
        .split("\n")
        .filter((line) => line.trim() !== "")
        .flatMap((line) => {
            const { resourcePreEvent } = JSON.parse(line) as EngineEvent;
            return resourcePreEvent ? [{ op: resourcePreEvent.metadata.op, urn: resourcePreEvent.metadata.urn }] : [];
        });

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineError } from "./engineError";
import type { Pulumi } from "./pulumi";
import { temporaryFolder } from "../system/temporary";

/** One operation that the engine would perform on one resource. */
export interface Step {
    /** `create`, `update`, `replace`, `delete-replaced`, … */
    readonly op: string;
    readonly urn: string;
}

/** What a run would do, as the engine's text output and as a list. */
export interface EnginePreview {
    readonly text: string;
    readonly steps: readonly Step[];
    /** The engine's refusal, if any: for protected resources, it shows the steps but refuses the run as a whole. */
    readonly failed?: EngineError;
}

export interface EnginePreviewArgs {
    /** Further flags for the text output: `--diff`, `--json`. @default none */
    readonly more?: readonly string[];
    /** Whether the user sees the text while the engine runs. @default true */
    readonly shown?: boolean;
}

/**
 * Flags that make the engine compare with the cluster that the configuration names now: without the second, it would
 * query the one recorded in the state.
 */
export const comparing: readonly string[] = ["--refresh", "--run-program"];

/**
 * The engine's preview of a stack, compared with the cluster.
 *
 * Display and checks use the same run, because the cluster could change between two.
 *
 */
export async function enginePreview(
    pulumi: Pulumi,
    { more = [], shown = true }: EnginePreviewArgs = {},
): Promise<EnginePreview> {
    // Readable by this user only: events contain the inputs of resources, except secret ones.
    const folder = temporaryFolder();
    const log = join(folder.path, "events");
    try {
        // Pulumi's own Automation API follows runs with the same flag.
        const args = ["preview", ...comparing, "--event-log", log, ...more];
        const { output, failed } = await pulumi.attempt(args, { env: { PULUMI_DEBUG_COMMANDS: "true" }, shown });
        const steps = existsSync(log) ? stepsIn(readFileSync(log, "utf8")) : [];
        return { text: output, steps, ...(failed ? { failed } : {}) };
    } finally {
        folder.remove();
    }
}

interface EngineEvent {
    readonly resourcePreEvent?: { readonly metadata: Step };
}

/** One event per line; only those that announce a step matter. */
export const stepsIn = (log: string): Step[] =>
    log
        .split("\n")
        .filter((line) => line.trim() !== "")
        .flatMap((line) => {
            const { resourcePreEvent } = JSON.parse(line) as EngineEvent;
            return resourcePreEvent ? [{ op: resourcePreEvent.metadata.op, urn: resourcePreEvent.metadata.urn }] : [];
        });

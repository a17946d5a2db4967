import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import pc from "picocolors";
import type { StackConfig } from "../../config/stack";
import { readYaml } from "../../config/yaml";
import { bringUp } from "./bringUp";
import { UserError } from "../system/errors";
import { findInstances } from "../stackfile/instances";
import type { Session } from "../session";
import { writeEdits } from "../stackfile/yamlEdit";

type State = "running" | "stopped" | "removed";

/**
 * Sets the state of instances in the stack file, prints the changed lines, and launches the stack.
 *
 * @throws UserError if the launch is refused or fails; the file is restored if it was refused
 */
export async function changeStates(
    session: Session,
    names: readonly string[],
    state: State,
    launches: boolean,
): Promise<void> {
    const { stack, path } = session;
    const chosen = chooseInstances(session.config(), names, state);
    const file = basename(path);
    const before = readFileSync(path, "utf8");
    const diff = writeStates(path, chosen, state);
    console.log(diff.length > 0 ? `${pc.bold(file)}\n${diff.join("\n")}` : `${file} is already up to date.`);
    if (!launches) {
        console.log(`Nothing is deployed yet: ./plinth launch ${stack}`);
        return;
    }
    const continueWith = `${file} is already changed. Once the cause is fixed, continue with: ./plinth launch ${stack}`;
    await launchChanged(session, before, diff.length > 0 ? continueWith : "");
}

/**
 * Launches a stack whose file was just changed. If the launch is refused, the file is restored, so that nothing has
 * changed.
 *
 * @param session opened before the change
 * @param before the file's text before the change
 * @param continueWith how to continue, for the message if it fails halfway
 * @param then called after the engine is done
 */
export async function launchChanged(
    session: Session,
    before: string,
    continueWith: string,
    then: () => Promise<void> = async () => {},
): Promise<void> {
    await changeOrPutBack(
        async (begin) => {
            await bringUp(session.refreshed(), { beforeUp: begin });
            await then();
        },
        { putBack: () => writeFileSync(session.path, before), continueWith },
    );
}

/**
 * Makes a change that may be refused until it begins; its preparations are then reverted.
 *
 * @param change must call its argument before it changes anything
 * @param continueWith how to continue, for the message if it fails after that; empty for no message
 */
export async function changeOrPutBack(
    change: (begin: () => void) => Promise<void>,
    { putBack, continueWith }: { readonly putBack: () => void | Promise<void>; readonly continueWith: string },
): Promise<void> {
    let hasBegun = false;
    try {
        await change(() => {
            hasBegun = true;
        });
    } catch (error) {
        if (!hasBegun) await putBack();
        else if (continueWith) console.error(continueWith);
        throw error;
    }
}

/**
 * The instances whose state to set: those named, or all that are in a different state. Removed instances must be named.
 *
 * @throws UserError if a name is not an instance of the stack, or there is nothing to change
 */
export function chooseInstances(
    { stack, instances }: Pick<StackConfig, "stack" | "instances">,
    names: readonly string[],
    state: State,
): string[] {
    findInstances({ stack, instances }, names);
    if (names.length > 0) return [...new Set(names)];
    const before: State = state === "stopped" ? "running" : "stopped";
    const chosen = instances.filter((instance) => instance.state === before).map(({ name }) => name);
    if (chosen.length > 0) return chosen;
    const states = instances.map((instance) => `${instance.name} is ${instance.state}`).join(", ");
    throw new UserError(
        `No instance of "${stack}" is ${before}: ${states || "it has none"}. Name the instances to change.`,
    );
}

/**
 * Writes the state of instances to a stack file.
 *
 * @returns the changed lines in the format of `diff`; empty if the file already contains them
 * @throws UserError if the file cannot be edited unambiguously; it is then unchanged
 */
export function writeStates(path: string, names: readonly string[], state: State): string[] {
    const written = (readYaml(readFileSync(path, "utf8"), basename(path)) as { config: { [key: string]: unknown } })
        .config["plinth:instances"];
    const edits = names.map((name) => {
        if (typeof (written as Record<string, unknown> | undefined)?.[name] !== "object")
            throw new UserError(
                `Nothing was changed: the instance "${name}" is not in ${path}; set its state to "${state}" where it is defined`,
            );
        return { path: ["config", "plinth:instances", name, "state"], value: state };
    });
    return writeEdits(path, edits);
}

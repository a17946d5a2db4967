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
 * Sets the state of instances in the stack's file, shows what differs there, and launches the stack.
 *
 * @throws UserError when the launch is refused or fails; the file is as it was where it was refused
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
    console.log(diff.length > 0 ? `${pc.bold(file)}\n${diff.join("\n")}` : `${file} says so already.`);
    if (!launches) {
        console.log(`Nothing is deployed yet: ./plinth launch ${stack}`);
        return;
    }
    const goOn = `${file} is changed already. When the cause is gone, go on with: ./plinth launch ${stack}`;
    await launchChanged(session, before, diff.length > 0 ? goOn : "");
}

/**
 * Launches a stack whose file was just changed: a launch that is refused has changed nothing, the file neither.
 *
 * @param session from before the change
 * @param before the file's text before the change
 * @param goOn what to say when it fails on the way
 * @param then what belongs to the change, once the engine is done
 */
export async function launchChanged(
    session: Session,
    before: string,
    goOn: string,
    then: () => Promise<void> = async () => {},
): Promise<void> {
    await changeOrPutBack(
        async (begin) => {
            await bringUp(session.anew(), { beforeUp: begin });
            await then();
        },
        { putBack: () => writeFileSync(session.path, before), goOn },
    );
}

/**
 * Makes a change that can be refused until it begins: what was prepared for it is then put back.
 *
 * @param change is given what it calls as soon as it may have changed something
 * @param goOn what to say when it fails after that; empty where there is nothing to say
 */
export async function changeOrPutBack(
    change: (begin: () => void) => Promise<void>,
    { putBack, goOn }: { readonly putBack: () => void | Promise<void>; readonly goOn: string },
): Promise<void> {
    let hasBegun = false;
    try {
        await change(() => {
            hasBegun = true;
        });
    } catch (error) {
        if (!hasBegun) await putBack();
        else if (goOn) console.error(goOn);
        throw error;
    }
}

/**
 * The instances whose state to set: those named, or all that are not in it. What is removed is only meant by name.
 *
 * @throws UserError when a name is no instance of the stack, or nothing is there to change
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
    throw new UserError(`No instance of "${stack}" is ${before}: ${states || "there are none"}. Name those you mean.`);
}

/**
 * Writes the state of instances into a stack's file.
 *
 * @returns the lines that differ, as `diff` shows them; none where the file says so already
 * @throws UserError when the file cannot be edited without a guess; it is then untouched
 */
export function writeStates(path: string, names: readonly string[], state: State): string[] {
    const written = (readYaml(readFileSync(path, "utf8"), basename(path)) as { config: { [key: string]: unknown } })
        .config["plinth:instances"];
    const edits = names.map((name) => {
        if (typeof (written as Record<string, unknown> | undefined)?.[name] !== "object")
            throw new UserError(
                `Nothing was changed: the instance "${name}" is not in ${path}; set its state to "${state}" where it is`,
            );
        return { path: ["config", "plinth:instances", name, "state"], value: state };
    });
    return writeEdits(path, edits);
}

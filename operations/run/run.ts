import { show, suggest } from "../../config/problems";
import type { AnyInstance } from "../../config/stack";
import { namespaceOf } from "../../config/unique";
import type { Operation, Operations } from "../../platforms/operation";
import { execIn, readyPod } from "../cluster/exec";
import { checkContainer } from "../cluster/pods";
import { refuseSandbox } from "../launch/sandbox";
import type { Session } from "../session";
import { findInstances } from "../stackfile/instances";
import { confirmName } from "../system/confirm";
import { UserError } from "../system/errors";
import { secretsFor } from "./secrets";
import { helpOf, listingOf } from "./usage";
import { readWords, type Words } from "./words";

export interface RunOptions extends Words {
    /** The instance's name, for an operation that has to be confirmed. @default the user is asked */
    readonly yes?: string;
    /** Whether secrets are generated, and shown once. @default false */
    readonly generate?: boolean;
}

/** What came of a run. */
export interface Ran {
    /** The command's exit code. */
    readonly code: number;
    /** Secrets that were generated, by name: nobody else knows them. Empty if the command failed. */
    readonly generated: Readonly<Record<string, string>>;
}

type Stack = Pick<Session, "stack" | "config" | "platforms" | "kubectl" | "isInSandbox">;

/**
 * Runs an operation of an instance's platform in a ready pod, with its output on this terminal.
 *
 * @throws UserError if there is no such operation, the words are not what it takes, or no pod is ready
 */
export async function runOperation(stack: Stack, instance: string, name: string, options: RunOptions): Promise<Ran> {
    const { settings, operation } = findOperation(stack, instance, name);
    const { component, container, asks = {}, interactive = false, confirm } = operation;
    const input = readWords(`${instance} ${name}`, operation, options);
    if (options.generate && Object.keys(asks).length === 0)
        throw new UserError(`${name} asks for nothing that --generate could make; remove it`);
    const command = operation.command(input);
    refuseSandbox(stack, "Nothing was run");
    if (settings.state !== "running")
        throw new UserError(
            `Nothing was run: ${instance} is ${settings.state}. Start it: ./plinth start ${stack.stack} ${instance}`,
        );
    const kubectl = await stack.kubectl();
    const place = { instance, name: component, namespace: namespaceOf(settings) };
    const pod = await readyPod(kubectl, place, `Deploy it with: ./plinth launch ${stack.stack}`);
    if (container !== undefined) checkContainer(place, pod, container);
    if (confirm !== undefined) await confirmName(instance, confirm, options.yes);
    const secrets = await secretsFor(operation, options.generate);
    const lines = Object.values(secrets).map((value) => `${value}\n`);
    const code = await execIn(kubectl, pod, {
        ...(container === undefined ? {} : { container }),
        command,
        input: lines.length > 0 ? { text: lines.join("") } : interactive ? "terminal" : "none",
    });
    return { code, generated: options.generate && code === 0 ? secrets : {} };
}

/**
 * What the user sees instead of a run: all operations of an instance, or how one is used.
 *
 * @throws UserError if there is no such operation, or none at all
 */
export function describeOperations(stack: Stack, instance: string, name?: string): string {
    if (name !== undefined) return helpOf(`${instance} ${name}`, findOperation(stack, instance, name).operation);
    return `${listingOf(operationsOf(stack, instance).operations)}\n\nArguments of one: ./plinth run ${instance} OPERATION --help`;
}

/** @throws UserError that suggests the nearest name */
function findOperation(stack: Stack, instance: string, name: string): { settings: AnyInstance; operation: Operation } {
    const { settings, operations } = operationsOf(stack, instance);
    const known = Object.keys(operations);
    if (Object.hasOwn(operations, name)) return { settings, operation: operations[name]! };
    throw new UserError(
        `${settings.platform} has no operation ${show(name)}${suggest(name, known)}; available: ${known.join(", ")}`,
    );
}

function operationsOf(stack: Stack, instance: string): { settings: AnyInstance; operations: Operations } {
    const settings = findInstances(stack.config(), [instance])[0]!;
    const operations = stack.platforms()[settings.platform]?.operations?.(settings) ?? {};
    if (Object.keys(operations).length > 0) return { settings, operations };
    throw new UserError(
        `The platform ${settings.platform} has no operations. Any command runs with: ./plinth exec ${instance}/COMPONENT ${stack.stack} -- COMMAND`,
    );
}

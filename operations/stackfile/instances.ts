import { show, suggest } from "../../config/problems";
import type { AnyInstance, StackConfig } from "../../config/stack";
import { UserError } from "../system/errors";

type Instances = Pick<StackConfig, "stack" | "instances">;

/**
 * Looks up instances of a stack by name.
 *
 * @throws UserError that lists every unknown name
 */
export function findInstances({ stack, instances }: Instances, names: readonly string[]): AnyInstance[] {
    const known = instances.map(({ name }) => name);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new UserError(unknown.map((name) => noInstance(stack, name, known)).join("\n"));
    return instances.filter(({ name }) => names.includes(name));
}

/** The message about an unknown instance. */
export const noInstance = (stack: string, name: string, known: readonly string[]): string =>
    `"${stack}" has no instance ${show(name)}${suggest(name, known)}; available: ${known.join(", ") || "none"}`;

import { show, suggest } from "../../config/problems";
import type { AnyInstance, StackConfig } from "../../config/stack";
import { UserError } from "../system/errors";

type Instances = Pick<StackConfig, "stack" | "instances">;

/**
 * The instances of a stack that are meant.
 *
 * @throws UserError that names every one that is not there
 */
export function findInstances({ stack, instances }: Instances, names: readonly string[]): AnyInstance[] {
    const known = instances.map(({ name }) => name);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new UserError(unknown.map((name) => noInstance(stack, name, known)).join("\n"));
    return instances.filter(({ name }) => names.includes(name));
}

/** What is said of an instance that is not among those known. */
export const noInstance = (stack: string, name: string, known: readonly string[]): string =>
    `"${stack}" has no instance ${show(name)}${suggest(name, known)}; there are: ${known.join(", ") || "none"}`;

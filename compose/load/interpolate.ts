import { ComposeError, type ComposeProblem, type Path } from "../errors";
import { changeEach, type Node, scalar, sequence } from "../node";
import type { Cast } from "../rules/casts";
import { casts } from "../rules/rules";
import { into, type Step } from "../rules/table";
import { interpolated, TemplateError } from "../text/template";
import { type Environment, lookupIn, type Session } from "./session";

/**
 * Replaces the variables in all texts, and makes numbers and booleans of those that must be some. Keys stay as they are:
 * Compose specification, 12 "Interpolation".
 *
 * @throws ComposeError with all problems, not only the first
 */
export function interpolate(root: Node, environment: Environment, session: Session): Node {
    const problems: ComposeProblem[] = [];
    const lookup = lookupIn(environment);
    const value = (node: Node, path: Path, cast: Cast | undefined): Node => {
        if (node.kind !== "scalar" || typeof node.value !== "string") return node;
        try {
            const text = interpolated(node.value, lookup, session.unset(node.at, path));
            return cast ? scalar(cast(text), node.at) : text === node.value ? node : scalar(text, node.at);
        } catch (error) {
            if (!(error instanceof TemplateError || error instanceof RangeError)) throw error;
            problems.push({ place: node.at, path, message: error.message });
            return node;
        }
    };
    const walk = (node: Node, step: Step<Cast> | undefined, path: Path): Node => {
        if (node.kind === "mapping")
            return changeEach(node, (inner, key) => walk(inner, into(step, key), [...path, key]));
        if (node.kind === "sequence") {
            const items = node.items.map((item, i) => walk(item, into(step, i), [...path, i]));
            return items.every((item, i) => item === node.items[i]) ? node : sequence(items, node.at);
        }
        return value(node, path, step?.rule);
    };
    const result = walk(root, casts, []);
    if (problems.length > 0) throw new ComposeError(problems);
    return result;
}

import { plinthLabels } from "../components/labels";
import { UserError } from "./errors";
import { streamOf } from "./manifests";
import type { RenderedObject, Rendering } from "./rendering";
import { read } from "./shell";

/**
 * Objects in the cluster that bear the name of one of the stack's: its own by the label, and somebody else's.
 *
 * @param kubectl the program, and what leads it to the stack's cluster
 * @throws UserError when kubectl could not look
 */
export async function existingObjects(
    kubectl: { readonly command: string; readonly args: readonly string[] },
    rendering: Rendering,
): Promise<{ own: RenderedObject[]; foreign: RenderedObject[] }> {
    const args = ["get", "--filename", "-", "--ignore-not-found", "--output", "json"];
    const found = await read(kubectl.command, [...kubectl.args, ...args], { input: streamOf(rendering, true) });
    // Kinds and namespaces that the cluster does not have yet hold nothing of anybody's.
    const refused = found.stderr
        .split("\n")
        .filter((line) => line.trim() !== "" && !/^warning|NotFound|no matches for kind|ensure CRDs/i.test(line));
    if (!found.ok && refused.length > 0)
        throw new UserError(`kubectl could not look at what exists already: ${refused.join("\n").trim()}`);
    const label = `${rendering.project}.${rendering.stack}`;
    const isOwn = ({ metadata }: RenderedObject) => metadata.labels?.[plinthLabels.stack] === label;
    const all = objectsIn(found.stdout);
    return { own: all.filter(isOwn), foreign: all.filter((object) => !isOwn(object)) };
}

/** kubectl prints one object, a list, or nothing. */
function objectsIn(json: string): RenderedObject[] {
    if (json.trim() === "") return [];
    const printed = JSON.parse(json) as RenderedObject & { readonly items?: RenderedObject[] };
    return printed.items ?? [printed];
}

import { plinthLabels } from "../../components/labels";
import { UserError } from "../system/errors";
import type { Kubectl } from "./kubectl";
import { streamOf } from "../render/manifests";
import type { RenderedObject, Rendering } from "../render/rendering";
import { read } from "../system/shell";

/**
 * Objects in the cluster that bear the name of one of the stack's: its own by the label, and somebody else's.
 *
 * @param kubectl the program, and what leads it to the stack's cluster
 * @throws UserError when kubectl could not look
 */
export async function existingObjects(
    kubectl: Pick<Kubectl, "command" | "args">,
    rendering: Rendering,
): Promise<{ own: RenderedObject[]; foreign: RenderedObject[] }> {
    const all = await liveOf(kubectl, streamOf(rendering, true));
    const label = `${rendering.project}.${rendering.stack}`;
    const isOwn = ({ metadata }: RenderedObject) => metadata.labels?.[plinthLabels.stack] === label;
    return { own: all.filter(isOwn), foreign: all.filter((object) => !isOwn(object)) };
}

/**
 * What the cluster has of some objects, by kind, namespace and name.
 *
 * @param manifests as `kubectl apply` takes them
 * @throws UserError when kubectl could not look
 */
export async function liveOf(
    { command, args: leading }: Pick<Kubectl, "command" | "args">,
    manifests: string,
): Promise<RenderedObject[]> {
    const args = ["get", "--filename", "-", "--ignore-not-found", "--output", "json"];
    const found = await read(command, [...leading, ...args], { input: manifests });
    // Kinds and namespaces that the cluster does not have yet hold nothing of anybody's.
    const refused = found.stderr
        .split("\n")
        .filter((line) => line.trim() !== "" && !/^warning|NotFound|no matches for kind|ensure CRDs/i.test(line));
    if (!found.ok && refused.length > 0)
        throw new UserError(`kubectl could not look at what exists already: ${refused.join("\n").trim()}`);
    return objectsIn(found.stdout);
}

/** kubectl prints one object, a list, or nothing. */
function objectsIn(json: string): RenderedObject[] {
    if (json.trim() === "") return [];
    const printed = JSON.parse(json) as RenderedObject & { readonly items?: RenderedObject[] };
    return printed.items ?? [printed];
}

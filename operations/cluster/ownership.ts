import { plinthLabels } from "../../components/labels";
import { consentName } from "../../components/names";
import { UserError } from "../system/errors";
import type { Kubectl } from "./kubectl";
import { KubectlError, linesBut } from "./kubectlError";
import type { RenderedObject, Rendering } from "../render/rendering";

/** What an object goes by. */
export interface Named {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Objects in the cluster that bear the name of one of the stack's: its own by the label, and somebody else's. */
export interface Existing {
    readonly own: readonly RenderedObject[];
    readonly foreign: readonly RenderedObject[];
}

/**
 * Tells whose the objects are that bear the name of one of the stack's.
 *
 * @param live what the cluster has of them, and perhaps of others
 */
export function existingIn(
    live: readonly RenderedObject[],
    { objects, project, stack }: Pick<Rendering, "objects" | "project" | "stack">,
): Existing {
    const names = new Set(objects.map(consentName));
    const there = live.filter((object) => names.has(consentName(object)));
    const isOwn = ({ metadata }: RenderedObject) => metadata.labels?.[plinthLabels.stack] === `${project}.${stack}`;
    return { own: there.filter(isOwn), foreign: there.filter((object) => !isOwn(object)) };
}

/**
 * What the cluster has of some objects, by kind, namespace and name.
 *
 * @throws KubectlError, UserError when kubectl could not look
 */
export async function liveOf(kubectl: Pick<Kubectl, "read">, wanted: readonly Named[]): Promise<RenderedObject[]> {
    // The state may know an object by an older version of its kind.
    const names = new Map([...wanted].reverse().map((object) => [consentName(object), nameOf(object)]));
    if (names.size === 0) return [];
    const list = { apiVersion: "v1", kind: "List", items: [...names.values()].reverse() };
    const args = ["get", "--filename", "-", "--ignore-not-found", "--output", "json"];
    return objectsIn(await kubectl.read(args, JSON.stringify(list)).catch(unlessAbsent));
}

const nameOf = ({ apiVersion, kind, metadata: { name, namespace } }: Named): Named => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
});

/** Kinds and namespaces that the cluster does not have yet hold nothing of anybody's. */
function unlessAbsent(error: unknown): string {
    if (!(error instanceof KubectlError)) throw error;
    const refused = linesBut(error.said, "notFound", "unknownKind");
    if (refused.length > 0)
        throw new UserError(`kubectl could not look at what exists already: ${refused.join("\n").trim()}`);
    return error.output;
}

/** kubectl prints one object, a list, or nothing. */
function objectsIn(json: string): RenderedObject[] {
    if (json.trim() === "") return [];
    const printed = JSON.parse(json) as RenderedObject & { readonly items?: RenderedObject[] };
    return printed.items ?? [printed];
}

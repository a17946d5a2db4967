import { plinthLabels } from "../../components/labels";
import { consentName } from "../../components/names";
import { UserError } from "../system/errors";
import type { Kubectl } from "./kubectl";
import { KubectlError, linesExcept } from "./kubectlError";
import type { RenderedObject, Rendering } from "../render/rendering";

/** What identifies an object. */
export interface Named {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Existing objects with the names of the stack's objects: the stack's own, recognised by label, and foreign ones. */
export interface Existing {
    readonly own: readonly RenderedObject[];
    readonly foreign: readonly RenderedObject[];
}

/**
 * Divides existing objects with the names of the stack's objects by who owns them.
 *
 * @param live objects in the cluster; may contain others
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
 * Reads some objects from the cluster, by kind, namespace and name.
 *
 * @throws KubectlError or UserError if kubectl cannot read them
 */
export async function liveOf(kubectl: Pick<Kubectl, "read">, wanted: readonly Named[]): Promise<RenderedObject[]> {
    // The state may contain an older API version of the object.
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

/** Kinds and namespaces that do not exist yet contain no objects. */
function unlessAbsent(error: unknown): string {
    if (!(error instanceof KubectlError)) throw error;
    const refused = linesExcept(error.details, "notFound", "unknownKind");
    if (refused.length > 0)
        throw new UserError(`kubectl could not read the existing objects: ${refused.join("\n").trim()}`);
    return error.output;
}

/** kubectl prints a single object, a list, or nothing. */
function objectsIn(json: string): RenderedObject[] {
    if (json.trim() === "") return [];
    const printed = JSON.parse(json) as RenderedObject & { readonly items?: RenderedObject[] };
    return printed.items ?? [printed];
}

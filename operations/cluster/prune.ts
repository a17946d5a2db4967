import type { Kubectl } from "./kubectl";
import type { List } from "./live";
import type { RenderedObject, Rendering } from "../render/rendering";

/** Deletes objects of some kinds that have the stack's label and are no longer declared. */
export async function prune(kubectl: Kubectl, { objects }: Rendering, kinds: readonly string[]): Promise<void> {
    const declared = new Set(objects.map(id));
    const selected = ["get", kinds.join(","), "--all-namespaces", "--selector", kubectl.selector];
    const { items } = await kubectl.json<List<RenderedObject>>(selected);
    for (const { kind, metadata } of items.filter((item) => !declared.has(id(item))))
        console.log((await kubectl.read(["delete", kind, metadata.name, "--namespace", metadata.namespace!])).trim());
}

const id = ({ kind, metadata }: RenderedObject): string => `${kind} ${metadata.namespace} ${metadata.name}`;

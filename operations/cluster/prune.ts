import { isOperated } from "../../components/kinds";
import type { Kubectl } from "./kubectl";
import type { List, Live } from "./live";
import type { RenderedObject, Rendering } from "../render/rendering";

/**
 * Deletes objects of some kinds that have the stack's label and are no longer declared. Those of an operator, which
 * have the label from what they are made of, are its own.
 */
export async function prune(kubectl: Kubectl, { objects }: Rendering, kinds: readonly string[]): Promise<void> {
    const declared = new Set(objects.map(id));
    const selected = ["get", kinds.join(","), "--all-namespaces", "--selector", kubectl.selector];
    const { items } = await kubectl.json<List<RenderedObject & Pick<Live, "metadata">>>(selected);
    const isOwned = ({ metadata }: Pick<Live, "metadata">) => metadata.ownerReferences?.some(isOperated) ?? false;
    for (const { kind, metadata } of items.filter((item) => !declared.has(id(item)) && !isOwned(item)))
        console.log((await kubectl.read(["delete", kind, metadata.name, "--namespace", metadata.namespace!])).trim());
}

const id = ({ kind, metadata }: RenderedObject): string => `${kind} ${metadata.namespace} ${metadata.name}`;

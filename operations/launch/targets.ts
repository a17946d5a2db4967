import { edgeName } from "../../components/loadBalancer";
import type { PlainResource } from "../render/plainPlan";
import type { Rendering } from "../render/rendering";

const namespaces = ["pulumi:providers:kubernetes", "plinth:components:Namespace", "kubernetes:core/v1:Namespace"];

/** The provider and the namespaces, in which everything else can then be tried. */
export const namespaceTargets = (rendering: Rendering): string[] =>
    targetsOf(rendering, ({ type }) => namespaces.includes(type));

/** These, and the edges' Services: all that is needed for an address. */
export const edgeTargets = (rendering: Rendering): string[] =>
    targetsOf(
        rendering,
        ({ type, name }) =>
            [...namespaces, "plinth:components:LoadBalancer"].includes(type) ||
            (type === "kubernetes:core/v1:Service" && name.endsWith(`-${edgeName}`)),
    );

function targetsOf({ resources }: Rendering, isMeant: (resource: PlainResource) => boolean): string[] {
    const patterns = resources.filter(isMeant).map(({ type, name }) => `**${type}::${name}`);
    return [...new Set(patterns)].flatMap((pattern) => ["--target", pattern]);
}

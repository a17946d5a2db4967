import { edgeName } from "../../components/loadBalancer";
import type { Rendering } from "../render/rendering";

/** The provider, the namespaces and the edges' Services: all that is needed for an address. */
export function edgeTargets({ resources }: Rendering): string[] {
    const wanted = [
        "pulumi:providers:kubernetes",
        "plinth:components:Namespace",
        "plinth:components:LoadBalancer",
        "kubernetes:core/v1:Namespace",
    ];
    const targets = resources.filter(
        ({ type, name }) =>
            wanted.includes(type) || (type === "kubernetes:core/v1:Service" && name.endsWith(`-${edgeName}`)),
    );
    return [...new Set(targets.map(({ type, name }) => `**${type}::${name}`))].flatMap((pattern) => [
        "--target",
        pattern,
    ]);
}

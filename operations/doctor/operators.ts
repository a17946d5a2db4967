import { lackOf, operatorsFor } from "../cluster/operators";
import type { ApiResource } from "../cluster/live";
import type { Rendering } from "../render/rendering";
import { type Finding, ok, problem } from "./finding";

export interface OperatorFacts {
    readonly rendering: Pick<Rendering, "objects">;
    readonly apiResources: readonly ApiResource[];
}

/** Whether the server knows the kinds of which the stack's databases are objects. */
export function databaseOperators({ rendering, apiResources }: OperatorFacts): Finding {
    const uses = operatorsFor(rendering.objects, ({ apiVersion, kind }) =>
        apiResources.some((resource) => resource.apiVersion === apiVersion && resource.kind === kind),
    );
    if (uses.length === 0) return ok("not needed: no database has topology: operator");
    const missing = uses.filter(({ unknown }) => unknown.length > 0);
    if (missing.length > 0)
        return problem(
            missing.map(lackOf).join("; "),
            `install it: ${missing.map(({ install }) => install).join("; ")}`,
        );
    return ok(uses.map(({ name, kinds }) => `${name}: the server knows ${kinds.join(", ")}`).join("; "));
}

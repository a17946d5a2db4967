import { recordsOf, restoreTasks } from "../backup/progress";
import { requireOperators } from "../cluster/operators";
import { liveOf } from "../cluster/ownership";
import type { RenderedObject } from "../render/rendering";
import type { Session } from "../session";
import { losable } from "./losses";
import { identifyingIn } from "./sameCluster";

/**
 * Reads everything from the cluster that a run may touch: objects with the names of the stack's, objects in its state,
 * and the records of restores. One query serves all checks.
 *
 * @returns undefined if kubectl is missing and not needed
 * @throws UserError if kubectl cannot read them, or if the operator of a database is missing
 */
export async function liveBefore(session: Session, isNeeded: boolean): Promise<RenderedObject[] | undefined> {
    if (!session.hasKubectl() && !isNeeded) return undefined;
    const { objects } = await session.rendering();
    const resources = losable(await session.state());
    const kubectl = await session.kubectl();
    await requireOperators(kubectl, objects);
    return liveOf(kubectl, [...objects, ...identifyingIn(resources), ...recordsOf(restoreTasks(resources))]);
}

import { restoreRecords } from "../backup/progress";
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
 * @throws UserError if kubectl cannot read them
 */
export async function liveBefore(session: Session, isNeeded: boolean): Promise<RenderedObject[] | undefined> {
    if (!session.hasKubectl() && !isNeeded) return undefined;
    const { objects } = await session.rendering();
    const resources = losable(await session.state());
    return liveOf(await session.kubectl(), [...objects, ...identifyingIn(resources), ...restoreRecords(resources)]);
}

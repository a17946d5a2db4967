import { restoreRecords } from "../backup/progress";
import { liveOf } from "../cluster/ownership";
import type { RenderedObject } from "../render/rendering";
import type { Session } from "../session";
import { losable } from "./losses";
import { lastingIn } from "./sameCluster";

/**
 * What the cluster has, before a run, of all that the run may touch: objects with the names of the stack's, those that
 * its state knows, and the records of restores. One question for everybody who judges by it.
 *
 * @returns undefined where kubectl is missing and not needed
 * @throws UserError when kubectl could not look
 */
export async function liveBefore(session: Session, isNeeded: boolean): Promise<RenderedObject[] | undefined> {
    if (!session.hasKubectl() && !isNeeded) return undefined;
    const { objects } = await session.rendering();
    const resources = losable(await session.state());
    return liveOf(await session.kubectl(), [...objects, ...lastingIn(resources), ...restoreRecords(resources)]);
}

import { precious } from "../../components/kinds";
import { consentName } from "../../components/names";
import { type Kubectl, targetOf } from "../cluster/kubectl";
import { existingIn } from "../cluster/ownership";
import type { RenderedObject, Rendering } from "../render/rendering";
import { UserError } from "../system/errors";

/**
 * Waits until objects of the stack that are still being deleted are gone: the server does not create an object whose
 * predecessor is there, and the engine does not wait for the deletion of a workload whose start it does not await.
 *
 * Volumes and namespaces are not waited for: they stay for as long as something uses them.
 *
 * @param live existing objects before the run
 * @throws UserError if one is there after ten minutes
 */
export async function awaitDeletions(
    kubectl: Pick<Kubectl, "read">,
    live: readonly RenderedObject[],
    rendering: Rendering,
): Promise<void> {
    const leaving = existingIn(live, rendering).own.filter(
        ({ kind, metadata }) => metadata.deletionTimestamp !== undefined && !precious.includes(kind),
    );
    if (leaving.length === 0) return;
    console.log(`Waiting for the end of what is being deleted: ${leaving.map(consentName).join(", ")}`);
    for (const object of leaving) {
        const target = [targetOf(object), "--namespace", object.metadata.namespace!];
        await kubectl.read(["wait", "--for=delete", ...target, "--timeout=10m"]).catch((error: unknown) => {
            throw new UserError(
                `${consentName(object)} is still being deleted after ten minutes: ${(error as Error).message}`,
            );
        });
    }
}

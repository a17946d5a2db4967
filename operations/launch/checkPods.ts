import pc from "picocolors";
import type { Kubectl } from "../cluster/kubectl";
import { type Refused, refusalLines, tryPods } from "../cluster/trial";
import type { Rendering } from "../render/rendering";
import { UserError } from "../system/errors";

/**
 * Ensures that the pods of a stack would be admitted: their controllers would try for ever, and the engine would wait
 * for its time-outs. Warns of what may not apply to them.
 *
 * @returns the stack's namespaces that do not exist yet, in which nothing can be tried
 * @throws UserError with each certain refusal and the key to set
 */
export async function checkPods(kubectl: Pick<Kubectl, "read">, rendering: Rendering): Promise<string[]> {
    const { refused, absent } = await tryPods(kubectl, rendering);
    const lines = (some: readonly Refused[]) =>
        refusalLines(some)
            .map((line) => `\n  ${line}`)
            .join("");
    const certain = refused.filter((one) => one.isCertain);
    const lasting = certain.filter(({ isTransient }) => !isTransient);
    if (lasting.length > 0)
        throw new UserError(
            `The cluster would refuse these pods:${lines(lasting)}\nSet the keys that are named, then continue: ./plinth launch ${rendering.stack}`,
        );
    // A pod that a new one replaces may give back what it uses.
    if (certain.length > 0) console.error(pc.yellow(`Pods may have to wait for a quota:${lines(certain)}`));
    const unclear = refused.filter((one) => !one.isCertain);
    if (unclear.length > 0)
        console.error(
            pc.yellow(
                `The cluster may refuse these pods; tried were bare ones, without a controller:${lines(unclear)}`,
            ),
        );
    const own = rendering.objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);
    return absent.filter((namespace) => own.includes(namespace));
}

import pc from "picocolors";
import type { Kubectl } from "../cluster/kubectl";
import { refusalLines, tryPods } from "../cluster/trial";
import type { Rendering } from "../render/rendering";
import { UserError } from "../system/errors";

/**
 * Ensures that the pods of a stack would be admitted: their controllers would try for ever, and the engine would wait
 * for its time-outs.
 *
 * @returns the stack's namespaces that do not exist yet, in which nothing can be tried
 * @throws UserError with each refusal and the key to set
 */
export async function checkPods(kubectl: Pick<Kubectl, "read">, rendering: Rendering): Promise<string[]> {
    const { refused, absent } = await tryPods(kubectl, rendering);
    const lasting = refused.filter(({ isTransient }) => !isTransient);
    const lines = refusalLines(lasting.length > 0 ? lasting : refused).map((line) => `  ${line}`);
    if (lasting.length > 0)
        throw new UserError(
            `The cluster would refuse these pods:\n${lines.join("\n")}\nSet the keys that are named, then continue: ./plinth launch ${rendering.stack}`,
        );
    // A pod that a new one replaces may give back what it uses.
    if (lines.length > 0) console.error(pc.yellow(`Pods may have to wait for a quota:\n${lines.join("\n")}`));
    const own = rendering.objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);
    return absent.filter((namespace) => own.includes(namespace));
}

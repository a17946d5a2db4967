import { example, type Register } from "../command";
import { chooseComponent, componentOf, fullName, listStack } from "../../operations/cluster/components";
import { UserError } from "../../operations/system/errors";
import { type Kubectl, targetOf } from "../../operations/cluster/kubectl";
import type { Live } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import { isReady, podsOfComponent, reasonOf } from "../../operations/cluster/pods";

/** Kinds whose pods run all the time. */
const tiers = "statefulsets,deployments";

export const restart: Register = (program) => {
    example(
        program
            .command("restart")
            .description(
                "Replace the pods of tiers by new ones, one tier after the other, each without an interruption where it has two pods or more. The stack does not change, and `drift` does not report it.",
            )
            .argument(
                "<component>",
                "frontend, or shop/frontend where several instances have one; several with commas; all for every tier",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--no-wait", "do not wait until the new pods are ready")
            .action((targets: string, stack: string, options: { wait: boolean }) => roll(targets, stack, options.wait)),
        "restart frontend production",
        "restart shop/frontend,shop/admin --no-wait",
    );
};

/**
 * kubectl leaves its mark in the pod template under a name of its own, so that neither the engine nor `drift` takes it
 * for a change of the stack's fields.
 */
async function roll(targets: string, stack: string, waits: boolean): Promise<void> {
    const kubectl = await (await openSession(stack)).kubectl();
    for (const object of await findTiers(kubectl, targets)) {
        const { namespace } = object.metadata;
        const where = [targetOf(object), "--namespace", namespace];
        await kubectl.run(["rollout", "restart", ...where]);
        // As long as the slowest start may take: a database's recovery.
        if (!waits) continue;
        try {
            await kubectl.run(["rollout", "status", ...where, "--timeout", "30m"]);
        } catch (error) {
            // kubectl says that it has waited long enough, not for what.
            const [unready] = (await podsOfComponent(kubectl, componentOf(object))).filter((pod) => !isReady(pod));
            if (!(error instanceof UserError) || !unready) throw error;
            throw new UserError(`${error.message}\n${unready.metadata.name}: ${reasonOf(unready)}`);
        }
    }
}

/** All that are meant, found before the first is touched; data services come first. */
async function findTiers(kubectl: Kubectl, targets: string): Promise<Live[]> {
    const all = await listStack(kubectl, tiers);
    if (targets === "all" && all.length > 0)
        return [...all].sort((a, b) => b.kind.localeCompare(a.kind) || a.metadata.name.localeCompare(b.metadata.name));
    const chosen = [...new Set(targets.split(","))].map((target) =>
        chooseComponent(target, all.map(componentOf), kubectl.config.stack, "tier"),
    );
    return chosen.flatMap((component) => all.filter((object) => fullName(componentOf(object)) === fullName(component)));
}

import { example, type Register } from "../command";
import { chooseComponent, componentOf, fullName, listOperated, listStack } from "../../operations/cluster/components";
import { UserError } from "../../operations/system/errors";
import { type Kubectl, targetOf } from "../../operations/cluster/kubectl";
import type { Live } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import { isReady, podsOfComponent, reasonOf } from "../../operations/cluster/pods";

/** Kinds whose pods run permanently. */
const tiers = "statefulsets,deployments";

export const restart: Register = (program) => {
    example(
        program
            .command("restart")
            .description(
                "Replace the pods of tiers, one tier after the other.\n\nTiers with two or more pods stay available. The stack does not change, and `drift` does not report the restart.",
            )
            .argument(
                "<component>",
                "frontend, or shop/frontend if several instances have one; separate several with commas; all for every tier",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--no-wait", "do not wait until the new pods are ready")
            .action((targets: string, stack: string, options: { wait: boolean }) => roll(targets, stack, options.wait)),
        "restart frontend production",
        "restart shop/frontend,shop/admin --no-wait",
    );
};

/**
 * kubectl adds its own annotation to the pod template, so that neither the engine nor `drift` treats it as a change of
 * the stack's fields.
 */
async function roll(targets: string, stack: string, waits: boolean): Promise<void> {
    const kubectl = await (await openSession(stack)).kubectl();
    for (const object of await findTiers(kubectl, targets)) {
        const { namespace } = object.metadata;
        const where = [targetOf(object), "--namespace", namespace];
        await kubectl.run(["rollout", "restart", ...where]);
        // Allows for the slowest start: a database's recovery.
        if (!waits) continue;
        try {
            await kubectl.run(["rollout", "status", ...where, "--timeout", "30m"]);
        } catch (error) {
            // kubectl reports the timeout, but not the cause.
            const [unready] = (await podsOfComponent(kubectl, componentOf(object))).filter((pod) => !isReady(pod));
            if (!(error instanceof UserError) || !unready) throw error;
            throw new UserError(`${error.message}\n${unready.metadata.name}: ${reasonOf(unready)}`);
        }
    }
}

/** Finds all named tiers before any is restarted; data services come first. */
async function findTiers(kubectl: Kubectl, targets: string): Promise<Live[]> {
    const [all, operated] = await Promise.all([listStack(kubectl, tiers), listOperated(kubectl)]);
    const names = [...new Set(targets.split(","))];
    const theirs = operated
        .map(componentOf)
        .find((one) => names.some((target) => target === one.name || target === fullName(one)));
    if (theirs && !all.some((object) => componentOf(object).name === theirs.name))
        throw new UserError(
            `${fullName(theirs)} is restarted by its operator, member by member: set restartedAt: {${theirs.name}: …} of the instance in the stack file, and launch.`,
        );
    if (targets === "all" && all.length > 0)
        return [...all].sort((a, b) => b.kind.localeCompare(a.kind) || a.metadata.name.localeCompare(b.metadata.name));
    const chosen = names.map((target) => chooseComponent(target, all.map(componentOf), kubectl.config.stack, "tier"));
    return chosen.flatMap((component) => all.filter((object) => fullName(componentOf(object)) === fullName(component)));
}

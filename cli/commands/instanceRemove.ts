import { backUpNow } from "../../operations/backup/backups";
import { example, type Register } from "../command";
import { componentOf, listStack } from "../../operations/cluster/components";
import { confirmName } from "../../operations/system/confirm";
import type { Claim } from "../../operations/cluster/live";
import { findInstances } from "../../operations/stackfile/instances";
import { openSession } from "../../operations/launch/sandbox";
import { changeStates } from "../../operations/launch/states";
import { claimRow, listVolumes } from "../../operations/cluster/volumes";
import { volumesText } from "../volumesText";

/** @param group the command `instance` */
export const instanceRemove: Register = (group) => {
    example(
        group
            .command("remove")
            .description(
                "Remove an instance from service, but keep its data.\n\nWrites `state: removed` to the stack file, launches the stack, and prints where the data is. Asks for the instance's name first.",
            )
            .argument("<instance>", "instance to remove")
            .argument("[stack]", "launched stack", "dev")
            .option("--yes <name>", "the instance's name once more, for scripts")
            .option("--backup", "back it up first; if that fails, nothing is removed")
            .action(remove),
        "instance remove shop production --backup",
    );
};

interface RemoveOptions {
    readonly yes?: string;
    readonly backup?: boolean;
}

async function remove(name: string, stack: string, { yes, backup = false }: RemoveOptions): Promise<void> {
    const session = await openSession(stack);
    findInstances(session.config(), [name]);
    await confirmName(name, `"${name}" will be removed from service; its data is kept.`, yes);
    if (backup) await backUpNow(await session.kubectl(), name);
    await changeStates(session, [name], "removed", true);
    const kubectl = await session.kubectl();
    const claims = (await listStack<Claim>(kubectl, "persistentvolumeclaims")).filter(
        (claim) => componentOf(claim).instance === name,
    );
    const volumes = await listVolumes(kubectl);
    console.log(
        claims.length > 0
            ? `\nIts data is here:\n\n${volumesText(claims.map((claim) => claimRow(claim, volumes, new Map())))}`
            : "\nIt has no volumes.",
    );
    console.log(
        `\nStart it again:          ./plinth start ${stack} ${name}\n` +
            `Delete all but volumes:  ./plinth forget ${name} ${stack}\n` +
            `Delete everything:       ./plinth purge ${name} ${stack}`,
    );
}

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
                "Take an instance away and keep its data: writes `state: removed` into the stack's file, launches it, and says where the data are. Asks for the name first.",
            )
            .argument("<instance>", "instance to remove")
            .argument("[stack]", "launched stack", "dev")
            .option("--yes <name>", "the instance's name once more, for scripts")
            .option("--backup", "back it up once more before; where that fails nothing is removed")
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
    await confirmName(name, `"${name}" will be taken out of service; its data stay.`, yes);
    if (backup) await backUpNow(await session.kubectl(), name);
    await changeStates(session, [name], "removed", true);
    const kubectl = await session.kubectl();
    const claims = (await listStack<Claim>(kubectl, "persistentvolumeclaims")).filter(
        (claim) => componentOf(claim).instance === name,
    );
    const volumes = await listVolumes(kubectl);
    console.log(
        claims.length > 0
            ? `\nIts data are here:\n\n${volumesText(claims.map((claim) => claimRow(claim, volumes, new Map())))}`
            : "\nIt has no volumes.",
    );
    console.log(
        `\nBring it back:                 ./plinth start ${stack} ${name}\n` +
            `Keep the volumes, forget it:   ./plinth forget ${name} ${stack}\n` +
            `Delete everything for good:    ./plinth purge ${name} ${stack}`,
    );
}

import { setTimeout as sleep } from "node:timers/promises";
import { plinthLabels } from "../../components/labels";
import { example, type Register } from "../command";
import { confirmName } from "../../operations/system/confirm";
import { UserError } from "../../operations/system/errors";
import { deleteVolume, deleteInstance, markVolume } from "../../operations/removal/deleteInstance";
import type { Kubectl } from "../../operations/cluster/kubectl";
import type { Volume } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import type { Session } from "../../operations/session";
import { findLeftovers, type Leftovers } from "../../operations/removal/leftovers";
import { count } from "../../operations/system/text";
import { isProvisioned, listVolumes, ownerOf, leftoverOf } from "../../operations/cluster/volumes";
import { indented, leftoversText } from "../volumesText";

interface PurgeOptions {
    readonly yes?: string;
    readonly recover?: boolean;
}

export const purge: Register = (program) => {
    example(
        program
            .command("purge")
            .description(
                "Delete a removed instance permanently, with its data.\n\nDeletes claims and their volumes, even if the class would keep them, Secrets, passwords, the namespace, and the key in the stack file. Lists everything and asks for the instance's name first. If interrupted, run it again to continue.",
            )
            .argument("<instance>", "instance with `state: removed`")
            .argument("[stack]", "launched stack", "dev")
            .option("--yes <name>", "the instance's name once more, for scripts")
            .option("--recover", "continue after an interrupted run: clear its lock")
            .action((name: string, stack: string, options: PurgeOptions) => purgeInstance(name, stack, options)),
        "purge shop production",
    );
};

async function purgeInstance(name: string, stack: string, { yes, recover = false }: PurgeOptions): Promise<void> {
    const session = await openSession(stack);
    const leftovers = await findLeftovers({ session, name, command: "purge", recover });
    const { kubectl, volumes } = leftovers;
    refuseForgotten(stack, leftovers);
    console.log(lossesText(session, leftovers));
    await confirmName(name, "All of this will be deleted permanently.", yes);
    await deleteInstance({
        session,
        leftovers,
        command: "purge",
        before: async () => {
            for (const volume of volumes) await markForPurge(kubectl, name, volume);
        },
        after: () => deleteVolumes(kubectl, volumes),
    });
    console.log(`\n"${name}" is deleted from "${stack}", with ${count(volumes.length, "volume")}.`);
    const stay = volumes.flatMap((volume) => leftoverOf(volume) ?? []);
    if (stay.length > 0)
        console.log(`Must still be deleted in the storage itself, by its operator:\n${indented(stay)}`);
    if (leftovers.kept.length > 0) console.log(keptText(stack, leftovers));
}

/** @throws UserError if only the volumes that `forget` has kept are left: these are deleted one by one */
export function refuseForgotten(stack: string, leftovers: Leftovers): void {
    const { name, inFile, resources, volumes, kept } = leftovers;
    if (inFile || resources.length > 0 || volumes.length > 0) return;
    if (kept.length > 0)
        throw new UserError(
            `Nothing was deleted: "${name}" of "${stack}" was forgotten. ${keptText(stack, leftovers)}`,
        );
}

const keptText = (stack: string, { kept }: Leftovers): string =>
    `Its volumes were kept and must be deleted one by one:\n${indented(kept.map(({ metadata }) => `./plinth volumes delete ${metadata.name} ${stack}`))}`;

/** Lists everything that will be lost. */
function lossesText(session: Session, leftovers: Leftovers): string {
    const { volumes } = leftovers;
    const stay = volumes.flatMap((volume) => leftoverOf(volume) ?? []).map((text) => `not deleted: ${text}`);
    return `${leftoversText(session, leftovers)}${stay.length > 0 ? `\n${indented(stay)}` : ""}\n`;
}

/**
 * Done while the claims still exist: the class may keep volumes, and the driver only deletes volumes with the reclaim
 * policy Delete.
 */
const markForPurge = (kubectl: Kubectl, name: string, volume: Volume): Promise<void> =>
    markVolume(kubectl, volume, isProvisioned(volume) ? "Delete" : "Retain", {
        [plinthLabels.stack]: ownerOf(kubectl),
        [plinthLabels.instance]: name,
        [plinthLabels.purge]: "true",
    });

/** Waits until the drivers have deleted their volumes; of volumes without a driver, only the object is deleted. */
async function deleteVolumes(kubectl: Kubectl, volumes: readonly Volume[]): Promise<void> {
    for (const volume of await releasedVolumes(kubectl, volumes)) await deleteVolume(kubectl, volume);
}

/**
 * The remaining volumes, once no claim uses them: the engine does not wait for the deletion of claims.
 *
 * @throws UserError if a claim is not deleted within two minutes
 */
async function releasedVolumes(kubectl: Kubectl, volumes: readonly Volume[]): Promise<Volume[]> {
    const end = Date.now() + 120_000;
    for (;;) {
        const there = await listVolumes(kubectl.quiet);
        const left = volumes.flatMap((volume) => there.find((one) => one.metadata.name === volume.metadata.name) ?? []);
        const bound = left.filter(({ status }) => status?.phase === "Bound");
        if (bound.length === 0) return left;
        if (Date.now() > end)
            throw new UserError(
                `The claims of these volumes are not being deleted, possibly because a pod still uses them:\n${indented(bound.map(({ metadata, spec }) => `${metadata.name}: ${spec.claimRef?.namespace}/${spec.claimRef?.name}`))}`,
            );
        await sleep(1000);
    }
}

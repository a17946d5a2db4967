import { setTimeout as sleep } from "node:timers/promises";
import { plinthLabels } from "../../components/labels";
import { example, type Register } from "../command";
import { confirmName } from "../../operations/system/confirm";
import { UserError } from "../../operations/system/errors";
import { deleteVolume, giveUp, markVolume } from "../../operations/removal/giveUp";
import type { Kubectl } from "../../operations/cluster/kubectl";
import type { Volume } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import type { Session } from "../../operations/session";
import { findRemains, type Remains } from "../../operations/removal/remains";
import { count } from "../../operations/system/text";
import { isProvisioned, listVolumes, ownerOf, remainsOf } from "../../operations/cluster/volumes";
import { indented, remainsText } from "../volumesText";

interface PurgeOptions {
    readonly yes?: string;
    readonly recover?: boolean;
}

export const purge: Register = (program) => {
    example(
        program
            .command("purge")
            .description(
                "Delete a removed instance for good: claims and their volumes, also where the class keeps these, Secrets, passwords, the namespace, and its key in the stack's file. Lists everything and asks for the name first; interrupted, it goes on when it is run again.",
            )
            .argument("<instance>", "instance with `state: removed`")
            .argument("[stack]", "launched stack", "dev")
            .option("--yes <name>", "the instance's name once more, for scripts")
            .option("--recover", "go on after an interrupted run: clear its lock")
            .action((name: string, stack: string, options: PurgeOptions) => purgeInstance(name, stack, options)),
        "purge shop production",
    );
};

async function purgeInstance(name: string, stack: string, { yes, recover = false }: PurgeOptions): Promise<void> {
    const session = await openSession(stack);
    const remains = await findRemains({ session, name, command: "purge", recover });
    const { kubectl, volumes } = remains;
    refuseForgotten(stack, remains);
    console.log(lossesText(session, remains));
    await confirmName(name, "All of this will be deleted, and nobody can bring it back.", yes);
    await giveUp({
        session,
        remains,
        command: "purge",
        before: async () => {
            for (const volume of volumes) await markForPurge(kubectl, name, volume);
        },
        after: () => free(kubectl, volumes),
    });
    console.log(`\n"${name}" is gone from "${stack}", with ${count(volumes.length, "volume")}.`);
    const stay = volumes.flatMap((volume) => remainsOf(volume) ?? []);
    if (stay.length > 0) console.log(`To be erased where it is, by whoever runs that storage:\n${indented(stay)}`);
    if (remains.kept.length > 0) console.log(keptText(stack, remains));
}

/** @throws UserError where nothing but the volumes is left that `forget` has kept: these are deleted one by one */
export function refuseForgotten(stack: string, remains: Remains): void {
    const { name, inFile, resources, volumes, kept } = remains;
    if (inFile || resources.length > 0 || volumes.length > 0) return;
    if (kept.length > 0)
        throw new UserError(`Nothing was deleted: "${name}" of "${stack}" was forgotten. ${keptText(stack, remains)}`);
}

const keptText = (stack: string, { kept }: Remains): string =>
    `Its volumes were kept, and are deleted one by one:\n${indented(kept.map(({ metadata }) => `./plinth volumes delete ${metadata.name} ${stack}`))}`;

/** Everything that will be lost, by name. */
function lossesText(session: Session, remains: Remains): string {
    const { volumes } = remains;
    const stay = volumes.flatMap((volume) => remainsOf(volume) ?? []).map((text) => `not erased: ${text}`);
    return `${remainsText(session, remains)}${stay.length > 0 ? `\n${indented(stay)}` : ""}\n`;
}

/**
 * While the claims are still there: the class may have said that volumes stay, and the driver erases only what it has
 * made and is told to delete.
 */
const markForPurge = (kubectl: Kubectl, name: string, volume: Volume): Promise<void> =>
    markVolume(kubectl, volume, isProvisioned(volume) ? "Delete" : "Retain", {
        [plinthLabels.stack]: ownerOf(kubectl),
        [plinthLabels.instance]: name,
        [plinthLabels.purge]: "true",
    });

/** Waits until the drivers have erased their volumes; what no driver has made goes as an object. */
async function free(kubectl: Kubectl, volumes: readonly Volume[]): Promise<void> {
    for (const volume of await released(kubectl, volumes)) await deleteVolume(kubectl, volume);
}

/**
 * Those that are still there, once no claim of the instance has them: claims go behind the engine's back.
 *
 * @throws UserError when a claim has not let go within two minutes
 */
async function released(kubectl: Kubectl, volumes: readonly Volume[]): Promise<Volume[]> {
    const end = Date.now() + 120_000;
    for (;;) {
        const there = await listVolumes(kubectl);
        const left = volumes.flatMap((volume) => there.find((one) => one.metadata.name === volume.metadata.name) ?? []);
        const bound = left.filter(({ status }) => status?.phase === "Bound");
        if (bound.length === 0) return left;
        if (Date.now() > end)
            throw new UserError(
                `The claims of these volumes do not go, perhaps since a pod still has them:\n${indented(bound.map(({ metadata, spec }) => `${metadata.name}: ${spec.claimRef?.namespace}/${spec.claimRef?.name}`))}`,
            );
        await sleep(1000);
    }
}

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { plinthLabels } from "../../components/labels";
import { example, type Register } from "../command";
import { confirmName } from "../../operations/system/confirm";
import { UserError } from "../../operations/system/errors";
import { giveUp, markVolume } from "../../operations/removal/giveUp";
import type { Kubectl } from "../../operations/cluster/kubectl";
import type { Volume } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import { findRemains, type Remains } from "../../operations/removal/remains";
import { table } from "../../operations/system/text";
import { listVolumes, ownerOf, placeOf } from "../../operations/cluster/volumes";
import { remainsText } from "../volumesText";

interface ForgetOptions {
    readonly out?: string;
    readonly yes?: string;
    readonly recover?: boolean;
}

export const forget: Register = (program) => {
    example(
        program
            .command("forget")
            .description(
                "Give a removed instance up and keep its volumes: they stay as Released, whatever their class says, and a record tells where each is. Claims, Secrets, passwords, namespace and its key in the stack's file go; a server that is given such a volume later takes new passwords at its start. Asks for the name first; interrupted, it goes on when it is run again.",
            )
            .argument("<instance>", "instance with `state: removed`")
            .argument("[stack]", "launched stack", "dev")
            .option("--out <file>", "write the record there, too")
            .option("--yes <name>", "the instance's name once more, for scripts")
            .option("--recover", "go on after an interrupted run: clear its lock")
            .action((name: string, stack: string, options: ForgetOptions) => forgetInstance(name, stack, options)),
        "forget shop production --out shop-volumes.json",
    );
};

async function forgetInstance(
    name: string,
    stack: string,
    { out, yes, recover = false }: ForgetOptions,
): Promise<void> {
    const session = await openSession(stack);
    const remains = await findRemains({ session, name, command: "forget", recover });
    const { kubectl, resources } = remains;
    const volumes = [...remains.volumes, ...remains.kept];
    if (!remains.inFile && resources.length === 0) {
        writeRecord(out, stack, name, volumes);
        console.log(`"${name}" of "${stack}" is forgotten already.\n\n${recordText(volumes)}`);
        return;
    }
    console.log(`${remainsText(session, remains)}\n\nThe volumes stay, and with them their data.\n`);
    await confirmName(name, "All but the volumes will be deleted, the passwords of what is in them, too.", yes);
    writeRecord(out, stack, name, volumes);
    console.log(recordText(volumes));
    await giveUp({
        session,
        remains,
        command: "forget",
        before: async (pulumi) => {
            // First of all, so that nothing that happens from here on takes them along.
            for (const volume of remains.volumes)
                await markVolume(kubectl, volume, "Retain", {
                    [plinthLabels.stack]: ownerOf(kubectl),
                    [plinthLabels.instance]: name,
                    [plinthLabels.purge]: null,
                });
            // What the stack declares itself would be deleted as an object: it is only no longer the stack's.
            const declared = resources.filter(({ outputs }) => outputs?.kind === "PersistentVolume");
            for (const { urn } of declared) await pulumi.run(["state", "delete", urn, "--yes"]);
        },
        after: () => checkKept(kubectl, remains),
    });
    console.log(
        `\n"${name}" is out of "${stack}". Its volumes are kept:\n\n${recordText(volumes)}\n\n` +
            "To use them again, with new passwords: docs/removal.md, Back after forget.",
    );
}

/** In an order that does not depend on what is left of the claims. */
const rowsOf = (volumes: readonly Volume[]) =>
    volumes
        .map((volume) => {
            const { claimRef, capacity, storageClassName } = volume.spec;
            return {
                claim: claimRef ? `${claimRef.namespace}/${claimRef.name}` : "",
                volume: volume.metadata.name,
                size: capacity?.["storage"] ?? "",
                storageClass: storageClassName ?? "",
                place: placeOf(volume),
            };
        })
        .sort((a, b) => a.claim.localeCompare(b.claim) || a.volume.localeCompare(b.volume));

const recordText = (volumes: readonly Volume[]): string =>
    volumes.length === 0
        ? "It had no volumes."
        : table(
              ["claim", "volume", "size", "class", "where"],
              rowsOf(volumes).map(({ claim, volume, size, storageClass, place }) => [
                  claim,
                  volume,
                  size,
                  storageClass,
                  place,
              ]),
          );

/** @throws UserError when the file is there and says something else: nothing of the user's is overwritten */
function writeRecord(file: string | undefined, stack: string, instance: string, volumes: readonly Volume[]): void {
    if (file === undefined) return;
    const record = `${JSON.stringify({ stack, instance, volumes: rowsOf(volumes) }, null, 2)}\n`;
    if (!existsSync(file)) writeFileSync(file, record);
    else if (readFileSync(file, "utf8") !== record)
        throw new UserError(`--out ${file}: is there already, and is no record of this; name a new file`);
}

/** @throws UserError that names every volume which is not there any more */
async function checkKept(kubectl: Kubectl, { volumes }: Remains): Promise<void> {
    const there = new Set((await listVolumes(kubectl)).map(({ metadata }) => metadata.name));
    const lost = volumes.filter(({ metadata }) => !there.has(metadata.name)).map(({ metadata }) => metadata.name);
    if (lost.length > 0) throw new UserError(`These volumes are not in the cluster any more: ${lost.join(", ")}`);
}

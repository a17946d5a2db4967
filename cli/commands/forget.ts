import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { plinthLabels } from "../../components/labels";
import { example, type Register } from "../command";
import { confirmName } from "../../operations/system/confirm";
import { UserError } from "../../operations/system/errors";
import { deleteInstance, markVolume } from "../../operations/removal/deleteInstance";
import type { Kubectl } from "../../operations/cluster/kubectl";
import type { Volume } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import { findLeftovers, type Leftovers } from "../../operations/removal/leftovers";
import { table } from "../../operations/system/text";
import { listVolumes, ownerOf, placeOf } from "../../operations/cluster/volumes";
import { leftoversText } from "../volumesText";

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
                "Delete a removed instance, but keep its volumes.\n\nThe volumes remain as Released, regardless of their class, and a record of their locations is printed. Claims, Secrets, passwords, the namespace and the key in the stack file are deleted; a server that gets such a volume later accepts new passwords. Asks for the instance's name first. If interrupted, run it again to continue.",
            )
            .argument("<instance>", "instance with `state: removed`")
            .argument("[stack]", "launched stack", "dev")
            .option("--out <file>", "also write the record to this file")
            .option("--yes <name>", "the instance's name once more, for scripts")
            .option("--recover", "continue after an interrupted run: clear its lock")
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
    const leftovers = await findLeftovers({ session, name, command: "forget", recover });
    const { kubectl, resources } = leftovers;
    const volumes = [...leftovers.volumes, ...leftovers.kept];
    if (!leftovers.inFile && resources.length === 0) {
        writeRecord(out, stack, name, volumes);
        console.log(`"${name}" of "${stack}" is already forgotten.\n\n${recordText(volumes)}`);
        return;
    }
    console.log(`${leftoversText(session, leftovers)}\n\nThe volumes and their data are kept.\n`);
    await confirmName(
        name,
        "Everything except the volumes will be deleted, including the passwords of the data in them.",
        yes,
    );
    writeRecord(out, stack, name, volumes);
    console.log(recordText(volumes));
    await deleteInstance({
        session,
        leftovers,
        command: "forget",
        before: async (pulumi) => {
            // First of all, so that nothing that follows can delete them.
            for (const volume of leftovers.volumes)
                await markVolume(kubectl, volume, "Retain", {
                    [plinthLabels.stack]: ownerOf(kubectl),
                    [plinthLabels.instance]: name,
                    [plinthLabels.purge]: null,
                });
            // Volumes that the stack itself declares would be deleted as objects; they are only removed from its state.
            const declared = resources.filter(({ outputs }) => outputs?.kind === "PersistentVolume");
            for (const { urn } of declared) await pulumi.run(["state", "delete", urn, "--yes"]);
        },
        after: () => checkKept(kubectl, leftovers),
    });
    console.log(
        `\n"${name}" is deleted from "${stack}". Its volumes are kept:\n\n${recordText(volumes)}\n\n` +
            "To use them again, with new passwords: docs/removal.md, Back after forget.",
    );
}

/** In an order that does not depend on which claims still exist. */
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

/** @throws UserError if the file exists with other contents: files of the user are never overwritten */
function writeRecord(file: string | undefined, stack: string, instance: string, volumes: readonly Volume[]): void {
    if (file === undefined) return;
    const record = `${JSON.stringify({ stack, instance, volumes: rowsOf(volumes) }, null, 2)}\n`;
    if (!existsSync(file)) writeFileSync(file, record);
    else if (readFileSync(file, "utf8") !== record)
        throw new UserError(`--out ${file}: already exists and is not a record of this instance; choose a new file`);
}

/** @throws UserError that lists every volume that no longer exists */
async function checkKept(kubectl: Kubectl, { volumes }: Leftovers): Promise<void> {
    const there = new Set((await listVolumes(kubectl)).map(({ metadata }) => metadata.name));
    const lost = volumes.filter(({ metadata }) => !there.has(metadata.name)).map(({ metadata }) => metadata.name);
    if (lost.length > 0) throw new UserError(`These volumes no longer exist in the cluster: ${lost.join(", ")}`);
}

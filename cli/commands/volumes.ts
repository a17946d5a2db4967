import { show, suggest } from "../../config/problems";
import { example, type Register } from "../command";
import { listPods, listStack } from "../../operations/cluster/components";
import { confirmName } from "../../operations/system/confirm";
import { UserError } from "../../operations/system/errors";
import { deleteVolume } from "../../operations/removal/deleteInstance";
import type { Kubectl } from "../../operations/cluster/kubectl";
import type { Claim, Pod } from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import { listVolumes, leftoverOf, type StackVolume, stackVolumes } from "../../operations/cluster/volumes";
import { volumesText } from "../volumesText";
import { volumesInUse } from "../../operations/cluster/volumeUse";

export const volumes: Register = (program) => {
    const group = example(
        program
            .command("volumes")
            .description(
                "List the volumes of a stack and where their data is.\n\nIncludes volumes that former instances have left.",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .action(async (stack: string, options: { json?: boolean }) => {
                const all = await gather(await (await openSession(stack)).kubectl());
                if (options.json) console.log(JSON.stringify(all, null, 2));
                else console.log(all.length > 0 ? volumesText(all) : `"${stack}" has no volumes in the cluster.`);
            }),
        "volumes production",
    );
    example(
        group
            .command("delete")
            .description(
                "Delete a volume that a former instance has left.\n\nThe data is deleted if a driver created the volume. Asks for the volume's name first.",
            )
            .argument("<volume>", "name, see `volumes`")
            .argument("[stack]", "stack that it belonged to", "dev")
            .option("--yes <name>", "confirm with the volume's name, for scripts")
            .action((name: string, stack: string, { yes }: { yes?: string }) => remove(name, stack, yes)),
        "volumes delete pvc-0b7c2f0e-5f6c-4a5e-9d0c-0a1b2c3d4e5f production",
    );
};

async function gather(kubectl: Kubectl): Promise<StackVolume[]> {
    const claims = await listStack<Claim>(kubectl, "persistentvolumeclaims");
    const pods = await listPods<Pod>(kubectl, new Set(claims.map(({ metadata }) => metadata.namespace)));
    return stackVolumes(kubectl, claims, await volumesInUse(kubectl, pods));
}

/** The volumes that instances in the stack file adopt, even if no claim uses them yet. */
const existingVolumes = ({ instances }: Kubectl["config"]) =>
    instances.flatMap(({ name, ...own }) =>
        Object.entries((own["volumes"] ?? {}) as Record<string, { readonly existing?: string }>).flatMap(
            ([key, { existing }]) =>
                existing === undefined
                    ? []
                    : [{ volume: existing, path: `plinth:instances.${name}.volumes.${key}.existing` }],
        ),
    );

/** Only volumes without a claim can be deleted, neither volumes in use nor those of other stacks. */
async function remove(name: string, stack: string, yes: string | undefined): Promise<void> {
    const kubectl = await (await openSession(stack)).kubectl();
    const claims = await listStack<Claim>(kubectl, "persistentvolumeclaims");
    const all = await stackVolumes(kubectl, claims, new Map());
    const left = all.slice(claims.length);
    const row = left.find(({ volume }) => volume === name);
    const volume = row && (await listVolumes(kubectl)).find(({ metadata }) => metadata.name === name);
    if (!row || !volume) {
        const used = all.find((one) => one.volume === name);
        const names = left.flatMap((one) => one.volume ?? []);
        throw new UserError(
            used
                ? `Nothing was deleted: ${name} is used by the claim ${used.claim} of "${used.instance}"`
                : `No former instance of "${stack}" has left a volume ${show(name)}${suggest(name, names)}; available: ${names.join(", ") || "none"}`,
        );
    }
    const wanted = existingVolumes(kubectl.config).find((one) => one.volume === name);
    if (wanted)
        throw new UserError(
            `Nothing was deleted: ${name} is adopted by ${wanted.path} in Pulumi.${stack}.yaml. Remove that first if it is not intended.`,
        );
    const stays = leftoverOf(volume);
    console.log(`${volumesText([row])}\n${stays ? `\n${stays}\n` : ""}`);
    await confirmName(name, "The volume will be deleted permanently.", yes);
    await deleteVolume(kubectl, volume);
}

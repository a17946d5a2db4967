import { example, type Register } from "../command";
import { listPods, listStack } from "../components";
import type { Claim } from "../health";
import { type Kubectl, kubectlFor } from "../kubectl";
import type { Pod } from "../pods";
import { useText } from "../statusText";
import { table } from "../text";
import { type StackVolume, stackVolumes } from "../volumes";
import { volumesInUse } from "../volumeUse";

export const volumes: Register = (program) => {
    example(
        program
            .command("volumes")
            .description(
                "Show the volumes of a stack, where their bytes are, and those that former instances have left.",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .action(async (stack: string, options: { json?: boolean }) => {
                const all = await gather(await kubectlFor(stack));
                console.log(options.json ? JSON.stringify(all, null, 2) : volumesText(stack, all));
            }),
        "volumes production",
    );
};

async function gather(kubectl: Kubectl): Promise<StackVolume[]> {
    const claims = await listStack<Claim>(kubectl, "persistentvolumeclaims");
    const pods = await listPods<Pod>(kubectl, new Set(claims.map(({ metadata }) => metadata.namespace)));
    return stackVolumes(kubectl, claims, await volumesInUse(kubectl, pods));
}

/** Whose they are stands first; only a mark of ours makes the owner of one without a claim certain. */
export const volumesText = (stack: string, all: readonly StackVolume[]): string =>
    all.length === 0
        ? `"${stack}" has no volume in the cluster.`
        : table(
              ["instance", "claim", "volume", "state", "size", "used", "class", "reclaim", "where"],
              all.map((volume) => [
                  volume.instance ?? "perhaps this stack's",
                  volume.claim,
                  volume.volume ?? "",
                  volume.state,
                  volume.size,
                  useText(volume),
                  volume.storageClass,
                  volume.reclaimPolicy ?? "",
                  volume.place ?? "",
              ]),
          );

import { UserError } from "../system/errors";
import { type FileSystemUse, type StatsSummary, useOfVolumes } from "./claimHealth";
import type { Kubectl } from "./kubectl";
import type { Pod } from "./live";

/** Volume usage from the kubelets of the nodes that run the stack's pods, as far as they report it to this account. */
export async function volumesInUse(kubectl: Kubectl, pods: readonly Pod[]): Promise<Map<string, FileSystemUse>> {
    const nodes = [...new Set(pods.flatMap(({ spec }) => spec.nodeName ?? []))];
    const summaries = await Promise.all(
        nodes.map(async (node): Promise<StatsSummary[]> => {
            try {
                const path = `/api/v1/nodes/${node}/proxy/stats/summary`;
                return [
                    JSON.parse(await kubectl.read(["get", "--request-timeout", "5s", "--raw", path])) as StatsSummary,
                ];
            } catch (error) {
                // Forbidden, unreachable, or not a real kubelet.
                if (error instanceof UserError || error instanceof SyntaxError) return [];
                throw error;
            }
        }),
    );
    return useOfVolumes(summaries.flat());
}

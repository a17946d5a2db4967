import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isContents, kubeconfigOf } from "../../config/kubeconfig";
import type { ClusterConfig } from "../../config/stack";
import { temporaryFolder } from "../system/temporary";

/**
 * Arguments that make kubectl use the same cluster as the provider. Inline kubeconfig contents are written to a file
 * that is deleted when this process ends.
 */
export function kubectlArgs(cluster: ClusterConfig): string[] {
    const named = kubeconfigOf(cluster);
    const path = named && isContents(named) ? fileWith(named) : named;
    return [...(path ? ["--kubeconfig", path] : []), ...(cluster.context ? ["--context", cluster.context] : [])];
}

function fileWith(contents: string): string {
    const path = join(temporaryFolder().path, "kubeconfig");
    writeFileSync(path, contents, { mode: 0o600 });
    return path;
}

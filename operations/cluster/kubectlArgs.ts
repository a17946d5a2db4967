import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isContents, kubeconfigOf } from "../../config/kubeconfig";
import type { ClusterConfig } from "../../config/stack";
import { temporaryFolder } from "../system/temporary";

/** What makes kubectl work on the same cluster as the provider; contents are given as a file. */
export function kubectlArgs(cluster: ClusterConfig): string[] {
    const named = kubeconfigOf(cluster);
    const path = named && isContents(named) ? fileWith(named) : named;
    return [...(path ? ["--kubeconfig", path] : []), ...(cluster.context ? ["--context", cluster.context] : [])];
}

/** One file for all commands of a process, by contents. */
const files = new Map<string, string>();

function fileWith(contents: string): string {
    const known = files.get(contents);
    if (known) return known;
    const path = join(temporaryFolder().path, "kubeconfig");
    writeFileSync(path, contents, { mode: 0o600 });
    files.set(contents, path);
    return path;
}

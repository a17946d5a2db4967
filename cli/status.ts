import { kubectlArgs } from "../config/kubeconfig";
import { plinthLabels } from "../components/labels";
import { findOnPath, read } from "./commands";
import { findCluster, isMissing } from "./engine";
import { UserError } from "./errors";
import { table } from "./preview";
import { stackConfig } from "./stackConfig";

interface Listed {
    readonly kind: string;
    readonly metadata: {
        readonly name: string;
        readonly namespace: string;
        readonly creationTimestamp: string;
        readonly labels?: Readonly<Record<string, string>>;
    };
    readonly spec?: {
        readonly replicas?: number;
        readonly template?: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
    };
    readonly status?: {
        readonly readyReplicas?: number;
        readonly succeeded?: number;
        readonly phase?: string;
        readonly containerStatuses?: readonly { readonly restartCount: number }[];
        readonly capacity?: { readonly storage?: string };
    };
}

/** The state of every component of a stack, found by label: what runs, not what should. */
export async function status(stack: string, json: boolean): Promise<void> {
    const { cluster, project } = stackConfig(stack);
    const reached = await findCluster(cluster);
    if (isMissing(reached)) throw new UserError(`Missing is ${reached.what}\n  ${reached.remedy}`);
    const kubectl = findOnPath("kubectl");
    if (!kubectl) throw new UserError("status needs kubectl: https://kubernetes.io/docs/tasks/tools/");
    const args = [
        ...kubectlArgs(cluster),
        "get",
        "deployments,statefulsets,jobs,persistentvolumeclaims",
        "--all-namespaces",
        "--selector",
        `${plinthLabels.stack}=${project}.${stack}`,
        "--output",
        "json",
    ];
    const { ok, stdout, stderr } = await read(kubectl, args);
    if (!ok) throw new UserError(`kubectl could not read the cluster: ${stderr.trim()}`);
    const items = (JSON.parse(stdout) as { items: Listed[] }).items;
    const rows = items.map((item) => ({
        namespace: item.metadata.namespace,
        component: item.metadata.labels?.["app.kubernetes.io/name"] ?? item.metadata.name,
        kind: item.kind,
        ready: readiness(item),
        image: item.spec?.template?.spec.containers[0]?.image ?? "",
        age: age(item.metadata.creationTimestamp),
    }));
    if (json) console.log(JSON.stringify(rows, null, 2));
    else if (rows.length === 0)
        console.log(`Nothing of "${stack}" is in the cluster. Bring it up with: ./plinth launch ${stack}`);
    else
        console.log(
            table(
                ["namespace", "component", "kind", "ready", "image", "age"],
                rows.map((row) => Object.values(row)),
            ),
        );
}

function readiness({ kind, spec, status: state }: Listed): string {
    if (kind === "Job") return state?.succeeded ? "done" : "not done";
    if (kind === "PersistentVolumeClaim")
        return `${state?.phase ?? "unknown"} ${state?.capacity?.storage ?? ""}`.trim();
    return `${state?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`;
}

function age(since: string): string {
    const minutes = Math.floor((Date.now() - Date.parse(since)) / 60_000);
    if (minutes < 120) return `${minutes}m`;
    return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1440)}d`;
}

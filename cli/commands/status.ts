import { example, type Register } from "../command";
import { kubectlFor } from "../kubectl";
import { table } from "../text";

export const status: Register = (program) => {
    example(
        program
            .command("status")
            .description("Show what of a stack is in the cluster, and whether it is ready.")
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .action((stack: string, options: { json?: boolean }) => show(stack, options.json ?? false)),
        "status production",
    );
};

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
async function show(stack: string, json: boolean): Promise<void> {
    const kubectl = await kubectlFor(stack);
    const { items } = await kubectl.json<{ items: Listed[] }>([
        "get",
        "deployments,statefulsets,jobs,persistentvolumeclaims",
        "--all-namespaces",
        "--selector",
        kubectl.selector,
    ]);
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

import { count } from "../operations/system/text";

/** The engine's preview as JSON, as far as it is used here. */
export interface PreviewDigest {
    readonly steps?: readonly {
        readonly op: string;
        readonly urn: string;
        readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
        readonly replaceReasons?: readonly string[] | null;
        readonly oldState?: State;
        readonly newState?: State;
    }[];
    readonly diagnostics?: readonly { readonly severity: string; readonly urn?: string; readonly message: string }[];
}

interface State {
    readonly inputs?: { readonly [field: string]: unknown };
}

/** One object that differs from the stack. */
export interface Drift {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    /** `missing`: not in the cluster; `replaced`: cannot be corrected in place; `obsolete`: not in the stack. */
    readonly what: "missing" | "changed" | "replaced" | "obsolete";
    readonly fields: readonly Field[];
}

interface Field {
    readonly path: string;
    /** Value in the cluster. */
    readonly is?: unknown;
    /** Value in the stack. */
    readonly should?: unknown;
}

/** What each of the engine's operations means for an object. */
const meanings: Readonly<Record<string, Drift["what"]>> = {
    create: "missing",
    update: "changed",
    replace: "replaced",
    delete: "obsolete",
};

/** The engine's own error messages; empty if there are none. */
export const errorsIn = ({ diagnostics = [] }: PreviewDigest): string[] =>
    diagnostics.filter(({ severity, urn }) => severity === "error" && urn).map(({ message }) => message.trim());

/** The objects that a run would change. The engine does not compare fields that belong to others. */
export function driftIn({ steps = [] }: PreviewDigest): Drift[] {
    const found = steps.flatMap((step): Drift[] => {
        const what = meanings[step.op];
        // Only Kubernetes objects drift: components, generated values and the provider exist only in the state.
        const type = step.urn.split("::")[2]?.split("$").at(-1) ?? "";
        if (!what || !type.startsWith("kubernetes:")) return [];
        const { metadata } = (step.newState?.inputs ?? step.oldState?.inputs ?? {}) as {
            metadata?: { name?: string; namespace?: string };
        };
        const kind = type.slice(type.lastIndexOf(":") + 1);
        const paths = what === "missing" ? [] : Object.keys(step.detailedDiff ?? {});
        return [
            {
                kind,
                ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
                name: metadata?.name ?? step.urn.slice(step.urn.lastIndexOf("::") + 2),
                what,
                fields: paths.map((path) => ({
                    path,
                    // Values of Secrets are not shown.
                    ...(kind === "Secret" ? {} : valuesAt(path, step.oldState, step.newState)),
                })),
            },
        ];
    });
    const key = ({ namespace = "", kind, name }: Drift) => `${namespace} ${kind} ${name}`;
    return found.sort((a, b) => key(a).localeCompare(key(b)));
}

function valuesAt(path: string, old: State | undefined, wanted: State | undefined): Omit<Field, "path"> {
    const is = valueAt(path, old?.inputs);
    const should = valueAt(path, wanted?.inputs);
    return { ...(is === undefined ? {} : { is }), ...(should === undefined ? {} : { should }) };
}

/** Resolves a path in the engine's notation: `spec.template.spec.containers[0].image`, `data["my.cnf"]`. */
export function valueAt(path: string, value: unknown): unknown {
    const keys = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
        ([, quoted, index, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? index ?? plain!,
    );
    return keys.reduce<unknown>(
        (inner, key) =>
            typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
        value,
    );
}

const explained: Readonly<Record<Drift["what"], string>> = {
    missing: "is not in the cluster",
    changed: "has changed",
    replaced: "has changed, and would be replaced",
    obsolete: "is in the cluster, but no longer in the stack",
};

/** The differences as text, object by object and field by field. */
export function driftText(stack: string, found: readonly Drift[]): string {
    if (found.length === 0) return `No drift: the cluster matches "${stack}".`;
    return [
        `${count(found.length, "object")} in the cluster ${found.length === 1 ? "differs" : "differ"} from "${stack}":`,
        ...found.flatMap(({ kind, namespace, name, what, fields }) => [
            `  ${kind} ${namespace ? `${namespace}/` : ""}${name} ${explained[what]}`,
            ...fields.map((field) => `    ${field.path}${comparison(field)}`),
        ]),
        "This includes changes to the stack file that have not been launched.",
        `Correct with: ./plinth launch ${stack}`,
    ].join("\n");
}

/** `: 5, should be 2`, for values that fit on a line. */
function comparison({ is, should }: Field): string {
    if (typeof is === "object" || typeof should === "object" || `${is}${should}`.length > 120) return "";
    if (is === undefined) return should === undefined ? "" : `: missing, should be ${should}`;
    return should === undefined ? `: ${is}, should not be set` : `: ${is}, should be ${should}`;
}

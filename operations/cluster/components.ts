import { plinthLabels } from "../../components/labels";
import { namespaceOf } from "../../config/unique";
import { suggest } from "../../config/problems";
import { UserError } from "../system/errors";
import type { Kubectl } from "./kubectl";
import { KubectlError } from "./kubectlError";
import type { List, Live } from "./live";
import { hasPoolers, operatedKinds } from "./operators";
import { stackNames } from "../stackfile/stackFile";

/** One component of an instance. */
export interface Component {
    readonly instance: string;
    readonly name: string;
    readonly namespace: string;
    /** Whether an operator names its pods otherwise, which then have a label for both names. @default false */
    readonly renamed?: boolean;
}

export type ListKubectl = Pick<Kubectl, "json" | "config" | "selector">;

const nameLabel = "app.kubernetes.io/name";
const instanceLabel = "app.kubernetes.io/instance";

/**
 * The component that an object belongs to. An object of an instance as a whole counts as a component under its own
 * name.
 */
export const componentOf = ({
    metadata: { labels, name, namespace },
}: {
    readonly metadata: {
        readonly name: string;
        readonly namespace: string;
        readonly labels?: Readonly<Record<string, string>>;
    };
}): Component => {
    const [instance, component] = labels?.[plinthLabels.component]?.split(".") ?? [];
    if (instance !== undefined && component !== undefined)
        return { instance, name: component, namespace, renamed: true };
    return { instance: labels?.[instanceLabel] ?? namespace, name: labels?.[nameLabel] ?? name, namespace };
};

/** `shop/frontend`: how users and messages name a component. */
export const fullName = ({ instance, name }: Component): string => `${instance}/${name}`;

/** Label selector for the pods of a component within its namespace. */
export const podsOf = ({ instance, name, renamed = false }: Component): string =>
    renamed ? `${plinthLabels.component}=${instance}.${name}` : `${instanceLabel}=${instance},${nameLabel}=${name}`;

/**
 * A stack's objects of some kinds, found by label in all namespaces.
 *
 * @param kinds as kubectl takes them: `deployments,statefulsets`
 */
export async function listStack<T extends Live>(kubectl: ListKubectl, kinds: string): Promise<T[]> {
    return (await listLabelled<T>(kubectl, kinds, kubectl.selector)).filter(({ metadata }) => metadata.namespace);
}

/** All pods of Plinth's workloads in the given namespaces. */
export async function listPods<T extends Live>(kubectl: ListKubectl, namespaces: ReadonlySet<string>): Promise<T[]> {
    const own = "app.kubernetes.io/managed-by=plinth";
    const selectors = hasPoolers(kubectl.config) ? [own, plinthLabels.component] : [own];
    const pods = (await Promise.all(selectors.map((one) => listLabelled<T>(kubectl, "pods", one)))).flat();
    return pods.filter(({ metadata }) => namespaces.has(metadata.namespace));
}

async function listLabelled<T extends Live>(kubectl: ListKubectl, kinds: string, selector: string): Promise<T[]> {
    const list = async (...where: string[]) =>
        (await kubectl.json<List<T>>(["get", kinds, ...where, "--selector", selector])).items;
    try {
        return await list("--all-namespaces");
    } catch (error) {
        if (!(error instanceof KubectlError) || error.kind !== "forbidden") throw error;
        // The account may only list objects in the stack's own namespaces.
        const { config } = kubectl;
        const shared = config.instances.some(({ edge }) => edge.type === "shared") ? [config.sharedEdge.namespace] : [];
        const namespaces = new Set([...config.instances.map(namespaceOf), ...shared]);
        return (await Promise.all([...namespaces].map((name) => list("--namespace", name)))).flat();
    }
}

/** The objects from which operators make the stack's databases; none where the operator is not installed. */
export async function listOperated<T extends Live>(kubectl: ListKubectl): Promise<T[]> {
    const kinds = operatedKinds(kubectl.config);
    if (kinds.length === 0) return [];
    try {
        return await listStack<T>(kubectl, kinds.join(","));
    } catch (error) {
        if (error instanceof KubectlError && error.kind === "unknownKind") return [];
        throw error;
    }
}

/** Kinds that run a component's containers. */
export const workloadKinds = "deployments,statefulsets,cronjobs,jobs";

/**
 * Finds the component that the user names among a stack's objects in the cluster.
 *
 * @param target `frontend`, or `shop/frontend` if several instances have one
 * @param kinds kinds to search. @default all that run containers, also those of operators
 * @throws UserError that lists the available components
 */
export async function findComponent(
    kubectl: Kubectl,
    target: string,
    kinds = workloadKinds,
): Promise<{ component: Component; objects: Live[] }> {
    const all = [...(await listStack(kubectl, kinds)), ...(kinds === workloadKinds ? await listOperated(kubectl) : [])];
    const noun = kinds === "services" ? "component with a Service" : "component";
    const component = chooseComponent(target, all.map(componentOf), kubectl.config.stack, noun);
    return { component, objects: all.filter((object) => fullName(componentOf(object)) === fullName(component)) };
}

/**
 * The one component that `target` refers to.
 *
 * @param components all components; may contain duplicates
 * @param sort what to call them in messages. @default "component"
 * @throws UserError if none or several have that name
 */
export function chooseComponent(
    target: string,
    components: readonly Component[],
    stack: string,
    sort = "component",
): Component {
    const known = new Map(components.map((component) => [fullName(component), component]));
    if (known.size === 0)
        throw new UserError(`"${stack}" has nothing in the cluster. Deploy it with: ./plinth launch ${stack}`);
    const matches = [...known.values()].filter((one) => one.name === target || fullName(one) === target);
    if (matches.length === 1) return matches[0]!;
    if (matches.length > 1)
        throw new UserError(
            `"${target}" is a ${sort} of ${matches.length} instances; name one of: ${matches.map(fullName).sort().join(", ")}`,
        );
    const names = target.includes("/") ? [...known.keys()] : [...known.values()].map(({ name }) => name);
    const hint = stackNames().includes(target)
        ? `; "${target}" is a stack, which comes after the component`
        : suggest(target, [...new Set(names)]);
    throw new UserError(
        `"${stack}" has no ${sort} "${target}" in the cluster${hint}; available: ${[...known.keys()].sort().join(", ")}`,
    );
}

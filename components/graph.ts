import type { Expansion } from "./languages/expansion";

/** A value in a Secret, by reference: the only way in which a password travels. */
export interface SecretRef {
    /** Final name of the Secret. */
    readonly secret: string;
    readonly key: string;
}

/** What a user of a service must know of it: a plain value, or a reference to a secret one. */
export type Setting = string | SecretRef;

/** A value of a container's environment that is composed of other variables of it. */
export interface Composed {
    readonly composed: Expansion;
}

/** One component's use of another: the connection, the open path and the line in the picture. */
export interface Edge {
    readonly to: Service;
    /** Names of the ports that are used. @default all of the service's ports */
    readonly ports?: readonly string[];
    /** Environment variables and the setting that each holds. */
    readonly env: Readonly<Record<string, Setting>>;
}

/** Settings of a service by name. */
export type Settings = Readonly<Record<string, Setting>>;

/**
 * A component as the others see it, with the settings that it offers. All values are plain and known before any object exists, so nothing ever waits
 * for a Service to settle. An external service is the same thing without a node.
 */
export class Service<Offered extends Settings = Readonly<Record<never, Setting>>> {
    constructor(
        /** Identity of the node that serves: see {@link nodeId}. */
        readonly node: string,
        readonly host: string,
        /** Ports by name. */
        readonly ports: Readonly<Record<string, number>>,
        /** Settings by name, beside `host` and `port` (of the first port), which every service has. */
        readonly settings: Offered,
        /** Set for a service outside the cluster: ranges in which it lives; none means anywhere. */
        readonly external?: { readonly cidrs: readonly string[] },
        /** Identities of the further nodes that serve, such as the other members of a database. @default none */
        readonly others: readonly string[] = [],
    ) {}

    /** Identities of all nodes that serve. */
    get nodes(): readonly string[] {
        return [this.node, ...this.others];
    }

    /**
     * Declares a use of this service, with the settings that the user wants by the names that it knows.
     *
     * @throws RangeError for a setting that it does not offer, which the compiler refuses already
     */
    bind(
        names: Readonly<Record<string, "host" | "port" | (keyof Offered & string)>> = {},
        ports?: readonly string[],
    ): Edge {
        const settings: Settings = {
            host: this.host,
            port: String(Object.values(this.ports)[0] ?? ""),
            ...this.settings,
        };
        const env = Object.entries(names).map(([variable, setting]) => {
            const value = settings[setting];
            if (value === undefined)
                throw new RangeError(
                    `${this.node} has no setting "${setting}"; it has ${Object.keys(settings).join(", ")}`,
                );
            return [variable, value] as const;
        });
        return { to: this, env: Object.fromEntries(env), ...(ports ? { ports } : {}) };
    }
}

/** A path into or out of the platform that is no edge: the reason, and exactly what it opens. */
export interface NetworkRule {
    /** The field's word for it: `dns`, `acme`, `smtp`, `clients`, `prometheus` … */
    readonly name: string;
    readonly direction: "ingress" | "egress";
    /** Ports; for `ingress` those of the pod. None means all. */
    readonly ports: readonly number[];
    /** @default "TCP" */
    readonly protocol?: "TCP" | "UDP";
    /** Host on the other side: its address is the range, where it is one and no others are given. */
    readonly host?: string;
    /** Ranges on the other side. @default anywhere */
    readonly cidrs?: readonly string[];
    /** Namespace on the other side, instead of ranges; `*` is every namespace. */
    readonly namespace?: string;
}

export interface Node {
    readonly id: string;
    readonly namespace: string;
    /** Name of the instance that the component belongs to. */
    readonly instance: string;
    /** Logical name, which is also the value of the label `app.kubernetes.io/name`. */
    readonly name: string;
    /** Sort of component, for the picture: `database`, `web tier` … */
    readonly kind: string;
    /** False for a service outside the cluster. */
    readonly pods: boolean;
    readonly uses: readonly Edge[];
    readonly networkRules: readonly NetworkRule[];
    /** Identities of the nodes that must be up (data services) or done (Tasks) first. */
    readonly startsAfter: readonly string[];
}

export const nodeId = (namespace: string, name: string): string => `${namespace}/${name}`;

/** The list under a key, which is made where there is none. */
function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    return list;
}

/** The platforms of a stack: who uses whom, and who starts after whom. */
export class Graph {
    private readonly byId = new Map<string, Node>();
    private readonly usersById = new Map<string, { from: Node; edge: Edge }[]>();
    private readonly byNamespace = new Map<string, Node[]>();

    add(node: Node): void {
        if (this.byId.has(node.id)) throw new Error(`the component ${node.id} is declared twice`);
        this.byId.set(node.id, node);
        for (const edge of node.uses)
            for (const id of edge.to.nodes) listIn(this.usersById, id).push({ from: node, edge });
        listIn(this.byNamespace, node.namespace).push(node);
    }

    get nodes(): readonly Node[] {
        return [...this.byId.values()];
    }

    node(id: string): Node | undefined {
        return this.byId.get(id);
    }

    nodesIn(namespace: string): readonly Node[] {
        return this.byNamespace.get(namespace) ?? [];
    }

    /**
     * Nodes in an order in which each comes after those that it starts after; otherwise as declared.
     *
     * @throws Error naming the circle when `startsAfter` has one, or the name that does not exist. `uses` may have circles.
     */
    inOrder(): Node[] {
        const sorted: Node[] = [];
        const state = new Map<string, "open" | "done">();
        const visit = (id: string, trail: readonly string[]): void => {
            if (state.get(id) === "done") return;
            if (state.get(id) === "open")
                throw new Error(
                    `components wait for each other: ${[...trail.slice(trail.indexOf(id)), id].join(" → ")}`,
                );
            const node = this.byId.get(id);
            if (!node) throw new Error(`${trail.at(-1)} starts after ${id}, which is not declared`);
            state.set(id, "open");
            for (const before of node.startsAfter) visit(before, [...trail, id]);
            state.set(id, "done");
            sorted.push(node);
        };
        for (const node of this.byId.values()) visit(node.id, []);
        return sorted;
    }

    /** Edges that lead to a node, each with the node that has it. */
    users(id: string): readonly { from: Node; edge: Edge }[] {
        return this.usersById.get(id) ?? [];
    }

    /** @throws Error naming the first edge that leads to nothing */
    checkEdges(): void {
        for (const node of this.byId.values())
            for (const id of node.uses.flatMap(({ to }) => to.nodes))
                if (!this.byId.has(id)) throw new Error(`${node.id} uses ${id}, which is not declared`);
    }
}

/** The platform as a Mermaid flowchart: solid lines are uses, dotted ones say what starts after what. */
export function picture(graph: Graph, namespaces: readonly string[]): string {
    const shown = namespaces.flatMap((namespace) => graph.nodesIn(namespace));
    const key = (id: string) => id.replace(/[^a-zA-Z0-9]/g, "_");
    const lines = ["flowchart LR"];
    const outside = shown.some((node) => node.networkRules.some((need) => need.name === "clients"));
    if (outside) lines.push("    clients((clients))");
    for (const node of shown) {
        const [open, close] = ["database", "cache", "broker", "object storage"].includes(node.kind)
            ? ["[(", ")]"]
            : ["[", "]"];
        lines.push(
            `    ${key(node.id)}${open}"${node.name}<br/><small>${node.kind}${node.pods ? "" : ", external"}</small>"${close}`,
        );
    }
    for (const node of shown) {
        if (node.networkRules.some((need) => need.name === "clients")) lines.push(`    clients --> ${key(node.id)}`);
        for (const id of node.uses.flatMap(({ to }) => to.nodes)) lines.push(`    ${key(node.id)} --> ${key(id)}`);
        for (const before of node.startsAfter) lines.push(`    ${key(before)} -.-> ${key(node.id)}`);
    }
    return `${[...new Set(lines)].join("\n")}\n`;
}

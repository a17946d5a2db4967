import type { Expansion } from "./languages/expansion";

/** A reference to a value in a Secret. Passwords are only passed as references. */
export interface SecretRef {
    /** Final name of the Secret. */
    readonly secret: string;
    readonly key: string;
}

/** A setting that clients of a service need: a plain value, or a reference to a secret one. */
export type Setting = string | SecretRef;

/** An environment variable that is composed of other variables of the container. */
export interface Composed {
    readonly composed: Expansion;
}

/** One component's use of another: the connection, the network rule and the line in the diagram. */
export interface Edge {
    readonly to: Service;
    /** Names of the ports in use. @default all of the service's ports; where it names none, any port */
    readonly ports?: readonly string[];
    /** Environment variables with the setting that each contains. */
    readonly env: Readonly<Record<string, Setting>>;
}

/** A server outside the cluster. */
export interface External {
    /** Its address ranges; empty for any address. */
    readonly cidrs: readonly string[];
    /** Clients connect with TLS, and verify its certificate by the file of authorities. @default without TLS */
    readonly tls?: {
        /** ConfigMap with the certificates of an authority of its own. @default none */
        readonly authority?: string;
        /** Its address, if its host is only the name in its certificate. */
        readonly address?: string;
        /** Any certificate of that authority is taken. @default it must name the host */
        readonly anyName?: true;
    };
    /**
     * Clients sign in as the account that their pods run as: the key of the instance that says so. @default with what the
     * settings say
     */
    readonly identity?: string;
}

/** Settings of a service by name; undefined are those that its clients do without. */
export type Settings = Readonly<Record<string, Setting | undefined>>;

/**
 * A component as seen by others, with the settings that it offers. All values are known before any object exists, so
 * nothing waits for a Service to become ready. An external service is the same without a node.
 */
export class Service<Offered extends Settings = Readonly<Record<never, Setting>>> {
    constructor(
        /** Identity of the serving node: see {@link nodeId}. */
        readonly node: string,
        readonly host: string,
        /** Ports by name. */
        readonly ports: Readonly<Record<string, number>>,
        /** Settings by name, in addition to `host` and `port` (of the first port), which every service has. */
        readonly settings: Offered,
        readonly external?: External,
        /** Identities of further serving nodes, such as the other members of a database. @default none */
        readonly others: readonly string[] = [],
    ) {}

    /** Whether clients connect with TLS. */
    get tls(): boolean {
        return this.external?.tls !== undefined;
    }

    /** Whether clients take any certificate of the server's authority, whatever it names. */
    get anyName(): boolean {
        return this.external?.tls?.anyName ?? false;
    }

    /** Identities of all serving nodes. */
    get nodes(): readonly string[] {
        return [this.node, ...this.others];
    }

    /**
     * Declares a use of this service, with the settings under the names that the client uses, except those that it does
     * without.
     *
     * @throws RangeError for a setting that it does not offer, which the compiler also refuses
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
        const env = Object.entries(names).flatMap(([variable, setting]) => {
            const value = settings[setting];
            if (value === undefined && Object.hasOwn(settings, setting)) return [];
            if (value === undefined)
                throw new RangeError(
                    `${this.node} has no setting "${setting}"; available: ${Object.keys(settings).join(", ")}`,
                );
            return [[variable, value] as const];
        });
        return { to: this, env: Object.fromEntries(env), ...(ports ? { ports } : {}) };
    }
}

/**
 * A network rule into or out of the platform that is not an edge between components: its reason, and exactly what it
 * allows.
 */
export interface NetworkRule {
    /** Name of the rule: `dns`, `acme`, `smtp`, `clients`, `prometheus` … */
    readonly name: string;
    readonly direction: "ingress" | "egress";
    /** Ports; for `ingress` those of the pod. Empty for all. */
    readonly ports: readonly number[];
    /** @default "TCP" */
    readonly protocol?: "TCP" | "UDP";
    /** Remote host: if it is an address and no ranges are given, it is the range. */
    readonly host?: string;
    /** Remote ranges. @default any */
    readonly cidrs?: readonly string[];
    /** Remote namespace, instead of ranges; `*` for all namespaces. */
    readonly namespace?: string;
    /** Identity of a remote component, instead of ranges. Without that component, the rule allows nothing. */
    readonly component?: string;
    /** The key of the instance that the rule is made for, for messages. @default none */
    readonly key?: string;
}

export interface Node {
    readonly id: string;
    readonly namespace: string;
    /** Name of the instance that the component belongs to. */
    readonly instance: string;
    /** Logical name, which is also the value of the label `app.kubernetes.io/name`. */
    readonly name: string;
    /** Labels of its pods, if an operator makes them. @default the component's own */
    readonly selector?: Readonly<Record<string, string>>;
    /** Kind of component, for the diagram: `database`, `web tier` … */
    readonly kind: string;
    /** False for an external service. */
    readonly pods: boolean;
    readonly uses: readonly Edge[];
    readonly networkRules: readonly NetworkRule[];
    /** Identities of nodes that must be ready (data services) or done (Tasks) first. */
    readonly startsAfter: readonly string[];
}

/** What a component declares when it is added to the graph. */
export interface NodeArgs {
    /** Kind of component, for the diagram. */
    readonly kind: string;
    /** Labels of its pods, if an operator makes them. @default the component's own */
    readonly selector?: Readonly<Record<string, string>>;
    /** @default true */
    readonly pods?: boolean;
    /** @default none */
    readonly uses?: readonly Edge[];
    /** @default none */
    readonly networkRules?: readonly NetworkRule[];
    /** Components that must be ready or done first. @default none */
    readonly startsAfter?: readonly { readonly node: Node }[];
}

/** Whether a component connects to anything besides the stack's own components. */
export const goesOut = ({ uses, networkRules }: Node): boolean =>
    uses.some(({ to }) => to.external) ||
    networkRules.some(({ direction, component }) => direction === "egress" && component === undefined);

export const nodeId = (namespace: string, name: string): string => `${namespace}/${name}`;

/** The list under a key, created if necessary. */
function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    return list;
}

/** The graph of a stack's components: uses and start order. */
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
     * Nodes in start order, otherwise in order of declaration.
     *
     * @throws Error with the cycle if `startsAfter` has one, or with a name that does not exist. `uses` may have
     * cycles.
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

    /** Edges to a node, each with the node that declares it. */
    users(id: string): readonly { from: Node; edge: Edge }[] {
        return this.usersById.get(id) ?? [];
    }

    /** @throws Error with the first edge to an undeclared node */
    checkEdges(): void {
        for (const node of this.byId.values())
            for (const id of node.uses.flatMap(({ to }) => to.nodes))
                if (!this.byId.has(id)) throw new Error(`${node.id} uses ${id}, which is not declared`);
    }
}

/** The platform as a Mermaid flowchart: solid lines are uses, dotted ones the start order. */
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

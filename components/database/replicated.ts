import type { Component } from "../component";
import type { Value } from "../../config/value";
import { type DatabaseConfig, databasePorts, mostReplicas } from "../../config/database";
import { clusterService, disruptionBudget } from "../deployment";
import { type NetworkRule, type Node, nodeId, type SecretRef, Service } from "../graph";
import type { Instance } from "../instance";
import { plinthLabels, selectorOf } from "../labels";
import { joined, wordsOf } from "../languages/text";
import { randomId } from "../resource";
import { declareMember, type MemberArgs } from "./member";

type ReplicatedConfig = Extract<DatabaseConfig, { topology: "replicated" }>;

/** The servers of a replicated database, each a separate component. */
export interface Members {
    readonly name: string;
    readonly config: ReplicatedConfig;
    /** In the order of their ordinals; the first has the name and the volume of a single server. */
    readonly nodes: readonly Node[];
    readonly source: Node;
    /** Identities of all, in the same order. */
    readonly ids: readonly string[];
    /** Logical name of the Service that answers reads. */
    readonly readName: string;
}

const ports = { mysql: databasePorts.mariadb };
const ordinals = ({ replicas }: ReplicatedConfig): number[] => [...Array(replicas + 1).keys()];
const words = wordsOf<"words">();
const memberName = (name: string, ordinal: number): string => (ordinal === 0 ? name : `${name}-${ordinal}`);

/** Adds the members to the graph; each connects to all others. */
export function joinMembers(
    instance: Instance,
    name: string,
    config: ReplicatedConfig,
    needs: readonly NetworkRule[],
): Members {
    const names = ordinals(config).map((ordinal) => memberName(name, ordinal));
    const [first, ...others] = names.map((member) => nodeId(instance.namespace, member));
    const all = new Service(first!, instance.host(name), ports, {}, undefined, others);
    const nodes = names.map((member) =>
        instance.addNode(member, { kind: "database", uses: [all.bind()], networkRules: needs }),
    );
    return { name, config, nodes, source: nodes[config.source]!, ids: [first!, ...others], readName: `${name}-read` };
}

/**
 * Labels of a member's pod: one for each source next to which it answers reads, because a Service cannot select all
 * pods except one.
 */
const readLabels = (ordinal: number): Record<string, string> =>
    Object.fromEntries(
        [...Array(mostReplicas + 1).keys()]
            .filter((source) => source !== ordinal)
            .map((source) => [`${plinthLabels.readsBeside}${source}`, "true"]),
    );

/**
 * Declares the members: a StatefulSet and a volume each, the Services of the source and of those that answer reads.
 *
 * A new source is declared in a ConfigMap that changes in place, so that no server restarts: one that did would throw
 * away what it has received and not applied yet.
 */
export function declareMembers(
    instance: Instance,
    owner: Component,
    { name, config, nodes, source, readName }: Members,
    args: MemberArgs & { readonly password: SecretRef },
): void {
    const [first] = nodes as [Node, ...Node[]];
    const membership = { "app.kubernetes.io/instance": instance.name, [plinthLabels.database]: name };
    const control = instance.add(
        owner,
        "ConfigMap",
        `${name}-source`,
        {
            data: {
                source: term(instance, name, config).map(
                    (id) =>
                        words.text`${config.source}\n${words.word(id)}\n${joined(
                            config.lost.map((one) => words.word(String(one))),
                            " ",
                        )}\n`,
                ),
            },
        },
        { node: first, fixedName: true },
    );
    const resources = { ...args.resources, ...instance.resources(name, args.resources) };
    const size = instance.volume(name, args.size).size;
    nodes.forEach((node, member) => {
        declareMember(instance, owner, node, {
            ...args,
            resources,
            size,
            replication: {
                member,
                source: config.source,
                hosts: nodes.map((_, ordinal) => `${instance.host(`${name}-${ordinal}`)}:${ports.mysql}`),
                password: args.password,
                control,
                maxLagSeconds: config.maxLagSeconds,
                labels: { [plinthLabels.database]: name, ...readLabels(member) },
                membership,
            },
        });
        clusterService(instance, owner, node, ports, { name: `${name}-${member}`, members: true });
    });
    const all = {
        ...membership,
        ...(config.readFrom === "replicas" ? { [`${plinthLabels.readsBeside}${config.source}`]: "true" } : {}),
    };
    // The old source takes writes until the members know of the new one.
    clusterService(instance, owner, first, ports, { name, selector: selectorOf(source), after: `${name}-source` });
    clusterService(instance, owner, first, ports, { name: readName, selector: all });
    disruptionBudget(instance, owner, first, membership);
}

/**
 * A word that changes whenever another source is declared: a member that was away finds out that it is not the source
 * any more even when it is declared again.
 *
 * While the source is another than the first member, a protected resource keeps the topology from becoming `single`,
 * which would continue with the data of the first.
 */
function term(instance: Instance, name: string, { source }: ReplicatedConfig): Value<string> {
    const { owner, stack } = instance;
    const parent = owner.resource;
    const prefix = `${instance.name}-${name}`;
    const protect = stack.config.protect && source !== 0;
    const id = randomId(`${prefix}-term`, 6, { source: String(source) }, { parent });
    stack.plan.push(randomId(`${prefix}-source-is-not-the-first`, 4, undefined, { parent, protect }), id);
    return id.property<string>("id");
}

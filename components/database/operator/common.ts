import type { Input, Value } from "../../../config/value";
import { type OperatedDatabaseConfig, operatorNamespaces } from "../../../config/operatedDatabase";
import type { ResourcesConfig } from "../../../config/fields";
import type { Image } from "../../../config/images";
import { mebibytes } from "../../../config/quantity";
import type { NetworkRule, Node, SecretRef, Service } from "../../graph";
import type { Instance } from "../../instance";
import { componentLabels, instanceLabels, stackLabel } from "../../labels";
import { placementFor, placementSpec } from "../../placement";
import { requestsAndLimits } from "../../resources";
import { requestOf, spaceFor } from "../../scratch";
import { usualClasses } from "../../storageClass";
import { guardedSeries, imageSeries, operatorSeries } from "../series";
import { leastMemory } from "../sizing";

/** What the component knows of a database that an operator runs. */
export interface OperatedArgs {
    readonly config: OperatedDatabaseConfig;
    readonly database: string;
    readonly user: string;
    readonly passwords: { readonly password: Value<string>; readonly rootPassword: Value<string> };
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of each volume. */
    readonly size: string;
    /** Additional server settings by name. @default none */
    readonly settings?: Readonly<Record<string, string>> | undefined;
    /** Image of the clients that the platform's own steps run. */
    readonly clients: Image;
    /** Where the user agrees to other versions, for messages. @default the component's key in the instance */
    readonly settingsAt?: string | undefined;
}

type Offered = { readonly name: string; readonly user: string; readonly password: SecretRef };

/** How the rest of the platform sees it. */
export interface Operated {
    readonly node: Node;
    /** Leads to the member that takes writes, through the pooler if there is one. */
    readonly service: Service<Offered>;
    readonly readService: Service<Offered>;
    /** Leads to the member that takes writes. */
    readonly direct: Service<Offered>;
    readonly rootPassword: SecretRef;
}

/** Lets the operator connect to its pods. */
const fromOperator = (
    { engine, operatorNamespace = operatorNamespaces[engine] }: OperatedDatabaseConfig,
    ports: readonly number[],
): NetworkRule => ({
    name: "operator",
    direction: "ingress",
    ports,
    namespace: operatorNamespace,
});

/** Lets an operator's pods ask the API server for what they are to do. */
export const toApiServer = ({ cluster }: Instance): NetworkRule => ({
    name: "API server",
    direction: "egress",
    ...cluster.apiServer,
});

/**
 * Lets the operator connect to a database's members, and these ask the API server; warns if they can reach any address.
 *
 * @param ports on which the operator connects
 */
export function memberRules(
    instance: Instance,
    name: string,
    config: OperatedDatabaseConfig,
    ports: readonly number[],
): NetworkRule[] {
    const { networkPolicy, apiServer } = instance.cluster;
    if (networkPolicy === "full" && apiServer.cidrs.length === 0)
        instance.warn(
            `the pods of ${name} may connect to any address on the ports ${apiServer.ports.join(" and ")}: set plinth:cluster.apiServer.cidrs`,
        );
    return [fromOperator(config, ports), toApiServer(instance)];
}

/** Labels of all that an operator makes, with which the program's own commands find it. */
export const inheritedLabels = (instance: Instance, node: Node): Record<string, string> => ({
    ...instanceLabels(instance, { ...placementFor(instance, node.name).podLabels, ...componentLabels(node) }),
    ...stackLabel(instance.stack),
});

/** The checked series of the volumes' data, which no servers of another topology continue with. */
export function checkedSeries(
    instance: Instance,
    name: string,
    image: Image,
    { config, settingsAt }: OperatedArgs,
): { readonly series: string; readonly checked: Input<string> } {
    const series = imageSeries(instance, config.engine, instance.image(image), image);
    return {
        series,
        checked: guardedSeries(instance, name, operatorSeries(series), config.upgradeFrom, { settingsAt }),
    };
}

/**
 * Resources of a server, and the memory in MiB that its caches are sized by.
 *
 * @param temporary sizes of directories on the node's disk
 */
export function serverResources(
    instance: Instance,
    name: string,
    { resources, config: { engine } }: OperatedArgs,
    temporary: readonly string[],
): { readonly limit: number; readonly resources: object } {
    const space = spaceFor(temporary.map((size) => ({ size })));
    const settings = instance.resources(name, {
        ephemeralStorage: space,
        ephemeralStorageRequest: requestOf(space),
        ...resources,
    });
    const memory = settings.memory ?? resources.memory;
    const limit = mebibytes(memory);
    if (limit < leastMemory[engine])
        instance.problem(
            ["resources", name, "memory"],
            `"${memory}" is too little for ${engine}; allowed: at least ${leastMemory[engine]}Mi`,
        );
    return { limit, resources: requestsAndLimits(settings, instance.stack.config.cluster.cpuLimits) };
}

/** Size and class of each member's volume; reports what an operator's volumes cannot be. */
export function memberVolumes(
    instance: Instance,
    name: string,
    usual: string,
): { readonly size: string; readonly storageClass: string | undefined } {
    const {
        size,
        storageClass = usualClasses(instance.stack.config).storageClass,
        ...others
    } = instance.volume(name, usual);
    for (const [key, value] of Object.entries(others))
        if (value !== undefined)
            instance.problem(
                ["volumes", name, key],
                "is not allowed with database.topology: operator, which makes the members' volumes; allowed: size, storageClass. Existing data are loaded from a backup (docs/databases.md)",
            );
    return { size, storageClass };
}

/**
 * Where the members run.
 *
 * @param labels of all of them
 * @param keepsApart whether the operator itself keeps members on different nodes
 */
export function memberPlacement(
    instance: Instance,
    { name }: Node,
    labels: Readonly<Record<string, string>>,
    keepsApart: boolean,
) {
    const { runtimeClassName, serviceAccount } = instance.config.components[name] ?? {};
    if (runtimeClassName !== undefined)
        instance.problem(
            ["components", name, "runtimeClassName"],
            "is not allowed with database.topology: operator, which has no such field; allowed: no such key",
        );
    if (serviceAccount !== undefined)
        instance.problem(
            ["components", name, "serviceAccount"],
            "is not allowed with database.topology: operator, which makes an account for each database; allowed: no such key",
        );
    const placement = placementFor(instance, name);
    if (runtimeClassName === undefined && placement.runtimeClassName !== undefined)
        instance.warn(
            `${name} runs without runtimeClassName "${placement.runtimeClassName}": its operator has no such field`,
        );
    const spread = placement.topologySpread || !keepsApart ? { spread: labels } : {};
    const { nodeSelector, tolerations, affinity, priorityClassName, topologySpreadConstraints } = placementSpec(
        placement,
        spread,
    );
    return { nodeSelector, tolerations, affinity, priorityClassName, topologySpreadConstraints };
}

/**
 * Name of an operator's object, from which it forms those of others; reports one that is too long for it.
 *
 * @param name of the component
 * @param object logical name of the object. @default the component's
 */
export function operatedName(instance: Instance, name: string, most: number, object = name): string {
    const full = instance.objectName(object);
    if (full.length > most)
        instance.problem(
            [name, "topology"],
            `"operator" is not possible with the name "${full}"; allowed: names of at most ${most} characters, with a shorter plinth:namePrefix`,
        );
    return full;
}

export const defined = (fields: object): object =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Makes a run wait for an operator's work, for half an hour at most unless told. */
export const awaited = (condition: string, seconds = 1800): Record<string, string> => ({
    "pulumi.com/waitFor": condition,
    "pulumi.com/timeoutSeconds": String(seconds),
});

/** The user's affinity, as far as mariadb-operator has fields for it. */
export function affinityFor(instance: Instance, component: string, affinity: unknown): object | undefined {
    const { podAffinity, ...others } = (affinity ?? {}) as Readonly<Record<string, object>>;
    if (podAffinity !== undefined)
        instance.problem(
            ["components", component, "affinity", "podAffinity"],
            "is not allowed with database.topology: operator, which has no such field for MariaDB; allowed: nodeAffinity, podAntiAffinity",
        );
    return Object.keys(others).length > 0 ? others : undefined;
}

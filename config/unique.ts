import { type BackupConfig, folderOf, identityOf } from "./backup";
import { type BrokerConfig, brokerPort } from "./broker";
import { type CacheConfig, cachePort } from "./cache";
import { type DatabaseConfig, databasePorts } from "./database";
import type { Problems } from "./problems";
import type { AnyInstance, StackConfig } from "./stack";

/** Reports what two instances have both and only one can: hosts, node ports, namespaces, places on servers outside. */
export function checkUnique(
    instances: readonly AnyInstance[],
    platforms: readonly { readonly name: string; readonly hosts: (instance: AnyInstance) => string[] }[],
    problems: Problems,
    sharedEdge: StackConfig["sharedEdge"] | undefined,
): void {
    const edgeNamespace = sharedEdge?.namespace ?? "edge";
    const hosts = new Map<string, string>();
    const ports = new Map<number, string>();
    const outside = new Map<string, string>();
    const namespaces = new Map<string, string>([[edgeNamespace, "plinth:edge"]]);
    checkReserved("plinth:edge.namespace", edgeNamespace, true, problems);
    checkNodePorts("plinth:edge.edge", sharedEdge?.edge, ports, problems);
    for (const instance of instances) {
        const path = `plinth:instances.${instance.name}`;
        const platform = platforms.find((candidate) => candidate.name === instance.platform)!;
        for (const host of new Set(platform.hosts(instance))) {
            if (hosts.has(host))
                problems.add(
                    `${path}.host`,
                    `"${host}" is already the host of ${hosts.get(host)}; every host belongs to one instance`,
                );
            else hosts.set(host, path);
        }
        checkNodePorts(`${path}.edge`, instance.edge, ports, problems);
        for (const { key, what, place } of outsideOf(instance)) {
            if (outside.has(place))
                problems.add(
                    `${path}.${key}`,
                    `is that of ${outside.get(place)} on the same server; every instance needs a ${what} of its own`,
                );
            else outside.set(place, path);
        }
        const namespace = namespaceOf(instance);
        checkReserved(`${path}.namespace`, namespace, instance.namespace?.create ?? true, problems);
        if (namespace.length > 63)
            problems.add(
                `${path}.namespace`,
                `"${namespace}" is longer than 63 characters; choose a shorter name or set namespace`,
            );
        if (namespaces.has(namespace))
            problems.add(
                `${path}.namespace`,
                `"${namespace}" is already the namespace of ${namespaces.get(namespace)}; every instance needs its own`,
            );
        else namespaces.set(namespace, path);
    }
}

/** Reports a namespace that every cluster has. */
function checkReserved(path: string, namespace: string, create: boolean, problems: Problems): void {
    if (/^kube-/.test(namespace)) problems.add(path, `"${namespace}" belongs to Kubernetes itself; choose another`);
    else if (namespace === "default" && create)
        problems.add(
            path,
            `"default" is there in every cluster and cannot be made; choose another, or set create: false`,
        );
}

/** Notes the node ports of a balancer, each with its path; reports those that another one has. */
function checkNodePorts(
    path: string,
    edge: AnyInstance["edge"] | undefined,
    ports: Map<number, string>,
    problems: Problems,
): void {
    if (edge?.type !== "NodePort") return;
    for (const key of ["httpPort", "httpsPort"] as const) {
        const port = edge[key];
        if (port === undefined) continue;
        const owner = path.replace(/\.edge$/, "");
        if (ports.has(port))
            problems.add(
                `${path}.${key}`,
                `${port} is already the node port of ${ports.get(port)}; every node port belongs to one Service`,
            );
        else ports.set(port, owner);
    }
}

/** Each instance deletes old backups in its folder, which must not be another's. */
export function checkBackupFolders(
    { project, stack }: Pick<StackConfig, "project" | "stack">,
    instances: readonly AnyInstance[],
    problems: Problems,
): void {
    const folders = new Map<string, string>();
    for (const instance of instances) {
        const target = (instance as { readonly backup?: BackupConfig }).backup?.target;
        if (target?.type !== "s3") continue;
        const { url, prefix } = folderOf(target, identityOf(project, stack, namespaceOf(instance)));
        const folder = `${url.origin}/${target.bucket}/${prefix}`;
        const path = `plinth:instances.${instance.name}.backup.target.prefix`;
        if (folders.has(folder))
            problems.add(
                path,
                `"${prefix}" of the bucket "${target.bucket}" at ${url.origin} is already the folder of ${folders.get(folder)}, ` +
                    "and each would delete the other's backups; leave prefix out, or set another for each instance",
            );
        else folders.set(folder, `plinth:instances.${instance.name}`);
    }
}

/** What an instance has on servers outside the cluster, and where: two that shared it would mix up each other's data. */
function outsideOf({ platform, ...own }: AnyInstance): { key: string; what: string; place: string }[] {
    const { database, broker, sessions } = own as {
        readonly database?: DatabaseConfig;
        readonly broker?: BrokerConfig;
        readonly sessions?: CacheConfig;
    };
    const found = [];
    if (database?.topology === "external") {
        const { host, engine, port = databasePorts[engine], name = { ofPlatform: platform } } = database;
        found.push({ key: "database.name", what: "database", place: JSON.stringify([host, port, name]) });
    }
    if (broker?.topology === "external") {
        const { host, port = brokerPort, vhost = "/" } = broker;
        found.push({ key: "broker.vhost", what: "virtual host", place: JSON.stringify([host, port, vhost]) });
    }
    // Whoever is logged in at one shop would be so at the other, as somebody else.
    if (sessions?.topology === "external") {
        const { host, port = cachePort } = sessions;
        found.push({ key: "sessions.host", what: "server for sessions", place: JSON.stringify([host, port]) });
    }
    return found;
}

/** The platform's name when the instance is named after it, else `<platform>-<instance>`; `namespace` overrides. */
export function namespaceOf(instance: AnyInstance): string {
    if (instance.namespace) return instance.namespace.name;
    return instance.name === instance.platform ? instance.platform : `${instance.platform}-${instance.name}`;
}

import { createHmac } from "node:crypto";
import { Component, type ComponentOptions } from "../component";
import { type DocumentStoreConfig, documentStorePort, type DocumentStoreSecret } from "../../config/documentStore";
import type { ResourcesConfig } from "../../config/fields";
import { images } from "../../config/images";
import { mebibytes } from "../../config/quantity";
import { warnIfReachable } from "../cache";
import { authorityOf } from "../authorities";
import { claim } from "../claim";
import { dataServer } from "../dataServer";
import { guardedSeries, imageSeries, upgradesInPlace } from "../database/series";
import { clusterService } from "../deployment";
import { rangesOf, requiredSecret } from "../external";
import { type Node, type SecretRef, Service } from "../graph";
import type { HasNode, Instance } from "../instance";
import { wholeFile } from "../languages/text";
import { metricsRules } from "../metrics";
import { authSource, exporterUri, leastMemory, metricsPort, replicaSet, scripts, serverPod } from "./server";

/** Settings that a document store offers to its clients. */
export type DocumentStoreSettings = {
    readonly name: string;
    readonly user: string;
    readonly password: SecretRef;
    /** Database that the user is defined in. */
    readonly authSource: string;
    /** Empty for a server without. */
    readonly replicaSet: string;
    /** `true` or `false`. */
    readonly tls: string;
    /** Whether `host` is a name whose SRV records list the members: `true` or `false`. */
    readonly srv: string;
};

export interface DocumentStoreArgs {
    readonly config: DocumentStoreConfig;
    /** Name of the database: letters, digits, `_` and `-`. */
    readonly database: string;
    /** The platform's user: letters, digits, `_` and `-`; neither `root` nor `plinth`. */
    readonly user: string;
    /** Resources of the server's container; its cache is derived from the memory. */
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of the volume. */
    readonly size: string;
    /**
     * Whether a server in the cluster serves clients that give no password, for programs that cannot: network policies
     * alone decide who reaches it. @default false
     */
    readonly open?: boolean;
    /** Where the user agrees to other versions, for messages. @default the component's key in the instance */
    readonly settingsAt?: string;
    /** Series of MongoDB that the platform works with. @default ["7.0"], the image's */
    readonly series?: readonly string[];
    /** Why no others, for the message: `its driver is older`. @default others have not been tried */
    readonly seriesReason?: string;
}

const ports = { mongodb: documentStorePort };

/**
 * A document store, MongoDB: one server with its own volume, or external ones.
 *
 * The service's settings are `host`, `port`, `name`, `user`, `password`, `authSource`, `replicaSet`, `tls` and `srv`.
 * For several external hosts, `host` lists them with commas, as in a connection string. Its secret keys are the
 * component's name with `Password` and `RootPassword`. A changed password is applied to existing data at the next
 * start of the pod, which the change triggers.
 *
 * The server is the only member of a replica set, as transactions and change streams require it. The volume holds a
 * password of its own, `plinth-accounts`, with which the pod changes the others.
 *
 * @throws RangeError if the platform's names for database or user would need quoting
 */
export class DocumentStore<Name extends string = string> extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service<DocumentStoreSettings>;
    /** The password of `root`; for an external store only if the user has set it. */
    readonly rootPassword: SecretRef | undefined;

    constructor(
        instance: Instance<DocumentStoreSecret<NoInfer<Name>>>,
        name: Name,
        args: DocumentStoreArgs,
        opts?: ComponentOptions,
    ) {
        super(instance, "DocumentStore", name, opts);
        for (const identifier of [args.database, args.user])
            if (!/^[A-Za-z0-9_-]{1,32}$/.test(identifier))
                throw new RangeError(`"${identifier}" is not a valid name for a database or its user`);
        if (["root", "plinth"].includes(args.user))
            throw new RangeError(`"${args.user}" is an administrator; the platform needs its own user`);
        const { config } = args;
        const keys = { password: `${name}Password`, root: `${name}RootPassword` } as const;
        const account = { name: config.name ?? args.database, user: config.user ?? args.user };
        if (config.topology === "external") {
            this.node = instance.addNode(name, { kind: "document store", pods: false });
            const { node } = this;
            const password = requiredSecret(instance, name, keys.password);
            const root = instance.secretValue(keys.root);
            this.rootPassword =
                root && instance.secret(this, `${name}-root`, { rootPassword: root }, { node }).rootPassword;
            const { tls } = config;
            const authority = authorityOf(instance, this, node, typeof tls === "object" ? tls.ca : undefined);
            this.service = new Service(
                node.id,
                hostsText(config.hosts),
                { mongodb: config.port ?? ports.mongodb },
                {
                    ...account,
                    ...instance.secret(this, name, { password }, { node }),
                    authSource: config.authSource,
                    replicaSet: config.replicaSet ?? "",
                    tls: String((config.tls ?? config.srv) !== false),
                    srv: String(config.srv),
                },
                { cidrs: rangesOfAll(config.hosts, config.cidrs), ...(authority ? { tls: { authority } } : {}) },
            );
        } else {
            const { monitoringNamespace } = instance.cluster;
            this.node = instance.addNode(name, {
                kind: "document store",
                networkRules: metricsRules(monitoringNamespace, metricsPort),
            });
            const { node } = this;
            // Separate Secrets, so that users of the platform's password cannot see the others.
            const { password } = instance.secret(
                this,
                name,
                { password: instance.password(`${name}-password`, keys.password) },
                { node },
            );
            const root = instance.password(`${name}-root-password`, keys.root);
            const { rootPassword } = instance.secret(this, `${name}-root`, { rootPassword: root }, { node });
            this.rootPassword = rootPassword;
            // Of an account that only the pod itself uses, so that it need not be known or kept.
            const exporters = root.map((secret) => createHmac("sha256", secret).update("metrics").digest("hex"));
            const metrics = monitoringNamespace
                ? instance.secret(
                      this,
                      `${name}-metrics`,
                      { password: exporters, uri: exporters.map((secret) => exporterUri(secret, ports.mongodb)) },
                      { node },
                  )
                : undefined;
            this.service = instance.service(name, ports, {
                ...account,
                password,
                authSource,
                replicaSet,
                tls: "false",
                srv: "false",
            });
            if (args.open) warnIfReachable(instance, name);
            this.single(instance, name, args, {
                ...account,
                password,
                rootPassword,
                metrics,
                upgradeFrom: config.upgradeFrom,
            });
            // A pod that is not ready yet must find itself under its name.
            clusterService(instance, this, node, ports, { members: true });
        }
        this.registerOutputs({ host: this.service.host });
    }

    private single(
        instance: Instance<DocumentStoreSecret<Name>>,
        name: Name,
        args: DocumentStoreArgs,
        given: {
            readonly name: string;
            readonly user: string;
            readonly password: SecretRef;
            readonly rootPassword: SecretRef;
            readonly metrics: { readonly password: SecretRef; readonly uri: SecretRef } | undefined;
            readonly upgradeFrom: string | undefined;
        },
    ): void {
        const { node } = this;
        const { upgradeFrom } = given;
        const image = instance.image(images.mongo);
        const series = imageSeries(instance, "mongo", image);
        const allowed = (args.series ?? ["7.0"]).map((version) => `mongo ${version}`);
        if (!allowed.includes(series))
            instance.problem(
                ["images", "mongo"],
                `"${image.reference}" is ${series}, but ${args.seriesReason ?? "others have not been tried"}; allowed: ${allowed.join(", ")}`,
            );
        const memory = instance.resources(name, args.resources).memory ?? args.resources.memory;
        const limit = mebibytes(memory);
        if (limit < leastMemory)
            instance.problem(
                ["resources", name, "memory"],
                `"${memory}" is too little for mongo; allowed: at least ${leastMemory}Mi`,
            );
        const { path, existing } = instance.volume(name, args.size);
        const volume = claim(instance, this, name, { size: args.size, node, followsPath: true });
        const key = instance.password(`${name}-key`, undefined, 64).map(wholeFile);
        const configMap = instance.add(this, "ConfigMap", name, { data: scripts() }, { node });
        const pod = serverPod({
            database: given.name,
            user: given.user,
            password: given.password,
            rootPassword: given.rootPassword,
            metrics: given.metrics,
            key: instance.secret(this, `${name}-key`, { "replica-set.key": key }, { node })["replica-set.key"],
            member: `${instance.objectName(name)}-0.${instance.host(name)}:${ports.mongodb}`,
            series,
            upgradeFrom: upgradeFrom !== undefined && upgradesInPlace(upgradeFrom, series) ? upgradeFrom : undefined,
            claim: volume,
            path,
            adopted: path !== undefined || existing !== undefined,
            volumeKey: instance.path("volumes", name),
            configMap,
            open: args.open ?? false,
            resources: { ...args.resources, memory },
            port: ports.mongodb,
            limit,
            // The default size, not the user's: a volume grows without a new pod.
            disk: mebibytes(args.size),
        });
        dataServer(instance, this, node, {
            pod,
            series: guardedSeries(instance, name, series, upgradeFrom, { settingsAt: args.settingsAt }),
        });
    }
}

/** Hosts as in a connection string. */
const hostsText = (hosts: readonly string[]): string =>
    hosts.map((host) => (host.includes(":") ? `[${host}]` : host)).join(",");

/** Address ranges of all hosts; none (any address) if one of them has a name. */
function rangesOfAll(hosts: readonly string[], cidrs: readonly string[]): readonly string[] {
    const ranges = hosts.map((host) => rangesOf(host, cidrs));
    return ranges.every((some) => some.length > 0) ? [...new Set(ranges.flat())] : [];
}

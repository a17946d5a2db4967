import { Broker } from "../../components/broker";
import { Cache, OpenCache } from "../../components/cache";
import type { Component } from "../../components/component";
import { Database } from "../../components/database";
import { DocumentStore } from "../../components/documentStore";
import type { Service as Endpoint } from "../../components/graph";
import type { HasNode } from "../../components/instance";
import { selectorOf } from "../../components/labels";
import { ObjectStorage } from "../../components/objectStorage";
import { policies } from "../../config/cache";
import type { Conversion } from "./conversion";
import { resourcesOf } from "./deploy";
import { komposeLabel } from "./extensions";
import { cacheSettings, serverSettings } from "./serverSettings";
import { declareSign, labelsOf, readyName } from "./services";

/** A component in the place of a service. */
export interface TakenOver extends HasNode {
    readonly endpoint: Endpoint;
    readonly doneName: undefined;
    readonly database?: Database;
    readonly documents?: DocumentStore;
}

/** Features that RabbitMQ 4.3 denies unless they are permitted, and that clients of earlier versions use. */
const permits = ["transient_nonexcl_queues", "global_qos"];
const usual = { cpu: "100m", memory: "512Mi", documents: "1Gi", size: "5Gi" } as const;

/**
 * Declares the component that takes the place of a service: under the service's names, with the accounts that the
 * project gives its clients.
 */
export function takeOver(conversion: Conversion, service: string): TakenOver {
    const { instance, source, services } = conversion;
    const takeover = source.data.takeovers[service]!;
    const name = conversion.component(service);
    const memory = takeover.role === "documents" ? usual.documents : usual.memory;
    const resources = { cpu: usual.cpu, memory, ...resourcesOf(services[service]!) };
    const size = sizeOf(conversion, service);
    const { upgradeFrom, upgradeImage, extensions } = source.extensions.services[service]!;
    const agreed = upgradeFrom === undefined ? {} : { upgradeFrom };
    const settingsAt = `services.${service}.x-plinth of ${instance.name}`;
    const made = (component: Component & HasNode, endpoint: Endpoint): TakenOver => {
        declareNames(conversion, component, service, endpoint);
        return { node: component.node, endpoint, doneName: undefined };
    };
    switch (takeover.role) {
        case "database": {
            const { engine, database, user } = takeover.account;
            const one = new Database(instance, name, {
                config: {
                    ...{ topology: "single", engine, ...agreed },
                    ...(upgradeImage === undefined ? {} : { upgradeImage }),
                },
                ...{ database, user, resources, size, settingsAt },
                settings: serverSettings(conversion, service),
                image: takeover.image,
                extensions,
            });
            return { ...made(one, one.service), database: one };
        }
        case "cache": {
            const { persistence, policy } = cacheSettings(conversion, service);
            const known = policies.find((one) => one === policy) ?? "noeviction";
            const config = { topology: "single", engine: takeover.engine, persistence, policy: known } as const;
            const one = takeover.hasPassword
                ? new Cache(instance, name, { config, resources, size })
                : new OpenCache(instance, name, { config, resources, size });
            return made(one, one.service);
        }
        case "broker": {
            const { user, vhost } = takeover;
            const one = new Broker(instance, name, {
                config: { topology: "single", ...agreed },
                ...{ user, vhost, permits, resources, size, settingsAt },
            });
            return made(one, one.service);
        }
        case "documents": {
            const { database, open } = takeover;
            const one = new DocumentStore(instance, name, {
                config: { topology: "single", ...agreed },
                ...{ database, open, resources, size, settingsAt, user: "app" },
            });
            return { ...made(one, one.service), documents: one };
        }
        case "storage": {
            const one = new ObjectStorage(instance, name, {
                config: { topology: "single", engine: "minio", publicHost: undefined },
                buckets: [],
                ...{ resources, size },
            });
            return made(one, one.service);
        }
    }
}

/** Of the volume that has the service's data. */
function sizeOf({ services, source }: Conversion, service: string): string {
    const { volumes = [] } = services[service]!;
    const name = volumes.find(({ type, source: volume }) => type === "volume" && volume)?.source;
    const label = komposeLabel(services[service], "volume.size");
    const own = name === undefined ? undefined : source.extensions.volumes[name]?.size;
    return own ?? label ?? usual.size;
}

/** Services for the names that the component itself does not have. */
function declareNames(conversion: Conversion, owner: Component & HasNode, service: string, endpoint: Endpoint): void {
    const { instance, waitedFor } = conversion;
    const { node } = owner;
    const ports = Object.entries(endpoint.ports).map(([name, port]) => ({ name, port, targetPort: name }));
    for (const label of labelsOf(conversion, service)) {
        const isOwn = label === node.name;
        if (isOwn && instance.objectName(label) === label) continue;
        instance.add(
            owner,
            "Service",
            isOwn ? `${label}-name` : label,
            {
                metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
                spec: { selector: selectorOf(node), ports },
            },
            { node, finalName: label },
        );
    }
    if (waitedFor.healthy.has(service)) declareSign(conversion, owner, node, readyName(node.name), selectorOf(node));
}

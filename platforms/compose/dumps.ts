import { backUp, type DatabaseLike } from "../../components/backup";
import { type Node, nodeId, type SecretRef, Service } from "../../components/graph";
import { databasePorts } from "../../config/database";
import type { Input } from "../../config/value";
import type { Conversion } from "./conversion";
import { imageName, images } from "./images";
import type { TakenOver } from "./takeover";
import type { Volumes } from "./volumes";

/** Declares the backups of a project: the dumps of its database and its documents, and the files of a volume. */
export function declareBackups(
    conversion: Conversion,
    made: ReadonlyMap<string, { readonly node: Node } | TakenOver>,
    volumes: Pick<Volumes, "backedUp">,
): void {
    const { instance, settings, source, notes } = conversion;
    const databases = [...made].flatMap(([service, one]): [string, DatabaseLike][] => {
        if ("database" in one && one.database && source.extensions.services[service]!.dump !== false)
            return [[service, one.database]];
        return source.data.dumps[service] ? [[service, imported(conversion, service, one.node)]] : [];
    });
    const [first, ...others] = databases;
    for (const [service] of others)
        notes.refuse(
            ["services", service, "x-plinth"],
            `is a second database to dump, besides ${first![0]}: an instance has one; set dump: false for the other one`,
        );
    if (!first) {
        if (settings.backup)
            instance.problem(
                ["backup"],
                `there is no database to dump: say in the project which service is one, with x-plinth: {dump: true}, or x-plinth: {as: database}`,
            );
        return;
    }
    const files = volumes.backedUp();
    const documents = [...made.values()].flatMap((one) => ("documents" in one && one.documents ? [one.documents] : []));
    backUp(instance, {
        config: settings.backup,
        database: first[1],
        ...(files ? { files: { ...files, image: images.composeTools } } : {}),
        ...(documents[0] ? { documents: documents[0], allDocuments: true } : {}),
        writers: [...made].flatMap(([service, one]) =>
            service === first[0] || one === undefined || ("documents" in one && one.documents) ? [] : [one],
        ),
    });
}

/** A database of the project's own as backups need it: with the account and the image that the project names. */
function imported(conversion: Conversion, service: string, node: Node): DatabaseLike {
    const { instance, source } = conversion;
    const { engine, database, user, password, rootPassword } = source.data.dumps[service]!;
    const keys: Record<string, Input<string>> = {
        password: conversion.secret(password),
        ...(rootPassword ? { rootPassword: conversion.secret(rootPassword) } : {}),
    };
    const refs = instance.secret<string>(instance.owner, `${node.name}-dump`, keys as Record<string, never>) as Record<
        string,
        SecretRef
    >;
    const host = `${node.name}.${instance.namespace}.svc.${instance.cluster.domain}`;
    return {
        node,
        engine,
        image: source.images[imageName(service)]!,
        direct: new Service(
            nodeId(instance.namespace, node.name),
            host,
            { [`tcp-${databasePorts[engine]}`]: databasePorts[engine] },
            { name: database, user, password: refs["password"]! },
        ),
        rootPassword: refs["rootPassword"],
    };
}

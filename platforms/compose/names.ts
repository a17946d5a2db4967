import { objectName } from "../../components/names";
import { ComposeError, type ComposeProblem, type LoadedProject, type Path, placeText } from "../../compose";

/** What gave a name. A link's alias is known to the linking service only. */
export type NameKind = "service" | "container_name" | "hostname" | "alias" | "link";

/** A name by which a peer may call a service. */
export interface PeerName {
    readonly written: string;
    /** What stands for it in the cluster: the written name, where DNS allows that as a Service's name. */
    readonly label: string;
    readonly service: string;
    readonly kind: NameKind;
    /** The only service that knows it. @default all know it */
    readonly seenBy?: string;
    /** Where it is written. */
    readonly path: Path;
}

/**
 * All names of a project's services, and the Services' names for them.
 *
 * @throws ComposeError if two services would have one name in the cluster, with both places
 */
export function peerNames({ project, sources }: Pick<LoadedProject, "project" | "sources">): readonly PeerName[] {
    const names = Object.entries(project.services).flatMap(([service, one]) => {
        const name = (written: string, kind: NameKind, ...path: Path): PeerName => ({
            written,
            label: serviceLabel(written),
            service,
            kind,
            path: ["services", service, ...path],
        });
        const override = one.labels?.["kompose.service.name_override"];
        return [
            name(service, "service"),
            ...(one.container_name ? [name(one.container_name, "container_name", "container_name")] : []),
            ...(override ? [name(override, "alias", "labels", "kompose.service.name_override")] : []),
            ...(one.hostname ? [name(one.hostname, "hostname", "hostname")] : []),
            ...Object.entries(one.networks ?? {}).flatMap(([network, settings]) =>
                (settings?.aliases ?? []).map((alias, i) => name(alias, "alias", "networks", network, "aliases", i)),
            ),
        ];
    });
    const links = Object.entries(project.services).flatMap(([seenBy, { links = [] }]) =>
        links.flatMap((link, i): PeerName[] => {
            const [service, alias] = link.split(":") as [string, string?];
            if (alias === undefined || alias === service) return [];
            const path = ["services", seenBy, "links", i];
            return [{ written: alias, label: serviceLabel(alias), service, kind: "link", seenBy, path }];
        }),
    );
    const problems = collisions(names).map(([first, second]): ComposeProblem => {
        const both =
            first.written === second.written ? `"${first.written}"` : `"${second.written}" and "${first.written}"`;
        return {
            place: sources.at(second.path),
            path: second.path,
            message:
                `the services ${first.service} and ${second.service} would both be called "${first.label}" in the cluster ` +
                `(${both}; the other one is in ${placeText(sources.at(first.path))}); rename one`,
        };
    });
    if (problems.length > 0) throw new ComposeError(problems);
    return [...names, ...links];
}

/** Names of different services with the same label, each beside the first one that has it. */
function collisions(names: readonly PeerName[]): [PeerName, PeerName][] {
    const first = new Map<string, PeerName>();
    return names.flatMap((name): [PeerName, PeerName][] => {
        const other = first.get(name.label) ?? name;
        first.set(name.label, other);
        return other.service === name.service ? [] : [[other, name]];
    });
}

/** Whether DNS knows a Service by the written name; others have to be rewritten, or stand in a hosts file. */
export const isExact = ({ written, label }: PeerName): boolean => written === label;

/**
 * A Service's name for any text: lower case, other characters than letters, digits and hyphens as hyphens, at most 63
 * characters, and a letter first (RFC 1035, which Kubernetes asks of Services).
 */
export function serviceLabel(written: string): string {
    const label = written
        .toLowerCase()
        .replace(/[^a-z0-9-]/g, "-")
        .replace(/^-+|-+$/g, "");
    return objectName(/^[a-z]/.test(label) ? label : `service-${label}`.replace(/-$/, ""));
}

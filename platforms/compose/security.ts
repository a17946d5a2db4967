import type * as k8s from "@pulumi/kubernetes";
import type { Service } from "../../compose";
import type { Fields } from "../../components/kinds";
import type { ContainerArgs } from "../../components/podArgs";
import type { ServiceExtension } from "./extensions";
import type { Notes } from "./notes";
import { capabilityOf } from "./permissions";

type SecurityContext = Fields<k8s.types.input.core.v1.SecurityContext>;

/** Names that every image has: https://github.com/docker-library, base-passwd. */
const usualUsers: Readonly<Record<string, number>> = { root: 0, nobody: 65534, "www-data": 33 };

/** User and group that a service states, as numbers. */
export interface Identity {
    readonly user?: number;
    readonly group?: number;
}

export function identityOf(name: string, { user }: Service, notes: Notes): Identity {
    if (user === undefined || user === "") return {};
    const [first = "", second] = user.split(":");
    const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : usualUsers[text]);
    const [id, group] = [number(first), second === undefined ? undefined : number(second)];
    if (id === undefined || (second !== undefined && group === undefined)) {
        notes.warn(
            ["services", name, "user"],
            `"${user}" is a name, which only the image knows: the image's own user is used; allowed: numbers, UID or UID:GID`,
        );
        return {};
    }
    return { user: id, ...(group === undefined ? {} : { group }) };
}

/** What a container may do: what its image needs and Docker gives, less what the service gives up. */
export function securityOf(
    name: string,
    service: Service,
    { hardened }: ServiceExtension,
    notes: Notes,
): Pick<ContainerArgs, "securityContext" | "readOnlyRoot" | "unboundedDisk"> {
    const { user, group } = identityOf(name, service, notes);
    const { cap_add = [], cap_drop = [], read_only, privileged, security_opt = [] } = service;
    for (const [index, option] of security_opt.entries())
        if (!/^no-new-privileges(:true)?$/.test(option))
            notes.warn(
                ["services", name, "security_opt", index],
                `"${option}" has no counterpart; allowed: no-new-privileges`,
            );
    if (hardened && user === undefined)
        notes.refuse(
            ["services", name, "x-plinth", "hardened"],
            "needs the number of a user who is not root: set user to UID, or UID:GID",
        );
    if (hardened && user === 0)
        notes.refuse(["services", name, "user"], "is root, which x-plinth.hardened excludes; allowed: another number");
    const add = cap_add.map(capabilityOf);
    const drop = hardened ? ["ALL"] : cap_drop.map(capabilityOf);
    const capabilities = {
        ...(add.length > 0 ? { add } : {}),
        ...(drop.length > 0 ? { drop } : {}),
    };
    const noMore = hardened || security_opt.some((option) => /^no-new-privileges(:true)?$/.test(option));
    const securityContext: SecurityContext = {
        ...(privileged ? { privileged: true } : {}),
        ...(user === undefined ? {} : { runAsUser: user }),
        ...(group === undefined ? {} : { runAsGroup: group }),
        ...(hardened ? { runAsNonRoot: true } : {}),
        ...(noMore ? { allowPrivilegeEscalation: false } : {}),
        ...(read_only ? { readOnlyRootFilesystem: true } : {}),
        ...(Object.keys(capabilities).length > 0 ? { capabilities } : {}),
    };
    return { securityContext, readOnlyRoot: read_only ?? false, unboundedDisk: !read_only };
}

/** What keeps a service from Pod Security restricted; empty if it would fit. */
export function lacksForRestricted(service: Service): string[] {
    const { user, cap_add = [], privileged } = service;
    const id = /^(\d+)(:\d+)?$/.exec(user ?? "")?.[1];
    const more = cap_add.map(capabilityOf).filter((name) => name !== "NET_BIND_SERVICE");
    return [
        ...(id === undefined ? ["no numeric user"] : Number(id) === 0 ? ["user is root"] : []),
        ...(more.length > 0 ? [`adds ${more.join(", ")}`] : []),
        ...(privileged ? ["privileged"] : []),
    ];
}

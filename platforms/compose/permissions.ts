import type { LoadedProject, Service } from "../../compose";
import type { ComposeConfig, permissions } from "./config";
import type { Extensions } from "./extensions";
import type { Notes } from "./notes";

type Permission = (typeof permissions)[number];

/** Sysctls that Kubernetes considers safe: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/ */
const safeSysctls = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

/** Capabilities that Pod Security baseline lets a container add: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export const baselineCapabilities = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

export const capabilityOf = (written: string): string => written.toUpperCase().replace(/^CAP_/, "");

/** The rights over its node that a service asks for, with the key that does so. */
function rightsOf(service: Service): { readonly right: Permission; readonly key: string; readonly what: string }[] {
    const { privileged, network_mode, pid, ipc, cap_add = [] } = service;
    const more = cap_add.map(capabilityOf).filter((name) => !baselineCapabilities.includes(name));
    return [
        ...(privileged
            ? [{ right: "privileged", key: "privileged", what: "has all rights over its node" } as const]
            : []),
        ...(more.length > 0
            ? [
                  {
                      right: "privileged",
                      key: "cap_add",
                      what: `adds ${more.join(", ")}, which Pod Security baseline forbids`,
                  } as const,
              ]
            : []),
        ...(network_mode === "host"
            ? [{ right: "hostNetwork", key: "network_mode", what: "has the node's network" } as const]
            : []),
        ...(pid === "host" ? [{ right: "hostPid", key: "pid", what: "sees all processes of its node" } as const] : []),
        ...(ipc === "host" ? [{ right: "hostIpc", key: "ipc", what: "shares memory with its node" } as const] : []),
    ];
}

/** Refuses rights that the stack file does not give. */
export function checkRights(name: string, service: Service, settings: ComposeConfig, notes: Notes): void {
    const allowed = settings.allow[name] ?? [];
    for (const { right, key, what } of rightsOf(service))
        if (!allowed.includes(right) && !(right === "privileged" && allowed.includes("privileged")))
            notes.refuse(["services", name, key], `${what}; allow it by name: allow.${name}: [${right}]`);
}

/** Kernel settings of a pod. Kubelets refuse pods with unsafe ones unless they are told otherwise. */
export function sysctlsOf(
    name: string,
    { sysctls = {} }: Service,
    settings: ComposeConfig,
    notes: Notes,
): { name: string; value: string }[] {
    const mayAll = (settings.allow[name] ?? []).includes("unsafeSysctls");
    return Object.entries(sysctls).flatMap(([key, value]) => {
        if (mayAll || safeSysctls.includes(key)) return [{ name: key, value: String(value) }];
        notes.warn(
            ["services", name, "sysctls", key],
            `is left out: kubelets refuse it unless they are told otherwise; if they are, allow.${name}: [unsafeSysctls]`,
        );
        return [];
    });
}

/** The level of Pod Security that all pods of a project satisfy. */
export function podSecurityOf(
    { project }: LoadedProject,
    { services }: Extensions,
    { allow }: ComposeConfig,
): "restricted" | "baseline" | "privileged" {
    if (Object.entries(allow).some(([name, given]) => given.length > 0 && Object.hasOwn(project.services, name)))
        return "privileged";
    const all = Object.keys(project.services);
    return all.length > 0 && all.every((name) => services[name]!.hardened) ? "restricted" : "baseline";
}

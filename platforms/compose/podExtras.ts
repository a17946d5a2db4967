import { isIP } from "node:net";
import type { PodArgs } from "../../components/podArgs";
import { pullSecretsOf } from "../../components/pullSecret";
import { annotationsOf } from "./annotations";
import type { Conversion } from "./conversion";
import type { Host } from "./order";
import { serviceLabel } from "./names";
import { sysctlsOf } from "./permissions";
import { identityOf } from "./security";
import { komposeLabel } from "./extensions";

/** What a pod has of its service besides containers. */
export function podExtras(
    conversion: Conversion,
    pod: string,
): Pick<PodArgs, "podSecurity" | "group" | "annotations" | "directHosts" | "more"> {
    const { services, notes, source, instance } = conversion;
    const service = services[pod]!;
    const { hardened } = source.extensions.services[pod]!;
    const { user, group } = identityOf(pod, service, notes);
    const members = conversion.inPod(pod);
    const groups = members.flatMap((member) =>
        (services[member]!.group_add ?? []).flatMap((name, index) => {
            if (/^\d+$/.test(name)) return [Number(name)];
            notes.warn(
                ["services", member, "group_add", index],
                `"${name}" is a name, which only the image knows; allowed: numbers`,
            );
            return [];
        }),
    );
    const sysctls = members.flatMap((member) => sysctlsOf(member, services[member]!, conversion.settings, notes));
    const annotations = annotationsOf(conversion, pod);
    const label = komposeLabel(service, "security-context.fsgroup");
    const pullSecret = komposeLabel(service, "image-pull-secret");
    const files =
        label !== undefined && /^\d+$/.test(label)
            ? Number(label)
            : user === undefined || user === 0
              ? undefined
              : (group ?? user);
    return {
        ...(files === undefined ? {} : { group: files }),
        podSecurity: {
            ...(hardened && user !== undefined ? { runAsNonRoot: true } : {}),
            ...(groups.length > 0 ? { supplementalGroups: [...new Set(groups)] } : {}),
            ...(sysctls.length > 0 ? { sysctls } : {}),
        },
        ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        ...(instance.cluster.proxy ? { directHosts: peersOf(conversion, pod) } : {}),
        more: {
            ...hostNames(conversion, pod),
            ...dns(conversion, pod),
            ...(service.network_mode === "host" ? { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" } : {}),
            ...(service.pid === "host" ? { hostPID: true } : {}),
            ...(service.ipc === "host" ? { hostIPC: true } : {}),
            ...(pullSecret === undefined
                ? {}
                : {
                      imagePullSecrets: [...pullSecretsOf(instance), pullSecret].map((name) => ({ name })),
                  }),
            ...(service.runtime !== undefined ? { runtimeClassName: service.runtime } : {}),
        },
    };
}

/** Names of the services that share a network with a pod, as texts and as DNS have them. */
function peersOf(conversion: Conversion, pod: string): string[] {
    const own = conversion.networksOfPod(pod);
    const members = conversion.inPod(pod);
    const names = conversion.source.names.filter(
        ({ service, seenBy }) =>
            (seenBy === undefined || members.includes(seenBy)) &&
            (members.includes(service) ||
                [...conversion.networksOfPod(conversion.podOf(service))].some((network) => own.has(network))),
    );
    return [...new Set(names.flatMap(({ written, label }) => [written, label]))];
}

/** `extra_hosts`: names with addresses. Kubernetes takes those that DNS could have; a file has the others. */
function extraHosts({ services, notes }: Conversion, pod: string): readonly (readonly [host: string, ip: string])[] {
    return (services[pod]!.extra_hosts ?? []).flatMap((pair, index): [string, string][] => {
        const [host = "", written = ""] = pair.split(/=(.*)/s);
        const address = written.replace(/^\[(.*)\]$/, "$1");
        const path = ["services", pod, "extra_hosts", index];
        if (address === "host-gateway")
            notes.warn(path, `${host} would be the machine that Docker runs on, which is not in the cluster`);
        else if (isIP(address) === 0) notes.refuse(path, `"${written}" is no address; allowed: NAME:ADDRESS`);
        else if (!/^[\w.-]+$/.test(host)) notes.refuse(path, `"${host}" is no name of a host`);
        else return [[host, address]];
        return [];
    });
}

const isDnsName = (host: string): boolean =>
    host.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(host);

/** Names with addresses that stand in the file of hosts only. */
export const fileHosts = (conversion: Conversion, pod: string): Host[] =>
    extraHosts(conversion, pod).flatMap(([host, address]) => (isDnsName(host) ? [] : [[host, { address }]]));

function hostNames(conversion: Conversion, pod: string): NonNullable<PodArgs["more"]> {
    const { hostname } = conversion.services[pod]!;
    const byAddress = new Map<string, string[]>();
    for (const [host, address] of extraHosts(conversion, pod))
        if (isDnsName(host)) byAddress.set(address, [...(byAddress.get(address) ?? []), host]);
    return {
        ...(hostname === undefined ? {} : { hostname: serviceLabel(hostname) }),
        ...(byAddress.size > 0 ? { hostAliases: [...byAddress].map(([ip, hostnames]) => ({ ip, hostnames })) } : {}),
    };
}

/**
 * Name servers that a container can have, the cluster's among them, since no pod here has the policy "None": the kubelet
 * drops what is beyond, and the API server refuses more in a pod.
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (MaxDNSNameservers)
 */
const mostNameServers = 3;

function dns({ services, notes }: Conversion, pod: string): NonNullable<PodArgs["more"]> {
    const { dns: servers = [], dns_search: domains = [], dns_opt: options = [] } = services[pod]!;
    // The cluster's own knows the peers, and comes first.
    const nameservers = servers.slice(0, mostNameServers - 1);
    if (servers.length > nameservers.length)
        notes.warn(
            ["services", pod, "dns"],
            `${servers.slice(nameservers.length).join(", ")} is left out: beside the cluster's own, a pod asks at most ${mostNameServers - 1}`,
        );
    // Docker's word for no domains: without the cluster's own, peers would have no short names.
    const searches = domains.filter((domain) => domain !== "" && domain !== ".");
    if (nameservers.length + searches.length + options.length === 0) return {};
    return {
        dnsConfig: {
            ...(nameservers.length > 0 ? { nameservers: [...nameservers] } : {}),
            ...(searches.length > 0 ? { searches: [...searches] } : {}),
            ...(options.length > 0
                ? {
                      options: options.map((option) => {
                          const [name = "", value] = option.split(":");
                          return { name, ...(value === undefined ? {} : { value }) };
                      }),
                  }
                : {}),
        },
    };
}

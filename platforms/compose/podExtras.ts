import type { PodArgs } from "../../components/podArgs";
import { pullSecretsOf } from "../../components/pullSecret";
import { annotationsOf } from "./annotations";
import type { Conversion } from "./conversion";
import { serviceLabel } from "./names";
import { sysctlsOf } from "./permissions";
import { identityOf } from "./security";
import { komposeLabel } from "./extensions";

/** What a pod has of its service besides containers. */
export function podExtras(
    conversion: Conversion,
    pod: string,
): Pick<PodArgs, "podSecurity" | "group" | "annotations" | "more"> {
    const { services, notes, source } = conversion;
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
        more: {
            ...hostNames(conversion, pod),
            ...dns(conversion, pod),
            ...(service.network_mode === "host" ? { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" } : {}),
            ...(service.pid === "host" ? { hostPID: true } : {}),
            ...(service.ipc === "host" ? { hostIPC: true } : {}),
            ...(pullSecret === undefined
                ? {}
                : {
                      imagePullSecrets: [...pullSecretsOf(conversion.instance), pullSecret].map((name) => ({ name })),
                  }),
            ...(service.runtime !== undefined ? { runtimeClassName: service.runtime } : {}),
        },
    };
}

function hostNames({ services, notes }: Conversion, pod: string): NonNullable<PodArgs["more"]> {
    const { hostname, extra_hosts = [] } = services[pod]!;
    const byAddress = new Map<string, string[]>();
    for (const [index, pair] of extra_hosts.entries()) {
        const [host = "", address = ""] = pair.split(/=(.*)/s);
        if (address === "host-gateway") {
            notes.warn(
                ["services", pod, "extra_hosts", index],
                `${host} would be the machine that Docker runs on, which is not in the cluster`,
            );
            continue;
        }
        byAddress.set(address, [...(byAddress.get(address) ?? []), host]);
    }
    return {
        ...(hostname === undefined ? {} : { hostname: serviceLabel(hostname) }),
        ...(byAddress.size > 0 ? { hostAliases: [...byAddress].map(([ip, hostnames]) => ({ ip, hostnames })) } : {}),
    };
}

function dns({ services }: Conversion, pod: string): NonNullable<PodArgs["more"]> {
    const { dns: nameservers = [], dns_search: searches = [], dns_opt: options = [] } = services[pod]!;
    if (nameservers.length + searches.length + options.length === 0) return {};
    return {
        dnsConfig: {
            // Beside the cluster's own, which knows the peers.
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

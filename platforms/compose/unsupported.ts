import type { Service } from "../../compose";
import type { Conversion } from "./conversion";

/** Keys of services without a counterpart, each with the reason. */
const without: Partial<Readonly<Record<keyof Service, string>>> = {
    blkio_config: "kubelets set no limits for disks",
    cgroup: "the container runtime chooses cgroups",
    cgroup_parent: "the container runtime chooses cgroups",
    cpu_count: "is for Windows; use deploy.resources",
    cpu_percent: "is for Windows; use deploy.resources",
    cpu_period: "kubelets set it; use deploy.resources.limits.cpus",
    cpu_quota: "kubelets set it; use deploy.resources.limits.cpus",
    cpu_rt_period: "kubelets do not schedule in real time",
    cpu_rt_runtime: "kubelets do not schedule in real time",
    cpu_shares: "use deploy.resources.reservations.cpus",
    cpuset: "kubelets choose the cores",
    credential_spec: "is for Windows",
    device_cgroup_rules: "kubelets allow no devices by number",
    devices: "a device of the node needs its plug-in, or a privileged container",
    dns_opt: "",
    domainname: "names of pods are in the cluster's domain",
    init: "the container's own process is the first one; start it with tini if it leaves processes behind",
    isolation: "is for Windows",
    links: "",
    logging: "the cluster collects what containers print",
    mac_address: "the cluster's network chooses addresses",
    mem_swappiness: "kubelets decide about swap",
    memswap_limit: "kubelets decide about swap",
    models: "no models are provided",
    oom_kill_disable: "a container that exceeds its limit is restarted",
    oom_score_adj: "kubelets set it",
    pids_limit: "kubelets limit processes for all pods of a node",
    provider: "is run by Docker Compose on its machine; it has no container",
    pull_refresh_after: "images are pulled when a pod starts",
    stop_signal: "the image's own is sent; set it in the image",
    storage_opt: "the container runtime chooses the storage",
    ulimits: "the container runtime sets them; change them in its configuration on the nodes",
    umask: "containers have their image's own",
    use_api_socket: "Docker's socket is not in a cluster",
    userns_mode: "kubelets decide about user namespaces",
    uts: "pods have a host name of their own",
    attach: "",
    external_links:
        "containers outside the project are not in its namespace; use an ExternalName Service in extraObjects",
};

/** Keys of a network attachment and of networks that say how Docker builds them. */
const attachment = [
    "ipv4_address",
    "ipv6_address",
    "link_local_ips",
    "mac_address",
    "driver_opts",
    "interface_name",
] as const;

/** Labels that other programs of Docker's world act upon. */
const actedUpon = /^(traefik\.|com\.centurylinklabs\.watchtower|ofelia\.|caddy($|[._])|autoheal|com\.docker\.swarm)/;

/** Labels of Kompose that have their meaning here. */
const honoured = [
    "controller.type",
    "cronjob.backoff_limit",
    "cronjob.schedule",
    "hpa.cpu",
    "hpa.replicas.max",
    "hpa.replicas.min",
    "security-context.fsgroup",
    "service.expose",
    "service.nodeport.port",
    "service.type",
    "volume.size",
    "volume.storage-class-name",
];

/** Says what of a service has no counterpart. */
export function warnOfService({ notes, services }: Conversion, name: string): void {
    const service = services[name]!;
    const path = (...keys: (string | number)[]) => ["services", name, ...keys];
    for (const [key, reason] of Object.entries(without))
        if (reason !== "" && service[key as keyof Service] !== undefined)
            notes.warn(path(key), `has no counterpart: ${reason}`);
    for (const [network, settings] of Object.entries(service.networks ?? {}))
        for (const key of attachment)
            if (settings?.[key] !== undefined)
                notes.warn(
                    path("networks", network, key),
                    "has no counterpart: the cluster's network chooses addresses",
                );
    const acting = Object.keys(service.labels ?? {}).filter((label) => actedUpon.test(label));
    if (acting.length > 0)
        notes.warn(
            path("labels"),
            `${acting[0]}${acting.length > 1 ? ` and ${acting.length - 1} more` : ""} would be read by another program, which is not in the cluster; x-plinth.route says what the edge sends here`,
        );
    for (const label of Object.keys(service.labels ?? {})) {
        const [, kompose] = /^kompose\.(.+)$/.exec(label) ?? [];
        if (kompose !== undefined && !honoured.includes(kompose))
            notes.warn(path("labels", label), "is no label of Kompose that has a meaning here; see docs/compose.md");
    }
    if (service.network_mode?.startsWith("container:"))
        notes.refuse(
            path("network_mode"),
            `"${service.network_mode}" is a container outside the project; allowed: service:NAME, none, bridge`,
        );
    if (/^(service|container):/.test(service.pid ?? ""))
        notes.warn(
            path("pid"),
            "has no counterpart: only containers of one pod can share processes; use network_mode: service:NAME",
        );
    if (/^(service|container|shareable)/.test(service.ipc ?? ""))
        notes.warn(
            path("ipc"),
            "has no counterpart: only containers of one pod share memory; use network_mode: service:NAME",
        );
    if (service.deploy?.endpoint_mode === "vip" || service.deploy?.rollback_config)
        notes.warn(path("deploy"), "endpoint_mode and rollback_config have no counterpart");
    if (service.runtime !== undefined && service.runtime !== "nvidia")
        notes.warn(path("runtime"), `is runtimeClassName: ${service.runtime}, which the cluster must have`);
    if (service.develop !== undefined) notes.warn(path("develop"), "is for Docker Compose on the developer's machine");
    const unset = Object.entries(service.environment ?? {}).flatMap(([name, value]) => (value === null ? [name] : []));
    if (unset.length > 0)
        notes.warn(
            path("environment"),
            `${unset.slice(0, 5).join(", ")}${unset.length > 5 ? ` and ${unset.length - 5} more` : ""} have no value, and none is taken from the machine's environment; set them in variables if they are needed`,
        );
}

/** Says what of networks and jobs has no counterpart. */
export function warnOfProject({ notes, source }: Conversion): void {
    const { networks = {}, jobs = {} } = source.loaded.project;
    for (const [name, network] of Object.entries(networks)) {
        if (network.external)
            notes.warn(
                ["networks", name, "external"],
                "is a network of its own here: containers outside the project are not in it",
            );
        if (network.ipam?.config?.length)
            notes.warn(["networks", name, "ipam"], "has no counterpart: the cluster's network chooses addresses");
        if (network.driver !== undefined && !/^(bridge|overlay)$/.test(network.driver))
            notes.warn(
                ["networks", name, "driver"],
                `"${network.driver}" has no counterpart: the cluster has one network`,
            );
    }
    for (const name of Object.keys(jobs))
        notes.warn(["jobs", name], "is not converted: write it as a service with x-plinth.once");
}

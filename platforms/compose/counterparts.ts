/** Keys without a counterpart, each with the reason. `*` is any key, `[]` any item. */
export type Reasons = Readonly<Record<string, string>>;

const disks = "kubelets set no limits for disks";
const cgroups = "the container runtime chooses cgroups";
const shares = "kubelets set it; use deploy.resources.limits.cpus";
const windows = "is for Windows";
const swap = "kubelets decide about swap";
const hook = "the hook runs in the container as it is; say it in its command";
const addresses = "the cluster's network chooses addresses";
const oneInterface = "a pod has one network interface";
const rollouts = "a rollout waits for pods to be ready, and stops at the first that is not";
const restarts = "kubelets start a container again after a time that doubles up to five minutes";
const drivers = "the cluster's plug-in for the device decides";

/** Of services and jobs. */
export const serviceReasons: Reasons = {
    blkio_config: disks,
    cgroup: cgroups,
    cgroup_parent: cgroups,
    cpu_count: `${windows}; use deploy.resources`,
    cpu_percent: `${windows}; use deploy.resources`,
    cpu_period: shares,
    cpu_quota: shares,
    cpu_rt_period: "kubelets do not schedule in real time",
    cpu_rt_runtime: "kubelets do not schedule in real time",
    cpu_shares: "use deploy.resources.reservations.cpus",
    cpuset: "kubelets choose the cores",
    credential_spec: windows,
    "deploy.resources.limits.pids": "kubelets limit processes for all pods of a node",
    "deploy.resources.reservations.devices[].driver": drivers,
    "deploy.resources.reservations.devices[].options": drivers,
    "deploy.resources.reservations.generic_resources": "resources have the names of the plug-ins that count them",
    "deploy.restart_policy.delay": restarts,
    "deploy.restart_policy.window": restarts,
    "deploy.rollback_config": "nothing is rolled back on its own; launch the former file",
    "deploy.update_config.delay": rollouts,
    "deploy.update_config.failure_action": rollouts,
    "deploy.update_config.max_failure_ratio": rollouts,
    "deploy.update_config.monitor": rollouts,
    develop: "is for Docker Compose on the developer's machine",
    device_cgroup_rules: "kubelets allow no devices by number",
    devices: "a device of the node needs its plug-in, or a privileged container",
    domainname: "names of pods are in the cluster's domain",
    external_links:
        "containers outside the project are not in its namespace; use an ExternalName Service in extraObjects",
    "gpus[].driver": drivers,
    "gpus[].options": drivers,
    init: "the container's own process is the first one; start it with tini if it leaves processes behind",
    isolation: windows,
    logging: "the cluster collects what containers print",
    mac_address: addresses,
    mem_swappiness: swap,
    memswap_limit: swap,
    models: "no models are provided",
    "networks.*.driver_opts": addresses,
    "networks.*.gw_priority": oneInterface,
    "networks.*.interface_name": oneInterface,
    "networks.*.ipv4_address": addresses,
    "networks.*.ipv6_address": addresses,
    "networks.*.link_local_ips": addresses,
    "networks.*.mac_address": addresses,
    "networks.*.priority": oneInterface,
    oom_kill_disable: "a container that exceeds its limit is restarted",
    oom_score_adj: "kubelets set it",
    pids_limit: "kubelets limit processes for all pods of a node",
    "post_start[].environment": hook,
    "post_start[].privileged": hook,
    "post_start[].user": hook,
    "post_start[].working_dir": hook,
    "pre_stop[].environment": hook,
    "pre_stop[].privileged": hook,
    "pre_stop[].user": hook,
    "pre_stop[].working_dir": hook,
    pull_refresh_after: "images are pulled when a pod starts",
    stop_signal: "the image's own is sent; set it in the image",
    storage_opt: "the container runtime chooses the storage",
    ulimits: "the container runtime sets them; change them in its configuration on the nodes",
    umask: "containers have their image's own",
    use_api_socket: "Docker's socket is not in a cluster",
    userns_mode: "kubelets decide about user namespaces",
    uts: "pods have a host name of their own",
    "volumes[].bind.propagation": "mounts of a node do not spread to pods",
    "volumes[].bind.recursive": "mounts of a node do not spread to pods",
    "volumes[].image": "images are not mounted; copy the files with a service that others wait for",
    "volumes[].tmpfs.mode": "directories in memory can be written by every user of the pod",
    "volumes[].volume.labels": "is written with the volume, for all that mount it",
};

/** Keys that are said of a whole pod: those of its first service count. */
export const podReasons: Reasons = Object.fromEntries(
    [
        "deploy.placement",
        "deploy.replicas",
        "deploy.update_config",
        "dns",
        "dns_opt",
        "dns_search",
        "extra_hosts",
        "hostname",
        "ipc",
        "pid",
        "platform",
        "runtime",
        "scale",
    ].map((key) => [key, "is that of the pod's first service"]),
);

/** Of jobs, which run to their end. */
export const jobReasons: Reasons = Object.fromEntries(
    ["expose", "healthcheck", "ports"].map((key) => [key, "nobody calls a container that runs to its end"]),
);

const triggers = "triggers.schedule[].";
export const triggerReasons: Reasons = {
    [`${triggers}concurrency`]: "a run that is due during another one is left out; none is queued",
    [`${triggers}missed_fires`]: "a run that is missed for at most five minutes is caught up, others are not",
};

const labels = "Docker's objects have labels, and nothing in the cluster reads them";

/** Of networks, volumes, configs, secrets and models. */
export const resourceReasons: Readonly<Record<string, Reasons>> = {
    networks: {
        attachable: "containers outside the project are not in the cluster's namespace",
        driver_opts: "the cluster has one network",
        enable_ipv6: "the cluster's network chooses addresses",
        external: "is a network of its own here: containers outside the project are not in it",
        "ipam.config": addresses,
        "ipam.driver": addresses,
        "ipam.options": addresses,
    },
    configs: { labels, template_driver: "files are as they are written" },
    secrets: {
        labels,
        driver: "is one of Docker's",
        driver_opts: "is one of Docker's",
        template_driver: "files are as they are written",
    },
    volumes: { "labels.*": labels },
    models: { model: "no models are provided" },
};

/**
 * Finds the keys of a value that patterns name.
 *
 * @param visit takes the keys that lead there. False and nothing ask for nothing
 */
export function findKeys(
    value: unknown,
    reasons: Reasons,
    visit: (path: readonly (string | number)[], reason: string, value: unknown) => void,
): void {
    for (const [pattern, reason] of Object.entries(reasons))
        walk(value, pattern.replaceAll("[]", ".[]").split("."), [], (path, found) => visit(path, reason, found));
}

function walk(
    value: unknown,
    [segment, ...rest]: readonly string[],
    path: readonly (string | number)[],
    visit: (path: readonly (string | number)[], value: unknown) => void,
): void {
    if (value === undefined || value === null || value === false) return;
    if (segment === undefined) return visit(path, value);
    if (typeof value !== "object") return;
    if (segment === "[]") {
        if (Array.isArray(value)) value.forEach((item, index) => walk(item, rest, [...path, index], visit));
        return;
    }
    const all = value as Readonly<Record<string, unknown>>;
    const keys = segment === "*" ? Object.keys(all) : [segment];
    for (const key of keys) walk(all[key], rest, [...path, key], visit);
}

/** Labels that other programs of Docker's world act upon. */
export const actedUpon =
    /^(traefik\.|com\.centurylinklabs\.watchtower|ofelia\.|caddy($|[._])|autoheal|com\.docker\.swarm)/;

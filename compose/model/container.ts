import {
    always,
    boolean,
    float,
    given,
    integer,
    list,
    object,
    type Read,
    record,
    text,
    texts,
    unlessFalse,
    unsigned,
} from "./shape";
import * as values from "./values";
import { bytes, command, duration, environment, labels, textOrTexts } from "./values";

/** Parts of a container: Compose specification, 5 "services". Names are the specification's. */

const rate = object({ path: always(text, ""), rate: always(bytes, "0") });
const weight = object({ path: always(text, ""), weight: always(unsigned(16), 0) });

export const fileMount = object({
    source: text,
    target: text,
    uid: text,
    gid: text,
    mode: values.mode,
});

export const deviceRequest = object(
    {
        capabilities: texts,
        driver: text,
        count: values.deviceCount,
        device_ids: texts,
        options: labels,
    },
    false,
);

const volumeMount = object({
    type: text,
    source: text,
    target: text,
    read_only: boolean,
    consistency: text,
    bind: object({ selinux: text, propagation: text, create_host_path: unlessFalse, recursive: text }),
    volume: object({ labels, nocopy: boolean, subpath: text }),
    tmpfs: object({ size: bytes, mode: unsigned(32) }),
    image: object({ subpath: text }),
});

const network = object({
    aliases: texts,
    driver_opts: values.options,
    gw_priority: integer,
    interface_name: text,
    ipv4_address: text,
    ipv6_address: text,
    link_local_ips: texts,
    mac_address: text,
    priority: integer,
    use_service_name_alias: given(boolean, false),
});

const modelUse = object({ endpoint_var: text, model_var: text });

export const ulimits = record(values.limits, { soft: 0, hard: 0 });

/** Of services, jobs and the containers before a service: "container_spec" of the schema. */
export const containerFields = {
    annotations: labels,
    blkio_config: object({
        weight: unsigned(16),
        weight_device: list(weight),
        device_read_bps: list(rate),
        device_read_iops: list(rate),
        device_write_bps: list(rate),
        device_write_iops: list(rate),
    }),
    cap_add: texts,
    cap_drop: texts,
    cgroup: text,
    cgroup_parent: text,
    command,
    configs: list(fileMount),
    cpu_count: integer,
    cpu_percent: float,
    cpu_period: integer,
    cpu_quota: integer,
    cpu_rt_period: integer,
    cpu_rt_runtime: integer,
    cpu_shares: integer,
    cpus: float,
    cpuset: text,
    credential_spec: object({ config: text, file: text, registry: text }),
    device_cgroup_rules: texts,
    devices: list(object({ source: text, target: text, permissions: text })),
    dns: textOrTexts,
    dns_opt: texts,
    dns_search: textOrTexts,
    domainname: text,
    entrypoint: command,
    env_file: list(object({ path: text, required: unlessFalse, format: text }, false)),
    environment,
    extra_hosts: values.hosts,
    gpus: list(deviceRequest),
    group_add: texts,
    hostname: text,
    image: text,
    init: given(boolean, false),
    ipc: text,
    isolation: text,
    label_file: texts,
    labels,
    logging: object({ driver: text, options: values.options }),
    mac_address: text,
    mem_limit: bytes,
    mem_reservation: bytes,
    mem_swappiness: bytes,
    memswap_limit: bytes,
    models: record<Read<typeof modelUse> | null>(modelUse, null),
    network_mode: text,
    networks: record<Read<typeof network> | null>(network, null),
    oom_kill_disable: boolean,
    oom_score_adj: integer,
    pid: text,
    pids_limit: integer,
    platform: text,
    privileged: boolean,
    pull_policy: text,
    pull_refresh_after: text,
    read_only: boolean,
    runtime: text,
    secrets: list(fileMount),
    security_opt: texts,
    shm_size: bytes,
    stop_grace_period: duration,
    stop_signal: text,
    storage_opt: values.driverTexts,
    sysctls: labels,
    tmpfs: textOrTexts,
    ulimits,
    umask: given(unsigned(32), 0),
    use_api_socket: boolean,
    user: text,
    userns_mode: text,
    uts: text,
    volumes: list(volumeMount),
    volumes_from: texts,
    working_dir: text,
};

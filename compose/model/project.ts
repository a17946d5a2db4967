import { containerFields, deviceRequest, fileMount, ulimits } from "./container";
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
    unlessEmpty,
    unsigned,
} from "./shape";
import * as values from "./values";
import { bytes, command, duration, environment, labels, textOrTexts } from "./values";

/** The model of a project: what compose-go makes of it, and `docker compose config` shows. */

/** "workload_spec" of the schema. */
const workloadFields = {
    build: object({
        context: text,
        dockerfile: text,
        dockerfile_inline: text,
        entitlements: texts,
        args: environment,
        provenance: text,
        sbom: text,
        ssh: values.sshKeys,
        labels,
        cache_from: textOrTexts,
        cache_to: textOrTexts,
        no_cache: boolean,
        no_cache_filter: textOrTexts,
        additional_contexts: labels,
        pull: boolean,
        extra_hosts: values.hosts,
        isolation: text,
        network: text,
        target: text,
        secrets: list(fileMount),
        shm_size: bytes,
        tags: textOrTexts,
        ulimits,
        platforms: textOrTexts,
        privileged: boolean,
    }),
    depends_on: record(object({ condition: text, restart: boolean, required: always(boolean, false) }), {
        required: false,
    }),
    expose: values.textsOrNumbers,
    healthcheck: object({
        test: values.healthTest,
        timeout: duration,
        interval: duration,
        retries: given(unsigned(64), 0),
        start_period: duration,
        start_interval: duration,
        disable: boolean,
    }),
    ports: list(
        object({
            name: text,
            mode: text,
            host_ip: text,
            target: unsigned(32),
            published: text,
            protocol: text,
            app_protocol: text,
        }),
    ),
    stdin_open: boolean,
    tty: boolean,
};

const resource = object({
    cpus: float,
    memory: bytes,
    pids: integer,
    devices: list(deviceRequest),
    generic_resources: list(
        object({ discrete_resource_spec: object({ kind: always(text, ""), value: always(integer, 0) }) }),
    ),
});

const update = object({
    parallelism: given(unsigned(64), 0),
    delay: values.nonZeroDuration,
    failure_action: text,
    monitor: values.nonZeroDuration,
    max_failure_ratio: float,
    order: text,
});

const deploy = object({
    mode: text,
    replicas: given(integer, 0),
    labels,
    update_config: update,
    rollback_config: update,
    resources: unlessEmpty(object({ limits: resource, reservations: resource })),
    restart_policy: object({
        condition: text,
        delay: duration,
        max_attempts: given(unsigned(64), 0),
        window: duration,
    }),
    placement: unlessEmpty(
        object({
            constraints: texts,
            preferences: list(object({ spread: text })),
            max_replicas_per_node: unsigned(64),
        }),
    ),
    endpoint_mode: text,
});

const hook = object({ command, user: text, privileged: boolean, working_dir: text, environment });

const service = object({
    ...containerFields,
    ...workloadFields,
    profiles: texts,
    deploy,
    develop: object({
        watch: list(
            object({
                path: always(text, ""),
                action: always(text, ""),
                target: text,
                exec: unlessEmpty(hook),
                include: texts,
                ignore: texts,
                initial_sync: boolean,
            }),
        ),
    }),
    restart: text,
    scale: given(integer, 0),
    attach: given(boolean, false),
    container_name: text,
    provider: object({ type: text, options: values.repeatedOptions }),
    extends: object({ file: text, service: text }, false),
    external_links: texts,
    links: texts,
    pre_start: list(object({ ...containerFields, per_replica: boolean })),
    post_start: list(hook),
    pre_stop: list(hook),
});

const job = object({
    ...containerFields,
    ...workloadFields,
    profiles: texts,
    triggers: object({
        manual: given(boolean, false),
        schedule: list(object({ cron: text, timezone: text, concurrency: text, missed_fires: text })),
    }),
});

const network = object({
    name: text,
    driver: text,
    driver_opts: values.options,
    ipam: unlessEmpty(
        object({
            driver: text,
            config: list(object({ subnet: text, gateway: text, ip_range: text, aux_addresses: labels }, false)),
            options: values.options,
        }),
    ),
    external: boolean,
    internal: boolean,
    attachable: boolean,
    labels,
    enable_ipv4: given(boolean, false),
    enable_ipv6: given(boolean, false),
});

const volume = object({ name: text, driver: text, driver_opts: values.options, external: boolean, labels });

const file = object({
    name: text,
    file: text,
    environment: text,
    content: text,
    external: boolean,
    labels,
    driver: text,
    driver_opts: values.driverTexts,
    template_driver: text,
});

const model = object({ name: text, model: text, context_size: integer, runtime_flags: texts });

const empty = Object.freeze({});

export const projectShape = object({
    name: always(text, ""),
    services: always(record(service, empty), empty),
    jobs: record(job, empty),
    networks: record(network, empty),
    volumes: record(volume, empty),
    secrets: record(file, empty),
    configs: record(file, empty),
    models: record(model, empty),
});

export type Project = Read<typeof projectShape>;
export type Service = Read<typeof service>;
export type Job = Read<typeof job>;
export type Network = Read<typeof network>;
export type Volume = Read<typeof volume>;
/** A config or a secret. */
export type FileObject = Read<typeof file>;
export type { Plain } from "./shape";

import { type Cast, toBoolean, toInteger, toMask, toNumber } from "./casts";
import * as fill from "./fill";
import * as form from "./forms";
import * as locate from "./locate";
import * as merge from "./merge";
import { isAddress, longPorts } from "./ports";
import { type Step, tableOf } from "./table";
import * as identity from "./unique";

/**
 * What the loader does with a value, by where it stands. The order of the columns is that in which they are applied:
 * texts are interpolated and cast, files merged, repeated items dropped, short forms made long, defaults filled in,
 * checks made and paths made absolute.
 */
interface Rule {
    /** An interpolated text means this. @default it stays a text */
    readonly cast?: Cast;
    /** How another file's value is laid over it. @default mappings by key, lists joined, all else replaced */
    readonly merge?: merge.Merge;
    /** What makes two items of a list one. @default nothing does */
    readonly unique?: identity.Identity;
    /** Makes the long form. @default it has only one */
    readonly form?: form.Form;
    /** Sets what was left out. @default nothing */
    readonly fill?: fill.Fill;
    readonly check?: fill.Check;
    /** Makes a path absolute. @default it is none */
    readonly locate?: locate.Locate;
}

type Rules = Readonly<Record<string, Rule>>;

const keyValues: Rule = { merge: merge.byKeys, unique: identity.byKey };
const integer: Rule = { cast: toInteger };
const number: Rule = { cast: toNumber };
const boolean: Rule = { cast: toBoolean };
const limit: Rule = { ...integer, form: form.limit };

/** Of whatever runs a container: Compose specification, 5, and "container_spec" of its schema. */
const container: Rules = {
    annotations: keyValues,
    cap_add: { unique: identity.byKey },
    cap_drop: { unique: identity.byKey },
    command: { merge: merge.replace },
    configs: { unique: identity.byMountTarget("") },
    "configs.*": { form: form.source },
    cpu_count: integer,
    cpu_percent: number,
    cpu_period: integer,
    cpu_quota: integer,
    cpu_rt_period: integer,
    cpu_rt_runtime: integer,
    cpu_shares: integer,
    cpus: number,
    devices: { unique: identity.byDeviceTarget },
    "devices.*": { form: form.device },
    dns: { merge: merge.asList, unique: identity.byKey, form: form.list },
    dns_opt: { merge: merge.asList, unique: identity.byKey },
    dns_search: { merge: merge.asList, unique: identity.byKey },
    entrypoint: { merge: merge.replace },
    env_file: { merge: merge.asList, unique: identity.byFile, form: form.envFiles },
    "env_file.*.path": { locate: locate.file },
    environment: keyValues,
    extra_hosts: { merge: merge.asList },
    gpus: { form: form.gpus },
    "gpus.*": { fill: fill.deviceCount, check: fill.countOrIds },
    init: boolean,
    label_file: { merge: merge.asList, form: form.list },
    "label_file.*": { locate: locate.file },
    labels: keyValues,
    logging: { merge: merge.loggings },
    models: { merge: merge.byNames, form: form.keys },
    networks: { merge: merge.byNames, form: form.keys },
    "networks.*.aliases": { unique: identity.byKey },
    "networks.*.link_local_ips": { unique: identity.byKey },
    "networks.*.use_service_name_alias": boolean,
    oom_kill_disable: boolean,
    oom_score_adj: integer,
    pids_limit: integer,
    privileged: boolean,
    read_only: boolean,
    secrets: { unique: identity.byMountTarget("/run/secrets") },
    "secrets.*": { form: form.source, fill: fill.secretTarget },
    sysctls: keyValues,
    tmpfs: { merge: merge.asList, unique: identity.byKey },
    umask: { cast: toMask },
    "ulimits.*": { ...limit, merge: merge.limits },
    "ulimits.*.hard": integer,
    "ulimits.*.soft": integer,
    volumes: { unique: identity.byVolumeTarget },
    "volumes.*": { form: form.volume, locate: locate.mountSource },
    "volumes.*.bind": { fill: fill.bind },
    "volumes.*.read_only": boolean,
    "volumes.*.volume.nocopy": boolean,
};

/** Of services and jobs: "workload_spec" of the schema. */
const workload: Rules = {
    build: { merge: merge.builds, form: form.build, fill: fill.buildContext },
    "build.additional_contexts": { ...keyValues, form: form.pairs },
    "build.additional_contexts.*": { locate: locate.context },
    "build.args": keyValues,
    "build.context": { locate: locate.context },
    "build.extra_hosts": { merge: merge.asList },
    "build.labels": keyValues,
    "build.provenance": { form: form.text },
    "build.sbom": { form: form.text },
    "build.secrets.*": { form: form.source },
    "build.ssh": { form: form.sshKeys },
    "build.ssh.*": { locate: locate.hostFile },
    "build.tags": { unique: identity.byKey },
    "build.ulimits.*": { form: form.limit },
    depends_on: { merge: merge.byDependencies, form: form.dependencies },
    "depends_on.*.required": boolean,
    "depends_on.*.restart": boolean,
    expose: { unique: identity.byPortNumber },
    extends: { form: form.extended },
    "extends.file": { locate: locate.file },
    "healthcheck.disable": boolean,
    "healthcheck.retries": integer,
    "healthcheck.test": { merge: merge.replace },
    ports: { unique: identity.byPort, form: longPorts },
    "ports.*": { fill: fill.port, check: fill.hostAddress(isAddress) },
    "ports.*.target": integer,
    stdin_open: boolean,
    tty: boolean,
};

const service: Rules = {
    "deploy.labels": keyValues,
    "deploy.placement.max_replicas_per_node": integer,
    "deploy.replicas": integer,
    "deploy.resources.reservations.devices.*": { fill: fill.deviceCount, check: fill.countOrIds },
    "deploy.restart_policy.max_attempts": integer,
    "deploy.rollback_config.max_failure_ratio": number,
    "deploy.rollback_config.parallelism": integer,
    "deploy.update_config.max_failure_ratio": number,
    "deploy.update_config.parallelism": integer,
    "develop.watch.*.ignore": { form: form.list },
    "develop.watch.*.include": { form: form.list },
    "develop.watch.*.path": { check: fill.notEmpty, locate: locate.watched },
    links: { unique: identity.byKey },
    profiles: { unique: identity.byKey },
    scale: integer,
};

const job: Rules = { "triggers.schedule.*": { form: form.cron } };

/** Of networks, volumes, configs and secrets: Compose specification, 6 to 9. */
const top: Rules = {
    "configs.*": { form: form.external, check: fill.oneSource("file", "environment", "content") },
    "configs.*.external": boolean,
    "configs.*.file": { locate: locate.hostFile },
    "configs.*.labels": { merge: merge.byKeys },
    "networks.*": { form: form.external },
    "networks.*.attachable": boolean,
    "networks.*.enable_ipv4": boolean,
    "networks.*.enable_ipv6": boolean,
    "networks.*.external": boolean,
    "networks.*.internal": boolean,
    "networks.*.ipam.config": { merge: merge.pools },
    "networks.*.ipam.options": { unique: identity.byKey },
    "networks.*.labels": keyValues,
    "secrets.*": { form: form.external, check: fill.oneSource("file", "environment") },
    "secrets.*.external": boolean,
    "secrets.*.file": { locate: locate.hostFile },
    "secrets.*.labels": { merge: merge.byKeys },
    "volumes.*": { form: form.external, check: fill.onlyName, locate: locate.boundVolume },
    "volumes.*.external": boolean,
    "volumes.*.labels": { merge: merge.byKeys },
};

/** Where the rules of containers hold, too. compose-go drops repeated items and checks values in services only. */
const hooks = "services.*.pre_start.*";
const scopes: Readonly<Record<keyof Rule, { container: readonly string[]; workload: readonly string[] }>> = {
    cast: { container: ["services.*", "jobs.*", hooks], workload: ["services.*", "jobs.*"] },
    merge: { container: ["services.*", "jobs.*"], workload: ["services.*", "jobs.*"] },
    unique: { container: ["services.*"], workload: ["services.*"] },
    form: { container: ["services.*", "jobs.*", hooks], workload: ["services.*", "jobs.*"] },
    fill: { container: ["services.*", "jobs.*"], workload: ["services.*", "jobs.*"] },
    check: { container: ["services.*"], workload: ["services.*"] },
    locate: { container: ["services.*", "jobs.*", hooks], workload: ["services.*", "jobs.*"] },
};

/** One column of the rules, as a table by path. */
function column<K extends keyof Rule>(name: K): Step<NonNullable<Rule[K]>> {
    const rows = (prefix: string, rules: Rules) =>
        Object.entries(rules).flatMap(([pattern, rule]) => {
            const value = rule[name];
            return value ? [[`${prefix}${pattern}`, value as NonNullable<Rule[K]>] as const] : [];
        });
    const { container: inContainers, workload: inWorkloads } = scopes[name];
    return tableOf([
        ...inContainers.flatMap((prefix) => rows(`${prefix}.`, container)),
        ...inWorkloads.flatMap((prefix) => rows(`${prefix}.`, workload)),
        ...rows("services.*.", service),
        ...rows("jobs.*.", job),
        ...rows("", top),
    ]);
}

export const casts = column("cast");
export const merges = column("merge");
export const identities = column("unique");
export const forms = column("form");
export const fills = column("fill");
export const checks = column("check");
export const locations = column("locate");

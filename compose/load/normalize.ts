import {
    change,
    changeEach,
    get,
    isNull,
    made,
    mapping,
    type Mapping,
    type Node,
    put,
    scalar,
    sequence,
    textOf,
    without,
} from "../node";
import { merged } from "../rules/merge";
import { merges } from "../rules/rules";
import { into } from "../rules/table";
import { clean } from "../rules/volumes";
import { refuse } from "../errors";
import { containerKeys } from "../schema/schema";
import { printed } from "../text/print";
import { eachContainer } from "./layers";
import { type Environment, lookupIn, secretValue } from "./session";

const sections = ["services", "jobs"];

/**
 * Writes out what a project says without words: the default network, names, dependencies by links and shared namespaces,
 * Dockerfile names, and what the containers before a service take over from it.
 *
 * @param name of the project
 */
export function normalized(model: Mapping, name: string, environment: Environment): Mapping {
    const connected = withDefaultNetwork(model);
    const complete = sections.reduce(
        (whole, section) =>
            eachContainer(whole, section, (container, key) => {
                const steps = [
                    pullPolicy,
                    replicas,
                    builds(environment),
                    variables(environment),
                    dependencies,
                    targets,
                    hooks,
                ];
                return steps.reduce((one, step) => step(one, [section, key]), container);
            }),
        connected,
    );
    return named(withSecrets(put(complete, "name", scalar(name, model.at))), name);
}

type Step = (container: Mapping, path: readonly string[]) => Mapping;

/** Compose specification, 6 "The default network". */
function withDefaultNetwork(model: Mapping): Mapping {
    let isUsed = false;
    const connected = sections.reduce(
        (whole, section) =>
            eachContainer(whole, section, (container) => {
                if (get(container, "provider") || get(container, "network_mode")) return container;
                const networks = get(container, "networks");
                const isNamed = networks?.kind === "mapping" && networks.entries.size > 0;
                isUsed ||= !isNamed || get(networks, "default") !== undefined;
                if (isNamed) return container;
                return put(
                    container,
                    "networks",
                    made({ default: scalar(null, container.at) }, container.at),
                    container.at,
                );
            }),
        model,
    );
    if (!isUsed) return connected;
    const networks = get(connected, "networks");
    const all = networks?.kind === "mapping" ? networks : made({}, model.at);
    return get(all, "default") ? connected : put(connected, "networks", put(all, "default", scalar(null, all.at)));
}

/** Two words for the same. */
const pullPolicy: Step = (container) =>
    change(container, "pull_policy", (policy) =>
        textOf(policy) === "if_not_present" ? scalar("missing", policy.at) : policy,
    );

/** Scale is the number of replicas, where `deploy` says nothing else. */
const replicas: Step = (container) => {
    const scale = get(container, "scale");
    if (!scale || isNull(scale)) return container;
    return change(container, "deploy", (deploy) =>
        deploy.kind === "mapping" && isNull(get(deploy, "replicas") ?? scalar(null, scale.at))
            ? put(deploy, "replicas", scale)
            : deploy,
    );
};

const builds =
    (environment: Environment): Step =>
    (container) =>
        change(container, "build", (build) => {
            if (build.kind !== "mapping") return build;
            const set = (node: Mapping, key: string, value: string) =>
                put(node, key, scalar(value, build.at), build.at);
            const lacks = (key: string) => isNull(get(build, key)) || !get(build, key);
            const located = lacks("context") ? set(build, "context", ".") : build;
            const isInline = !lacks("dockerfile_inline");
            const complete = lacks("dockerfile") && !isInline ? set(located, "dockerfile", "Dockerfile") : located;
            return change(complete, "args", (args) => filled(args, environment, false));
        });

const variables =
    (environment: Environment): Step =>
    (container) =>
        change(container, "environment", (all) => filled(all, environment, true));

/** Values for names without one, by the environment. @param keeps whether those stay that have none there either */
function filled(node: Node, environment: Environment, keeps: boolean): Node {
    const lookup = lookupIn(environment);
    if (node.kind === "mapping")
        return changeEach(node, (value, key) => {
            if (!isNull(value)) return value;
            const found = lookup(key);
            return found === undefined ? (keeps ? value : undefined) : scalar(found, value.at);
        });
    if (node.kind !== "sequence") return node;
    const items = node.items.flatMap((item) => {
        const written = textOf(item);
        if (written === undefined || written.includes("=")) return [item];
        const found = lookup(written);
        return found === undefined ? (keeps ? [item] : []) : [scalar(`${written}=${found}`, item.at)];
    });
    return sequence(items, node.at);
}

/** Links, shared namespaces and volumes of others are dependencies: Compose specification, 5 "depends_on". */
const dependencies: Step = (container) => {
    const own = get(container, "depends_on");
    const all = new Map(own?.kind === "mapping" ? own.entries : []);
    const add = (service: string, by: Node, restart: boolean) => {
        if (all.has(service)) return;
        const values = { condition: "service_started", restart, required: true };
        const written = Object.entries(values).map(([key, value]) => [key, scalar(value, by.at)] as const);
        all.set(service, { at: by.at, node: made(Object.fromEntries(written), by.at) });
    };
    const items = (key: string): readonly Node[] => {
        const list = get(container, key);
        return list?.kind === "sequence" ? list.items : [];
    };
    for (const link of items("links")) {
        const parts = (textOf(link) ?? "").split(":");
        add(parts.length === 2 ? parts[0]! : parts.join(":"), link, true);
    }
    for (const key of ["network_mode", "ipc", "pid", "uts", "cgroup"]) {
        const node = get(container, key);
        const shared = textOf(node);
        if (node && shared?.startsWith("service:")) add(shared.slice("service:".length), node, true);
    }
    for (const from of items("volumes_from")) {
        const source = textOf(from) ?? "";
        if (!source.startsWith("container:")) add(source.split(":", 1)[0]!, from, false);
    }
    if (all.size === 0) return container;
    return put(container, "depends_on", mapping(all, own?.at ?? container.at), container.at);
};

const targets: Step = (container, path) =>
    change(container, "volumes", (volumes) =>
        volumes.kind === "sequence"
            ? sequence(
                  volumes.items.map((volume, i) => {
                      const target = textOf(get(volume, "target"));
                      if (volume.kind !== "mapping" || target === undefined)
                          return refuse(volume.at, [...path, "volumes", i], "the volume lacks a target");
                      return change(volume, "target", ({ at }) => scalar(clean(target), at));
                  }),
                  volumes.at,
              )
            : volumes,
    );

/** Each container before a service is as the service is, except for what it says itself and for volumes. */
const hooks: Step = (container, path) =>
    change(container, "pre_start", (list) => {
        if (list.kind !== "sequence") return list;
        const base = mapping(
            [...container.entries].filter(([key]) => key !== "volumes" && containerKeys.includes(key)),
            container.at,
        );
        const step = into(into(merges, "services"), "hook");
        return sequence(
            list.items.map((hook, i) =>
                hook.kind === "mapping" ? merged(base, hook, step, [...path, "pre_start", i]) : hook,
            ),
            list.at,
        );
    });

const withSecrets = (model: Mapping): Mapping =>
    eachContainer(model, "secrets", (secret) => {
        const value = get(secret, secretValue);
        return value ? put(without(secret, secretValue), "content", value) : secret;
    });

/** What has no name is named by the project and its key; what is external by its key alone. */
function named(model: Mapping, project: string): Mapping {
    return ["networks", "volumes", "configs", "secrets"].reduce(
        (whole, section) =>
            change(whole, section, (all) =>
                all.kind === "mapping"
                    ? changeEach(all, (one, key) => {
                          const resource = one.kind === "mapping" ? one : made({}, one.at);
                          if (get(resource, "name") && !isNull(get(resource, "name"))) return resource;
                          const isExternal = isTrue(get(resource, "external"));
                          return put(resource, "name", scalar(isExternal ? key : `${project}_${key}`, one.at), one.at);
                      })
                    : all,
            ),
        model,
    );
}

const isTrue = (node: Node | undefined): boolean =>
    node !== undefined && /^(1|t|T|TRUE|true|True)$/.test(printed(node));

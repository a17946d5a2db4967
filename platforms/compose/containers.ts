import type { ContainerArgs, Variable, Word } from "../../components/podArgs";
import { expansion, literal, variable } from "../../components/languages/expansion";
import { joined } from "../../components/languages/text";
import type { SecretRef } from "../../components/graph";
import type { Input } from "../../config/value";
import type { Service } from "../../compose";
import type { Conversion } from "./conversion";
import { graphicsOf, resourcesOf } from "./deploy";
import { named, type KnownPorts } from "./ports";
import { probesOf } from "./probes";
import type { Parts } from "./secrets";
import { securityOf } from "./security";
import type { MountPlan } from "./volumes";
import { serviceLabel } from "./names";
import { objectName } from "../../components/names";

/** The container of a service, as its image and the project say. */
export function containerOf(
    conversion: Conversion,
    service: string,
    plan: MountPlan,
    ports: KnownPorts,
): ContainerArgs {
    const { services, source, notes } = conversion;
    const one = services[service]!;
    const extension = source.extensions.services[service]!;
    const texts = source.texts[service]!;
    const { env, words } = environmentOf(conversion, service);
    const test = texts.test?.map(words);
    const [command, args] = commandOf(one, texts.entrypoint?.map(words), texts.command?.map(words));
    return {
        name: serviceLabel(service),
        image: source.images[imageKey(conversion, service)]!,
        ...(command ? { command } : {}),
        ...(args ? { args } : {}),
        // Words of commands and tests may have added secrets.
        env: env(),
        ports: named(ports.tcp),
        udp: named(ports.udp, "udp"),
        resources: resourcesOf(one),
        ...probesOf(one, test),
        ...(one.working_dir ? { workingDir: one.working_dir } : {}),
        mounts: plan.mounts,
        ...securityOf(service, one, extension, notes),
        ...graphicsOf(service, one, notes),
        ...hooksOf(one, service, conversion),
        more: { ...lifecycleOf(one), ...(one.tty ? { tty: true } : {}), ...(one.stdin_open ? { stdin: true } : {}) },
    };
}

const imageKey = ({ source }: Conversion, service: string): string =>
    Object.hasOwn(source.images, service) ? service : `service-${service}`;

/** Compose's entrypoint is Kubernetes' command. An empty one clears the image's. */
function commandOf(
    { entrypoint }: Service,
    written: readonly Word[] | undefined,
    command: readonly Word[] | undefined,
): [readonly Word[] | undefined, readonly Word[] | undefined] {
    if (entrypoint && entrypoint.length === 0) return [command, undefined];
    return [written, command];
}

/**
 * The environment of a service, and how words of its commands refer to secret values: by variables that the kubelet
 * puts in their place.
 */
function environmentOf(
    conversion: Conversion,
    service: string,
): { env: () => Record<string, Variable>; words: (parts: Parts) => Word } {
    const { instance, source } = conversion;
    const plain: Record<string, Variable> = {};
    const secret: Record<string, Input<string>> = {};
    const variables = new Map<string, string>();
    for (const [name, text] of Object.entries(source.texts[service]!.env)) {
        if ("key" in text) {
            secret[name] = conversion.secret(text.key);
            variables.set(text.key, name);
        } else if (text.parts.some((part) => typeof part === "object")) secret[name] = conversion.value(text.parts);
        else plain[name] = text.parts.join("");
    }
    const words = (parts: Parts): Word => {
        if (!parts.some((part) => typeof part === "object")) return parts.join("");
        const all = parts.map((part) => {
            if (typeof part === "string") return literal(part);
            const name = variables.get(part.key) ?? `PLINTH_${part.key}`;
            if (!variables.has(part.key)) secret[name] = conversion.secret(part.key);
            variables.set(part.key, name);
            return variable(name);
        });
        return { composed: expansion`${joined(all, "")}` };
    };
    const env = (): Record<string, Variable> => {
        const keys = new Map(Object.keys(secret).map((name) => [name, name.replace(/[^-._a-zA-Z0-9]/g, "_")]));
        if (keys.size === 0) return plain;
        const refs = instance.secret<string>(
            instance.owner,
            objectName(serviceLabel(service), "env"),
            Object.fromEntries([...keys].map(([name, key]) => [key, secret[name]!])) as Record<string, never>,
        ) as Record<string, SecretRef>;
        // Secret ones first: commands refer to them.
        return { ...Object.fromEntries([...keys].map(([name, key]) => [name, refs[key]!])), ...plain };
    };
    return { env, words };
}

/** `pre_stop`; hooks are not expanded, and one is what a container has. */
function hooksOf({ pre_stop = [] }: Service, service: string, { notes }: Conversion): Pick<ContainerArgs, "preStop"> {
    if (pre_stop.length > 1)
        notes.warn(["services", service, "pre_stop"], "only the first hook runs: a container has one");
    const command = pre_stop[0]?.command;
    return command ? { preStop: command } : {};
}

/** `post_start` */
function lifecycleOf({ post_start = [], pre_stop = [] }: Service): NonNullable<ContainerArgs["more"]> {
    const command = post_start[0]?.command;
    if (!command) return {};
    const stop = pre_stop[0]?.command;
    return {
        lifecycle: {
            postStart: { exec: { command: [...command] } },
            ...(stop ? { preStop: { exec: { command: [...stop] } } } : {}),
        },
    };
}

import type { ContainerArgs, Word } from "../../components/podArgs";
import type { Service } from "../../compose";
import type { Conversion } from "./conversion";
import { graphicsOf, resourcesOf } from "./deploy";
import { environmentOf } from "./environment";
import { komposeLabel } from "./extensions";
import { hooksOf } from "./hooks";
import { imageName } from "./images";
import { withinMemory } from "./mounts";
import { named, type KnownPorts } from "./ports";
import { probesOf } from "./probes";
import { securityOf } from "./security";
import type { MountPlan } from "./volumes";
import { serviceLabel } from "./names";

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
    const { env, words } = environmentOf(conversion, texts, serviceLabel(service));
    const { preStop, postStart } = hooksOf(conversion, service);
    const pulls = pullPolicyOf(conversion, service);
    const test = texts.test?.map(words);
    const resources = resourcesOf(one);
    const { memory = resources.memory } = conversion.settings.resources[serviceLabel(service)] ?? {};
    const [command, args] = commandOf(one, texts.entrypoint?.map(words), texts.command?.map(words));
    return {
        name: serviceLabel(service),
        image: source.images[imageName(service)]!,
        ...(command ? { command } : {}),
        ...(args ? { args } : {}),
        // Words of commands and tests may have added secrets.
        env: env(),
        ports: named(ports.tcp),
        udp: named(ports.udp, "udp"),
        resources,
        ...probesOf(one, test),
        ...(one.working_dir ? { workingDir: one.working_dir } : {}),
        mounts: withinMemory(plan.mounts, memory, plan.sizes, notes),
        ...securityOf(service, one, extension, notes),
        ...graphicsOf(service, one, notes),
        ...(preStop && !postStart ? { preStop } : {}),
        more: {
            ...(postStart
                ? {
                      lifecycle: {
                          postStart: { exec: { command: [...postStart] } },
                          ...(preStop ? { preStop: { exec: { command: [...preStop] } } } : {}),
                      },
                  }
                : {}),
            ...(pulls ? { imagePullPolicy: pulls } : {}),
            ...(one.tty ? { tty: true } : {}),
            ...(one.stdin_open ? { stdin: true } : {}),
        },
    };
}

/** `pull_policy`, or Kompose's label for it, unless the stack has one for all. */
function pullPolicyOf({ services, instance, notes }: Conversion, service: string): string | undefined {
    const { pull_policy } = services[service]!;
    const label = komposeLabel(services[service], "image-pull-policy");
    const known = { always: "Always", never: "Never", missing: "IfNotPresent", ifnotpresent: "IfNotPresent" };
    const policy = (label ?? pull_policy)?.toLowerCase();
    if (policy === undefined || policy === "build") return undefined;
    const found = Object.hasOwn(known, policy) ? known[policy as keyof typeof known] : undefined;
    if (found === undefined)
        notes.warn(
            ["services", service, ...(label === undefined ? ["pull_policy"] : ["labels", "kompose.image-pull-policy"])],
            `"${label ?? pull_policy}" has no counterpart: images are pulled when a pod starts; allowed: always, missing, never`,
        );
    return instance.stack.config.images.pullPolicy ?? found;
}

/** Compose's entrypoint is Kubernetes' command. An empty one clears the image's. */
function commandOf(
    { entrypoint }: Service,
    written: readonly Word[] | undefined,
    command: readonly Word[] | undefined,
): [readonly Word[] | undefined, readonly Word[] | undefined] {
    if (entrypoint && entrypoint.length === 0) return [command, undefined];
    return [written, command];
}

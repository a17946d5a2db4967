import type { ContainerArgs } from "../../components/podArgs";
import type { Service } from "../../compose";
import { type Conversion } from "./conversion";
import { environmentOf } from "./environment";
import { initImage, startImage } from "./images";
import { initContainerOf } from "./kompose";
import { plainText } from "./secrets";

type Step = NonNullable<Service["pre_start"]>[number];

/** What a step says for itself; of the rest it has what the service has. */
const ofStep: readonly (keyof Step)[] = [
    ...["command", "entrypoint", "environment", "env_file", "image", "user", "working_dir", "per_replica"],
    // Without effect on a container.
    ...["labels", "label_file", "annotations", "pull_policy"],
] as readonly (keyof Step)[];

/** `pre_start`, and the label of Kompose for the same: containers before a service's own. */
export function startContainers(conversion: Conversion, service: string, own: ContainerArgs): ContainerArgs[] {
    const { services, source, notes } = conversion;
    const one = services[service]!;
    const {
        probes: _,
        ports: __,
        udp: ___,
        preStop: ____,
        more: _____,
        args: ______,
        command: _______,
        devices: ________,
        workingDir: _________,
        ...common
    } = own;
    const steps = (one.pre_start ?? []).map((step, index): ContainerArgs => {
        const path = ["services", service, "pre_start", index];
        for (const key of Object.keys(step) as (keyof Step)[])
            if (!ofStep.includes(key) && JSON.stringify(step[key]) !== JSON.stringify(one[key as keyof Service]))
                notes.warn([...path, key], "has no counterpart: the step has it from its service");
        const replicas = one.deploy?.replicas ?? 1;
        if (!step.per_replica && replicas > 1)
            notes.warn(path, `runs in each of the ${replicas} pods; it must be able to run several times`);
        const texts = source.texts[service]!.steps[index]!;
        const { env, words } = environmentOf(conversion, texts, `${own.name}-start-${index}`);
        const command = texts.entrypoint?.map(words);
        const args = texts.command?.map(words);
        const id = Number(/^\d+/.exec(step.user ?? "")?.[0] ?? NaN);
        const isEmpty = step.entrypoint?.length === 0;
        return {
            ...common,
            name: `${own.name}-start-${index}`,
            image: source.images[startImage(service, index)] ?? own.image,
            ...(isEmpty
                ? args
                    ? { command: args }
                    : {}
                : { ...(command ? { command } : {}), ...(args ? { args } : {}) }),
            ...(step.working_dir ? { workingDir: step.working_dir } : {}),
            env: env(),
            ...(Number.isNaN(id) ? {} : { securityContext: { ...common.securityContext, runAsUser: id } }),
        };
    });
    const labelled = initContainerOf(one);
    const init = labelled && source.images[initImage(service)];
    if (!labelled || !init) return steps;
    return [{ ...common, name: labelled.name, image: init, command: labelled.command }, ...steps];
}

/** `post_start` and `pre_stop`: kubelets run one of each, and put no values into their words. */
export function hooksOf(
    { services, source, notes }: Conversion,
    service: string,
): { readonly preStop?: readonly string[]; readonly postStart?: readonly string[] } {
    const one = (kind: "post_start" | "pre_stop"): readonly string[] | undefined => {
        const path = ["services", service, kind];
        if ((services[service]![kind] ?? []).length > 1)
            notes.warn(path, "only the first hook runs: a container has one");
        return source.texts[service]![kind]?.map((parts) => {
            if (parts.some((part) => typeof part === "object"))
                notes.refuse(
                    [...path, 0, "command"],
                    "has a secret value; write it as a variable of the container, in a shell: [sh, -c, 'run \"$$PASSWORD\"']",
                );
            return plainText(parts);
        });
    };
    const [preStop, postStart] = [one("pre_stop"), one("post_start")];
    return { ...(preStop ? { preStop } : {}), ...(postStart ? { postStart } : {}) };
}

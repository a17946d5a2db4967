import type { LoadedProject, Service } from "../../compose";
import type { Extensions } from "./extensions";
import { hasSecret, looksSecret, type Parts, type SecretPlan } from "./secrets";
import { isHostVariable, type PeerTexts, portBeside, type Reference } from "./texts";

/** The value of a variable: a text in parts, or a secret that has a key of its own. */
export type VariableText = { readonly parts: Parts } | { readonly key: string };

/** What a container says in texts. Each word of a command is in parts. */
export interface ContainerTexts {
    readonly env: Readonly<Record<string, VariableText>>;
    readonly entrypoint?: readonly Parts[];
    readonly command?: readonly Parts[];
    readonly test?: readonly Parts[];
    /** Of the first hook. */
    readonly post_start?: readonly Parts[];
    readonly pre_stop?: readonly Parts[];
    /** Of the containers before it. */
    readonly steps: readonly Pick<ContainerTexts, "env" | "entrypoint" | "command">[];
    /** Labels whose values are secret. */
    readonly secretLabels: readonly string[];
    /** Peers that the texts name. */
    readonly references: readonly Reference[];
}

/** The key under which the user may set a secret value. */
const keyOf = (...parts: readonly string[]): string => parts.join("_").replace(/[^A-Za-z0-9_]/g, "_");

/** Prefix of keys of a container before a service. */
const stepOwner = (service: string, index: number): string => `${service}_start_${index}`;

const isSecret = (service: string, name: string, { services }: Extensions): boolean => {
    const { secret, plain } = services[service]!;
    return secret.includes(name) || (looksSecret(name) && !plain.includes(name));
};

/** Keys of the secret variables: the variable's name where it has one value only, else with the service. */
function keysOf({ project }: LoadedProject, extensions: Extensions): (service: string, name: string) => string {
    const values = new Map<string, Set<string>>();
    for (const [service, { environment = {} }] of Object.entries(project.services))
        for (const [name, value] of Object.entries(environment))
            if (value !== null && isSecret(service, name, extensions))
                values.set(name, (values.get(name) ?? new Set()).add(value));
    return (service, name) => ((values.get(name)?.size ?? 0) > 1 ? keyOf(service, name) : keyOf(name));
}

/** Remembers all values with secret names, before the first text is read. */
export function learnSecrets(loaded: LoadedProject, extensions: Extensions, secrets: SecretPlan): void {
    const { project, environment } = loaded;
    const services = Object.keys(project.services);
    const key = keysOf(loaded, extensions);
    for (const [service, { environment: own = {}, pre_start = [] }] of Object.entries(project.services)) {
        for (const [name, value] of Object.entries(own))
            if (value !== null && isSecret(service, name, extensions))
                secrets.learn(value, key(service, name), services);
        for (const [index, { environment = {} }] of pre_start.entries())
            for (const [name, value] of Object.entries(environment))
                if (value !== null && value !== own[name] && isSecret(service, name, extensions))
                    secrets.learn(value, keyOf(stepOwner(service, index), name), services);
    }
    for (const [name, { environment: variable, content }] of Object.entries(project.secrets ?? {})) {
        const value = variable === undefined ? content : environment[variable];
        if (value !== undefined) secrets.learn(value, keyOf(name), services);
    }
}

export function readTexts(
    loaded: LoadedProject,
    extensions: Extensions,
    secrets: SecretPlan,
    peers: PeerTexts,
): Readonly<Record<string, ContainerTexts>> {
    const key = keysOf(loaded, extensions);
    return Object.fromEntries(
        Object.entries(loaded.project.services).map(([name, service]) => [
            name,
            containerTexts(name, service, (variable) => isSecret(name, variable, extensions), key, secrets, peers),
        ]),
    );
}

function containerTexts(
    service: string,
    one: Service,
    isOne: (variable: string) => boolean,
    key: (service: string, name: string) => string,
    secrets: SecretPlan,
    peers: PeerTexts,
): ContainerTexts {
    const { environment: own = {}, command, entrypoint, healthcheck, labels = {}, deploy } = one;
    const references: Reference[] = [];
    const written = (text: string, isWhole: boolean, port?: number): string => {
        references.push(...peers.references(service, text, isWhole, port));
        return peers.rewritten(service, text, isWhole);
    };
    const words = (all: readonly string[]) => all.map((word) => secrets.partsOf(written(word, false)));
    /** @param owner whose variables they are, for keys of those that no other one has */
    const variables = (
        environment: Readonly<Record<string, string | null>>,
        owner: string,
        keyFor: (name: string) => string,
    ): Record<string, VariableText> =>
        Object.fromEntries(
            Object.entries(environment).flatMap(([name, value]): [string, VariableText][] => {
                // Without a value, Compose does not set it.
                if (value === null) return [];
                const text = written(value, isHostVariable(name), portBeside(name, environment));
                const purpose = `${name} of the service ${service}`;
                if (isOne(name) && text !== "") return [[name, { key: secrets.add(keyFor(name), text, purpose) }]];
                const parts = secrets.partsOf(text);
                if (secrets.hasUnknownPassword(parts))
                    return [[name, { key: secrets.add(keyOf(owner, name), text, purpose) }]];
                return [[name, { parts }]];
            }),
        );
    const commands = ({ entrypoint: first, command: rest }: Pick<Service, "entrypoint" | "command">) => ({
        ...(first ? { entrypoint: words(first) } : {}),
        ...(rest ? { command: words(rest) } : {}),
    });
    const hook = (kind: "post_start" | "pre_stop") => {
        const first = one[kind]?.[0]?.command;
        return first ? { [kind]: words(first) } : {};
    };
    return {
        env: variables(own, service, (name) => key(service, name)),
        ...commands({ ...(entrypoint ? { entrypoint } : {}), ...(command ? { command } : {}) }),
        ...(healthcheck?.test ? { test: words(healthcheck.test) } : {}),
        ...hook("post_start"),
        ...hook("pre_stop"),
        steps: (one.pre_start ?? []).map((step, index) => {
            const { environment = {} } = step;
            const owner = stepOwner(service, index);
            // What a step has from its service is the same secret.
            const keyFor = (name: string) =>
                environment[name] === own[name] ? key(service, name) : keyOf(owner, name);
            return { env: variables(environment, owner, keyFor), ...commands(step) };
        }),
        secretLabels: Object.entries({ ...deploy?.labels, ...labels, ...one.annotations }).flatMap(([name, value]) => {
            const parts = secrets.partsOf(value);
            const isKnown = parts.some((part) => typeof part === "object");
            return isKnown || secrets.hasUnknownPassword(parts) || hasSecret(value) ? [name] : [];
        }),
        references,
    };
}

import * as pulumi from "@pulumi/pulumi";
import { placeholderKey } from "../../components/privateKey";
import type { PlainResource } from "../../operations/render/plainPlan";
import { placeholder } from "../../config/secrets";
import type { Given } from "../../config/read";

/** One resource as the SDK asks the engine for it. */
export type Requested = Omit<PlainResource, "aliases"> & {
    /** Names that it had before; types that the SDK itself knows are left out. */
    readonly aliases: readonly string[];
};

export interface RecordArgs extends Given {
    /** Whether resources behave as in a preview: values of the cluster stay unknown. @default false */
    readonly preview?: boolean;
}

export interface Recording {
    /** In the order of the SDK's requests. */
    readonly resources: readonly Requested[];
    readonly outputs: unknown;
}

/** A request for a resource, of which the SDK exports no type. */
interface Request {
    getType(): string;
    getName(): string;
    getParent(): string;
    getProvider(): string;
    getProtect(): boolean | undefined;
    getDependenciesList(): string[];
    getIgnorechangesList(): string[];
    getAliasesList(): { getSpec(): { getName(): string } | undefined }[];
    getObject(): { toJavaScript(): Record<string, unknown> };
}

interface Monitor {
    registerResource(request: Request, ...rest: unknown[]): void;
}

/**
 * Runs a program on the SDK's mock monitor, and keeps what the SDK asks it for: the judge of what is said without the
 * SDK. The SDK has one monitor a process, so that runs must not overlap.
 */
export async function record(program: () => object, { project, stack, ...given }: RecordArgs): Promise<Recording> {
    const resources: Requested[] = [];
    const mocks: pulumi.runtime.Mocks = {
        call: ({ inputs }) => inputs as Record<string, unknown>,
        newResource: ({ type, name, inputs }) => ({
            id: `${name}-id`,
            state: {
                ...inputs,
                ...(type.startsWith("random:") ? { result: placeholder(name) } : {}),
                ...(type.startsWith("tls:") ? { privateKeyPem: placeholderKey() } : {}),
            },
        }),
    };
    await pulumi.runtime.setMocks(mocks, project, stack, given.preview ?? false);
    pulumi.runtime.setAllConfig({ ...given.config }, [...(given.secretKeys ?? [])]);
    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    const answer = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, ...rest) => {
        resources.push(requested(request, project, stack));
        answer(request, ...rest);
    };
    const { stackTraceLimit } = Error;
    // The SDK records a stack trace for each of its promises, which takes a third of the time.
    Error.stackTraceLimit = 1;
    try {
        let outputs: object = {};
        await pulumi.runtime.runInPulumiStack(() => Promise.resolve((outputs = program())));
        await pulumi.runtime.disconnect();
        return { resources, outputs: await settled(outputs) };
    } finally {
        Error.stackTraceLimit = stackTraceLimit;
    }
}

function requested(request: Request, project: string, stack: string): Requested {
    const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
    const inputs = request.getObject().toJavaScript();
    // The last type of the parent alone, as the mock monitor has it.
    const parentType = parent.split("::")[2]?.split("$").at(-1);
    return {
        type,
        name,
        urn: `urn:pulumi:${stack}::${project}::${parentType ? `${parentType}$` : ""}${type}::${name}`,
        parent,
        inputs: unwrapped(inputs) as Record<string, unknown>,
        isRead: false,
        // A reference is the URN and the ID, which the mock monitor makes of the name.
        provider: request.getProvider().replace(/::[^:]+-id$/, ""),
        secrets: Object.keys(inputs).filter((key) => holdsSecret(inputs[key])),
        dependencies: request.getDependenciesList(),
        protect: request.getProtect() ?? false,
        ignoreChanges: request.getIgnorechangesList(),
        aliases: request.getAliasesList().flatMap((alias) => alias.getSpec()?.getName() || []),
    };
}

/** How the SDK marks a secret in its requests. */
const secretMark = "4dabf18193072939515e22adb298388d";

const isSecret = (value: object): value is { value: unknown } => secretMark in value;

const holdsSecret = (value: unknown): boolean =>
    typeof value === "object" && value !== null && (isSecret(value) || Object.values(value).some(holdsSecret));

export function unwrapped(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(unwrapped);
    if (isSecret(value)) return unwrapped(value.value);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}

/** The values of outputs, without those that only a cluster knows. */
async function settled(value: unknown): Promise<unknown> {
    if (pulumi.Output.isInstance(value)) {
        // Left out of the SDK's types.
        const output = value as unknown as { isKnown: Promise<boolean>; promise(): Promise<unknown> };
        return (await output.isKnown) ? settled(await output.promise()) : undefined;
    }
    if (Array.isArray(value)) return Promise.all(value.map(settled));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(async ([key, inner]) => [key, await settled(inner)] as const);
    return Object.fromEntries((await Promise.all(entries)).filter(([, inner]) => inner !== undefined));
}

import * as pulumi from "@pulumi/pulumi";
import { placeholder } from "../../config/secrets";

/** One resource as the program registers it. */
export interface Recorded {
    /** Type token: `kubernetes:core/v1:Secret`, `plinth:components:Database`. */
    readonly type: string;
    readonly name: string;
    readonly inputs: Readonly<Record<string, unknown>>;
    /** Reference to the explicit provider, empty for a default one. */
    readonly provider: string;
    /** Top-level inputs that the program marked as secret. */
    readonly secrets: readonly string[];
}

export interface RecordArgs {
    readonly project: string;
    readonly stack: string;
    /** Configuration as the engine hands it over: full keys, objects as JSON. */
    readonly config: Readonly<Record<string, string>>;
    /** Keys of the configuration that hold an encrypted value. @default none */
    readonly secretKeys?: readonly string[];
    /** Whether resources answer as in a preview: what only the cluster knows stays unknown. @default false */
    readonly preview?: boolean;
    /** Results of generated values by resource name, where they are known. @default placeholders */
    readonly generated?: Readonly<Record<string, string>>;
}

export interface Recording {
    readonly resources: readonly Recorded[];
    /** Identity of each resource, with the type of its parent: what the engine knows it by. */
    readonly urns: readonly string[];
    readonly outputs: Readonly<Record<string, unknown>>;
}

/** How the SDK marks a secret in what it sends. */
const secretMark = "4dabf18193072939515e22adb298388d";

/**
 * Runs the program on the SDK's mock monitor: no engine, cluster, login or passphrase.
 *
 * What is recorded is what `pulumi up` would send, but for values that are generated or encrypted: these are
 * placeholders.
 */
export function record(program: () => Promise<object> | object, args: RecordArgs): Promise<Recording> {
    // The SDK has one monitor a process: runs that overlapped would register with each other's.
    const turn = queue.then(() => withShortTraces(() => recordNow(program, args)));
    queue = turn.catch(() => undefined);
    return turn;
}

let queue: Promise<unknown> = Promise.resolve();

/** Without this the SDK spends a third of a run on the stack traces that it writes down for each of its promises. */
async function withShortTraces<T>(work: () => Promise<T>): Promise<T> {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 1;
    try {
        return await work();
    } finally {
        Error.stackTraceLimit = stackTraceLimit;
    }
}

async function recordNow(program: () => Promise<object> | object, args: RecordArgs): Promise<Recording> {
    const resources: Recorded[] = [];
    const preview = args.preview ?? false;
    const mocks: pulumi.runtime.Mocks = {
        call: ({ inputs }) => inputs,
        newResource: ({ type, name, inputs, provider }) => {
            const secrets = Object.keys(inputs).filter((key) => isSecret(inputs[key]));
            const plain = unwrap(inputs) as Record<string, unknown>;
            resources.push({ type, name, inputs: plain, provider: provider ?? "", secrets });
            const generated = type.startsWith("random:") ? { result: args.generated?.[name] ?? placeholder(name) } : {};
            return { id: `${name}-id`, state: { ...plain, ...generated } };
        },
    };
    await pulumi.runtime.setMocks(mocks, args.project, args.stack, preview);
    pulumi.runtime.setAllConfig({ ...args.config }, [...(args.secretKeys ?? [])]);
    let outputs: Record<string, unknown> = {};
    let failure: { error: unknown } | undefined;
    const unhandled = await withRejections(async () => {
        await pulumi.runtime.runInPulumiStack(async () => {
            try {
                outputs = (await program()) as Record<string, unknown>;
            } catch (error) {
                // Thrown from here, it would also be a rejection that nobody handles, which Node prints with its stack.
                failure = { error };
            }
            return outputs;
        });
        await pulumi.runtime.disconnect();
    });
    // What the program says itself says more.
    if (failure) throw failure.error;
    if (unhandled.length > 0) throw unhandled[0];
    const monitor = pulumi.runtime.getMonitor() as unknown as { getRegisteredResources(): Map<string, unknown> };
    return {
        resources,
        urns: [...monitor.getRegisteredResources().keys()],
        outputs: (await settle(outputs)) as Record<string, unknown>,
    };
}

/**
 * Does work, and returns the rejections that nobody has handled meanwhile: the SDK leaves them so when a value cannot be had,
 * and what depends on it is then missing.
 */
async function withRejections(work: () => Promise<void>): Promise<unknown[]> {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", note);
    try {
        await work();
        // Node tells of them after what is due at once.
        await new Promise((resolve) => setImmediate(resolve));
    } finally {
        process.off("unhandledRejection", note);
        for (const other of others) process.on("unhandledRejection", other);
    }
    return unhandled;
}

const isSecret = (value: unknown): boolean => typeof value === "object" && value !== null && secretMark in value;

function unwrap(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(unwrap);
    if (isSecret(value)) return unwrap((value as { value: unknown }).value);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

/** The values of outputs, without those that only a cluster knows. */
async function settle(value: unknown): Promise<unknown> {
    if (pulumi.Output.isInstance(value)) {
        const output = value as pulumi.Output<unknown> & { isKnown: Promise<boolean>; promise(): Promise<unknown> };
        return (await output.isKnown) ? settle(await output.promise()) : undefined;
    }
    if (Array.isArray(value)) return Promise.all(value.map(settle));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(async ([key, inner]) => [key, await settle(inner)] as const);
    return Object.fromEntries(await Promise.all(entries));
}

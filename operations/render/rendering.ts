import { type Kind, kinds } from "../../components/kinds";
import type { StackOutputs } from "../../components/outputs";
import type { Given } from "../../config/read";
import type { Value } from "../../config/value";
import type { Platforms } from "../../platforms/platform";
import { declareProgram } from "../../platforms/program";
import { readStackFile } from "../stackfile/stackFile";
import { PlainPlan, type PlainResource } from "./plainPlan";

/** A Kubernetes object as `pulumi up` would send it. */
export interface RenderedObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: {
        readonly name: string;
        readonly namespace?: string;
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
        /** Of an object in the cluster that is being deleted. */
        readonly deletionTimestamp?: string;
    };
    readonly [field: string]: unknown;
}

/** An object as messages name it: `Deployment shop/web`. */
export const titleOf = ({ kind, metadata: { namespace, name } }: RenderedObject): string =>
    `${kind} ${namespace ? `${namespace}/` : ""}${name}`;

export interface Rendering {
    readonly project: string;
    readonly stack: string;
    /** In an order suitable for `kubectl apply`. */
    readonly objects: readonly RenderedObject[];
    readonly resources: readonly PlainResource[];
    readonly outputs: Plain<StackOutputs>;
}

/** Outputs with their values resolved. */
type Plain<T> = { readonly [K in keyof T]: T[K] extends Value<infer V> ? V : T[K] };

export interface RenderArgs {
    /** Folder of the stack files. @default the project's own */
    readonly folder?: string;
    /** Values of generated secrets by resource name. @default placeholders */
    readonly generated?: Readonly<Record<string, string>>;
    /** Configuration with decrypted secrets. @default the stack file's, with placeholders */
    readonly config?: Readonly<Record<string, string>>;
    /** Whether secret values in files of instances are real. @default false: placeholders */
    readonly showSecrets?: boolean;
    /** @default false */
    readonly preview?: boolean;
    /** Those beside `plinth:platforms`. @default the built-in ones */
    readonly platforms?: Platforms;
}

/**
 * Declares a stack and evaluates it without registering anything, so without engine, SDK, cluster, login or passphrase.
 *
 * @throws ConfigError that lists every problem in the stack's configuration
 */
export async function renderStack(
    stack: string,
    { folder, generated, config, showSecrets = false, preview, platforms }: RenderArgs = {},
): Promise<Rendering> {
    const file = readStackFile(stack, folder);
    const given = { ...file, config: { ...file.config, ...config }, hidesSecrets: !showSecrets };
    return renderGiven(given, {
        ...(generated ? { generated } : {}),
        ...(preview === undefined ? {} : { preview }),
        ...(platforms ? { platforms } : {}),
    });
}

/** Like {@link renderStack}, for a configuration that is in no stack file. */
export function renderGiven(
    given: Given,
    { generated, preview, platforms }: Pick<RenderArgs, "generated" | "preview" | "platforms"> = {},
): Rendering {
    const { project, stack } = given;
    const { plan, outputs } = declareProgram(given, { offline: true, ...(platforms ? { platforms } : {}) });
    const plain = new PlainPlan(plan, {
        project,
        stack,
        ...(generated ? { generated } : {}),
        ...(preview !== undefined ? { preview } : {}),
    });
    const objects = plain.resources
        .filter(({ type, isRead }) => type.startsWith("kubernetes:") && !isRead)
        .map(({ inputs }) => inputs as unknown as RenderedObject);
    return {
        project,
        stack,
        objects: inApplyOrder(objects),
        resources: plain.resources,
        outputs: plain.resolve(outputs) as Rendering["outputs"],
    };
}

/** Sorts by namespace, kind and name: objects come after those that they refer to, and the order is deterministic. */
export function inApplyOrder(objects: readonly RenderedObject[]): RenderedObject[] {
    const order = Object.keys(kinds);
    const rank = (object: RenderedObject) =>
        order.includes(object.kind) ? order.indexOf(object.kind as Kind) : order.length;
    const namespace = ({ kind, metadata }: RenderedObject) =>
        kind === "Namespace" ? metadata.name : (metadata.namespace ?? "");
    const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    return [...objects].sort(
        (a, b) =>
            compare(namespace(a), namespace(b)) ||
            rank(a) - rank(b) ||
            compare(a.kind, b.kind) ||
            compare(a.metadata.name, b.metadata.name),
    );
}

import type { RenderedObject } from "../render/rendering";
import { EngineError } from "./engineError";
import type { Pulumi } from "./pulumi";

/** A resource in the engine's state. */
export interface Resource {
    readonly urn: string;
    readonly type: string;
    readonly parent?: string;
    readonly protect?: boolean;
    readonly inputs?: Partial<RenderedObject>;
    readonly outputs?: Partial<RenderedObject>;
}

/** The engine's state of a stack; secret values are encrypted. */
export interface State {
    readonly deployment?: {
        readonly resources?: readonly Resource[];
        readonly pending_operations?: readonly { readonly resource: Resource }[];
    };
}

/**
 * @returns undefined if the stack does not exist yet
 * @throws EngineError if the state cannot be read
 */
export async function readState(pulumi: Pulumi): Promise<State | undefined> {
    try {
        const exported = await pulumi.read(["stack", "export"], {
            failed: `The state of "${pulumi.stack}" could not be read`,
        });
        return JSON.parse(exported) as State;
    } catch (error) {
        if (error instanceof EngineError && error.kind === "noStack") return undefined;
        throw error;
    }
}

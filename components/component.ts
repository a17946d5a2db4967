import { type Alias, Resource } from "./resource";

/** Where a component belongs. */
export interface Owned {
    readonly name: string;
    /** The component that all others of an instance lie below. */
    readonly owner?: Component;
    readonly stack: { readonly plan: Resource[] };
}

export interface ComponentOptions {
    /** @default the instance's own */
    readonly parent?: Component;
    /** What it was called before. @default none */
    readonly aliases?: readonly Alias[];
}

/** A building block of a platform, which the objects that it declares belong to. */
export class Component {
    readonly resource: Resource;

    /** @param kind the last part of its type token */
    constructor(whose: Owned, kind: string, name: string, { parent = whose.owner, aliases }: ComponentOptions = {}) {
        this.resource = new Resource(
            `plinth:components:${kind}`,
            `${whose.name}-${name}`,
            {},
            { ...(parent ? { parent: parent.resource } : {}), ...(aliases ? { aliases } : {}) },
        );
        this.resource.outputs = {};
        whose.stack.plan.push(this.resource);
    }

    /** What the engine keeps of the component in the stack's state. */
    registerOutputs(outputs: Readonly<Record<string, unknown>>): void {
        this.resource.outputs = outputs;
    }
}

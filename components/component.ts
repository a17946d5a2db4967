import { type Alias, Resource } from "./resource";

/** The place of a component in a stack. */
export interface Owned {
    readonly name: string;
    /** The root component of an instance. */
    readonly owner?: Component;
    readonly stack: { readonly plan: Resource[] };
}

export interface ComponentOptions {
    /** @default the instance's root */
    readonly parent?: Component;
    /** Previous names. @default none */
    readonly aliases?: readonly Alias[];
}

/** A building block of a platform, and the parent of the objects that it declares. */
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

    /** The component's outputs in the stack's state. */
    registerOutputs(outputs: Readonly<Record<string, unknown>>): void {
        this.resource.outputs = outputs;
    }
}

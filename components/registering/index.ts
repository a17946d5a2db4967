import { isAbsolute } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Property, unwrap, type Value } from "../../config/value";
import type { Given } from "../../config/read";
import type { Resource } from "../resource";
import { createOf } from "./classes";

/** The stack's configuration, passed by the engine. */
export function givenByEngine(): Given {
    const config = pulumi.runtime.allConfig();
    // Exported by the SDK but left out of its types.
    const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
    // Where no engine says it, as under mocks, the SDK has a word in its place.
    const folder = pulumi.getRootDirectory();
    return {
        ...(isAbsolute(folder) ? { folder } : {}),
        project: pulumi.getProject(),
        stack: pulumi.getStack(),
        config,
        secretKeys: Object.keys(config).filter(isConfigSecret),
    };
}

/**
 * Registers a plan's resources with the engine.
 *
 * @param told the stack's outputs
 * @returns the same with each value replaced by an output
 */
export function register(plan: readonly Resource[], told: object): object {
    // The SDK writes a stack trace for each of its promises, all of which begin here, and maps it to sources: a sixth of
    // the program's time. What is the user's to correct has been found by now.
    Error.stackTraceLimit = 1;
    const made = new Map<object, pulumi.Resource>();
    for (const resource of plan) made.set(resource, create(resource, made));
    return unwrap(told, (value) => outputOf(value, made)) as object;
}

/**
 * Ends the program with what the user has to correct. An error that is thrown is shown, too, but the program then lives
 * for as long as its connections to the engine do, which is up to a minute.
 */
export async function endWith(message: string): Promise<never> {
    await pulumi.log.error(message);
    // By this code the engine knows that the program has said what is wrong.
    return process.exit(32);
}

type Made = ReadonlyMap<object, pulumi.Resource>;

/** One of Plinth's components, as registered with the engine. */
class Registered extends pulumi.ComponentResource {
    constructor({ type, name }: Resource, outputs: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
        super(type, name, {}, options);
        this.registerOutputs(outputs);
    }
}

function create(resource: Resource, made: Made): pulumi.Resource {
    const { type, name, inputs, outputs, options } = resource;
    const { parent, provider, dependsOn, protect, ignoreChanges, aliases, reads } = options;
    const common = {
        ...(parent ? { parent: registered(parent, made) } : {}),
        ...(dependsOn ? { dependsOn: dependsOn.map((other) => registered(other, made)) } : {}),
        ...(protect === undefined ? {} : { protect }),
        ...(ignoreChanges ? { ignoreChanges: [...ignoreChanges] } : {}),
        ...(aliases ? { aliases: [...aliases] } : {}),
    };
    const converted = (structure: object) => unwrap(structure, (value) => outputOf(value, made)) as pulumi.Inputs;
    if (outputs) return new Registered(resource, converted(outputs), common);
    return createOf(type)(name, converted(inputs), {
        ...common,
        ...(reads === undefined ? {} : { id: reads }),
        ...(provider ? { provider: registered(provider, made) as pulumi.ProviderResource } : {}),
    });
}

/** A value as an output: computed when all properties that it needs are known. */
function outputOf(value: Value<unknown>, made: Made): pulumi.Output<unknown> {
    const properties = value.properties.map((property) => propertyOf(property, made));
    const output = pulumi.all(properties).apply((results) => {
        const byProperty = new Map(value.properties.map((property, index) => [property, results[index]]));
        return value.in((property) => byProperty.get(property));
    });
    return value.isSecret ? pulumi.secret(output) : pulumi.unsecret(output);
}

/** A property of a registered resource, which the SDK's classes have by its name. */
function propertyOf({ resource, name }: Property, made: Made): unknown {
    return (registered(resource, made) as unknown as Readonly<Record<string, unknown>>)[name];
}

function registered(resource: object, made: Made): pulumi.Resource {
    const found = made.get(resource);
    if (!found) throw new RangeError("a resource refers to one that does not precede it in the plan");
    return found;
}

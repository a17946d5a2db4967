import { type Alias, Resource } from "../../components/resource";
import { Problems } from "../../config/problems";
import { placeholder } from "../../config/secrets";
import { type Property, Value } from "../../config/value";

/** One resource as the engine would be told of it. */
export interface PlainResource {
    /** Type token: `kubernetes:core/v1:Secret`, `plinth:components:Database`. */
    readonly type: string;
    readonly name: string;
    /** Identity, with the type of its parent. */
    readonly urn: string;
    /** URN of the parent, empty for the stack. */
    readonly parent: string;
    /** With its keys in order, and without what is undefined. */
    readonly inputs: Readonly<Record<string, unknown>>;
    /** URN of the explicit provider, empty for a default one. */
    readonly provider: string;
    /** Top-level inputs that hold something secret. */
    readonly secrets: readonly string[];
    /** URNs of the resources that are there first: those that it waits for, and those whose values it has. */
    readonly dependencies: readonly string[];
    readonly protect: boolean;
    readonly ignoreChanges: readonly string[];
    readonly aliases: readonly Alias[];
}

export interface PlainArgs {
    readonly project: string;
    readonly stack: string;
    /** Whether what only the cluster knows stays unknown, as in a preview: without, it is what a new cluster says. @default false */
    readonly preview?: boolean;
    /** Results of generated values by resource name, where they are known. @default placeholders */
    readonly generated?: Readonly<Record<string, string>>;
}

/** What the SDK takes for secret as a whole. */
const secretFields: Readonly<Record<string, readonly string[]>> = {
    "kubernetes:core/v1:Secret": ["data", "stringData"],
};

const sortedKeys = (fields: object): string[] => Object.keys(fields).sort();

/**
 * The end of a plan that hands its resources over as plain objects: no engine, SDK, cluster, login or passphrase.
 *
 * They are what `pulumi up` would send, but for values that are generated or encrypted: these are placeholders.
 */
export class PlainPlan {
    readonly resources: readonly PlainResource[];
    private readonly urns = new Map<object, string>();

    /** @throws ConfigError that names each object of which a value could not be told */
    constructor(
        plan: readonly Resource[],
        private readonly args: PlainArgs,
    ) {
        const stack = new Resource("pulumi:pulumi:Stack", `${args.project}-${args.stack}`, {});
        const problems = new Problems();
        this.resources = [this.plain(stack, undefined), ...plan.flatMap((one) => this.checked(one, stack, problems))];
        problems.throwIfAny();
    }

    /** A structure with all values in it told; those that only the cluster knows are left out. */
    tell(structure: unknown): unknown {
        return this.told(structure, () => {}, Object.keys);
    }

    private told(
        structure: unknown,
        seen: (value: Value<unknown>) => void,
        keysOf: (fields: object) => readonly string[],
    ): unknown {
        if (typeof structure !== "object" || structure === null) return structure;
        if (Array.isArray(structure)) return structure.map((item) => this.told(item, seen, keysOf));
        if (structure instanceof Value) {
            seen(structure);
            if (structure.properties.some((property) => this.isUnknown(property))) return undefined;
            return this.told(structure.in(this.known), seen, keysOf);
        }
        const told: Record<string, unknown> = {};
        const fields = structure as Readonly<Record<string, unknown>>;
        for (const key of keysOf(fields)) {
            const inner = this.told(fields[key], seen, keysOf);
            if (inner !== undefined) told[key] = inner;
        }
        return told;
    }

    private checked(resource: Resource, stack: Resource, problems: Problems): PlainResource[] {
        try {
            return [this.plain(resource, resource.options.parent ?? stack)];
        } catch (error) {
            if (!resource.origin) throw error;
            const { path, what } = resource.origin;
            problems.add(path, `${what} could not be declared: ${(error as Error).message}`);
            return [];
        }
    }

    private plain(resource: Resource, parent: Resource | undefined): PlainResource {
        const { type, name, options } = resource;
        const { project, stack } = this.args;
        const urn = ["urn:pulumi", stack, "", project, "", parent ? `${parent.type}$${type}` : type, "", name].join(
            ":",
        );
        this.urns.set(resource, urn);
        const secrets = new Set(secretFields[type]);
        const dependencies = new Set(options.dependsOn?.map((other) => this.urnOf(other)));
        const inputs: Record<string, unknown> = {};
        const fields = resource.inputs as Readonly<Record<string, unknown>>;
        for (const key of sortedKeys(fields)) {
            const seen = ({ isSecret, properties }: Value<unknown>) => {
                if (isSecret) secrets.add(key);
                for (const property of properties) dependencies.add(this.urnOf(property.resource));
            };
            const told = this.told(fields[key], seen, sortedKeys);
            if (told !== undefined) inputs[key] = told;
        }
        return {
            type,
            name,
            urn,
            parent: parent ? this.urnOf(parent) : "",
            inputs,
            provider: options.provider ? this.urnOf(options.provider) : "",
            secrets: [...secrets].filter((key) => key in inputs),
            dependencies: [...dependencies],
            protect: options.protect ?? false,
            ignoreChanges: options.ignoreChanges ?? [],
            aliases: options.aliases ?? [],
        };
    }

    private urnOf(resource: object): string {
        const urn = this.urns.get(resource);
        if (urn === undefined)
            throw new RangeError("a resource refers to one that does not stand before it in the plan");
        return urn;
    }

    /** Only the cluster says what an object's status is; for all else there are placeholders. */
    private isUnknown({ name }: Property): boolean {
        return (this.args.preview ?? false) && name === "status";
    }

    private readonly known = ({ resource, name }: Property): unknown => {
        if (!(resource instanceof Resource)) throw new RangeError(`${name} is the property of no resource`);
        switch (name) {
            case "result":
                return this.args.generated?.[resource.name] ?? placeholder(resource.name);
            case "id":
                return `${resource.name}-id`;
            default:
                // What was asked for, and nothing of what a cluster adds.
                return (resource.inputs as Readonly<Record<string, unknown>>)[name];
        }
    };
}

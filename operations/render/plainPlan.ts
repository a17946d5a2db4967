import { placeholderKey } from "../../components/privateKey";
import { type Alias, Resource } from "../../components/resource";
import { Problems } from "../../config/problems";
import { placeholder } from "../../config/secrets";
import { type Property, Value } from "../../config/value";

/** One resource as it would be registered with the engine. */
export interface PlainResource {
    /** Type token: `kubernetes:core/v1:Secret`, `plinth:components:Database`. */
    readonly type: string;
    readonly name: string;
    /** Identity, including the types of its parents. */
    readonly urn: string;
    /** URN of the parent, empty for the stack. */
    readonly parent: string;
    /** Inputs with sorted keys, without undefined values. */
    readonly inputs: Readonly<Record<string, unknown>>;
    /** URN of the explicit provider, empty for the default one. */
    readonly provider: string;
    /** Top-level inputs that contain secrets. */
    readonly secrets: readonly string[];
    /** URNs of the resources that must exist first: explicit dependencies, and resources whose values it uses. */
    readonly dependencies: readonly string[];
    readonly protect: boolean;
    readonly ignoreChanges: readonly string[];
    readonly aliases: readonly Alias[];
    /** Whether it is an object of others, which is only read. */
    readonly isRead: boolean;
}

export interface PlainArgs {
    readonly project: string;
    readonly stack: string;
    /**
     * Whether values that only the cluster knows stay unknown, as in a preview; otherwise they are those of a new
     * cluster. @default false
     */
    readonly preview?: boolean;
    /** Generated values by resource name, if known. @default placeholders */
    readonly generated?: Readonly<Record<string, string>>;
}

/** Inputs that the SDK treats as secret as a whole. */
const secretFields: Readonly<Record<string, readonly string[]>> = {
    "kubernetes:core/v1:Secret": ["data", "stringData"],
};

const sortedKeys = (fields: object): string[] => Object.keys(fields).sort();

/**
 * Evaluates a plan to plain objects, without engine, SDK, cluster, login or passphrase.
 *
 * They are what `pulumi up` would send, except for generated or encrypted values, which are placeholders.
 */
export class PlainPlan {
    readonly resources: readonly PlainResource[];
    private readonly urns = new Map<object, string>();

    /** @throws ConfigError that lists each object with a value that could not be resolved */
    constructor(
        plan: readonly Resource[],
        private readonly args: PlainArgs,
    ) {
        const stack = new Resource("pulumi:pulumi:Stack", `${args.project}-${args.stack}`, {});
        const problems = new Problems();
        this.resources = [this.plain(stack, undefined), ...plan.flatMap((one) => this.checked(one, stack, problems))];
        problems.throwIfAny();
    }

    /** Resolves all values in a structure; those that only the cluster knows are left out. */
    resolve(structure: unknown): unknown {
        return this.resolveAll(structure, () => {}, Object.keys);
    }

    private resolveAll(
        structure: unknown,
        seen: (value: Value<unknown>) => void,
        keysOf: (fields: object) => readonly string[],
    ): unknown {
        if (typeof structure !== "object" || structure === null) return structure;
        if (Array.isArray(structure)) return structure.map((item) => this.resolveAll(item, seen, keysOf));
        if (structure instanceof Value) {
            seen(structure);
            if (structure.properties.some((property) => this.isUnknown(property))) return undefined;
            return this.resolveAll(structure.in(this.known), seen, keysOf);
        }
        const told: Record<string, unknown> = {};
        const fields = structure as Readonly<Record<string, unknown>>;
        for (const key of keysOf(fields)) {
            const inner = this.resolveAll(fields[key], seen, keysOf);
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
            const told = this.resolveAll(fields[key], seen, sortedKeys);
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
            isRead: options.reads !== undefined,
        };
    }

    private urnOf(resource: object): string {
        const urn = this.urns.get(resource);
        if (urn === undefined) throw new RangeError("a resource refers to one that does not precede it in the plan");
        return urn;
    }

    /** Only an object's status is unknown without the cluster; everything else has placeholders. */
    private isUnknown({ name }: Property): boolean {
        return (this.args.preview ?? false) && name === "status";
    }

    private readonly known = ({ resource, name }: Property): unknown => {
        if (!(resource instanceof Resource)) throw new RangeError(`${name} is not the property of a resource`);
        switch (name) {
            case "result":
                return this.args.generated?.[resource.name] ?? placeholder(resource.name);
            case "privateKeyPem":
                return this.args.generated?.[resource.name] ?? placeholderKey();
            case "id":
                return `${resource.name}-id`;
            default:
                // The declared inputs, without what a cluster would add.
                return (resource.inputs as Readonly<Record<string, unknown>>)[name];
        }
    };
}

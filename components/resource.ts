import { Value } from "../config/value";

/** What a resource was called before, so that the engine knows it again. */
export interface Alias {
    readonly name?: string;
    readonly type?: string;
}

/** What the engine is told of a resource beside its inputs: https://www.pulumi.com/docs/iac/concepts/resources/options/ */
export interface ResourceOptions {
    /** @default none: the stack itself */
    readonly parent?: Resource;
    /** @default the package's default provider */
    readonly provider?: Resource;
    /** Resources that are there first. @default none */
    readonly dependsOn?: readonly Resource[];
    /** Whether the engine refuses to replace or delete it. @default false */
    readonly protect?: boolean;
    /** Paths of inputs that someone else decides. @default none */
    readonly ignoreChanges?: readonly string[];
    /** @default none */
    readonly aliases?: readonly Alias[];
}

/** Where a message about a resource points. */
export interface Origin {
    /** Key of the configuration. */
    readonly path: string;
    readonly what: string;
}

/** One resource of a stack's plan: declared and checked, and not registered with anyone. */
export class Resource {
    /** What a component tells of itself; undefined for what is none. */
    outputs: Readonly<Record<string, unknown>> | undefined;

    constructor(
        /** Type token: `kubernetes:core/v1:Secret`, `plinth:components:Database`. */
        readonly type: string,
        readonly name: string,
        /** May hold a {@link Value} at any place. */
        readonly inputs: object,
        readonly options: ResourceOptions = {},
        readonly origin?: Origin,
    ) {}

    /** A property that only the engine, a provider or the cluster knows. */
    property<T>(name: string, isSecret = false): Value<T> {
        return Value.property<T>({ resource: this, name }, isSecret);
    }
}

/** Type tokens of the resources that are not Kubernetes' and no components. */
export const types = {
    provider: "pulumi:providers:kubernetes",
    password: "random:index/randomPassword:RandomPassword",
    id: "random:index/randomId:RandomId",
} as const;

/** @param length in characters, letters and digits only */
export const randomPassword = (name: string, length: number, digits?: number, options?: ResourceOptions): Resource =>
    new Resource(
        types.password,
        name,
        { length, special: false, ...(digits === undefined ? {} : { minNumeric: digits }) },
        options,
    );

/** @param keepers it is another one when these change. @default none */
export const randomId = (
    name: string,
    byteLength: number,
    keepers: Readonly<Record<string, string>> | undefined,
    options: ResourceOptions,
): Resource => new Resource(types.id, name, { byteLength, ...(keepers ? { keepers } : {}) }, options);

export const resultOf = (password: Resource): Value<string> => password.property<string>("result", true);

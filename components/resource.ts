import { type Input, Value } from "../config/value";

/** A resource's previous name, so that the engine recognises it. */
export interface Alias {
    readonly name?: string;
    readonly type?: string;
}

/** Engine options of a resource: https://www.pulumi.com/docs/iac/concepts/resources/options/ */
export interface ResourceOptions {
    /** @default none: the stack itself */
    readonly parent?: Resource;
    /** @default the package's default provider */
    readonly provider?: Resource;
    /** Resources that must exist first. @default none */
    readonly dependsOn?: readonly Resource[];
    /** Whether the engine refuses to replace or delete it. @default false */
    readonly protect?: boolean;
    /** Paths of inputs controlled by others. @default none */
    readonly ignoreChanges?: readonly string[];
    /** @default none */
    readonly aliases?: readonly Alias[];
    /** Identity of an object that others create, which is only read: `NAMESPACE/NAME`. @default it is created */
    readonly reads?: string;
}

/** What messages about a resource refer to. */
export interface Origin {
    /** Key of the configuration. */
    readonly path: string;
    readonly what: string;
}

/** One resource of a stack's plan: declared and checked, but not registered. */
export class Resource {
    /** A component's outputs; undefined for other resources. */
    outputs: Readonly<Record<string, unknown>> | undefined;

    constructor(
        /** Type token: `kubernetes:core/v1:Secret`, `plinth:components:Database`. */
        readonly type: string,
        readonly name: string,
        /** May contain a {@link Value} at any depth. */
        readonly inputs: object,
        readonly options: ResourceOptions = {},
        readonly origin?: Origin,
    ) {}

    /** A property known only to the engine, a provider or the cluster. */
    property<T>(name: string, isSecret = false): Value<T> {
        return Value.property<T>({ resource: this, name }, isSecret);
    }
}

/** Type tokens of resources that are neither Kubernetes objects nor components. */
export const types = {
    provider: "pulumi:providers:kubernetes",
    password: "random:index/randomPassword:RandomPassword",
    id: "random:index/randomId:RandomId",
    privateKey: "tls:index/privateKey:PrivateKey",
} as const;

/** @param length in characters, letters and digits only */
export const randomPassword = (name: string, length: number, digits?: number, options?: ResourceOptions): Resource =>
    new Resource(
        types.password,
        name,
        { length, special: false, ...(digits === undefined ? {} : { minNumeric: digits }) },
        options,
    );

/** @param keepers a new value is generated when these change. @default none */
export const randomId = (
    name: string,
    byteLength: Input<number>,
    keepers: Readonly<Record<string, string>> | undefined,
    options: ResourceOptions,
): Resource => new Resource(types.id, name, { byteLength, ...(keepers ? { keepers } : {}) }, options);

export const resultOf = (password: Resource): Value<string> => password.property<string>("result", true);

/** An RSA key of 2048 bits. */
export const rsaKey = (name: string, options: ResourceOptions): Resource =>
    new Resource(types.privateKey, name, { algorithm: "RSA", rsaBits: 2048 }, options);

/** In PEM, as PKCS#1. */
export const pemOf = (key: Resource): Value<string> => key.property<string>("privateKeyPem", true);

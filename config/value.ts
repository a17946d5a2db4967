/** A property of a resource, such as the result of a generated password, which the consumer of the plan knows. */
export interface Property {
    readonly resource: object;
    readonly name: string;
}

/** Looks up properties of resources. */
export type Known = (property: Property) => unknown;

/** A structure with all values in it resolved. */
export type Unwrapped<T> =
    T extends Value<infer V>
        ? V
        : T extends string | number | boolean | null | undefined
          ? T
          : { [K in keyof T]: Unwrapped<T[K]> };

/** A plain value, or one that is resolved later. */
export type Input<T> = T | Value<T>;

/**
 * A value that is unknown while a stack is declared: a secret, a generated password, something that only the cluster
 * knows, or anything derived from these.
 *
 * The consumer of the plan computes it from the properties of resources that it depends on.
 */
export class Value<T> {
    #last: { readonly known: Known; readonly value: T } | undefined;

    private constructor(
        /** The properties that it is computed from; none if it only depends on the user's secrets. */
        readonly properties: readonly Property[],
        /** Whether it must not be shown, and must be encrypted in the state. */
        readonly isSecret: boolean,
        private readonly compute: (known: Known) => T,
    ) {}

    static of<T>(value: T): Value<T> {
        return new Value([], false, () => value);
    }

    static secret<T>(value: T): Value<T> {
        return new Value([], true, () => value);
    }

    /** A property of a resource, with a type that the caller knows. */
    static property<T>(property: Property, isSecret: boolean): Value<T> {
        return new Value([property], isSecret, (known) => known(property) as T);
    }

    /** A structure with values at any depth as one value, which is secret if any of them is. */
    static all<const T>(structure: T): Value<Unwrapped<T>> {
        const inner = valuesIn(structure);
        const properties = new Set(inner.flatMap((value) => value.properties));
        return new Value(
            [...properties],
            inner.some(({ isSecret }) => isSecret),
            (known) => unwrap(structure, (value) => value.in(known)) as Unwrapped<T>,
        );
    }

    map<U>(change: (value: T) => U): Value<U> {
        return new Value(this.properties, this.isSecret, (known) => change(this.in(known)));
    }

    /** The same value as not secret, if it reveals nothing about secrets. */
    disclosed(): Value<T> {
        return new Value(this.properties, false, (known) => this.in(known));
    }

    /** @throws whatever the functions that compute it throw */
    in(known: Known): T {
        if (this.#last?.known !== known) this.#last = { known, value: this.compute(known) };
        return this.#last.value;
    }
}

/** All values in a structure, at any depth. */
export function valuesIn(structure: unknown): Value<unknown>[] {
    const found: Value<unknown>[] = [];
    const visit = (inner: unknown): void => {
        if (inner instanceof Value) found.push(inner);
        else if (typeof inner === "object" && inner !== null) for (const one of Object.values(inner)) visit(one);
    };
    visit(structure);
    return found;
}

/** A copy of a structure with each value replaced. */
export function unwrap(structure: unknown, by: (value: Value<unknown>) => unknown): unknown {
    if (structure instanceof Value) return by(structure);
    if (Array.isArray(structure)) return structure.map((inner) => unwrap(inner, by));
    if (typeof structure !== "object" || structure === null) return structure;
    return Object.fromEntries(Object.entries(structure).map(([key, inner]) => [key, unwrap(inner, by)]));
}

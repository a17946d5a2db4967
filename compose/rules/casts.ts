import { allowed } from "../errors";
import type { Value } from "../node";
import { integer } from "../text/scalars";

/**
 * What an interpolated text means where a number or a boolean is asked for.
 *
 * @throws RangeError that says what is allowed
 */
export type Cast = (text: string) => Value;

export const toInteger: Cast = (text) => {
    const value = /^[-+]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
    if (value === undefined || value < -(2n ** 63n) || value >= 2n ** 63n)
        throw new RangeError(`must be an integer, such as 3, and is ${JSON.stringify(text)}`);
    return value;
};

export const toNumber: Cast = (text) => {
    if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && Number.isFinite(Number(text))) return Number(text);
    throw new RangeError(`must be a number, such as 0.5, and is ${JSON.stringify(text)}`);
};

/** As YAML reads an integer: octal with a leading 0. */
export const toMask: Cast = (text) => {
    const value = /^\d/.test(text) ? integer(text) : undefined;
    if (value === undefined || value >= 2n ** 32n)
        throw new RangeError(`must be a mask, such as 022, and is ${JSON.stringify(text)}`);
    return value;
};

export const toBoolean: Cast = (text) => {
    const value = booleans[text.toLowerCase()];
    if (value === undefined)
        throw new RangeError(`must be a boolean and is ${JSON.stringify(text)}; ${allowed(["true", "false"])}`);
    return value;
};

/** YAML 1.1's words are accepted; the specification asks for `true` and `false`. */
const booleans: Readonly<Record<string, boolean>> = {
    true: true,
    y: true,
    yes: true,
    on: true,
    false: false,
    n: false,
    no: false,
    off: false,
};

import { type Text, written } from "./text";

/** A file with one value. What JSON.stringify writes is JSON, and has no character that ends a string early. */
export const json = (value: object, indentation?: number): Text<"json"> =>
    written(JSON.stringify(value, undefined, indentation));

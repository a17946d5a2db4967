/**
 * Kubernetes quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
const suffixes: Record<string, number> = {
    m: 1e-3,
    "": 1,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    P: 1e15,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
    Pi: 2 ** 50,
};
const pattern = /^(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/;

export const isQuantity = (text: string): boolean => pattern.test(text);

/**
 * The number that a quantity stands for: bytes for memory and storage, cores for CPU.
 *
 * @throws RangeError when the text is no quantity
 */
export function parseQuantity(text: string): number {
    const match = pattern.exec(text);
    if (!match) throw new RangeError(`"${text}" is no quantity such as 500m, 256Mi or 10Gi`);
    return Number(match[1]) * suffixes[match[2] ?? ""]!;
}

/**
 * Whether a text is a quantity of a size that there is.
 *
 * @param least smallest number that it may stand for
 * @param most largest one
 * @param unit what it must be a whole multiple of, @default any fraction
 */
export function isWithin(text: string, least: number, most: number, unit?: number): boolean {
    if (!isQuantity(text)) return false;
    const number = parseQuantity(text);
    const parts = unit === undefined ? 0 : number / unit;
    // What is written in tenths is no whole number of thousandths in binary, but nearly so.
    return number >= least && number <= most && Math.abs(parts - Math.round(parts)) < 1e-6;
}

/** Whole mebibytes in a memory quantity, rounded down. */
export const mebibytes = (text: string): number => Math.floor(parseQuantity(text) / 2 ** 20);

/** Whole mebibytes that a quantity fits into. */
export const mebibytesFor = (text: string): number => Math.ceil(parseQuantity(text) / 2 ** 20);

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
 * @throws RangeError if the text is not a quantity
 */
export function parseQuantity(text: string): number {
    const match = pattern.exec(text);
    if (!match) throw new RangeError(`"${text}" is not a quantity such as 500m, 256Mi or 10Gi`);
    return Number(match[1]) * suffixes[match[2] ?? ""]!;
}

/**
 * Whether a text is a quantity within bounds.
 *
 * @param least smallest allowed number
 * @param most largest allowed number
 * @param unit unit that it must be a multiple of. @default none
 */
export function isWithin(text: string, least: number, most: number, unit?: number): boolean {
    if (!isQuantity(text)) return false;
    const number = parseQuantity(text);
    const parts = unit === undefined ? 0 : number / unit;
    // Allows for rounding errors of decimal fractions in binary.
    return number >= least && number <= most && Math.abs(parts - Math.round(parts)) < 1e-6;
}

/** Whole mebibytes in a memory quantity, rounded down. */
export const mebibytes = (text: string): number => Math.floor(parseQuantity(text) / 2 ** 20);

/** Whole mebibytes in a memory quantity, rounded up. */
export const mebibytesFor = (text: string): number => Math.ceil(parseQuantity(text) / 2 ** 20);

/** Does work when it is asked for the first time, and gives the same answer ever after. What throws is tried again. */
export function once<T>(work: () => T): () => T {
    let done: { readonly value: T } | undefined;
    return () => (done ??= { value: work() }).value;
}

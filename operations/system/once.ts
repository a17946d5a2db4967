/** Runs work on the first call and returns the same result from then on. If it throws, it is tried again. */
export function once<T>(work: () => T): () => T {
    let done: { readonly value: T } | undefined;
    return () => (done ??= { value: work() }).value;
}

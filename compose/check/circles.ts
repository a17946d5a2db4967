/** Circles that are met on the ways from the names, in this order; each ends with its first name again. */
export function circlesIn(names: Iterable<string>, next: (name: string) => Iterable<string>): string[][] {
    const done = new Set<string>();
    const circles: string[][] = [];
    const visit = (name: string, way: readonly string[]): void => {
        const at = way.indexOf(name);
        if (at >= 0) circles.push([...way.slice(at), name]);
        if (at >= 0 || done.has(name)) return;
        for (const other of next(name)) visit(other, [...way, name]);
        done.add(name);
    };
    for (const name of names) visit(name, []);
    return circles;
}

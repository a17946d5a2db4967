import type { Service } from "../model/project";

/** Services that depend on each other in a circle, the first one again at the end; undefined if there is none. */
export function circleIn(services: Readonly<Record<string, Service>>): readonly string[] | undefined {
    const done = new Set<string>();
    const visit = (name: string, way: readonly string[]): readonly string[] | undefined => {
        const at = way.indexOf(name);
        if (at >= 0) return [...way.slice(at), name];
        if (done.has(name)) return undefined;
        for (const next of Object.keys(services[name]?.depends_on ?? {}).sort()) {
            const found = visit(next, [...way, name]);
            if (found) return found;
        }
        done.add(name);
        return undefined;
    };
    for (const name of Object.keys(services).sort()) {
        const found = visit(name, []);
        if (found) return found;
    }
    return undefined;
}

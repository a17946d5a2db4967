/** The result of a check. `not checked`: a prerequisite is missing. */
export type Level = "ok" | "warning" | "problem" | "not checked";

export interface Finding {
    readonly level: Level;
    readonly text: string;
    /** What to do about it; set for warnings and problems. */
    readonly remedy?: string;
}

export const ok = (text: string): Finding => ({ level: "ok", text });
export const warning = (text: string, remedy: string): Finding => ({ level: "warning", text, remedy });
export const problem = (text: string, remedy: string): Finding => ({ level: "problem", text, remedy });
export const notChecked = (why: string): Finding => ({ level: "not checked", text: why });

/** The result of a lookup: its value, or why there is none. */
export type Fact<T> = { readonly value: T } | { readonly why: string };

/** Looks something up and captures a failure as a result. */
export async function lookUp<T>(work: () => Promise<T> | T): Promise<Fact<T>> {
    try {
        return { value: await work() };
    } catch (error) {
        return { why: error instanceof Error ? error.message : String(error) };
    }
}

/** The value of a lookup. @throws Error that says why there is none */
export function valueOf<T>(fact: Fact<T>): T {
    if ("why" in fact) throw new Error(fact.why);
    return fact.value;
}

/**
 * Facts as plain values. Reading one whose lookup failed throws the reason, which ends only the check that reads it.
 */
export function valuesOf<T extends object>(facts: { readonly [K in keyof T]: Fact<T[K]> }): T {
    const values = {};
    for (const [name, fact] of Object.entries<Fact<unknown>>(facts))
        Object.defineProperty(values, name, { get: () => valueOf(fact), enumerable: true });
    return values as T;
}

/** Major and minor number of a version such as `v1.36.3-eks`. @throws Error if it is not a version */
export function release(version: string): { readonly major: number; readonly minor: number } {
    const match = /(\d+)\.(\d+)/.exec(version);
    if (!match) throw new Error(`"${version}" is not a version`);
    return { major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether a version is older than another, ignoring patch releases. */
export function isOlder(version: string, than: string): boolean {
    const [a, b] = [release(version), release(than)];
    return a.major < b.major || (a.major === b.major && a.minor < b.minor);
}

import { nanosecondsOf } from "../../compose/model/units";

/**
 * A duration in whole seconds, at least one: Kubernetes knows no smaller ones. Undefined for none, and for zero, which
 * Docker takes for its default.
 */
export function secondsOf(text: string | undefined): number | undefined {
    const value = text === undefined ? undefined : nanosecondsOf(text);
    return value === undefined || value === 0n ? undefined : Math.max(1, Math.ceil(Number(value) / 1e9));
}

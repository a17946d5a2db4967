import { z } from "zod";

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/** Minute, hour, day of the month, month, day of the week: bounds and names, as in Kubernetes. */
const cronFields: readonly { lowest: number; highest: number; names: readonly string[] }[] = [
    { lowest: 0, highest: 59, names: [] },
    { lowest: 0, highest: 23, names: [] },
    { lowest: 1, highest: 31, names: [] },
    { lowest: 1, highest: 12, names: months },
    { lowest: 0, highest: 6, names: days },
];

/** Whether a text is a cron expression of five fields: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax */
export function isCron(text: string): boolean {
    const written = text.trim().split(/\s+/);
    return (
        written.length === cronFields.length &&
        written.every((field, index) => {
            const { lowest, highest, names } = cronFields[index]!;
            const numberOf = (part: string) => {
                const named = names.indexOf(part.toUpperCase());
                return named >= 0 ? named + lowest : /^\d+$/.test(part) ? Number(part) : NaN;
            };
            return field.split(",").every((item) => {
                const [range, step, ...more] = item.split("/") as [string, string?, ...string[]];
                if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
                if (range === "*" || range === "?") return true;
                const bounds = range.split("-").map(numberOf);
                return (
                    bounds.length <= 2 &&
                    bounds.every((bound) => bound >= lowest && bound <= highest) &&
                    bounds[0]! <= bounds.at(-1)!
                );
            });
        })
    );
}

/** Maximum number of days in each month. */
const lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a cron expression ever matches: `0 0 30 2 *` never does, although Kubernetes accepts it. */
function everMatches(text: string): boolean {
    const [, , day, month, weekday] = text.trim().split(/\s+/) as [string, string, string, string, string];
    // If a day of the week is also set, either of the two is enough.
    if (!/^[*?]/.test(weekday)) return true;
    const first = (field: string) =>
        field.split(",").map((item) => (/^[*?]/.test(item) ? 1 : Number(/^\d+/.exec(item)?.[0] ?? 1)));
    const longest = month.split(",").flatMap((item) => {
        const [range] = item.split("/") as [string];
        if (range === "*" || range === "?") return lengths;
        const [from, to] = range.split("-").map((part) => {
            const named = months.indexOf(part.toUpperCase());
            return named >= 0 ? named : Number(part) - 1;
        }) as [number, number?];
        return lengths.slice(from, item.includes("/") && to === undefined ? undefined : (to ?? from) + 1);
    });
    return Math.min(...first(day)) <= Math.max(...longest);
}

/** A schedule in the syntax of Kubernetes' CronJobs. */
export const schedule = z
    .string()
    .max(200, "is longer than 200 characters")
    .refine(isCron, "allowed: a cron expression of five fields, such as 0 2 * * *")
    .refine((text) => !isCron(text) || everMatches(text), "allowed: a date that exists");

/** Lower-case words in names of time zones: `America/Port_of_Spain`, `America/Port-au-Prince`. */
const small = ["of", "es", "au"];

/**
 * Whether Kubernetes, PHP and Python know a time zone of that name. They read the time zone database from files, so the
 * case matters, and neither offsets nor Java's old abbreviations are known.
 */
function isTimeZone(name: string): boolean {
    try {
        const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
        if (timeZone === name) return !name.startsWith("SystemV/");
        if (timeZone.toLowerCase() === name.toLowerCase()) return false;
    } catch {
        return false;
    }
    // An alias: Intl returns the canonical name, so the case is checked by rule.
    if (!name.includes("/")) return /^(UTC|GMT|Zulu|[A-Z][a-z]+|[A-Z]{3}\d[A-Z]{3})$/.test(name);
    const words = name.split(/[/_-]/);
    return (
        /^[A-Z]/.test(name) &&
        words.every((word) => small.includes(word) || /^([A-Z0-9+]|$)/.test(word)) &&
        name !== name.toUpperCase()
    );
}

export const timeZone = z.string().refine(isTimeZone, "allowed: a time zone such as Etc/UTC or Europe/Paris");

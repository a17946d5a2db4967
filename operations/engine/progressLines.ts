/** A line of the engine about one resource: operation, type, name, then how far it is, and what is said about it. */
const row = /^ [-+~<>= ]{2} [\w.-]+:\S+ \S+ (?<progress>.*)$/;

/**
 * Whether a line of the engine's text tells what was done, or went wrong, rather than that it is at work on a resource,
 * has found one as it should be, or repeats a warning that stands in its summary.
 */
export function isOutcome(line: string): boolean {
    const progress = row.exec(line)?.groups?.["progress"]?.trim();
    if (progress === undefined || /\*\*|^\w+ing \S+ error: /.test(progress)) return true;
    return !(progress === "" || /^(?:\w+ing\b|refresh \([\d.]+s\)$|warning:)/.test(progress));
}

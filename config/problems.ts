import { closest, distance } from "fastest-levenshtein";

/** One problem in the user's configuration. */
export interface Problem {
    /** Path in the stack file: `plinth:instances.shop.edge.type`. */
    readonly path: string;
    /** What is wrong, with the written value and what is allowed. */
    readonly message: string;
    /** Missing secrets of the user, if that is the problem. @default none */
    readonly lacks?: readonly SecretName[];
}

/** One key of `plinth:secrets`. */
export interface SecretName {
    readonly instance: string;
    readonly key: string;
}

/**
 * All problems in a stack's configuration.
 *
 * Users see no stack trace: the engine and the command print only the message.
 */
export class ConfigError extends Error {
    // The Node language host prints errors with this mark without a stack trace, like its own RunError.
    readonly __pulumiRunError = true;

    readonly problems: readonly Problem[];

    constructor(problems: readonly Problem[]) {
        const printed = problems.map(({ path, message, ...more }) => ({
            path: printable(path),
            message: printable(message),
            ...more,
        }));
        super(
            `${printed.length === 1 ? "1 problem" : `${printed.length} problems`} in the configuration; nothing was changed.\n` +
                printed.map((p) => `  ${p.path}: ${p.message}`).join("\n"),
        );
        this.problems = printed;
        this.name = "ConfigError";
    }
}

/** Escapes control characters in keys, which could move the cursor, or colour or reverse the line. */
const printable = (text: string): string =>
    text.replace(
        // eslint-disable-next-line no-control-regex -- they are what is escaped
        /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );

/** Collects problems, so that one run reports all of them. */
export class Problems {
    readonly list: Problem[] = [];

    add(path: string, message: string, lacks: readonly SecretName[] = []): void {
        // Merged defaults can cause the same problem in several instances: one line is enough.
        if (this.list.some((p) => p.path === path && p.message === message)) return;
        this.list.push({ path, message, ...(lacks.length > 0 ? { lacks } : {}) });
    }

    /** @throws ConfigError if there are any problems */
    throwIfAny(): void {
        if (this.list.length > 0) throw new ConfigError(this.list);
    }
}

/** `did you mean "replicas"?`, or an empty string if no known name is similar. */
export function suggest(written: string, known: readonly string[]): string {
    if (known.length === 0) return "";
    const nearest = closest(written.toLowerCase(), [...known]);
    const limit = Math.max(2, Math.floor(written.length / 3));
    return distance(written.toLowerCase(), nearest.toLowerCase()) <= limit ? `; did you mean "${nearest}"?` : "";
}

/** Formats a value for a message: short, and never a complete secret. */
export function show(value: unknown): string {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The command that sets a secret of an instance in a stack. */
export const howToSet = (instance: string, key: string, stack: string): string =>
    `./plinth secrets set ${instance} ${key} ${stack}`;

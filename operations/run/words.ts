import { explain } from "../../config/explain";
import { show, suggest } from "../../config/problems";
import type { Operation, OperationArgument, OperationOption } from "../../platforms/operation";
import { UserError } from "../system/errors";
import { usageOf } from "./usage";

/** What a user has written after the operation's name. */
export interface Words {
    /** Before `--`: arguments and options. */
    readonly words: readonly string[];
    /** After `--`: arguments, also with dashes. @default none */
    readonly after?: readonly string[];
}

export type Input = Parameters<Operation["command"]>[0];

/**
 * What an operation's command is made of.
 *
 * @param called how it was called, for the usage line: `shop createadmin`
 * @throws UserError with everything that is wrong, and the usage line
 */
export function readWords(called: string, operation: Operation, { words, after = [] }: Words): Input {
    const problems: string[] = [];
    const { operands, options } = operation.passThrough
        ? { operands: words, options: {} }
        : splitOptions(operation.options ?? {}, words, problems);
    const input = { ...readArguments(operation.arguments ?? [], [...operands, ...after], problems), ...options };
    if (problems.length > 0) throw new UserError(`${problems.join("\n")}\n${usageOf(called, operation)}`);
    return input;
}

type Options = Readonly<Record<string, OperationOption>>;

function splitOptions(
    known: Options,
    words: readonly string[],
    problems: string[],
): { readonly operands: readonly string[]; readonly options: Input } {
    const operands: string[] = [];
    const options: Record<string, string | boolean | undefined> = Object.fromEntries(
        Object.entries(known).map(([name, { value }]) => [name, value === undefined ? false : undefined]),
    );
    const left = [...words];
    for (let word = left.shift(); word !== undefined; word = left.shift()) {
        // A single dash stands for a file in many programs, and is an argument.
        if (!/^-./.test(word)) {
            operands.push(word);
            continue;
        }
        const [, name, given] = /^--?([^=]*)(?:=(.*))?$/s.exec(word)!;
        const option = word.startsWith("--") && Object.hasOwn(known, name!) ? known[name!]! : undefined;
        if (!option) {
            const names = Object.keys(known).map((one) => `--${one}`);
            problems.push(
                `${show(word)} is not an option of this operation${suggest(word, names)}; allowed: ${names.join(", ") || "none"}. Words that begin with a dash go after --`,
            );
        } else if (option.value === undefined) {
            if (given !== undefined) problems.push(`--${name} has no value; ${show(given)} is not allowed`);
            options[name!] = true;
        } else {
            const value = given ?? left.shift();
            if (value === undefined || value === "") problems.push(`--${name} is missing its value, ${option.value}`);
            else if (option.choices && !option.choices.includes(value))
                problems.push(`--${name} ${notAmong(value, option.choices)}`);
            options[name!] = value;
        }
    }
    return { operands, options };
}

const notAmong = (word: string, choices: readonly string[]): string =>
    `${show(word)} is not allowed${suggest(word, choices)}; allowed: ${choices.join(", ")}`;

function readArguments(
    expected: readonly OperationArgument[],
    operands: readonly string[],
    problems: string[],
): Record<string, string | readonly string[] | undefined> {
    const missing = expected.filter(
        ({ optional, variadic }, index) => !optional && !variadic && index >= operands.length,
    );
    if (missing.length > 0) problems.push(`missing: ${missing.map(({ name }) => name.toUpperCase()).join(", ")}`);
    const isOpen = expected.at(-1)?.variadic ?? false;
    const surplus = isOpen ? [] : operands.slice(expected.length);
    if (surplus.length > 0)
        problems.push(
            `too many arguments: ${surplus.map(show).join(", ")}; allowed: ${expected.length === 0 ? "none" : `at most ${expected.length}`}`,
        );
    return Object.fromEntries(
        expected.map((argument, index) => {
            const words = operands.slice(index, argument.variadic ? undefined : index + 1);
            for (const word of words) {
                const problem = problemWith(argument, word);
                if (problem !== undefined) problems.push(`${argument.name.toUpperCase()} ${problem}`);
            }
            return [argument.name, argument.variadic ? words : words[0]];
        }),
    );
}

function problemWith({ choices, schema, variadic }: OperationArgument, word: string): string | undefined {
    if (choices && !choices.includes(word)) return notAmong(word, choices);
    // Among the words for another program, an empty one may have a meaning.
    if (!schema) return word === "" && !variadic ? `"" is not allowed; allowed: a text that is not empty` : undefined;
    const parsed = schema.safeParse(word);
    return parsed.success ? undefined : explain(schema, word, parsed.error.issues)[0]!.message;
}

import type { Operation, OperationArgument, Operations } from "../../platforms/operation";
import { table } from "../system/text";

/** @param called how it is called: `shop createadmin` */
export const usageOf = (called: string, operation: Operation): string =>
    `Usage: ./plinth run ${[called, ...formsOf(operation)].join(" ")}`;

/** What follows an operation's name: `NAME [FILE] [--staff]`. */
function formsOf({ arguments: given = [], options = {}, asks, confirm }: Operation): string[] {
    return [
        ...given.map(({ name, optional = false, variadic = false }) => {
            const form = `${name.toUpperCase()}${variadic ? "…" : ""}`;
            return optional || variadic ? `[${form}]` : form;
        }),
        ...Object.entries(options).map(([name, { value }]) => `[--${name}${value === undefined ? "" : ` ${value}`}]`),
        ...(asks ? ["[--generate]"] : []),
        ...(confirm === undefined ? [] : ["[--yes INSTANCE]"]),
        "[--stack STACK]",
    ];
}

/** One operation, as `--help` shows it. */
export function helpOf(called: string, operation: Operation): string {
    const { summary, arguments: given = [], options = {}, asks = {}, component, confirm } = operation;
    const rows: (readonly [string, string])[] = [
        ...given.map((one) => [one.name.toUpperCase(), textOf(one)] as const),
        ...Object.entries(options).map(
            ([name, one]) => [`--${name}${one.value === undefined ? "" : ` ${one.value}`}`, textOf(one)] as const,
        ),
        ...Object.entries(asks).map(
            ([name, { purpose }]) =>
                [name, `${purpose}; typed, or read from standard input, or made and shown with --generate`] as const,
        ),
    ];
    const width = Math.max(...rows.map(([name]) => name.length));
    return [
        usageOf(called, operation),
        `\n${summary}. Runs in ${component}.${confirm === undefined ? "" : ` ${confirm}`}`,
        ...(rows.length > 0 ? [""] : []),
        ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
    ].join("\n");
}

const textOf = ({ description, choices }: Pick<OperationArgument, "description" | "choices">): string =>
    choices ? `${description}; one of: ${choices.join(", ")}` : description;

/** All operations with their arguments, as a table. */
export const listingOf = (operations: Operations): string =>
    table(
        ["operation", "what it does"],
        Object.entries(operations).map(([name, one]) => [
            [name, ...formsOf(one).filter((form) => !form.startsWith("[--"))].join(" "),
            one.summary,
        ]),
    );

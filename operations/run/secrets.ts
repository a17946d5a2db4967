import { text } from "node:stream/consumers";
import { type SecretRule, valueProblem } from "../../config/secrets";
import type { Operation } from "../../platforms/operation";
import { newPassword } from "../secrets/secretValue";
import { UserError } from "../system/errors";
import { typedTwice } from "../system/hidden";

/** Characters of a generated password, unless its rule needs more or allows fewer. */
const usualLength = 20;

const nothing = "Nothing was run";

/**
 * The secrets that an operation asks for, by name: generated, typed without echo, or the lines of standard input.
 *
 * @param generate whether to make them. @default they are asked for
 * @throws UserError that names the one that its rule does not allow; the value is not printed
 */
export async function secretsFor(
    { asks = {} }: Operation,
    generate = false,
): Promise<Readonly<Record<string, string>>> {
    const names = Object.entries(asks);
    if (names.length === 0) return {};
    if (generate) return Object.fromEntries(names.map(([name, rule]) => [name, generated(rule)]));
    const values = process.stdin.isTTY ? await typed(names) : linesOf(await text(process.stdin), names);
    for (const [name, rule] of names) {
        const problem = valueProblem(rule, values[name]!);
        if (problem) throw new UserError(`${nothing}. The ${name}: ${problem}`);
    }
    return values;
}

function generated(rule: SecretRule): string {
    const length = Math.max(rule.min ?? 1, usualLength);
    return newPassword(Math.min(rule.max ?? length, length), rule);
}

type Names = readonly (readonly [string, SecretRule])[];

async function typed(names: Names): Promise<Record<string, string>> {
    const values: Record<string, string> = {};
    for (const [name, { purpose }] of names) values[name] = await typedTwice(`${purpose}\n${name}: `, nothing);
    return values;
}

function linesOf(input: string, names: Names): Record<string, string> {
    const lines = input.replace(/\r?\n$/, "").split(/\r?\n/);
    const wanted = names.map(([name]) => name).join(", ");
    if (input === "")
        throw new UserError(
            `${nothing}: standard input is empty; expected: ${wanted}, ${names.length > 1 ? "each on a line of its own" : "on one line"}; or use --generate`,
        );
    if (lines.length !== names.length)
        throw new UserError(
            `${nothing}: standard input has ${lines.length} lines; allowed: ${names.length}, for ${wanted}`,
        );
    return Object.fromEntries(names.map(([name], index) => [name, lines[index]!]));
}

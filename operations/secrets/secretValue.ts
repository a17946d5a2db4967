import { randomInt } from "node:crypto";
import { text } from "node:stream/consumers";
import { howToSet } from "../../config/problems";
import { type SecretRule, valueProblem } from "../../config/secrets";
import { UserError } from "../system/errors";
import { typedTwice } from "../system/hidden";
import { type SecretKey, secretName } from "./secrets";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A new password of uniformly distributed letters and digits, from the system's source of randomness.
 *
 * @param rule rule that the password must satisfy; passwords of this length must be able to
 */
export function newPassword(length: number, rule: SecretRule): string {
    const value = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
    return valueProblem(rule, value) === undefined ? value : newPassword(length, rule);
}

/**
 * Reads a value from a prompt without echo, or from standard input without the final line break. It is never an
 * argument, which `ps` and the shell's history would show.
 *
 * @throws UserError if it violates the key's rule; the value is not printed
 */
export async function givenValue(stack: string, one: SecretKey): Promise<string> {
    const value = process.stdin.isTTY ? await typed(stack, one) : (await text(process.stdin)).replace(/\r?\n$/, "");
    const problem = valueProblem(one.rule, value);
    if (problem) throw new UserError(`Nothing was set. The ${secretName(one)}: ${problem}`);
    return value;
}

async function typed(stack: string, one: SecretKey): Promise<string> {
    const { instance, key, rule } = one;
    if (rule.lines)
        throw new UserError(
            `Nothing was set. The ${secretName(one)} has several lines; pass it on standard input: ${howToSet(instance, key, stack)} < FILE`,
        );
    return typedTwice(`${rule.purpose}\n${key}: `, "Nothing was set");
}

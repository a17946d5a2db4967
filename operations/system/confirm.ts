import { createInterface } from "node:readline/promises";
import { show } from "../../config/problems";
import { UserError } from "./errors";

/**
 * Asks the user to type a name before something irreversible, or something that must not affect the wrong object.
 *
 * @param given the value of `--yes`, for scripts. @default the user is asked on the terminal
 * @throws UserError if the name differs, or there is no terminal to ask on
 */
export async function confirmName(name: string, question: string, given?: string): Promise<void> {
    const answer = given ?? (await prompt(`${question}\nType ${name} to continue: `));
    if (answer === undefined)
        throw new UserError(
            `Nothing was changed: there is no terminal to ask on. ${question} Confirm with: --yes ${name}`,
        );
    if (answer !== name)
        throw new UserError(
            given === undefined
                ? `Nothing was changed: ${show(answer)} is not "${name}".`
                : `Nothing was changed: --yes ${show(given)} does not match what would be changed, "${name}".`,
        );
}

async function prompt(question: string): Promise<string | undefined> {
    if (!process.stdin.isTTY) return undefined;
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-C and the end of input do not count as an answer.
    const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    try {
        return (await Promise.race([terminal.question(question), ended])).trim();
    } finally {
        terminal.close();
    }
}

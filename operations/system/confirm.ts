import { createInterface } from "node:readline/promises";
import { show } from "../../config/problems";
import { UserError } from "./errors";

/**
 * Asks for a name before something is done that cannot be undone, or that should not be done to the wrong one.
 *
 * @param given what `--yes` says, for scripts. @default it is asked for on the terminal
 * @throws UserError when it is another name, or nobody is there to be asked
 */
export async function confirmName(name: string, question: string, given?: string): Promise<void> {
    const answer = given ?? (await ask(`${question}\nType ${name} to go on: `));
    if (answer === undefined)
        throw new UserError(`Nothing was changed: nobody is there to be asked. ${question} Say so with: --yes ${name}`);
    if (answer !== name)
        throw new UserError(
            given === undefined
                ? `Nothing was changed: ${show(answer)} is not "${name}".`
                : `Nothing was changed: --yes ${show(given)} does not name what would be touched, "${name}".`,
        );
}

async function ask(question: string): Promise<string | undefined> {
    if (!process.stdin.isTTY) return undefined;
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-C and the end of the input are no answer.
    const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    try {
        return (await Promise.race([terminal.question(question), ended])).trim();
    } finally {
        terminal.close();
    }
}

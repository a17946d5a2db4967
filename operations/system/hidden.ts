import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UserError } from "./errors";

/**
 * Asks on the terminal without echo, twice.
 *
 * @param question what is asked for: `password: `, with a purpose on a line of its own before it
 * @param nothing what did not happen: "Nothing was set"
 * @throws UserError if the answers differ, or the user ends the input
 */
export async function typedTwice(question: string, nothing: string): Promise<string> {
    const value = await prompt(question, nothing);
    if ((await prompt("repeat: ", nothing)) !== value) throw new UserError(`${nothing}: the two values differ`);
    return value;
}

function prompt(question: string, nothing: string): Promise<string> {
    process.stderr.write(question);
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
    return new Promise((resolve, reject) => {
        let answer: string | undefined;
        lines.once("line", (line) => {
            answer = line;
            lines.close();
        });
        // Ctrl-C and Ctrl-D.
        lines.once("close", () => {
            process.stderr.write("\n");
            if (answer === undefined) reject(new UserError(`${nothing}.`));
            else resolve(answer);
        });
    });
}

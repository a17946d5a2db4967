import type { Command } from "commander";

/** Adds a command to the program. Each file in `commands/` exports such a function. */
export type Register = (program: Command) => void;

/** Adds example command lines to the end of a command's help. */
export const example = (command: Command, ...lines: readonly string[]): Command =>
    command.addHelpText("after", `\nExample:\n${lines.map((line) => `  $ ./plinth ${line}\n`).join("")}`);

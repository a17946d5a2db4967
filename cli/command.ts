import type { Command } from "commander";

/** Adds a command to the program. Each file in `commands/` exports one such function. */
export type Register = (program: Command) => void;

/** Ends a command's help with lines to copy. */
export const example = (command: Command, ...lines: readonly string[]): Command =>
    command.addHelpText("after", `\nExample:\n${lines.map((line) => `  $ ./plinth ${line}\n`).join("")}`);

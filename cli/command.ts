import type { Command } from "commander";
import pc from "picocolors";

/** Adds a command to the program. Each file in `commands/` exports such a function. */
export type Register = (program: Command) => void;

/** Adds example command lines to the end of a command's help. */
export const example = (command: Command, ...lines: readonly string[]): Command =>
    command.addHelpText("after", `\nExample:\n${lines.map((line) => `  $ ./plinth ${line}\n`).join("")}`);

/** Changed lines of a stack's file, in the format of `diff`, below its name. */
export const changesText = (stack: string, diff: readonly string[]): string =>
    `${pc.bold(`Pulumi.${stack}.yaml`)}\n${diff.join("\n")}`;

import type { Command } from "commander";
import pc from "picocolors";
import { describeOperations, runOperation } from "../../operations/run/run";
import { openSession } from "../../operations/launch/sandbox";
import { example, type Register } from "../command";
import { splitCommand } from "./exec";

interface Options {
    readonly stack: string;
    readonly yes?: string;
    readonly generate?: boolean;
}

export const run: Register = (program) => {
    example(
        program
            .command("run")
            .description(
                "Run an operation of an instance's platform, such as creating an administrator.\n\nWithout an operation, lists them. Exits with the operation's exit code.",
            )
            .usage("[options] <instance> [operation] [argument...]")
            .argument("<instance>", "instance to run it on")
            .argument("[operation]", "what to run; without it, all are listed")
            .argument("[argument...]", "the operation's own arguments and options: see its --help")
            // The operation's own options, and --help, which is that of the operation if there is one.
            .allowUnknownOption()
            .helpOption(false)
            .option("--stack <stack>", "launched stack", "dev")
            .option("--generate", "make passwords instead of asking for them, and show them once")
            .option("--yes <instance>", "name of the instance, to confirm without a prompt")
            .action(
                (
                    _instance: string,
                    _operation: string | undefined,
                    _words: string[],
                    options: Options,
                    self: Command,
                ) => runWords(self, options),
            ),
        "run shop --stack production",
        "run pprd createsuperuser ada@example.org --generate",
        "run pprd manage -- showmigrations --plan",
    );
};

async function runWords(self: Command, { stack, ...options }: Options): Promise<void> {
    const { words: before, command: after } = splitCommand(self.args, process.argv);
    // After an option that the parser does not know, it leaves the dashes.
    const all = before.at(-1) === "--" ? before.slice(0, -1) : before;
    const [instance, name, ...words] = all.filter((word) => !isHelp(word));
    const help = all.some(isHelp);
    if (instance === undefined) return self.outputHelp();
    const session = await openSession(stack);
    if (help || name === undefined) return console.log(describeOperations(session, instance, name));
    const { code, generated } = await runOperation(session, instance, name, { ...options, words, after });
    for (const [secret, value] of Object.entries(generated))
        console.log(`${pc.bold(`${secret}: ${value}`)}\nIt is shown only now, and stored nowhere else.`);
    process.exitCode = code;
}

const isHelp = (word: string): boolean => word === "--help" || word === "-h";

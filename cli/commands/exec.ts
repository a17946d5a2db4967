import type { Command } from "commander";
import { example, type Register } from "../command";
import { findComponent } from "../../operations/cluster/components";
import { execIn, readyPod } from "../../operations/cluster/exec";
import { UserError } from "../../operations/system/errors";
import { checkContainer } from "../../operations/cluster/pods";
import { openSession, refuseSandbox } from "../../operations/launch/sandbox";

export const exec: Register = (program) => {
    example(
        program
            .command("exec")
            .description(
                "Run a command, or a shell, in a ready pod of a component.\n\nExits with the command's exit code.",
            )
            .usage("[options] <component> [stack] [-- command...]")
            .argument("<component>", "database, or shop/database if several instances have one; then the stack")
            // To the parser the command after -- would be the stack.
            .allowExcessArguments()
            .option("-c, --container <name>", "container (default: the pod's main container)")
            .action((_component: string, options: { container?: string }, { args }: Command) => {
                const { words, command } = splitCommand(args, process.argv);
                return runIn(words, command, options.container);
            }),
        "exec frontend production -- php --version",
        "exec shop/database",
    );
};

/**
 * Separates the command after `--` from the words before it, because the parser returns both as one list.
 *
 * @param words operands, as parsed
 * @param argv the whole command line
 */
export function splitCommand(
    words: readonly string[],
    argv: readonly string[],
): { words: readonly string[]; command: readonly string[] } {
    const dashes = argv.indexOf("--");
    const start = dashes < 0 ? words.length : words.length - (argv.length - dashes - 1);
    return { words: words.slice(0, start), command: words.slice(start) };
}

async function runIn(words: readonly string[], command: readonly string[], container?: string): Promise<void> {
    const [target, stack = "dev", ...rest] = words;
    if (target === undefined) throw new UserError("The component must come before --: ./plinth exec frontend -- ls");
    if (rest.length > 0)
        throw new UserError(
            `The command must come after --: ./plinth exec ${target} ${stack} -- ${[...rest, ...command].join(" ")}`,
        );
    const session = await openSession(stack);
    refuseSandbox(session, "Nothing was run");
    const kubectl = await session.kubectl();
    const { component } = await findComponent(kubectl, target);
    const pod = await readyPod(kubectl, component);
    if (container) checkContainer(component, pod, container);
    process.exitCode = await execIn(kubectl, pod, {
        ...(container ? { container } : {}),
        command: command.length > 0 ? command : ["sh"],
    });
}

import { example, type Register } from "../command";
import { openSession } from "../../operations/launch/sandbox";
import { changeStates } from "../../operations/launch/states";

export const stop: Register = (program) => {
    example(
        program
            .command("stop")
            .description(
                "Stop the pods of instances, but keep volumes, passwords and addresses.\n\nWrites `state: stopped` to the stack file, then launches the stack.",
            )
            .argument("[stack]", "launched stack", "dev")
            .argument("[instance...]", "instances to stop (default: all running ones)")
            .option("--no-launch", "only change the file")
            .action(async (stack: string, names: string[], options: { launch: boolean }) =>
                changeStates(await openSession(stack), names, "stopped", options.launch),
            ),
        "stop production shop",
    );
};

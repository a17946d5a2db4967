import { example, type Register } from "../command";
import { openSession } from "../../operations/launch/sandbox";
import { changeStates } from "../../operations/launch/states";

export const stop: Register = (program) => {
    example(
        program
            .command("stop")
            .description(
                "Take the pods of instances away and keep volumes, passwords and addresses: writes `state: stopped` into the stack's file, then launches it.",
            )
            .argument("[stack]", "launched stack", "dev")
            .argument("[instance...]", "instances to stop (default: all that run)")
            .option("--no-launch", "only write the file")
            .action(async (stack: string, names: string[], options: { launch: boolean }) =>
                changeStates(await openSession(stack), names, "stopped", options.launch),
            ),
        "stop production shop",
    );
};

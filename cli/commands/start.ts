import { example, type Register } from "../command";
import { openSession } from "../../operations/launch/sandbox";
import { changeStates } from "../../operations/launch/states";

export const start: Register = (program) => {
    example(
        program
            .command("start")
            .description(
                "Start stopped or removed instances with all their data.\n\nWrites `state: running` to the stack file, then launches the stack.",
            )
            .argument("[stack]", "launched stack", "dev")
            .argument("[instance...]", "instances to start (default: all stopped ones; removed ones must be named)")
            .option("--no-launch", "only change the file")
            .action(async (stack: string, names: string[], options: { launch: boolean }) =>
                changeStates(await openSession(stack), names, "running", options.launch),
            ),
        "start production shop",
    );
};

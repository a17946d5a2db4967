import { example, type Register } from "../command";
import { openSession } from "../../operations/launch/sandbox";
import { changeStates } from "../../operations/launch/states";

export const start: Register = (program) => {
    example(
        program
            .command("start")
            .description(
                "Bring stopped instances back with all their data: writes `state: running` into the stack's file, then launches it.",
            )
            .argument("[stack]", "launched stack", "dev")
            .argument("[instance...]", "instances to start (default: all that are stopped; a removed one only by name)")
            .option("--no-launch", "only write the file")
            .action(async (stack: string, names: string[], options: { launch: boolean }) =>
                changeStates(await openSession(stack), names, "running", options.launch),
            ),
        "start production shop",
    );
};

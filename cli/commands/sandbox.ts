import { existsSync } from "node:fs";
import { removeSandbox } from "../../sandbox";
import { example, type Register } from "../command";
import { refuseWhileLaunching, restoreStackFile, sandboxFolder, sandboxStack } from "../../operations/launch/sandbox";

export const sandbox: Register = (program) => {
    const group = program
        .command("sandbox")
        .description("A control plane with simulated nodes on this machine; `launch --sandbox` starts it.");
    example(
        group
            .command("down")
            .description(`End the sandbox, and remove what was deployed there with the state of "${sandboxStack}".`)
            .action(async () => {
                if (!existsSync(sandboxFolder)) {
                    console.log("There is no sandbox.");
                    return;
                }
                refuseWhileLaunching();
                restoreStackFile();
                await removeSandbox(sandboxFolder);
                console.log(`The sandbox and the state of "${sandboxStack}" in it are gone.`);
            }),
        "sandbox down",
    );
};

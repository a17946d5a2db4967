import { existsSync } from "node:fs";
import { removeSandbox } from "../../sandbox";
import { example, type Register } from "../command";
import { refuseWhileLaunching, restoreStackFile, sandboxFolder, sandboxStack } from "../../operations/launch/sandbox";

export const sandbox: Register = (program) => {
    const group = program
        .command("sandbox")
        .description("A local control plane with simulated nodes, started by `launch --sandbox`.");
    example(
        group
            .command("down")
            .description(`Delete the sandbox and everything in it, with the state of "${sandboxStack}".`)
            .action(async () => {
                if (!existsSync(sandboxFolder)) {
                    console.log("The sandbox does not exist.");
                    return;
                }
                refuseWhileLaunching();
                restoreStackFile();
                await removeSandbox(sandboxFolder);
                console.log(`The sandbox and the state of "${sandboxStack}" in it are deleted.`);
            }),
        "sandbox down",
    );
};

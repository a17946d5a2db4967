import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import pc from "picocolors";
import { isBuilt, isSandboxRunning, kubernetesVersion, sandboxContext, startSandbox } from "../sandbox";
import { contextOf } from "../config/kubeconfig";
import { ownBackend, ownState } from "./engine";
import { UserError } from "./errors";
import { findOnPath, read } from "./shell";
import { clusterOf } from "./stackConfig";

/** Everything of the sandbox: the control plane, its data, the state of the stack that is deployed there. */
export const sandboxFolder = join(ownState, "sandbox");

/** The one stack that goes to the sandbox. */
export const sandboxStack = "dev";

/**
 * Starts the sandbox, unless it runs, and sends this process's commands there.
 *
 * @throws UserError when Go is missing or the stack is another than dev
 */
export async function enterSandbox(stack: string): Promise<void> {
    if (stack !== sandboxStack)
        throw new UserError(
            `The sandbox is for the stack "${sandboxStack}", not for "${stack}": its state is thrown away with it.`,
        );
    if (!isBuilt() && !findOnPath("go"))
        throw new UserError("Missing: Go, to build the sandbox's control plane\n  https://go.dev/doc/install");
    console.error(
        isBuilt()
            ? `Starting the sandbox: Kubernetes ${kubernetesVersion} on this machine.`
            : `Building the sandbox: Kubernetes ${kubernetesVersion} from its Go modules. This is done once and takes 5 to 15 minutes.`,
    );
    const started = Date.now();
    await startSandbox({ folder: sandboxFolder, progress: progressLine(started) });
    console.error(`${clear}The sandbox is up after ${seconds(started)}.`);
    await useSandbox(stack);
}

/** Sends the commands of this process to the sandbox when it runs and the stack is the one that goes there. */
export async function followSandbox(stack: string): Promise<void> {
    if (stack === sandboxStack && existsSync(sandboxFolder) && (await isSandboxRunning(sandboxFolder)))
        await useSandbox(stack);
}

let entered = false;

/** Whether this process's commands go to the sandbox. */
export const isInSandbox = (): boolean => entered;

async function useSandbox(stack: string): Promise<void> {
    const { context, kubeconfig: another } = clusterOf(stack);
    if (another)
        throw new UserError(
            `plinth:cluster.kubeconfig of "${stack}" names another cluster; take it out to use the sandbox, or end that: ./plinth sandbox down`,
        );
    const kubeconfig = join(sandboxFolder, "kubeconfig");
    const settings = { KUBECONFIG: kubeconfig, ...ownBackend(join(sandboxFolder, "state")).env };
    console.error(pc.dim(`"${stack}" is in the sandbox, until ./plinth sandbox down. For commands of your own:`));
    console.error(
        pc.dim(
            `$ export ${Object.entries(settings)
                .map(([name, value]) => `${name}=${value}`)
                .join(" ")}`,
        ),
    );
    Object.assign(process.env, settings);
    process.env["PATH"] = `${process.env["PATH"]}${delimiter}${join(sandboxFolder, "bin")}`;
    entered = true;
    // The name by which the stack knows its cluster leads to the sandbox, in the sandbox's own kubeconfig.
    if (context && !contextOf(clusterOf(stack)))
        await read(findOnPath("kubectl")!, [
            "config",
            "set-context",
            context,
            `--cluster=${sandboxContext}`,
            `--user=${sandboxContext}`,
        ]);
}

const clear = process.stderr.isTTY ? "\r\x1b[K" : "";
const seconds = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;

/** On a terminal one line that changes; elsewhere a line every quarter of a minute. */
function progressLine(started: number): (line: string) => void {
    let last = 0;
    return (line) => {
        if (!process.stderr.isTTY && Date.now() - last < 15_000) return;
        last = Date.now();
        process.stderr.write(`${clear}  ${line}, ${seconds(started)}${clear ? "" : "\n"}`);
    };
}

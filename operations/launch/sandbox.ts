import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import pc from "picocolors";
import { isSandbox } from "../../sandbox/folder";
import { isBuilt, isSandboxRunning, kubernetesVersion, sandboxContext, startSandbox } from "../../sandbox";
import { contextOf } from "../../config/kubeconfig";
import { locksOf, ownBackend, ownState } from "../engine/engine";
import { Session } from "../session";
import { UserError } from "../system/errors";
import { root } from "../system/root";
import { findOnPath, read } from "../system/shell";
import { saltLine } from "../stackfile/salt";
import { readStackFile } from "../stackfile/stackFile";

/** Folder of the sandbox: the control plane, its data, the state of the stack that is deployed there. */
export const sandboxFolder = join(ownState, "sandbox");

const stateFolder = join(sandboxFolder, "state");

/** The only stack that can be deployed to the sandbox. */
export const sandboxStack = "dev";

/**
 * Starts the sandbox unless it is running, and directs this process's commands to it.
 *
 * @throws UserError if Go is missing or the stack is not `dev`
 */
export async function enterSandbox(stack: string): Promise<Session> {
    if (stack !== sandboxStack)
        throw new UserError(
            `The sandbox is for the stack "${sandboxStack}", not for "${stack}": its state is deleted with it. Copy Pulumi.${stack}.yaml to Pulumi.${sandboxStack}.yaml, without its secrets and its plinth:cluster.kubeconfig, and run: ./plinth launch --sandbox`,
        );
    if (!isBuilt() && !findOnPath("go"))
        throw new UserError("Missing: Go, to build the sandbox's control plane\n  https://go.dev/doc/install");
    console.error(
        isBuilt()
            ? `Starting the sandbox: Kubernetes ${kubernetesVersion} on this machine.`
            : `Building the sandbox: Kubernetes ${kubernetesVersion} from its Go modules. This is done only once and takes 5 to 15 minutes.`,
    );
    const started = Date.now();
    await startSandbox({ folder: sandboxFolder, progress: progressLine(started) });
    console.error(`${clear}The sandbox is up after ${seconds(started)}.`);
    return inSandbox(stack);
}

/**
 * A session for a deployed stack: in the sandbox if it exists and is for this stack, else in the configured cluster.
 *
 * @throws UserError if the sandbox exists but is not fully running: no other cluster is used instead
 */
export async function openSession(stack: string): Promise<Session> {
    if (stack !== sandboxStack || !isSandbox(sandboxFolder)) return new Session(stack);
    if (!(await isSandboxRunning(sandboxFolder)))
        throw new UserError(
            `"${stack}" is deployed to the sandbox, which is not running. Start it: ./plinth launch --sandbox; or remove it: ./plinth sandbox down`,
        );
    return inSandbox(stack);
}

/**
 * @param nothing the sentence that says what was not done
 * @throws UserError if the stack is deployed to the sandbox
 */
export function refuseSandbox({ isInSandbox }: Pick<Session, "isInSandbox">, nothing: string): void {
    if (isInSandbox)
        throw new UserError(
            `${nothing}: the stack is deployed to the sandbox, whose simulated nodes run no containers. To remove the sandbox: ./plinth sandbox down`,
        );
}

/** Uses environment variables, which child processes inherit. */
async function inSandbox(stack: string): Promise<Session> {
    const session = new Session(stack, { isInSandbox: true });
    const { cluster } = session.config();
    if (cluster.kubeconfig)
        throw new UserError(
            `plinth:cluster.kubeconfig of "${stack}" names another cluster; remove it to use the sandbox, or remove the sandbox: ./plinth sandbox down`,
        );
    const kubeconfig = join(sandboxFolder, "kubeconfig");
    const bin = join(sandboxFolder, "bin");
    const settings = { KUBECONFIG: kubeconfig, ...ownBackend(stateFolder).env };
    console.error(pc.dim(`"${stack}" is deployed to the sandbox, until ./plinth sandbox down. For your own commands:`));
    console.error(
        pc.dim(
            `$ export ${Object.entries({ ...settings, PATH: `"$PATH:${bin}"` })
                .map(([name, value]) => `${name}=${value}`)
                .join(" ")}`,
        ),
    );
    Object.assign(process.env, settings);
    process.env["PATH"] = `${process.env["PATH"]}${delimiter}${bin}`;
    // In the sandbox's own kubeconfig, the context that the stack names points to the sandbox.
    const { context } = cluster;
    if (context && !contextOf(cluster))
        await read(join(bin, "kubectl"), [
            "config",
            "set-context",
            context,
            `--cluster=${sandboxContext}`,
            `--user=${sandboxContext}`,
        ]);
    return session;
}

/** Whether the engine has deployed to the sandbox, so that its state contains the passwords. */
export const wasLaunched = (): boolean => existsSync(join(stateFolder, ".pulumi", "stacks"));

/** @throws UserError while the engine is running on the sandbox's stack */
export function refuseWhileLaunching(): void {
    const backend = ownBackend(stateFolder);
    const { project } = readStackFile(sandboxStack);
    const lock = locksOf(backend, project, sandboxStack).find(({ alive }) => alive);
    if (lock)
        throw new UserError(
            `A run on "${sandboxStack}" in the sandbox is in progress: process ${lock.pid}. Wait for it.`,
        );
}

const stackFile = join(root, `Pulumi.${sandboxStack}.yaml`);
const saltRecord = join(sandboxFolder, "salt");

/**
 * Does work during which the engine may write the salt of the sandbox's passphrase to the stack file, and records it:
 * it is of no use elsewhere, and is removed with the sandbox.
 */
export async function rememberingSalt({ isInSandbox }: Session, work: () => Promise<unknown>): Promise<void> {
    if (!isInSandbox) return void (await work());
    const before = saltLine.test(readFileSync(stackFile, "utf8"));
    await work();
    const after = saltLine.exec(readFileSync(stackFile, "utf8"));
    if (!before && after) writeFileSync(saltRecord, after[0], { mode: 0o600 });
}

/** Removes the sandbox's salt from the stack file, unless values were encrypted with it. */
export function restoreStackFile(): void {
    if (!existsSync(saltRecord)) return;
    const text = readFileSync(stackFile, "utf8");
    const salt = readFileSync(saltRecord, "utf8");
    if (text.includes(salt) && !/\bsecure:/.test(text)) writeFileSync(stackFile, text.replace(salt, ""));
}

const clear = process.stderr.isTTY ? "\r\x1b[K" : "";
const seconds = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;

/** On a terminal, one line that is updated; elsewhere a line every 15 seconds. */
function progressLine(started: number): (line: string) => void {
    let last = 0;
    return (line) => {
        if (!process.stderr.isTTY && Date.now() - last < 15_000) return;
        last = Date.now();
        process.stderr.write(`${clear}  ${line}, ${seconds(started)}${clear ? "" : "\n"}`);
    };
}

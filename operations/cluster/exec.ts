import { type Component, fullName } from "./components";
import type { Kubectl } from "./kubectl";
import type { Pod } from "./live";
import { isReady, podsOfComponent, reasonOf } from "./pods";
import { UserError } from "../system/errors";

/**
 * A ready pod of a component.
 *
 * @param none what to do if there is no pod at all. @default the logs tell why
 * @throws UserError with the reason why no pod is ready
 */
export async function readyPod(kubectl: Kubectl, component: Component, none?: string): Promise<Pod> {
    const [pod] = await podsOfComponent(kubectl, component);
    if (pod && isReady(pod)) return pod;
    const name = fullName(component);
    const what = pod ? `no ready pod; ${pod.metadata.name}: ${reasonOf(pod)}` : "no ready pod";
    const logs = `See its logs: ./plinth logs ${name} ${kubectl.config.stack}`;
    throw new UserError(pod || none === undefined ? `${name} has ${what}. ${logs}` : `${name} has no pod. ${none}`);
}

export interface ExecArgs {
    /** @default the pod's main container */
    readonly container?: string;
    readonly command: readonly string[];
    /**
     * What the command reads: this terminal, a text, which is neither shown nor an argument, or nothing.
     *
     * @default this terminal
     */
    readonly input?: "terminal" | "none" | { readonly text: string };
}

/** Runs a command in a pod, with its output on this terminal; returns its exit code. */
export function execIn(
    kubectl: Kubectl,
    { metadata, spec }: Pod,
    { container, command, input = "terminal" }: ExecArgs,
): Promise<number> {
    const main = metadata.annotations?.["kubectl.kubernetes.io/default-container"] ?? spec.containers[0]!.name;
    const isTerminal = input === "terminal" && process.stdin.isTTY && process.stdout.isTTY;
    const args = [
        "exec",
        "--namespace",
        metadata.namespace,
        metadata.name,
        "--container",
        container ?? main,
        ...(input === "none" ? [] : ["--stdin"]),
        ...(isTerminal ? ["--tty"] : []),
        "--",
        ...command,
    ];
    return kubectl.attach(args, typeof input === "object" ? input.text : undefined);
}

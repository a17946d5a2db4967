import { join } from "node:path";
import { execa } from "execa";
import type { Context, Suite } from "mocha";
import { contextOf } from "../../config/kubeconfig";
import { isBuilt, removeSandbox, startSandbox } from "../../sandbox";
import { program, scratch } from "./tools";

/** A cluster for tests: a complete control plane with simulated nodes. */
export interface ControlPlane {
    readonly kubeconfig: string;
    /** Context of the kubeconfig; undefined for its current one. */
    readonly context?: string;
    /** Folder with a kubectl of the server's version, for a PATH. */
    readonly bin: string;
    /** That kubectl, with the arguments that name the cluster. */
    readonly command: readonly [string, ...string[]];
    /** Runs kubectl. @throws with its output when it fails */
    kubectl(args: readonly string[], input?: string): Promise<{ stdout: string; stderr: string }>;
    /** Parsed `--output json`. */
    json<T>(args: readonly string[]): Promise<T>;
}

let running: Promise<ControlPlane> | undefined;

/**
 * The control plane that all tests of a run share; gone when the last test has ended. Skips the test where it is not
 * built and Go is missing.
 *
 * PLINTH_TEST_CONTEXT names a context of the user's kubeconfig to use instead: never the current one by chance, since
 * tests create and delete namespaces.
 */
export function controlPlane(test: Context): Promise<ControlPlane> {
    // It is built once, which takes minutes.
    test.timeout(1_200_000);
    const context = process.env["PLINTH_TEST_CONTEXT"];
    if (context && !running) running = Promise.resolve(existing(test, context));
    if (!running && !isBuilt()) program(test, "go");
    return (running ??= start(test));
}

async function start(test: Context): Promise<ControlPlane> {
    const folder = scratch();
    rootOf(test).afterAll("ends the control plane", async function () {
        this.timeout(60_000);
        await removeSandbox(folder.path);
        // The next file of the same process starts its own.
        running = undefined;
    });
    let heard = Date.now();
    const { kubeconfig, kubectl } = await startSandbox({
        folder: folder.path,
        progress: (line) => {
            if (Date.now() - heard < 30_000) return;
            heard = Date.now();
            console.log(`      building the control plane: ${line}`);
        },
    });
    return client(kubectl, kubeconfig);
}

function existing(test: Context, context: string): ControlPlane {
    const kubeconfig = process.env["KUBECONFIG"] ?? join(process.env["HOME"] ?? "", ".kube", "config");
    if (!contextOf({ context } as Parameters<typeof contextOf>[0]))
        throw new Error(`PLINTH_TEST_CONTEXT: there is no context "${context}" in ${kubeconfig}`);
    return client(program(test, "kubectl"), kubeconfig, context);
}

function client(command: string, kubeconfig: string, context?: string): ControlPlane {
    const leading = ["--kubeconfig", kubeconfig, ...(context ? ["--context", context] : [])];
    const kubectl = (args: readonly string[], input?: string) =>
        execa(command, [...leading, ...args], { ...(input === undefined ? { stdin: "ignore" } : { input }) });
    return {
        kubeconfig,
        ...(context ? { context } : {}),
        bin: join(command, ".."),
        command: [command, ...leading],
        kubectl,
        json: async <T>(args: readonly string[]) =>
            JSON.parse((await kubectl([...args, "--output", "json"])).stdout) as T,
    };
}

function rootOf(test: Context): Suite {
    let suite = test.test!.parent!;
    while (suite.parent) suite = suite.parent;
    return suite;
}

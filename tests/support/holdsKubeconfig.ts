import { setTimeout as sleep } from "node:timers/promises";
import { interruptible } from "../../operations/system/interruptible";
import { kubectlArgs } from "../../operations/cluster/kubectlArgs";
import { attach, attempt, findOnPath, read } from "../../operations/system/shell";
import { cluster } from "../../config/stack";

// A process with a kubeconfig given as contents, for tests that end it. Prints the file's path when it is at work.
const [, path] = kubectlArgs(cluster.parse({ kubeconfig: { env: "PLINTH_TEST_KUBECONFIG" } }));
const kubectl = findOnPath("kubectl") ?? "kubectl";
// The tests' server never answers.
const asking = ["--kubeconfig", path!, "get", "pods", "--namespace", "none"];
const tell = () => process.stdout.write(`${path!}\n`);

const works: Readonly<Record<string, () => Promise<unknown>>> = {
    nothing: () => sleep(60_000),
    read: () => read(kubectl, asking),
    attempt: () => attempt(kubectl, asking),
    attach: () => attach(kubectl, asking),
    interruptible: () =>
        interruptible(async (signal) => {
            await read(kubectl, asking, { signal });
            // Its orderly shutdown sends one more request to the cluster.
            const { stdout } = await read(kubectl, ["--kubeconfig", path!, "config", "current-context"]);
            process.stdout.write(`then ${stdout}\n`);
        }),
};

tell();
void works[process.argv[2]!]!();

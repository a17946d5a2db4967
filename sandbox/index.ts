import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { stringify } from "yaml";
import { SandboxError } from "./errors";
import { claimFolder, exclusively, isSandbox } from "./folder";
import { buildGoProgram, type GoProgramArgs, goProgramPath } from "./goProgram";
import { clusterObjects } from "./objects";
import { freePort } from "./ports";
import { daemonsOf, isRunning, startDaemon, stopDaemon } from "./processes";

/** A running control plane with simulated nodes: like a real cluster, except that no containers run. */
export interface Sandbox {
    readonly kubeconfig: string;
    /** Path of a kubectl of the same version. */
    readonly kubectl: string;
}

/** The Kubernetes version pinned in control-plane/go.mod. */
export const kubernetesVersion = "v1.36.3";

/** Name of the context, cluster and user in the sandbox's kubeconfig. */
export const sandboxContext = "plinth-sandbox";

const program: GoProgramArgs = {
    source: join(__dirname, "control-plane"),
    // Without these, the server reports v0.0.0, and clients refuse it.
    ldflags: ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((pkg) => [
        `-X ${pkg}.gitVersion=${kubernetesVersion}`,
        `-X ${pkg}.gitMajor=${kubernetesVersion.split(".")[0]!.slice(1)}`,
        `-X ${pkg}.gitMinor=${kubernetesVersion.split(".")[1]}`,
    ]),
};

/** Whether the control plane has been built, which takes minutes the first time. */
export const isBuilt = (): boolean => existsSync(goProgramPath(program));

/** In start order; they are stopped in reverse order. */
const daemons = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cloud", "kwok"] as const;

export interface StartArgs {
    /** Folder for the control plane's data; a control plane that is already running there is used. */
    readonly folder: string;
    /** Called with progress messages. @default not called */
    readonly progress?: (line: string) => void;
}

/**
 * Starts a control plane on free loopback ports, without root. Requires Go the first time.
 *
 * @throws SandboxError if another process is starting or removing it, the folder contains something else, or a daemon
 * does not become ready, with the end of its log
 */
export function startSandbox({ folder, progress = () => {} }: StartArgs): Promise<Sandbox> {
    return exclusively(resolve(folder), () => start(resolve(folder), progress));
}

async function start(folder: string, progress: (line: string) => void): Promise<Sandbox> {
    claimFolder(folder);
    const command = await buildGoProgram({ ...program, progress });
    const sandbox = { kubeconfig: join(folder, "kubeconfig"), kubectl: join(folder, "bin", "kubectl") };
    if (await isSandboxRunning(folder)) return sandbox;
    // Remains of a killed control plane would conflict.
    await endDaemons(folder);
    rmSync(join(folder, readyFile), { force: true });

    // The program chooses its role by its name.
    for (const name of [...daemons, "kubectl"]) {
        rmSync(join(folder, "bin", name), { force: true });
        symlinkSync(command, join(folder, "bin", name));
    }
    const tokens = credentials(folder);
    const port = await portOf(folder);
    const run = (name: (typeof daemons)[number], args: readonly string[]) =>
        startDaemon(folder, name, join(folder, "bin", name), args);

    progress("starting etcd and the API server");
    run("etcd", etcdArgs(folder));
    await until(folder, "etcd", () => existsSync(join(folder, "etcd:1")));
    run("kube-apiserver", apiServerArgs(folder, port));
    // It writes its key after its certificate, so the certificate is complete then.
    await until(folder, "kube-apiserver", () => existsSync(join(folder, "apiserver.key")));
    writeKubeconfig(sandbox.kubeconfig, folder, port, tokens);
    const kubectl = (args: readonly string[], input?: object) =>
        execa(sandbox.kubectl, ["--kubeconfig", sandbox.kubeconfig, ...args], {
            ...(input ? { input: JSON.stringify(input) } : { stdin: "ignore" }),
        });
    await until(folder, "kube-apiserver", () => kubectl(["get", "--raw", "/readyz"]));

    progress("starting controllers, scheduler and simulated nodes");
    const own = ["--kubeconfig", sandbox.kubeconfig];
    run("kube-controller-manager", [
        ...own,
        "--leader-elect=false",
        "--secure-port=0",
        `--root-ca-file=${join(folder, "apiserver.crt")}`,
        `--service-account-private-key-file=${join(folder, "service-account.key")}`,
    ]);
    run("kube-scheduler", [...own, "--leader-elect=false", "--secure-port=0"]);
    run("cloud", own);
    const kubelet = await freePort();
    run("kwok", [
        ...own,
        "--manage-all-nodes",
        "--node-lease-duration-seconds=40",
        "--node-ip=127.0.0.1",
        `--node-port=${kubelet}`,
        `--server-address=127.0.0.1:${kubelet}`,
        `--tls-cert-file=${join(folder, "apiserver.crt")}`,
        `--tls-private-key-file=${join(folder, "apiserver.key")}`,
    ]);
    await kubectl(["apply", "--server-side", "--filename", "-"], clusterObjects());
    await until(folder, "kwok", () => kubectl(["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=5s"]));
    // Pods are refused until the controller manager has created it.
    await until(folder, "kube-controller-manager", () => kubectl(["get", "serviceaccount", "default"]));
    writeFileSync(join(folder, readyFile), "");
    return sandbox;
}

/** Written last: if it is missing, a start was interrupted and may have left daemons. */
const readyFile = "ready";

/** Whether all daemons of a folder's control plane are running. */
export async function isSandboxRunning(folder: string): Promise<boolean> {
    if (!existsSync(join(folder, readyFile))) return false;
    const running = await Promise.all(
        daemons.map((name) => isRunning(folder, name, join(resolve(folder), "bin", name))),
    );
    return running.every(Boolean);
}

/**
 * Stops the control plane of a folder and deletes the folder with everything deployed there.
 *
 * @throws SandboxError if the folder does not contain a sandbox
 */
export async function removeSandbox(where: string): Promise<void> {
    const folder = resolve(where);
    if (!isSandbox(folder)) throw new SandboxError(`${folder} does not contain a sandbox: nothing was removed`);
    await exclusively(folder, async () => {
        await endDaemons(folder);
        rmSync(folder, { recursive: true, force: true });
    });
}

async function endDaemons(folder: string): Promise<void> {
    for (const name of daemonsOf(folder).sort(byStart).reverse())
        await stopDaemon(folder, name, join(folder, "bin", name));
}

const byStart = (a: string, b: string): number =>
    (daemons as readonly string[]).indexOf(a) - (daemons as readonly string[]).indexOf(b);

/** Creates missing keys. @returns the administrator's token */
function credentials(folder: string): string {
    const secret = { mode: 0o600 };
    const key = join(folder, "service-account.key");
    if (!existsSync(key)) {
        const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
        writeFileSync(key, privateKey.export({ type: "pkcs1", format: "pem" }), secret);
    }
    const tokens = join(folder, "tokens.csv");
    if (!existsSync(tokens))
        writeFileSync(tokens, `${randomBytes(24).toString("base64url")},admin,admin,system:masters\n`, secret);
    return readFileSync(tokens, "utf8").split(",")[0]!;
}

/**
 * The API server's port: a free one at the first start, and the same from then on, because the engine's state contains
 * it.
 */
async function portOf(folder: string): Promise<number> {
    const file = join(folder, "port");
    if (!existsSync(file)) writeFileSync(file, String(await freePort()));
    return Number(readFileSync(file, "utf8"));
}

// Sockets in the working folder, which only this user can enter, because etcd requires no password. It requires a port,
// which becomes part of the file name.
const [etcdSocket, peerSocket] = ["unix://etcd:1", "unix://etcd:2"];

const etcdArgs = (folder: string): string[] => [
    `--data-dir=${join(folder, "data")}`,
    `--listen-client-urls=${etcdSocket}`,
    `--advertise-client-urls=${etcdSocket}`,
    `--listen-peer-urls=${peerSocket}`,
    `--initial-advertise-peer-urls=${peerSocket}`,
    `--initial-cluster=default=${peerSocket}`,
    "--log-level=warn",
    // The data is disposable, so speed is preferred to durability.
    "--unsafe-no-fsync",
];

const apiServerArgs = (folder: string, port: number): string[] => [
    `--etcd-servers=${etcdSocket}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    // It creates its own certificate.
    `--cert-dir=${folder}`,
    // A loopback address is useless to pods and refused as an endpoint.
    "--endpoint-reconciler-type=none",
    // As on usual clusters, where Pod Security decides about it.
    "--allow-privileged=true",
    "--service-cluster-ip-range=10.96.0.0/16",
    "--authorization-mode=RBAC",
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${join(folder, "service-account.key")}`,
    `--service-account-signing-key-file=${join(folder, "service-account.key")}`,
];

function writeKubeconfig(path: string, folder: string, port: number, token: string): void {
    const name = sandboxContext;
    const certificate = readFileSync(join(folder, "apiserver.crt")).toString("base64");
    const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority-data": certificate };
    const content = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name, cluster }],
        users: [{ name, user: { token } }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
    };
    writeFileSync(path, stringify(content), { mode: 0o600 });
}

/**
 * Waits until a check passes.
 *
 * @throws SandboxError with the end of the daemon's log after 90 seconds, or if it has ended
 */
async function until(folder: string, daemon: string, check: () => unknown): Promise<void> {
    const end = Date.now() + 90_000;
    for (;;) {
        try {
            if ((await check()) !== false) return;
        } catch {
            // Not yet; the log says why when it never comes.
        }
        const runs = await isRunning(folder, daemon, join(folder, "bin", daemon));
        if (!runs || Date.now() > end) {
            const log = join(folder, `${daemon}.log`);
            const last = readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join("\n");
            throw new SandboxError(
                `${daemon} ${runs ? "is not ready after 90 s" : "has ended"}; ${log} ends with:\n${last}\n` +
                    "Start it again, or start over: ./plinth sandbox down",
            );
        }
        await sleep(200);
    }
}

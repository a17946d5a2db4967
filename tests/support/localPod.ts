import { spawnSync } from "node:child_process";
import {
    appendFileSync,
    chmodSync,
    chownSync,
    cpSync,
    mkdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "mocha";
import { run } from "./datadir";
import { find, type Sent } from "./declare";
import { Daemon, missing, program } from "./tools";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pods and containers of every kind
type Spec = any;

/** Quoted for sh. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * A rendered pod, run with this machine's programs in place of the image's: its mounts at their paths, its user, its
 * environment, a read-only root, no capabilities, and a name, processes and a network of its own.
 *
 * Emptied volumes are new with each pod; claims stay below `folder`.
 */
export class LocalPod {
    /** The folder that the pod has for its root. */
    readonly root: string;
    private readonly spec: Spec;
    private readonly volumes: string;
    private readonly user: number;
    private readonly group: number;

    /** Skips the test if the machine does not support it. */
    static check(test: Context): void {
        for (const name of ["unshare", "nsenter", "setpriv", "ip", "ss"]) program(test, name);
        if (process.getuid?.() !== 0) missing(test, "only root can run a rendered pod on this machine");
    }

    /**
     * @param owner the workload, among `objects` that have its Secrets and ConfigMaps
     * @param folder of the machine, kept from one pod to the next
     * @param system where `usr` with the pod's programs is. @default this machine's
     */
    constructor(
        owner: Sent,
        private readonly objects: readonly Sent[],
        folder: string,
        readonly hostname: string,
        private readonly system = "/",
    ) {
        this.spec = owner["spec"].template.spec;
        ({ runAsUser: this.user, runAsGroup: this.group } = this.spec.securityContext);
        this.root = join(folder, hostname, "root");
        this.volumes = join(folder, hostname, "volumes");
        for (const volume of this.spec.volumes as Spec[]) {
            const path = this.pathOf(volume, folder);
            mkdirSync(path, { recursive: true });
            const files: Record<string, string> = volume.configMap
                ? find(objects, "ConfigMap", volume.configMap.name)["data"]
                : volume.secret
                  ? find(objects, "Secret", volume.secret.secretName)["stringData"]
                  : {};
            for (const [name, text] of Object.entries(files)) {
                writeFileSync(join(path, name), text);
                // As the kubelet leaves the files of a Secret in a pod with an fsGroup.
                chmodSync(join(path, name), volume.secret ? 0o440 : 0o644);
                chownSync(join(path, name), 0, volume.secret ? this.spec.securityContext.fsGroup : 0);
            }
            if (volume.persistentVolumeClaim) {
                chownSync(path, 0, this.spec.securityContext.fsGroup);
                chmodSync(path, 0o2775);
            }
            if (volume.emptyDir) chmodSync(path, 0o777);
        }
        for (const name of ["bin", "lib", "lib64", "sbin"]) {
            mkdirSync(this.root, { recursive: true });
            symlinkSync(`usr/${name}`, join(this.root, name));
        }
        const mounts = [...(this.spec.initContainers ?? []), ...this.spec.containers].flatMap(
            ({ volumeMounts }: Spec) => volumeMounts,
        );
        for (const name of ["usr", "proc", "dev", "etc", ...mounts.map(({ mountPath }: Spec) => mountPath)])
            mkdirSync(join(this.root, name), { recursive: true });
        writeFileSync(join(this.root, "etc/passwd"), `server:x:${this.user}:${this.group}::/:/bin/sh\n`);
        writeFileSync(join(this.root, "etc/group"), `server:x:${this.group}:\n`);
        writeFileSync(join(this.root, "etc/hosts"), `127.0.0.1 localhost\n127.0.0.1 ${hostname}\n`);
    }

    /** Runs the init containers to their end, then starts the main one with `command` in place of the image's. */
    start(command: readonly string[], image: Readonly<Record<string, string>> = {}): Daemon {
        for (const container of (this.spec.initContainers ?? []) as Spec[]) {
            const { status, stderr } = run(["unshare", ...this.arguments(container, container.command, image)]);
            if (status !== 0) throw new Error(`the init container ${container.name} ended with ${status}: ${stderr}`);
        }
        const [container] = this.spec.containers;
        return new Daemon("unshare", this.arguments(container, command, image), { env: process.env });
    }

    /** The main process on this machine, once it runs. */
    pid(daemon: Daemon): number {
        const [child] = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, "utf8").trim().split(" ");
        if (!child) throw new Error("the pod has no process yet");
        return Number(child);
    }

    /** Ends the pod as the kubelet does; resolves to the exit code. */
    async stop(daemon: Daemon, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
        process.kill(this.pid(daemon), signal);
        return daemon.exited;
    }

    /** Runs a program of this machine in the pod's network. */
    connected(daemon: Daemon, command: readonly string[], input?: string) {
        const args = ["--target", String(this.pid(daemon)), "--net", "--", ...command];
        return run(["nsenter", ...args], input === undefined ? {} : { input });
    }

    /** Runs a command in the main container, as `kubectl exec` would. */
    exec(daemon: Daemon, command: readonly string[], image: Readonly<Record<string, string>> = {}) {
        const args = ["--target", String(this.pid(daemon)), "--all", "--root", "--wdns=/", "--"];
        const { status, stdout, stderr } = spawnSync(
            "nsenter",
            [...args, ...this.asUser(this.spec.containers[0], command, image)],
            { encoding: "utf8", timeout: 60_000 },
        );
        return { status, stdout, stderr };
    }

    /** Gives the image a file or folder of this machine, at the same path or another one. */
    provide(path: string, at = path): void {
        const target = join(this.root, at);
        mkdirSync(dirname(target), { recursive: true });
        // The pod has the machine's programs anyway.
        if (path.startsWith("/usr/")) symlinkSync(path, target);
        else cpSync(path, target, { recursive: true, verbatimSymlinks: true });
    }

    /** Resolves a name of the cluster to the pod itself, which has its own network. */
    resolve(host: string): void {
        appendFileSync(join(this.root, "etc/hosts"), `127.0.0.1 ${host}\n`);
    }

    /** Starts another container of the pod, in the main one's mounts. */
    startBeside(daemon: Daemon, name: string, command: readonly string[]): Daemon {
        const container = this.spec.containers.find((one: Spec) => one.name === name);
        const args = ["--target", String(this.pid(daemon)), "--all", "--root", "--wdns=/", "--"];
        return new Daemon("nsenter", [...args, ...this.asUser(container, command, {})]);
    }

    /** Removes the pod's root and emptied volumes. */
    remove(): void {
        rmSync(this.volumes, { recursive: true });
        rmSync(this.root, { recursive: true });
    }

    private pathOf(volume: Spec, folder = join(this.root, "../..")): string {
        return volume.persistentVolumeClaim
            ? join(folder, "claims", volume.persistentVolumeClaim.claimName)
            : join(this.volumes, volume.name);
    }

    private valueOf({ value, valueFrom }: Spec): string {
        if (!valueFrom) return value;
        const { name, key } = valueFrom.secretKeyRef;
        return find(this.objects, "Secret", name)["stringData"][key];
    }

    private asUser(container: Spec, command: readonly string[], image: Readonly<Record<string, string>>): string[] {
        const env = Object.entries({
            PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
            ...image,
            ...Object.fromEntries(
                (container.env ?? []).map((variable: Spec) => [variable.name, this.valueOf(variable)]),
            ),
        }).map(([name, value]) => `${name}=${String(value)}`);
        const { user, group } = this;
        return [
            ...["setpriv", `--reuid=${user}`, `--regid=${group}`, `--groups=${group}`, "--no-new-privs"],
            ...["--bounding-set=-all", "--inh-caps=-all", "env", "-i", ...env, ...command],
        ];
    }

    private arguments(container: Spec, command: readonly string[], image: Readonly<Record<string, string>>): string[] {
        const at = (path: string) => quoted(join(this.root, path));
        const mounts = (container.volumeMounts as Spec[]).flatMap(({ name, mountPath, readOnly }) => {
            const source = quoted(this.pathOf(this.spec.volumes.find((volume: Spec) => volume.name === name)));
            return [
                `mount --bind ${source} ${at(mountPath)}`,
                ...(readOnly ? [`mount -o remount,ro,bind ${at(mountPath)}`] : []),
            ];
        });
        const script = [
            "set -e",
            `hostname ${this.hostname}`,
            "ip link set lo up",
            `mount --bind ${at("")} ${at("")}`,
            `mount --bind ${quoted(join(this.system, "usr"))} ${at("usr")}`,
            `mount -o remount,ro,bind ${at("usr")}`,
            `mount --rbind /dev ${at("dev")}`,
            `mount -t proc proc ${at("proc")}`,
            ...mounts,
            ...(container.securityContext.readOnlyRootFilesystem ? [`mount -o remount,ro,bind ${at("")}`] : []),
            `cd ${at("")}`,
            // Not on every user's PATH.
            `exec /usr/sbin/chroot ${at("")} "$@"`,
        ].join("\n");
        const namespaces = ["--mount", "--uts", "--net", "--pid", "--fork"];
        return [...namespaces, "sh", "-c", script, "sh", ...this.asUser(container, command, image)];
    }
}

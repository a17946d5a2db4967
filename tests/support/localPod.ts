import { spawn, spawnSync } from "node:child_process";
import {
    appendFileSync,
    chmodSync,
    chownSync,
    cpSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "mocha";
import { run } from "./datadir";
import { find, type Sent } from "./declare";
import type { Connection } from "./podNetwork";
import { Daemon, missing, program } from "./tools";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pods and containers of every kind
type Spec = any;

/** Quoted for sh. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** What a local pod has besides its rendered objects. */
export interface LocalPodArgs {
    /** Where `usr` with the pod's programs is. @default this machine's */
    readonly system?: string;
    /** A network with other pods. @default its own, with nobody else in it */
    readonly connection?: Connection;
    /** Folders of this machine that are the image's, by their path in the pod; each pod writes into a copy of its own. */
    readonly image?: Readonly<Record<string, string>>;
    /** Environment of the image. @default none */
    readonly env?: Readonly<Record<string, string>>;
}

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
    /** Names of the volumes that each pod of its owner has for itself. */
    private readonly ownVolumes: readonly string[];
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
     */
    constructor(
        owner: Sent,
        private readonly objects: readonly Sent[],
        folder: string,
        readonly hostname: string,
        private readonly args: LocalPodArgs = {},
    ) {
        this.spec = (owner["spec"].jobTemplate?.spec ?? owner["spec"]).template.spec;
        this.ownVolumes = (owner["spec"].volumeClaimTemplates ?? []).map(({ metadata }: Spec) => metadata.name);
        ({ runAsUser: this.user, runAsGroup: this.group } = this.spec.securityContext);
        this.root = join(folder, hostname, "root");
        this.volumes = join(folder, hostname, "volumes");
        const image = Object.keys(args.image ?? {});
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
        const directories = mounts.filter((mount: Spec) => !isFile(this.sourceOf(mount)));
        for (const name of [
            "usr",
            "proc",
            "dev",
            "etc",
            ...image,
            ...directories.map(({ mountPath }: Spec) => mountPath),
        ])
            mkdirSync(join(this.root, name), { recursive: true });
        for (const { mountPath } of mounts.filter((mount: Spec) => !directories.includes(mount)) as Spec[]) {
            mkdirSync(dirname(join(this.root, mountPath)), { recursive: true });
            writeFileSync(join(this.root, mountPath), "");
        }
        for (const name of image)
            for (const part of ["upper", "work"]) mkdirSync(join(this.copyOf(name), part), { recursive: true });
        writeFileSync(join(this.root, "etc/passwd"), `server:x:${this.user}:${this.group}::/:/bin/sh\n`);
        writeFileSync(join(this.root, "etc/group"), `server:x:${this.group}:\n`);
        writeFileSync(
            join(this.root, "etc/hosts"),
            `127.0.0.1 localhost\n${args.connection?.address ?? "127.0.0.1"} ${hostname}\n`,
        );
    }

    /**
     * Runs the init containers to their end, then starts the main one.
     *
     * @param command in place of the image's. @default the rendered one
     */
    start(command?: readonly string[], image: Readonly<Record<string, string>> = {}): Daemon {
        for (const container of (this.spec.initContainers ?? []) as Spec[]) {
            const { status, stderr } = run(this.inside(container, container.command, image));
            if (status !== 0) throw new Error(`the init container ${container.name} ended with ${status}: ${stderr}`);
        }
        const [container] = this.spec.containers;
        const [program, ...args] = this.inside(container, command ?? container.command, image);
        return new Daemon(program!, args, { env: process.env });
    }

    /** Starts one container in namespaces of its own, as a runtime does, in the network and with the volumes of its pod. */
    startContainer(name: string): Daemon {
        const container = this.container(name);
        const [program, ...args] = this.inside(container, container.command, {});
        return new Daemon(program!, args);
    }

    /** A command in one of its containers that runs, such as a probe's, as this machine starts it. */
    within(daemon: Daemon, name: string, command: readonly string[]): string[] {
        return this.entering(daemon, this.container(name), command);
    }

    /** One container, as rendered. */
    container(name: string): Spec {
        return this.all.find((one) => one.name === name);
    }

    /**
     * Runs one container's rendered command to its end.
     *
     * @returns its output
     * @throws Error with it if it fails
     */
    complete(name: string): Promise<string> {
        const container = this.all.find((one) => one.name === name);
        return ended(name, this.inside(container, container.command, {}));
    }

    /** Names of the containers, in the order in which they run. */
    get containers(): readonly string[] {
        return this.all.map(({ name }) => name);
    }

    /** The main process on this machine, once it runs. */
    pid(daemon: Daemon): number {
        const [child] = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, "utf8").trim().split(" ");
        if (!child) throw new Error("the pod has no process yet");
        return Number(child);
    }

    /** Memory of all of its processes, in MiB: each page that some share is counted once, in parts. */
    memory(daemon: Daemon): number {
        const own = readlinkSync(`/proc/${this.pid(daemon)}/ns/pid`);
        return readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .reduce((sum, pid) => {
                try {
                    if (readlinkSync(`/proc/${pid}/ns/pid`) !== own) return sum;
                    const [, kib] = /^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))!;
                    return sum + Number(kib) / 1024;
                } catch {
                    // It has ended in the meantime.
                    return sum;
                }
            }, 0);
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

    /** As {@link exec}, with an input, for commands that take their time; fails with the output. */
    operate(daemon: Daemon, command: readonly string[], input = ""): Promise<string> {
        return ended(command.join(" "), this.entering(daemon, this.spec.containers[0], command), input);
    }

    /** Runs a command in the main container, as `kubectl exec` would. */
    exec(daemon: Daemon, command: readonly string[], image: Readonly<Record<string, string>> = {}) {
        const [program, ...args] = this.entering(daemon, this.spec.containers[0], command, image);
        const { status, stdout, stderr } = spawnSync(program!, args, { encoding: "utf8", timeout: 60_000 });
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

    /** Resolves a name of the cluster to the pod itself, which has its own network, or to an address in it. */
    resolve(host: string, address = "127.0.0.1"): void {
        appendFileSync(join(this.root, "etc/hosts"), `${address} ${host}\n`);
    }

    /** Starts another container of the pod, in the main one's mounts. */
    startBeside(daemon: Daemon, name: string, command: readonly string[]): Daemon {
        const container = this.spec.containers.find((one: Spec) => one.name === name);
        const [program, ...args] = this.entering(daemon, container, command);
        return new Daemon(program!, args);
    }

    /** Removes the pod's root and emptied volumes. */
    remove(): void {
        rmSync(this.volumes, { recursive: true });
        rmSync(this.root, { recursive: true });
    }

    private get all(): readonly Spec[] {
        return [...(this.spec.initContainers ?? []), ...this.spec.containers];
    }

    /** Where the pod's changes of a folder of the image are. */
    private copyOf(path: string): string {
        return join(this.root, "..", "copies", path.replaceAll("/", "-"));
    }

    /** A command in the main container's mounts. */
    private entering(
        daemon: Daemon,
        container: Spec,
        command: readonly string[],
        image: Readonly<Record<string, string>> = {},
    ): string[] {
        const { workingDir = "/" } = container;
        const args = ["--target", String(this.pid(daemon)), "--all", "--root", `--wdns=${workingDir}`, "--"];
        return ["nsenter", ...args, ...this.asUser(container, command, image)];
    }

    private pathOf(volume: Spec, folder = join(this.root, "../..")): string {
        return volume.persistentVolumeClaim
            ? join(
                  folder,
                  "claims",
                  this.ownVolumes.includes(volume.name)
                      ? `${volume.name}-${this.hostname}`
                      : volume.persistentVolumeClaim.claimName,
              )
            : join(this.volumes, volume.name);
    }

    /** What a container's mount shows; a directory of a claim is made. */
    private sourceOf({ name, subPath }: Spec): string {
        const volume = this.spec.volumes.find((one: Spec) => one.name === name);
        const path = this.pathOf(volume);
        if (!subPath) return path;
        if (volume.persistentVolumeClaim && !existsSync(join(path, subPath))) {
            mkdirSync(join(path, subPath));
            // The kubelet makes it with the group and mode of the volume.
            chownSync(join(path, subPath), 0, this.group);
            chmodSync(join(path, subPath), 0o2775);
        }
        return join(path, subPath);
    }

    private valueOf({ value, valueFrom }: Spec): string {
        if (!valueFrom) return value;
        const { name, key } = valueFrom.secretKeyRef;
        return find(this.objects, "Secret", name)["stringData"][key];
    }

    private asUser(container: Spec, command: readonly string[], image: Readonly<Record<string, string>>): string[] {
        const env = Object.entries({
            PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
            ...this.args.env,
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

    /** A command in a container that is made for it. */
    private inside(container: Spec, command: readonly string[], env: Readonly<Record<string, string>>): string[] {
        const at = (path: string) => quoted(join(this.root, path));
        const mounts = (container.volumeMounts as Spec[]).flatMap((mount) => {
            const { mountPath, readOnly } = mount;
            return [
                `mount --bind ${quoted(this.sourceOf(mount))} ${at(mountPath)}`,
                ...(readOnly ? [`mount -o remount,ro,bind ${at(mountPath)}`] : []),
            ];
        });
        const image = Object.entries(this.args.image ?? {}).flatMap(([path, folder]) => {
            const parts = [
                ["lowerdir", folder],
                ...["upper", "work"].map((name) => [`${name}dir`, join(this.copyOf(path), name)]),
            ];
            return [
                `mount -t overlay -o ${parts.map(([name, value]) => `${name}=${quoted(value!)}`).join(",")} image ${at(path)}`,
                ...(container.volumeMounts as Spec[]).map((mount) =>
                    // One file of a ConfigMap or a Secret, or a directory.
                    isFile(this.sourceOf(mount))
                        ? `mkdir -p ${at(dirname(mount.mountPath))}; touch ${at(mount.mountPath)}`
                        : `mkdir -p ${at(mount.mountPath)}`,
                ),
                ...(container.securityContext.readOnlyRootFilesystem ? [`mount -o remount,ro,bind ${at(path)}`] : []),
            ];
        });
        const script = [
            "set -e",
            `hostname ${this.hostname}`,
            "ip link set lo up",
            `mount --bind ${at("")} ${at("")}`,
            `mount --bind ${quoted(join(this.args.system ?? "/", "usr"))} ${at("usr")}`,
            `mount -o remount,ro,bind ${at("usr")}`,
            `mount --rbind /dev ${at("dev")}`,
            `mount -t proc proc ${at("proc")}`,
            ...image,
            ...mounts,
            ...(container.securityContext.readOnlyRootFilesystem ? [`mount -o remount,ro,bind ${at("")}`] : []),
            `cd ${at("")}`,
            // Not on every user's PATH.
            `exec /usr/sbin/chroot ${at("")} "$@"`,
        ].join("\n");
        const { connection } = this.args;
        const unshared = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"];
        const own = connection ? [...connection.enter, ...unshared] : [...unshared, "--net"];
        const { workingDir = "/" } = container;
        const process = ["sh", "-c", 'cd "$0" && exec "$@"', workingDir, ...command];
        return [...own, "sh", "-c", script, "sh", ...this.asUser(container, process, env)];
    }
}

const isFile = (path: string): boolean => statSync(path).isFile();

/** Runs a command to its end; resolves to its output, or fails with it. */
function ended(name: string, [program, ...args]: readonly string[], input = ""): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(program!, args);
        let output = "";
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (data: Buffer) => (output += data.toString()));
        child.stdin.on("error", () => undefined);
        child.stdin.end(input);
        child.once("error", reject);
        child.once("close", (code) =>
            code === 0 ? resolve(output) : reject(new Error(`${name} ended with ${code}:\n${output}`)),
        );
    });
}

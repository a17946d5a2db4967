import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Sent } from "./declare";
import { nobody } from "./files";
import { relocate, type Substitutions } from "./site";
import { Daemon } from "./tools";

interface ContainerObject {
    readonly name: string;
    readonly command?: string[];
    readonly workingDir?: string;
    readonly startupProbe?: { readonly exec: { readonly command: string[] } };
    readonly env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
    readonly volumeMounts?: { mountPath: string; name: string; subPath?: string }[];
}
interface PodObject {
    readonly initContainers?: ContainerObject[];
    readonly containers: ContainerObject[];
    readonly volumes?: VolumeObject[];
}
interface VolumeObject {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
    readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface PodRunArgs {
    /** Everything that is rendered. */
    readonly objects: readonly Sent[];
    /** A file system as the image has it, below this folder; mounts are put into it. */
    readonly root: string;
    /** Folder of each claim, by name. */
    readonly claims: Readonly<Record<string, string>>;
    /** Differences between the cluster and this machine, besides the folder. */
    readonly substitutions: Substitutions;
    /** Folders of the image and of mounts that lie below `root` here. @default those of OpenCart's pods */
    readonly folders?: readonly string[];
    /** Folder with the image's programs, before those of this machine. @default none */
    readonly programs?: string;
    /** @default nobody */
    readonly user?: { readonly uid?: number; readonly gid?: number };
}

const openCartFolders = [
    "/var/www",
    "/opt/opencart",
    "/opt/plinth",
    "/etc/opencart",
    "/volume",
    "/bundled",
    "/work",
    "/tmp",
];

/**
 * A stand-in for a kubelet: gives the containers of one rendered pod their files, environment and order, with plain
 * processes in a folder instead of containers. No isolation, no read-only root.
 */
export class PodRun {
    private readonly pod: PodObject;
    private readonly substitutions: Substitutions;

    readonly root: string;

    constructor(
        workload: Sent,
        private readonly args: PodRunArgs,
    ) {
        this.root = args.root;
        this.pod = (workload["spec"].jobTemplate?.spec ?? workload["spec"]).template.spec;
        this.substitutions = [
            ...args.substitutions,
            ...(args.folders ?? openCartFolders).map((path) => [path, `${args.root}${path}`] as const),
        ];
    }

    relocate(text: string): string {
        return relocate(text, this.substitutions);
    }

    container(name: string): ContainerObject {
        return [...(this.pod.initContainers ?? []), ...this.pod.containers].find((one) => one.name === name)!;
    }

    get initContainers(): readonly ContainerObject[] {
        return this.pod.initContainers ?? [];
    }

    environment(name: string): Record<string, string> {
        const values: Record<string, string> = {};
        for (const { name: variable, value = "", valueFrom } of this.container(name).env ?? [])
            values[variable] = valueFrom
                ? this.object("Secret", valueFrom.secretKeyRef.name)["stringData"][valueFrom.secretKeyRef.key]
                : // As the kubelet does, with the variables before it in the list.
                  this.relocate(value).replace(/\$\((\w+)\)/g, (written, named: string) => values[named] ?? written);
        const path = [this.args.programs, process.env["PATH"]].filter(Boolean).join(":");
        // A failing test must not wait for something that will not happen.
        return { PATH: path, PATIENCE: "20", ...values };
    }

    /** Puts files and links where the container's mounts are. */
    mount(name: string): void {
        // The deepest last: files are mounted into directories that are mounts themselves.
        for (const { mountPath, name: volume, subPath } of [...(this.container(name).volumeMounts ?? [])].sort(
            (a, b) => a.mountPath.length - b.mountPath.length,
        )) {
            const target = `${this.args.root}${mountPath}`;
            const source = this.pod.volumes!.find((one) => one.name === volume)!;
            rmSync(target, { recursive: true, force: true });
            mkdirSync(dirname(target), { recursive: true });
            const files = this.files(source);
            if (files) {
                if (subPath) writeFileSync(target, this.relocate(files[subPath]!));
                else
                    for (const [file, text] of Object.entries(files)) {
                        mkdirSync(target, { recursive: true });
                        writeFileSync(join(target, file), this.relocate(text));
                    }
            } else if (source.persistentVolumeClaim) {
                const claim = join(this.args.claims[source.persistentVolumeClaim.claimName]!, subPath ?? "");
                if (!existsSync(claim)) throw new Error(`${name} mounts ${claim}, which nothing has made`);
                symlinkSync(claim, target);
            } else {
                // Containers of a pod share it, wherever they mount it.
                const directory = join(this.args.root, "scratch", volume);
                mkdirSync(directory, { recursive: true });
                execFileSync("chmod", ["777", directory]);
                symlinkSync(directory, target);
            }
        }
    }

    private files({ configMap, secret }: VolumeObject): Record<string, string> | undefined {
        if (configMap) return this.object("ConfigMap", configMap.name)["data"];
        return secret && this.object("Secret", secret.secretName)["stringData"];
    }

    /** Runs the pod's containers one after the other, up to and with one of them. */
    async run(last: string): Promise<string> {
        let output = "";
        for (const { name } of [...(this.pod.initContainers ?? []), ...this.pod.containers]) {
            this.mount(name);
            output += await this.exec(name);
            if (name === last) break;
        }
        return output;
    }

    /** Runs one container's command, or a replacement, with an input; fails with its output. */
    exec(
        name: string,
        instead?: readonly string[],
        env: Readonly<Record<string, string>> = {},
        input?: string,
    ): Promise<string> {
        const [command, ...args] = this.command(name, instead);
        return new Promise((resolve, reject) => {
            const child = spawn(command!, args, { ...this.options(name, env) });
            let output = "";
            if (input !== undefined) child.stdin!.end(input);
            for (const stream of [child.stdout!, child.stderr!])
                stream.on("data", (data: Buffer) => (output += data.toString()));
            child.once("error", reject);
            child.once("close", (code) =>
                code === 0 ? resolve(output) : reject(new Error(`${name} ended with ${code}:\n${output}`)),
            );
        });
    }

    /** Starts one container's command. */
    start(name: string): Daemon {
        this.mount(name);
        const [command, ...args] = this.command(name);
        return new Daemon(command!, args, this.options(name));
    }

    private command(name: string, instead: readonly string[] = this.container(name).command!): string[] {
        return instead.map((part) => this.relocate(part));
    }

    private options(name: string, env: Readonly<Record<string, string>> = {}) {
        const { workingDir = "/tmp" } = this.container(name);
        return {
            env: { ...this.environment(name), ...env },
            cwd: this.relocate(workingDir),
            ...(this.args.user ?? nobody),
        };
    }

    private object(kind: string, name: string): Sent {
        const found = this.args.objects.find((object) => object.kind === kind && object.metadata.name === name);
        if (!found) throw new Error(`there is no ${kind} ${name}`);
        return found;
    }
}

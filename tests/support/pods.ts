import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Sent } from "./declare";
import { nobody, relocate, type Substitutions } from "./opencart";

interface ContainerObject {
    readonly name: string;
    readonly command?: string[];
    readonly env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
    readonly volumeMounts?: { mountPath: string; name: string; subPath?: string }[];
}
interface PodObject {
    readonly initContainers?: ContainerObject[];
    readonly containers: ContainerObject[];
    readonly volumes?: {
        name: string;
        configMap?: { name: string };
        secret?: { secretName: string };
        persistentVolumeClaim?: { claimName: string };
    }[];
}

export interface PodRunArgs {
    /** Everything that is rendered. */
    readonly objects: readonly Sent[];
    /** A file system as the image has it, below this folder; mounts are put into it. */
    readonly root: string;
    /** Folder of each claim, by name. */
    readonly claims: Readonly<Record<string, string>>;
    /** What differs between the cluster and this machine, beside the folder. */
    readonly substitutions: Substitutions;
}

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
        const own = [
            "/var/www",
            "/opt/opencart",
            "/opt/plinth",
            "/etc/opencart",
            "/volume",
            "/bundled",
            "/work",
            "/tmp",
        ];
        this.substitutions = [...args.substitutions, ...own.map((path) => [path, `${args.root}${path}`] as const)];
    }

    relocate(text: string): string {
        return relocate(text, this.substitutions);
    }

    container(name: string): ContainerObject {
        return [...(this.pod.initContainers ?? []), ...this.pod.containers].find((one) => one.name === name)!;
    }

    environment(name: string): Record<string, string> {
        const variables = (this.container(name).env ?? []).map(({ name: variable, value, valueFrom }) => {
            if (valueFrom === undefined) return [variable, this.relocate(value ?? "")] as const;
            const { name: secret, key } = valueFrom.secretKeyRef;
            return [variable, this.object("Secret", secret)["stringData"][key] as string] as const;
        });
        // A test that fails must not wait for what will not come.
        return { PATH: process.env["PATH"] ?? "", PATIENCE: "20", ...Object.fromEntries(variables) };
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
            if (source.configMap) {
                const { data } = this.object("ConfigMap", source.configMap.name) as unknown as {
                    data: Record<string, string>;
                };
                if (subPath) writeFileSync(target, this.relocate(data[subPath]!));
                else
                    for (const [file, text] of Object.entries(data)) {
                        mkdirSync(target, { recursive: true });
                        writeFileSync(join(target, file), this.relocate(text));
                    }
            } else if (source.persistentVolumeClaim) {
                const claim = join(this.args.claims[source.persistentVolumeClaim.claimName]!, subPath ?? "");
                if (!existsSync(claim)) throw new Error(`${name} mounts ${claim}, which nothing has made`);
                symlinkSync(claim, target);
            } else {
                // Containers of a pod share it, wherever each has it.
                const directory = join(this.args.root, "scratch", volume);
                mkdirSync(directory, { recursive: true });
                execFileSync("chmod", ["777", directory]);
                symlinkSync(directory, target);
            }
        }
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

    /** Runs one container's command; fails with its output when it does. */
    exec(name: string): Promise<string> {
        const [command, ...args] = this.container(name).command!.map((part) => this.relocate(part)) as [
            string,
            ...string[],
        ];
        return new Promise((resolve, reject) => {
            const child = spawn(command, args, {
                env: this.environment(name),
                cwd: `${this.args.root}/tmp`,
                ...nobody,
            });
            let output = "";
            for (const stream of [child.stdout, child.stderr])
                stream.on("data", (data: Buffer) => (output += data.toString()));
            child.once("error", reject);
            child.once("close", (code) =>
                code === 0 ? resolve(output) : reject(new Error(`${name} ended with ${code}:\n${output}`)),
            );
        });
    }

    private object(kind: string, name: string): Sent {
        const found = this.args.objects.find((object) => object.kind === kind && object.metadata.name === name);
        if (!found) throw new Error(`there is no ${kind} ${name}`);
        return found;
    }
}

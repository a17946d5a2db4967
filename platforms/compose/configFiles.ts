import type { Mount } from "../../components/podArgs";
import { wholeFile } from "../../components/languages/text";
import type { Conversion } from "./conversion";
import { digestOf } from "./conversion";
import type { FileSet, FileText } from "./fileObjects";
import { serviceLabel } from "./names";
import { objectName } from "../../components/names";

/** ConfigMaps and Secrets of a project's files, each declared when the first service mounts it. */
export class FileObjects {
    private readonly declared = new Map<string, { readonly name: string; readonly set: FileSet }>();
    private readonly names = new Set<string>();

    constructor(private readonly conversion: Conversion) {}

    /** The mount of a file or folder of the project. */
    bind(source: string, path: string): Mount {
        const shown = source.slice(this.conversion.source.loaded.folder.length + 1) || "project";
        return this.mount(`file ${source}`, serviceLabel(shown), this.conversion.source.files.binds[source]!, path);
    }

    /** Mounts of the configs and secrets of a service. */
    mountsOf(service: string): Mount[] {
        const { notes, source, services } = this.conversion;
        return (["configs", "secrets"] as const).flatMap((kind) =>
            (services[service]![kind] ?? []).flatMap((one, index): Mount[] => {
                const set = source.files[kind][one.source ?? ""];
                if (!set) return [];
                for (const key of ["uid", "gid"] as const)
                    if (one[key] !== undefined && one[key] !== "0")
                        notes.warn(
                            ["services", service, kind, index, key],
                            "has no counterpart: files belong to root, and the pod's group may read them",
                        );
                const name = one.target ?? one.source!;
                const path = name.startsWith("/") ? name : kind === "secrets" ? `/run/secrets/${name}` : `/${name}`;
                const mode = one.mode === undefined ? undefined : parseInt(one.mode, 8);
                return [
                    this.mount(
                        `${kind} ${one.source}`,
                        objectName(kind.slice(0, -1), serviceLabel(one.source!)),
                        set,
                        path,
                        mode,
                    ),
                ];
            }),
        );
    }

    private mount(key: string, label: string, set: FileSet, path: string, mode?: number): Mount {
        const known = this.declared.get(key) ?? { name: this.declare(key, label, set), set };
        this.declared.set(key, known);
        const files = set.isFile
            ? {
                  file: set.files[0]!.key,
                  ...(mode !== undefined ? { mode } : set.files[0]!.isExecutable ? { mode: 0o755 } : {}),
              }
            : itemsOf(set.files);
        return set.isSecret ? { path, secret: known.name, ...files } : { path, configMap: known.name, ...files };
    }

    private declare(key: string, label: string, set: FileSet): string {
        const { instance } = this.conversion;
        const name = this.names.has(label) ? objectName(label, digestOf(key).slice(0, 6)) : label;
        this.names.add(name);
        if (!set.isSecret)
            return instance.add(instance.owner, "ConfigMap", name, {
                data: Object.fromEntries(
                    set.files.map((file) => [file.key, wholeFile(this.conversion.value(file.parts!) as string)]),
                ),
            });
        const texts = set.files.filter(({ bytes }) => !bytes);
        const binaries = set.files.filter(({ bytes }) => bytes);
        return instance.add(instance.owner, "Secret", name, {
            ...(texts.length > 0
                ? { stringData: Object.fromEntries(texts.map((file) => [file.key, this.textOf(file)])) }
                : {}),
            ...(binaries.length > 0
                ? { data: Object.fromEntries(binaries.map(({ key: one, bytes }) => [one, bytes!.toString("base64")])) }
                : {}),
        });
    }

    private textOf({ secret, parts }: FileText) {
        return secret === undefined ? this.conversion.value(parts!) : this.conversion.secret(secret);
    }
}

/** Paths of the files below the mount, where keys cannot say them. */
function itemsOf(files: readonly FileText[]): { items?: { key: string; path: string; mode?: number }[] } {
    if (files.every(({ key, path, isExecutable }) => key === path && !isExecutable)) return {};
    return {
        items: files.map(({ key, path, isExecutable }) => ({ key, path, ...(isExecutable ? { mode: 0o755 } : {}) })),
    };
}

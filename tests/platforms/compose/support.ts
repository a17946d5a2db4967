import { stringify } from "yaml";
import { loadProject } from "../../../compose";
import { bakeTarget } from "../../../platforms/compose/build";
import { Notes } from "../../../platforms/compose/notes";
import { renderGiven } from "../../../operations/render/rendering";
import { containerOf, find, podOf, type Sent } from "../../support/declare";
import { write } from "../../support/files";
import { scratch } from "../../support/tools";

export interface ProjectArgs {
    /** Keys of the instance. @default none */
    readonly instance?: Readonly<Record<string, unknown>>;
    /** Files beside the Compose file, by path. @default none */
    readonly files?: Readonly<Record<string, string>>;
    /** Other `plinth:*` values. @default none */
    readonly values?: Readonly<Record<string, unknown>>;
    /** @default false */
    readonly showSecrets?: boolean;
    /** @default dev */
    readonly stack?: string;
}

export interface Converted {
    /** Where the project was. */
    readonly folder: string;
    readonly objects: readonly Sent[];
    readonly warnings: readonly string[];
    /** Names and kinds. */
    readonly names: readonly string[];
    readonly container: (kind: string, name: string, which?: string) => Container;
    readonly pod: (kind: string, name: string) => Container;
    readonly find: (kind: string, name: string) => Sent;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into objects of every kind
type Container = any;

/** Converts a project that is written here; warnings are those about the project. */
export function convert(compose: object | string, { files = {}, ...args }: ProjectArgs = {}): Converted {
    const { path: folder, clean } = scratch();
    try {
        const text = typeof compose === "string" ? compose : stringify(compose);
        write(folder, { "compose.yaml": text, ...files });
        return convertIn(folder, args);
    } finally {
        clean();
    }
}

function convertIn(folder: string, { instance, values, showSecrets = false, stack = "dev" }: ProjectArgs): Converted {
    const shop = { platform: "compose", host: "shop.example.org", file: "compose.yaml", ...instance };
    const config = { instances: { shop }, ...values };
    const rendering = renderGiven({
        project: "plinth",
        stack,
        config: Object.fromEntries(
            Object.entries(config).map(([key, value]) => [`plinth:${key}`, JSON.stringify(value)]),
        ),
        stackFolder: folder,
        hidesSecrets: !showSecrets,
    });
    const objects = rendering.objects as unknown as Sent[];
    return {
        folder,
        objects,
        warnings: rendering.outputs.warnings.filter(
            (warning) => warning.includes("compose.yaml") || warning.includes("nothing is served"),
        ),
        names: objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
        container: (kind, name, which = name) => containerOf(objects, kind, name, which) as Container,
        pod: (kind, name) => podOf(objects, kind, name) as Container,
        find: (kind, name) => find(objects, kind, name),
    };
}

/** How the image of its service `web` is built; undefined if it is not. */
export function targetOf(compose: object, files: Readonly<Record<string, string>>): object | undefined {
    const { path: folder, clean } = scratch();
    try {
        write(folder, { ...files, "compose.yaml": stringify(compose) });
        const loaded = loadProject({ folder });
        if (!loaded.project.services["web"]?.build) return undefined;
        const target = bakeTarget(loaded, "web", new Notes(loaded.sources, false, () => false));
        return JSON.parse(JSON.stringify(target).replaceAll(folder, "")) as object;
    } finally {
        clean();
    }
}

/** What a project is refused with; empty if it is not. */
export function refusalOf(compose: object | string, args?: ProjectArgs): string {
    try {
        convert(compose, args);
        return "";
    } catch (error) {
        return (error as Error).message;
    }
}

export const web = { image: "nginx:1.29", ports: ["80:80"] };

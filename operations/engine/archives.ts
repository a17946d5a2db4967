import { dependencies } from "../../package.json";
import recorded from "./pins.json";

/** What `./plinth pin` writes: the CLI's version, and SHA-256 checksums by archive name. */
export interface Pins {
    readonly pulumi: string;
    readonly sha256: Readonly<Record<string, string>>;
}

export const pins: Pins = recorded;

/** An archive published by Pulumi that is part of the engine. */
export interface Archive {
    readonly name: string;
    /** Whether Pulumi's list of SHA-256 checksums includes it. */
    readonly listed: boolean;
    /** Path below the download site. */
    readonly path: string;
    /** Folder for its files below Pulumi's home, where the engine looks for them. */
    readonly folder: string;
    /** How many leading folders in the archive are stripped. */
    readonly strip: number;
}

/** The packages of the providers in use, by the plugin's name: what depends on the SDK. */
const providers: readonly (readonly [plugin: string, version: string])[] = Object.entries(dependencies).flatMap(
    ([name, version]) => {
        const [, plugin] = /^@pulumi\/(.+)$/.exec(name) ?? [];
        return plugin === undefined || plugin === "pulumi" ? [] : [[plugin, version] as const];
    },
);

/** Machines that Plinth downloads the engine for, by Node's names: those common in pipelines, and Macs. */
const architectures = { x64: "amd64", arm64: "arm64" } as const;
const systems = ["linux", "darwin"] as const;

/**
 * The CLI and the plugins of the providers in use, in matching versions.
 *
 * @param machine operating system and processor as Node names them: `linux-x64`
 * @returns undefined if the machine is not supported
 */
export function archivesFor(machine: string, { pulumi }: Pick<Pins, "pulumi"> = pins): Archive[] | undefined {
    const [system, processor] = machine.split("-") as [string, string];
    const architecture = architectures[processor as keyof typeof architectures];
    if (!systems.some((one) => one === system) || !architecture) return undefined;
    const cli = `pulumi-v${pulumi}-${system}-${processor}.tar.gz`;
    return [
        { name: cli, listed: true, path: `sdk/${cli}`, folder: `versions/${pulumi}/bin`, strip: 1 },
        ...providers.map(([plugin, version]): Archive => {
            const name = `pulumi-resource-${plugin}-v${version}-${system}-${architecture}.tar.gz`;
            const folder = `plugins/resource-${plugin}-v${version}`;
            // The kind of checksum in such a list varies by provider.
            return { name, listed: false, path: `plugins/${name}`, folder, strip: 0 };
        }),
    ];
}

/** The archives for all supported machines. */
export const allArchives = (some: Pick<Pins, "pulumi"> = pins): Archive[] =>
    systems.flatMap((system) =>
        Object.keys(architectures).flatMap((processor) => archivesFor(`${system}-${processor}`, some)!),
    );

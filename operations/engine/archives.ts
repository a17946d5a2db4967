import { dependencies } from "../../package.json";
import recorded from "./pins.json";

/** What `./plinth pin` has written: the CLI's version, and SHA-256 checksums by an archive's name. */
export interface Pins {
    readonly pulumi: string;
    readonly sha256: Readonly<Record<string, string>>;
}

export const pins: Pins = recorded;

/** An archive that the engine is made of, as its makers publish it. */
export interface Archive {
    readonly name: string;
    /** Whether the makers' list of SHA-256 checksums has it. */
    readonly listed: boolean;
    /** Where it is, below the download site. */
    readonly path: string;
    /** Where its files belong, below Pulumi's home: where the engine looks for them. */
    readonly folder: string;
    /** How many folders around the files in the archive are left out. */
    readonly strip: number;
}

/** What this program can fetch for a machine, by Node's names: what runs in pipelines, and Macs. */
const architectures = { x64: "amd64", arm64: "arm64" } as const;
const systems = ["linux", "darwin"] as const;

/**
 * The CLI and the plugins of the providers that the program uses, in the versions that belong together.
 *
 * @param machine operating system and processor as Node names them: `linux-x64`
 * @returns undefined where no such archives are fetched
 */
export function archivesFor(machine: string, { pulumi }: Pick<Pins, "pulumi"> = pins): Archive[] | undefined {
    const [system, processor] = machine.split("-") as [string, string];
    const architecture = architectures[processor as keyof typeof architectures];
    if (!systems.some((one) => one === system) || !architecture) return undefined;
    const cli = `pulumi-v${pulumi}-${system}-${processor}.tar.gz`;
    return [
        { name: cli, listed: true, path: `sdk/${cli}`, folder: `versions/${pulumi}/bin`, strip: 1 },
        ...(["kubernetes", "random"] as const).map((plugin): Archive => {
            const version = dependencies[`@pulumi/${plugin}`];
            const name = `pulumi-resource-${plugin}-v${version}-${system}-${architecture}.tar.gz`;
            const folder = `plugins/resource-${plugin}-v${version}`;
            // Its list has whatever kind of checksum the provider's makers took.
            return { name, listed: false, path: `plugins/${name}`, folder, strip: 0 };
        }),
    ];
}

/** The archives of every machine that can be fetched for. */
export const allArchives = (some: Pick<Pins, "pulumi"> = pins): Archive[] =>
    systems.flatMap((system) =>
        Object.keys(architectures).flatMap((processor) => archivesFor(`${system}-${processor}`, some)!),
    );

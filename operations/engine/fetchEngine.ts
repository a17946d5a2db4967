import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { inTurn } from "../../sandbox/folder";
import { type Archive, archivesFor, type Pins, pins as recorded } from "./archives";
import { download, readText, Unreachable } from "../system/download";
import { UserError } from "../system/errors";
import { read } from "../system/shell";

/** Where Pulumi publishes: archives on one site, the CLI's checksums on another. */
export interface Site {
    readonly downloads: string;
    readonly releases: string;
}

export const official: Site = {
    downloads: "https://get.pulumi.com/releases",
    releases: "https://github.com/pulumi/pulumi/releases/download",
};

export interface FetchArgs {
    /** @default Pulumi's own sites */
    readonly site?: Site;
    /** @default the pins written by `./plinth pin` */
    readonly pins?: Pins;
    /** @default this machine */
    readonly machine?: string;
}

/** Path of the pinned CLI below Pulumi's home, once it is downloaded. */
export const fetchedEngine = (home: string): string => join(home, "versions", recorded.pulumi, "bin", "pulumi");

/**
 * Downloads the pinned CLI, and the plugins whose checksums are pinned, unless they are installed. An archive's
 * checksum is verified before anything is unpacked: against its pin, or for a CLI without a pin, against its release's
 * list on another site. Plugins without a pin are left to the engine.
 *
 * @param home Pulumi's home, where the engine itself keeps such files
 * @throws Unreachable if an archive or the list cannot be downloaded
 * @throws UserError if an archive does not match its pinned checksum
 */
export async function fetchEngine(
    home: string,
    { site = official, pins = recorded, machine = `${process.platform}-${process.arch}` }: FetchArgs = {},
): Promise<void> {
    const archives = archivesFor(machine, pins);
    if (!archives) throw new Unreachable(`no Pulumi CLI can be downloaded for ${machine}`);
    for (const archive of archives.filter(({ name, listed }) => listed || pins.sha256[name])) {
        const folder = join(home, archive.folder);
        if (existsSync(folder)) continue;
        // The engine treats every folder next to a plugin's as another plugin.
        await inTurn(join(home, "fetching"), async () => {
            if (!existsSync(folder)) await install(archive, folder, home, { site, pins });
        });
    }
}

async function install(
    archive: Archive,
    folder: string,
    home: string,
    { site, pins }: Required<Omit<FetchArgs, "machine">>,
): Promise<void> {
    const { name, path, strip } = archive;
    const pinned = pins.sha256[name];
    const expected = pinned ?? (await releaseChecksums(site, pins.pulumi)).get(name);
    if (!expected) throw new UserError(`the checksums of Pulumi ${pins.pulumi} do not include ${name}`);
    if (!pinned)
        console.error(
            pc.yellow(
                `No checksum of ${name} is pinned; it is verified against its release's. Pin it with: ./plinth pin`,
            ),
        );
    // Unpacked next to its final path, so that a rename installs it atomically.
    const unfinished = mkdtempSync(join(home, "fetching-"));
    try {
        const file = join(unfinished, name);
        const found = await download(`${site.downloads}/${path}`, file);
        if (found !== expected)
            throw new UserError(
                `${site.downloads}/${path} was not installed: its SHA-256 checksum is\n  ${found}, and ${pinned ? "operations/engine/pins.json has" : "its release says"}\n  ${expected}`,
            );
        const content = join(unfinished, "content");
        mkdirSync(content);
        // Files belong to the current user, not to a user ID from the archive.
        const unpack = ["-x", "-z", "-o", "-f", file, "-C", content, `--strip-components=${strip}`];
        const { ok, stderr } = await read("tar", unpack);
        if (!ok) throw new UserError(`${name} could not be unpacked: ${stderr.trim()}`);
        mkdirSync(dirname(folder), { recursive: true });
        renameSync(content, folder);
    } finally {
        rmSync(unfinished, { recursive: true, force: true });
    }
}

/**
 * SHA-256 checksums of a CLI release, by archive.
 *
 * @throws Unreachable if the list cannot be downloaded
 */
export async function releaseChecksums({ releases }: Site, version: string): Promise<ReadonlyMap<string, string>> {
    const text = await readText(`${releases}/v${version}/pulumi-${version}-checksums.txt`);
    return new Map(
        [...text.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)].map(([, checksum, name]) => [name!, checksum!] as const),
    );
}

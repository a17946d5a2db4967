import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { inTurn } from "../../sandbox/folder";
import { type Archive, archivesFor, type Pins, pins as recorded } from "./archives";
import { download, readText, Unreachable } from "../system/download";
import { UserError } from "../system/errors";
import { read } from "../system/shell";

/** Where Pulumi's makers publish: archives on one site, the checksums of the CLI's on another. */
export interface Site {
    readonly downloads: string;
    readonly releases: string;
}

export const official: Site = {
    downloads: "https://get.pulumi.com/releases",
    releases: "https://github.com/pulumi/pulumi/releases/download",
};

export interface FetchArgs {
    /** @default where its makers publish */
    readonly site?: Site;
    /** @default what `./plinth pin` has written */
    readonly pins?: Pins;
    /** @default this one */
    readonly machine?: string;
}

/** Where the pinned CLI is below Pulumi's home, once it was fetched. */
export const fetchedEngine = (home: string): string => join(home, "versions", recorded.pulumi, "bin", "pulumi");

/**
 * Fetches the pinned CLI, and the plugins whose checksums are pinned, unless they are there. An archive is compared
 * with its pinned checksum before anything of it is unpacked; the CLI's, as long as none is pinned, with the list of
 * its release, which is on another site. Plugins without a pin are left to the engine.
 *
 * @param home Pulumi's: where the engine itself keeps such files
 * @throws Unreachable when an archive, or the list, is not to be had
 * @throws UserError when an archive is another than the one that was pinned
 */
export async function fetchEngine(
    home: string,
    { site = official, pins = recorded, machine = `${process.platform}-${process.arch}` }: FetchArgs = {},
): Promise<void> {
    const archives = archivesFor(machine, pins);
    if (!archives) throw new Unreachable(`no Pulumi CLI is fetched for ${machine}`);
    for (const archive of archives.filter(({ name, listed }) => listed || pins.sha256[name])) {
        const folder = join(home, archive.folder);
        if (existsSync(folder)) continue;
        // The engine counts every folder beside a plugin's as another plugin.
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
    const expected = pinned ?? (await listed(site, pins.pulumi)).get(name);
    if (!expected) throw new UserError(`the checksums of Pulumi ${pins.pulumi} do not name ${name}`);
    if (!pinned)
        console.error(
            pc.yellow(`No checksum of ${name} is pinned; it is compared with its release's. Pin it: ./plinth pin`),
        );
    // Beside its place, so that it gets there whole, by its name alone.
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
        // Files belong to whoever fetches them, not to a number in the archive.
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
 * SHA-256 checksums of a release of the CLI, by archive.
 *
 * @throws Unreachable when the list is not to be had
 */
export async function listed({ releases }: Site, version: string): Promise<ReadonlyMap<string, string>> {
    const text = await readText(`${releases}/v${version}/pulumi-${version}-checksums.txt`);
    return new Map(
        [...text.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)].map(([, checksum, name]) => [name!, checksum!] as const),
    );
}

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allArchives, type Pins } from "../engine/archives";
import { baseImages, withDigests } from "./baseImages";
import { download } from "../system/download";
import { UserError } from "../system/errors";
import { releaseChecksums, official, type Site } from "../engine/fetchEngine";
import { groupBy } from "../system/groupBy";
import { digestOf } from "./registry";
import { root } from "../system/root";

/** One pinned image or archive. */
export interface Pinned {
    /** The file that contains the pin, below the checkout. */
    readonly file: string;
    /** An image with its tag, or the name of an archive. */
    readonly name: string;
    /** Previous digest or checksum; undefined if there was none. */
    readonly from: string | undefined;
    readonly to: string;
}

export interface PinArgs {
    /** The checkout. @default this one */
    readonly folder?: string;
    /** @default Pulumi's own sites */
    readonly site?: Site;
}

const pinsFile = join("operations", "engine", "pins.json");

/**
 * Updates the digests of base images in Dockerfiles and pipelines of the checkout, and the checksums of the engine's
 * archives. Nothing is written if any of them cannot be resolved.
 *
 * @returns what was changed
 * @throws UserError that lists everything that could not be resolved
 */
export async function pinAll({ folder = root, site = official }: PinArgs = {}): Promise<Pinned[]> {
    const images = baseImages(folder);
    const pins = JSON.parse(readFileSync(join(folder, pinsFile), "utf8")) as Pins;
    const archives = allArchives(pins);
    const failures: string[] = [];
    const had = async <T>(work: Promise<T>): Promise<T | undefined> => {
        try {
            return await work;
        } catch (error) {
            if (!(error instanceof UserError)) throw error;
            failures.push(error.message);
            return undefined;
        }
    };
    const references = [...new Set(images.map(({ reference }) => reference))];
    const digests = await Promise.all(references.map((one) => had(digestOf(one))));
    const list = await had(releaseChecksums(site, pins.pulumi));
    const checksums: (string | undefined)[] = [];
    // Sequentially, because they are large.
    for (const { listed, name, path } of archives) {
        checksums.push(listed ? list?.get(name) : await had(download(`${site.downloads}/${path}`)));
        if (listed && list && !list.has(name))
            failures.push(`the checksums of Pulumi ${pins.pulumi} do not include ${name}`);
    }
    if (failures.length > 0)
        throw new UserError(
            `Nothing was changed: these could not be resolved.\n${failures.map((line) => `  ${line}\n`).join("")}`.trimEnd(),
        );

    const digestOfImage = new Map(references.map((one, index) => [one, digests[index]!]));
    for (const [file, ofFile] of groupBy(images, ({ file }) => file)) {
        const path = join(folder, file);
        writeFileSync(path, withDigests(readFileSync(path, "utf8"), ofFile, digestOfImage));
    }
    const sha256 = Object.fromEntries(archives.map(({ name }, index) => [name, checksums[index]!]));
    writeFileSync(join(folder, pinsFile), `${JSON.stringify({ ...pins, sha256 }, null, 4)}\n`);
    return [
        ...images.map(({ file, reference, digest }) => ({
            file,
            name: reference,
            from: digest,
            to: digestOfImage.get(reference)!,
        })),
        ...archives.map(({ name }) => ({ file: pinsFile, name, from: pins.sha256[name], to: sha256[name]! })),
    ].filter(({ from, to }) => from !== to);
}

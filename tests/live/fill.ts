import { expect } from "chai";
import { waitFor } from "./cluster";
import type { Live } from "./live";
import { visitsText } from "./load";
import type { Fillable } from "./subject";
import { writtenText } from "./writer";

/**
 * Fills a volume to the last byte while visitors ask and rows are written, and frees it again. Afterwards everything
 * works by itself, and what was acknowledged is there.
 */
export async function fill(live: Live, { component, container, folder, tries }: Fillable): Promise<string | string[]> {
    const run = (script: string) => live.place.exec(component, container, ["sh", "-c", script]);
    const [, size, , free] = columns(await run(`df -Pk ${folder}`));
    const [, root] = columns(await run("df -Pk /"));
    // A directory on the node's disk: filling it would fill the node.
    if (size === root || free! > 8 * 1024 * 1024)
        return `skipped: the volume of ${component} has no small file system of its own`;

    const filler = `${folder}/plinth-live-filler`;
    const visits = live.load({ visitors: 2 });
    const writer = await live.writer();
    await waitFor("written rows", 30, async () => writer.rows > 0);
    // The last blocks are smaller than those that dd writes first.
    await run(
        `dd if=/dev/zero of=${filler} bs=1048576 2>/dev/null; dd if=/dev/zero bs=512 2>/dev/null >> ${filler}; true`,
    );
    const full = writer.rows;
    const tried = await tries(live);
    const during = writer.rows - full;
    await run(`rm -f ${filler}`);
    const freed = Date.now();
    const before = writer.rows;
    await waitFor("written rows after the volume was freed", 120, async () => writer.rows > before);
    const recovered = (Date.now() - freed) / 1000;
    const written = await writer.stop();
    live.keep(written.acknowledged);
    const seen = await visits.stop();
    await waitFor("healthy instance", 180, async () => {
        await live.expectKept();
        return true;
    });
    const left = await run(`ls ${folder}`);
    expect(left).not.to.contain("plinth-live-filler");
    return [
        `${Math.round((free! / 1024) * 10) / 10} MiB filled; ${tried}; ${during} rows written meanwhile, the next one ${recovered.toFixed(1)} s after there was space`,
        writtenText(written),
        visitsText(seen),
    ];
}

/** Of the last line of what df prints: device, size, used, free. Not every image has awk. */
const columns = (printed: string): number[] => printed.split("\n").at(-1)!.split(/\s+/).map(Number);

import { expect } from "chai";
import type { Live } from "./live";
import { picture } from "./picture";

/** Uploaded files that must stay, by URL path, with their contents in base64. */
export const uploads = (live: Live): Record<string, string> =>
    JSON.parse(live.memory.get("uploads") ?? "{}") as Record<string, string>;

/** Notes an uploaded file, which `expectUploads` then looks for. */
export function noteUpload(live: Live, path: string, contents: Buffer): void {
    live.memory.set("uploads", JSON.stringify({ ...uploads(live), [path]: contents.toString("base64") }));
}

/** Fetches every uploaded file and compares it. */
export async function expectUploads(live: Live): Promise<void> {
    for (const [path, contents] of Object.entries(uploads(live))) {
        const { status, bytes } = await live.visitor().once(path);
        expect(status, path).to.equal(200);
        expect(bytes.toString("base64"), path).to.equal(contents);
    }
}

/**
 * Uploads a picture that no longer fits on the volume.
 *
 * @param folder URL path below which it would be served
 * @param upload does so, and returns the answer
 * @returns what the administrator was told, and what is served of it
 */
export async function uploadTooMuch(
    live: Live,
    folder: string,
    upload: (name: string, contents: Buffer) => Promise<string>,
): Promise<string> {
    const contents = Buffer.concat([picture("large"), Buffer.alloc(300_000, 1)]);
    const answer = await upload("large.png", contents);
    const { status, bytes } = await live.visitor().once(`${folder}/large.png`);
    const stored = status === 200 ? bytes.length : 0;
    expect(stored).to.be.below(contents.length);
    return `an upload was answered with ${answer.slice(0, 200)}, and ${stored} of its ${contents.length} bytes are served`;
}

/** Runs a scheduled task now, waits for it, and returns its log. */
export async function runScheduled(live: Live, task: string): Promise<string> {
    const job = `${task}-live`;
    await live.place.kubectl("create", "job", job, `--from=cronjob/${task}`);
    await live.place.kubectl("wait", "--for=condition=Complete", `job/${job}`, "--timeout=300s");
    const log = await live.place.kubectl("logs", `job/${job}`, "--all-containers");
    await live.place.kubectl("delete", "job", job);
    return log.trim();
}

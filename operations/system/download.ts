import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import pc from "picocolors";
import { UserError } from "./errors";

/** Timeout of one download, in milliseconds. */
const patience = 600_000;

/** A download that failed but may work later or from elsewhere: no network, or no such file. */
export class Unreachable extends UserError {}

/** @throws Unreachable if it cannot be downloaded */
async function get(url: string): Promise<Response> {
    console.error(pc.dim(`GET ${url}`));
    let response: Response;
    try {
        response = await fetch(url, { signal: AbortSignal.timeout(patience) });
    } catch (error) {
        throw new Unreachable(`${url} cannot be reached: ${reasonOf(error)}`);
    }
    if (!response.ok) throw new Unreachable(`${url} answered ${response.status}`);
    return response;
}

const reasonOf = (error: unknown): string => {
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
    return cause?.code ?? cause?.message ?? message;
};

/** @throws Unreachable if it cannot be downloaded, or ends early */
export async function readText(url: string): Promise<string> {
    const response = await get(url);
    try {
        return await response.text();
    } catch (error) {
        throw new Unreachable(`${url} ended early: ${reasonOf(error)}`);
    }
}

/**
 * Downloads a file.
 *
 * @param path where to store it. @default it is not stored
 * @returns its SHA-256 checksum, in hexadecimal
 * @throws Unreachable if it cannot be downloaded, or ends early
 */
export async function download(url: string, path?: string): Promise<string> {
    const response = await get(url);
    const hash = createHash("sha256");
    const file = path === undefined ? undefined : await open(path, "wx", 0o600);
    try {
        const reader = response.body?.getReader();
        for (;;) {
            const { done, value } = (await reader?.read().catch((error: unknown) => {
                throw new Unreachable(`${url} ended early: ${reasonOf(error)}`);
            })) ?? { done: true, value: undefined };
            if (done || value === undefined) return hash.digest("hex");
            hash.update(value);
            await file?.writeFile(value);
        }
    } finally {
        await file?.close();
    }
}

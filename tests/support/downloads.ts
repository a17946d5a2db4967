import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Site } from "../../operations/engine/fetchEngine";
import { write } from "./files";

export const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");

/** A .tar.gz of some files, by path; all may be executed. */
export function archiveOf(scratch: string, name: string, files: Readonly<Record<string, string>>): Buffer {
    const folder = join(scratch, `${name}-files`);
    mkdirSync(folder);
    write(folder, files);
    execFileSync("chmod", ["-R", "755", folder]);
    const path = join(scratch, name);
    execFileSync("tar", ["-C", folder, "-czf", path, ...readdirSync(folder)]);
    return readFileSync(path);
}

/** A download site on loopback: it answers 404 for anything but its files. */
export class Downloads {
    readonly files = new Map<string, Buffer | string>();
    /** Requested paths, in order. */
    readonly wanted: string[] = [];
    /** Paths whose connection is cut after half of the file. */
    readonly cut = new Set<string>();
    private readonly server = createServer((request, response) => {
        const path = request.url!.slice(1);
        this.wanted.push(path);
        const file = this.files.get(path);
        if (file === undefined) return response.writeHead(404).end();
        const bytes = Buffer.from(file);
        response.writeHead(200, { "Content-Length": bytes.length });
        if (!this.cut.has(path)) return response.end(bytes);
        response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    });

    private constructor() {}

    static async start(): Promise<Downloads> {
        const site = new Downloads();
        await new Promise<void>((resolve) => site.server.listen(0, "127.0.0.1", resolve));
        return site;
    }

    get site(): Site {
        const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
        return { downloads: `${url}/get`, releases: `${url}/releases` };
    }

    stop(): void {
        this.server.closeAllConnections();
        this.server.close();
    }
}

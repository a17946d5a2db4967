import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Daemon, freePort } from "./tools";

const types = {
    config: "application/vnd.oci.image.config.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    index: "application/vnd.oci.image.index.v1+json",
};

const sha256 = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** The configuration of Debian's registry, with its data below a folder. */
export function registryConfig(folder: string, port: number, auth: object = {}): string {
    const path = join(folder, `registry-${port}.yml`);
    const config = {
        version: "0.1",
        log: { level: "warn" },
        storage: { filesystem: { rootdirectory: join(folder, `registry-${port}`) } },
        http: { addr: `127.0.0.1:${port}` },
        ...auth,
    };
    writeFileSync(path, stringify(config));
    return path;
}

/** A registry on loopback: Debian's, with its data below a folder. */
export class Registry {
    private constructor(
        /** Host and port, as references name it. */
        readonly host: string,
        private readonly daemon: Daemon,
    ) {}

    /** @param auth the access control in its configuration. @default everything is open */
    static async start(command: string, folder: string, auth: object = {}): Promise<Registry> {
        const port = await freePort();
        const registry = new Registry(
            `localhost:${port}`,
            new Daemon(command, ["serve", registryConfig(folder, port, auth)], { cwd: folder }),
        );
        await registry.daemon.ready(() => fetch(`http://${registry.host}/v2/`));
        return registry;
    }

    stop(): Promise<number | null> {
        return this.daemon.stop();
    }

    /**
     * Puts an image there, for two architectures under one index.
     *
     * @param content what makes its digest another one
     * @returns digests that the registry gave: of the index, and of the manifests in it
     */
    async put(repository: string, tag: string, content: string, headers: Record<string, string> = {}) {
        const put = async (kind: "manifest" | "index", reference: string, body: Buffer) => {
            const response = await this.send(`${repository}/manifests/${reference}`, "PUT", body, {
                ...headers,
                "Content-Type": types[kind],
            });
            return {
                mediaType: types[kind],
                digest: response.headers.get("docker-content-digest")!,
                size: body.length,
            };
        };
        const manifests = [];
        for (const architecture of ["amd64", "arm64"]) {
            const config = json({ architecture, os: "linux", content, rootfs: { type: "layers", diff_ids: [] } });
            const manifest = json({
                schemaVersion: 2,
                mediaType: types.manifest,
                config: {
                    mediaType: types.config,
                    digest: await this.putBlob(repository, config, headers),
                    size: config.length,
                },
                layers: [],
            });
            const descriptor = await put("manifest", sha256(manifest), manifest);
            manifests.push({ ...descriptor, platform: { architecture, os: "linux" } });
        }
        const index = await put("index", tag, json({ schemaVersion: 2, mediaType: types.index, manifests }));
        return { index: index.digest, manifests: manifests.map(({ digest }) => digest) };
    }

    private async putBlob(repository: string, blob: Buffer, headers: Record<string, string>): Promise<string> {
        const started = await this.send(`${repository}/blobs/uploads/`, "POST", undefined, headers);
        const location = new URL(started.headers.get("location")!, `http://${this.host}`);
        location.searchParams.set("digest", sha256(blob));
        location.host = this.host;
        await this.send(location.href, "PUT", blob, { ...headers, "Content-Type": "application/octet-stream" });
        return sha256(blob);
    }

    private async send(
        path: string,
        method: string,
        body: Buffer | undefined,
        headers: Record<string, string>,
    ): Promise<Response> {
        const response = await fetch(new URL(path, `http://${this.host}/v2/`), {
            method,
            headers,
            ...(body ? { body: new Uint8Array(body) } : {}),
        });
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
        return response;
    }
}

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { SandboxError } from "./errors";
import { inTurn } from "./folder";

export interface GoProgramArgs {
    /** Folder of a Go module whose go.sum pins everything. */
    readonly source: string;
    /** Package to build. @default the module's own */
    readonly pkg?: string;
    /** Linker flags in addition to `-s -w`. @default none */
    readonly ldflags?: readonly string[];
    /** Called with the build's progress. @default not called */
    readonly progress?: (line: string) => void;
}

/** Cache folder for built programs. */
export const cacheFolder = (): string => join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "plinth");

/** Path of a built program, whose name contains a digest of everything it is built from. */
export function goProgramPath({ source, pkg = ".", ldflags = [] }: GoProgramArgs): string {
    const hash = createHash("sha256").update([pkg, ...ldflags].join("\n"));
    for (const file of readdirSync(source).sort())
        if (/^go\.(mod|sum)$|\.go$/.test(file)) hash.update(readFileSync(join(source, file)));
    return join(cacheFolder(), `${basename(source)}-${hash.digest("hex").slice(0, 12)}`);
}

/**
 * Builds a program from a pinned Go module unless it exists; static, so that it runs everywhere.
 *
 * @returns its path
 * @throws SandboxError with the compiler's output
 */
export async function buildGoProgram(args: GoProgramArgs): Promise<string> {
    const path = goProgramPath(args);
    if (existsSync(path)) {
        // The modification time records the last use.
        utimesSync(path, new Date(), new Date());
        return path;
    }
    return inTurn(path, () => build(path, args));
}

async function build(
    path: string,
    { source, pkg = ".", ldflags = [], progress = () => {} }: GoProgramArgs,
): Promise<string> {
    // Another process may have built it in the meantime.
    if (existsSync(path)) return path;
    const options = { cwd: source, env: { CGO_ENABLED: "0" }, stdin: "ignore" } as const;

    progress("downloading modules");
    const flags = ["-trimpath", "-ldflags", ["-s", "-w", ...ldflags].join(" ")];
    const stale = await execa(
        "go",
        ["list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", ...flags, pkg],
        options,
    );
    const packages = stale.stdout.split("\n").filter((line) => line !== "").length;
    const unfinished = `${path}.${process.pid}`;
    const compiler = execa("go", ["build", "-v", ...flags, "-o", unfinished, pkg], options);
    let built = 0;
    compiler.stderr.on("data", (data: Buffer) => {
        built += data.toString().split("\n").length - 1;
        progress(`${Math.min(built, packages)} of ${packages} packages`);
    });
    try {
        await compiler;
    } catch (error) {
        throw new SandboxError(`Go could not build ${basename(source)}:\n${(error as Error).message}`, {
            cause: error,
        });
    }
    renameSync(unfinished, path);
    removeUnwanted();
    return path;
}

/** Deletes programs that have not been used for two months: they have a hundred megabytes each. */
function removeUnwanted(): void {
    const oldest = Date.now() - 60 * 24 * 3_600_000;
    for (const name of readdirSync(cacheFolder())) {
        const path = join(cacheFolder(), name);
        if (statSync(path).mtimeMs < oldest) rmSync(path, { recursive: true });
    }
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ImagesConfig } from "../config/imageSources";
import { localRegistry } from "../config/imageSources";
import { contentHash } from "../components/names";

/** Images that are built from sources of the user's, with Dockerfiles that are not this program's. */

/** What is common to the builds of a Compose project and of platforms. */
export interface BuildSource {
    /** An absolute path, or what else `docker buildx build` takes: a URL, a repository. */
    readonly context?: string;
    /** In the context. @default Dockerfile */
    readonly dockerfile?: string;
    /** Its text instead. @default the file */
    readonly dockerfile_inline?: string;
}

/** Whether a context is a folder of this machine: others are URLs, repositories and images. */
export const isFolder = (context: string): boolean => context.startsWith("/") || /^[A-Za-z]:[\\/]/.test(context);

/**
 * The tag of an image that nobody has given one: it changes with what is said of the build, and with the Dockerfile.
 *
 * @param folder that relative paths begin at
 */
export function buildTag({ context = "", dockerfile, ...rest }: BuildSource, folder: string): string {
    const file = isFolder(context) ? join(context, dockerfile ?? "Dockerfile") : "";
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    // The same wherever the folder is.
    const settings = JSON.stringify([context, dockerfile, rest])
        .replaceAll(folder, ".")
        .replaceAll(dirname(folder), "..");
    // Tags without a digit are ones that move.
    return `0-${contentHash([settings, text])}`;
}

/**
 * What keeps an image from being built, or the cluster from pulling it.
 *
 * @param refuse is told each problem, with the keys below the build's own
 * @param instead what to do if it is not to be built, for the messages
 */
export function checkBuild(
    { context = "", dockerfile = "Dockerfile", dockerfile_inline: inline }: BuildSource,
    { stack, images: { registry } }: { readonly stack: string; readonly images: ImagesConfig },
    instead: string,
    refuse: (keys: readonly string[], message: string) => void,
): void {
    if (registry === localRegistry && stack !== "dev")
        refuse(
            [],
            `is built here, and the cluster cannot pull it from ${localRegistry}: set plinth:images.registry, or ${instead}`,
        );
    if (!isFolder(context)) return;
    if (!existsSync(context)) refuse(["context"], `${context} does not exist; create it, or ${instead}`);
    else if (inline === undefined && !existsSync(join(context, dockerfile)))
        refuse([], `${context} has no ${dockerfile}; create it, or ${instead}`);
}

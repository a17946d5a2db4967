import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Path } from "../../compose";
import { localRegistry } from "../../config/imageSources";
import { isFolder } from "./build";
import type { Conversion } from "./conversion";
import { imageName } from "./images";

/** Refuses builds that cannot be done, or whose images no cluster can pull. */
export function checkBuilds({ source, services, settings, instance, notes }: Conversion): void {
    for (const [name, { build }] of Object.entries(services)) {
        const image = imageName(name);
        if (!build || !source.images[image]?.built || settings.images[image] !== undefined) continue;
        const { context = "", dockerfile, dockerfile_inline } = build;
        const path: Path = ["services", name, "build"];
        const own = `or set images.${image} of ${instance.name} to an image of a registry`;
        const { registry } = instance.stack.config.images;
        if (registry === localRegistry && instance.stack.config.stack !== "dev")
            notes.refuse(
                path,
                `is built here, and the cluster cannot pull it from ${localRegistry}: set plinth:images.registry, ${own}`,
            );
        if (!isFolder(context)) continue;
        if (!existsSync(context)) notes.refuse([...path, "context"], `${context} does not exist; create it, ${own}`);
        else if (dockerfile_inline === undefined && !existsSync(join(context, dockerfile ?? "Dockerfile")))
            notes.refuse(path, `${context} has no ${dockerfile ?? "Dockerfile"}; create it, ${own}`);
    }
}

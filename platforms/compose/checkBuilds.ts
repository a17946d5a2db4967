import type { Path } from "../../compose";
import { checkBuild } from "../build";
import type { Conversion } from "./conversion";
import { imageName } from "./images";

/** Refuses builds that cannot be done, or whose images no cluster can pull. */
export function checkBuilds({ source, services, settings, instance, notes }: Conversion): void {
    for (const [name, { build }] of Object.entries(services)) {
        const image = imageName(name);
        if (!build || !source.images[image]?.built || settings.images[image] !== undefined) continue;
        const path: Path = ["services", name, "build"];
        const instead = `set images.${image} of ${instance.name} to an image of a registry`;
        checkBuild(build, instance.stack.config, instead, (keys, message) => notes.refuse([...path, ...keys], message));
    }
}

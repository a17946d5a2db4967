import type { LoadedProject } from "../../compose";
import { splitReference } from "../../config/registries";
import { imageReference } from "../../config/fields";
import type { Image } from "../../config/images";
import { bakeTarget, buildTag } from "./build";
import type { Extensions } from "./extensions";
import { imageName } from "./images";
import type { Notes } from "./notes";

/** An image's name in full: `redis:8` is `docker.io/library/redis:8`. */
export function fullReference(written: string): string {
    const { registry, path } = splitReference(written);
    return `${registry}/${registry === "docker.io" && !path.includes("/") ? "library/" : ""}${path}`;
}

/** The images of a project's services, each under the service's name. */
export function composeImages(loaded: LoadedProject, { services }: Extensions, notes: Notes): Record<string, Image> {
    const { project, folder } = loaded;
    return Object.fromEntries(
        Object.entries(project.services).flatMap(([service, one]): [string, Image][] => {
            const { image, build, provider, pull_policy } = one;
            const name = imageName(service);
            if (provider) return [];
            const path = ["services", service, "image"];
            if (image !== undefined && !imageReference.safeParse(image).success) {
                notes.refuse(path, `"${image}" is not allowed; allowed: [REGISTRY/]NAME[:TAG][@sha256:DIGEST]`);
                return [];
            }
            const isBuilt = services[service]!.build ?? (image === undefined || pull_policy === "build");
            if (!build || !isBuilt) {
                if (image === undefined) {
                    notes.refuse(["services", service], "has neither image nor build; required: one of them");
                    return [];
                }
                if (build)
                    notes.warn(
                        ["services", service, "build"],
                        `is not built: ${image} is pulled, as Docker does where it can; x-plinth.build: true builds it`,
                    );
                return [[name, { name, reference: fullReference(image) }]];
            }
            const target = bakeTarget(loaded, service, notes);
            const reference = builtReference(
                image,
                `${project.name}-${service}`.toLowerCase(),
                buildTag(build, folder),
            );
            return [[name, { name, reference, built: true, target }]];
        }),
    );
}

/** Below the stack's registry, under the image's own name and tag if it has them. */
function builtReference(image: string | undefined, name: string, tag: string): string {
    if (image === undefined) return `${name}:${tag}`;
    const { path } = splitReference(image.split("@")[0]!);
    return /:[^/]+$/.test(path) ? path : `${path}:${tag}`;
}

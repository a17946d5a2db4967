import type { LoadedProject } from "../../compose";
import { splitReference } from "../../config/registries";
import { imageReference } from "../../config/fields";
import { type Image, images } from "../../config/images";
import { images as own } from "./images";
import type { Notes } from "./notes";

/** An image's name in full: `redis:8` is `docker.io/library/redis:8`. */
export function fullReference(written: string): string {
    const { registry, path } = splitReference(written);
    return `${registry}/${registry === "docker.io" && !path.includes("/") ? "library/" : ""}${path}`;
}

/** The images of a project's services, each under the service's name. */
export function composeImages({ project }: LoadedProject, notes: Notes): Record<string, Image> {
    return Object.fromEntries(
        Object.entries(project.services).flatMap(([service, { image, build, provider }]): [string, Image][] => {
            const name = imageName(service);
            if (provider) return [];
            if (image === undefined && !build) {
                notes.refuse(["services", service], "has neither image nor build; required: one of them");
                return [];
            }
            if (image === undefined)
                return [[name, { name, reference: `${project.name}-${service}:latest`.toLowerCase(), built: true }]];
            if (build)
                notes.warn(
                    ["services", service, "build"],
                    `is not built: ${image} is pulled, as Docker does where it can`,
                );
            if (!imageReference.safeParse(image).success) {
                notes.refuse(
                    ["services", service, "image"],
                    `"${image}" is not allowed; allowed: [REGISTRY/]NAME[:TAG][@sha256:DIGEST]`,
                );
                return [];
            }
            return [[name, { name, reference: fullReference(image) }]];
        }),
    );
}

/** The key of a service's image below `images`. */
export const imageName = (service: string): string =>
    Object.hasOwn(images, service) || Object.hasOwn(own, service) ? `service-${service}` : service;

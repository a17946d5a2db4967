import type { LoadedProject, Service } from "../../compose";
import { splitReference } from "../../config/registries";
import { imageReference } from "../../config/fields";
import type { Image } from "../../config/images";
import { buildTag } from "../build";
import { bakeTarget } from "./build";
import type { Extensions } from "./extensions";
import { imageName, initImage, startImage } from "./images";
import { initContainerOf } from "./kompose";
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
            const { image, build, pull_policy } = one;
            const name = imageName(service);
            const more = furtherImages(service, one, notes);
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
                return [[name, { name, reference: fullReference(image) }], ...more];
            }
            const target = bakeTarget(loaded, service, notes);
            const reference = builtReference(
                image,
                `${project.name}-${service}`.toLowerCase(),
                buildTag(build, folder),
            );
            return [[name, { name, reference, built: true, target }], ...more];
        }),
    );
}

/** Images of containers before a service's own. */
function furtherImages(service: string, one: Service, notes: Notes): [string, Image][] {
    const label = initContainerOf(one);
    const all = [
        ...(one.pre_start ?? []).map(({ image }, index) => ({
            name: startImage(service, index),
            image: image === one.image ? undefined : image,
            path: ["pre_start", index, "image"],
        })),
        ...(label
            ? [{ name: initImage(service), image: label.image, path: ["labels", "kompose.init.containers.image"] }]
            : []),
    ];
    return all.flatMap(({ name, image, path }): [string, Image][] => {
        if (image === undefined) return [];
        if (imageReference.safeParse(image).success) return [[name, { name, reference: fullReference(image) }]];
        notes.refuse(
            ["services", service, ...path],
            `"${image}" is not allowed; allowed: [REGISTRY/]NAME[:TAG][@sha256:DIGEST]`,
        );
        return [];
    });
}

/** Below the stack's registry, under the image's own name and tag if it has them. */
function builtReference(image: string | undefined, name: string, tag: string): string {
    if (image === undefined) return `${name}:${tag}`;
    const { path } = splitReference(image.split("@")[0]!);
    return /:[^/]+$/.test(path) ? path : `${path}:${tag}`;
}

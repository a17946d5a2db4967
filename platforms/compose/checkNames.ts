import { edgeName } from "../../components/loadBalancer";
import type { Conversion } from "./conversion";
import { imageName } from "./serviceImages";

/** Refuses names that the instance has for something of its own, and images that nothing can pull. */
export function checkNames({ source, services, settings, instance, notes }: Conversion): void {
    for (const { label, path, written } of source.names)
        if (label === edgeName)
            notes.refuse(path, `"${written}" is the name of the instance's balancer; choose another one`);
    for (const [name, { build }] of Object.entries(services)) {
        const image = imageName(name);
        if (!source.images[image]?.built || settings.images[image] !== undefined) continue;
        notes.refuse(
            ["services", name, "build"],
            `is built from ${build?.context ?? "a folder"}, and a cluster pulls images from a registry: push it to one, and set images.${image} of ${instance.name}`,
        );
    }
}

import { UserError } from "../system/errors";
import { run } from "../system/shell";
import type { StackImages } from "./images";

export interface Copy {
    readonly from: string;
    readonly to: string;
}

/**
 * The public images that the stack's pods pull from its mirrors, with where they come from. An image that the stack's
 * file replaces is the user's own matter; one that it locks to a digest is copied under its tag.
 *
 * @throws UserError if the stack has no mirror
 */
export function mirrored({ config, used }: StackImages): Copy[] {
    if (Object.keys(config.images.mirror).length === 0)
        throw new UserError(
            `Nothing was copied: "${config.stack}" has no mirror; set plinth:images.mirror, such as {docker.io: localhost:5000/hub}`,
        );
    const wanted = used.filter(({ image, own, reference }) => !image.built && reference.split("@")[0] === own);
    const copies = wanted.map(({ image, own }) => ({ from: image.reference, to: own }));
    return [...new Map(copies.filter(({ from, to }) => from !== to).map((copy) => [copy.to, copy])).values()];
}

/**
 * Copies images from registry to registry, for all architectures, without the local Docker's own store.
 *
 * @throws UserError with what docker says
 */
export async function copyImages(all: readonly Copy[]): Promise<void> {
    for (const { from, to } of all) await run("docker", ["buildx", "imagetools", "create", "--tag", to, from]);
}

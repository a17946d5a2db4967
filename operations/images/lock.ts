import { suggest } from "../../config/problems";
import { UserError } from "../system/errors";
import { imagesOf, type UsedImage } from "./images";
import { digestOf, locate } from "./registry";
import type { Session } from "../session";
import { writeStack } from "../render/stackEdit";

/** One line of `images:` that the lock has written. */
export interface Locked {
    /** Path of the key in the stack file. */
    readonly path: string;
    readonly from: string;
    readonly to: string;
}

/** Result of locking. */
export interface Lock {
    readonly changed: readonly Locked[];
    /** Lines that pin an image to a different tag from Plinth's default, and so override it. */
    readonly behind: readonly { readonly path: string; readonly reference: string; readonly own: string }[];
}

export interface LockArgs {
    /** Whether lines with a different tag of Plinth's default image are updated to its tag. @default false */
    readonly update?: boolean;
    /** Names of the images to lock. @default all */
    readonly only?: readonly string[];
}

/**
 * Writes the digest of every image of a stack to its file, under `images` of each instance, so that pods always run
 * exactly the same images. Nothing is written if any digest cannot be resolved.
 *
 * @throws ConfigError if the stack's configuration is invalid
 * @throws UserError that lists every image that could not be resolved
 */
export async function lockImages(session: Session, { update = false, only }: LockArgs = {}): Promise<Lock> {
    const { stack, folder } = session;
    const { used } = await imagesOf(session);
    const names = [...new Set(used.map(({ name }): string => name))].sort();
    for (const name of only ?? [])
        if (!names.includes(name))
            throw new UserError(
                `Nothing was changed: "${name}" is not an image of "${stack}"${suggest(name, names)}; allowed: ${names.join(", ") || "none"}`,
            );
    const chosen = used.filter(({ name }) => !only || only.includes(name));
    const wanted = chosen.map((image) => ({ image, tagged: taggedOf(image, update) }));
    const digests = await resolve(stack, [...new Set(wanted.map(({ tagged }) => tagged))]);
    const lines = wanted.map(({ image, tagged }) => ({ image, reference: `${tagged}@${digests.get(tagged)!}` }));
    const changed = lines.filter(({ image, reference }) => reference !== image.reference);
    if (changed.length > 0)
        writeStack(
            stack,
            changed.map(({ image, reference }) => ({ path: pathOf(image), value: reference })),
            folder,
        );
    return {
        changed: changed.map(({ image, reference }) => ({
            path: pathOf(image).join("."),
            from: image.reference,
            to: reference,
        })),
        behind: wanted
            .filter(({ image, tagged }) => tagged !== image.own && isSameImage(image))
            .map(({ image, tagged }) => ({ path: pathOf(image).join("."), reference: tagged, own: image.own })),
    };
}

const pathOf = ({ owner, name }: UsedImage): string[] => [...owner, "images", name];

/** Whether the image that the pods run differs from Plinth's default only in tag and digest. */
function isSameImage({ reference, own }: UsedImage): boolean {
    const [theirs, ours] = [locate(reference), locate(own)];
    return theirs.registry === ours.registry && theirs.repository === ours.repository;
}

/** The reference to resolve: with a tag, without a digest. */
function taggedOf(image: UsedImage, update: boolean): string {
    const [named, digest] = image.reference.split("@") as [string, string?];
    const hasTag = /:[^/:]+$/.test(named);
    if (update && isSameImage(image)) return image.own;
    // A digest alone does not show which tag it came from.
    if (digest && !hasTag)
        throw new UserError(
            `Nothing was changed. ${pathOf(image).join(".")} is "${image.reference}", which has no tag to resolve; write it as NAME:TAG`,
        );
    return hasTag ? named : `${named}:latest`;
}

/** @throws UserError that lists every image whose digest cannot be resolved */
async function resolve(stack: string, references: readonly string[]): Promise<Map<string, string>> {
    const found = await Promise.allSettled(references.map(digestOf));
    const failures = found.flatMap((result, index) => {
        if (result.status === "fulfilled") return [];
        if (!(result.reason instanceof UserError)) throw result.reason;
        return [`  ${references[index]}: ${result.reason.message}`];
    });
    if (failures.length > 0)
        throw new UserError(
            `Nothing was changed: the digests of these images could not be resolved.\n${failures.join("\n")}\n` +
                `To push images that are built here to their registry: ./plinth images push ${stack}`,
        );
    return new Map(
        references.map((reference, index) => [reference, (found[index] as PromiseFulfilledResult<string>).value]),
    );
}

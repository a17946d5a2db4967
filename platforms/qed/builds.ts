import { isAbsolute, join } from "node:path";
import { z } from "zod";
import type { Instance } from "../../components/instance";
import type { Image } from "../../config/images";
import { buildTag, checkBuild } from "../build";
import { images, type SuiteImage, suiteImages } from "./images";

const build = z.strictObject({
    /**
     * The repository of the image: a folder, from that of the stack's file on, or what `docker buildx build` takes
     * besides, such as https://github.com/quanted/flask_qed.git#COMMIT.
     */
    context: z
        .string()
        .regex(/^\P{Cc}+$/u, "allowed: a folder, or the URL of a repository")
        .max(1024, "is longer than 1024 characters"),
    /** In the context. @default Dockerfile */
    dockerfile: z
        .string()
        .regex(/^(?!\/)\P{Cc}+$/u, "allowed: the path of a file, from the context on")
        .optional(),
    /** Stage of the Dockerfile. @default the last */
    target: z
        .string()
        .regex(/^[A-Za-z][\w.-]*$/, "allowed: the name of a stage")
        .optional(),
    /** Arguments of the build. They are in the image's history. */
    args: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "allowed: the name of a variable"), z.string()).default({}),
});

/** The schema of builds: those of the suite's own images, from Dockerfiles in its public repositories. */
export const builds = z
    .strictObject(
        Object.fromEntries(suiteImages.map((name) => [name, build.optional()])) as Record<
            SuiteImage,
            z.ZodOptional<typeof build>
        >,
    )
    .prefault({});

type Builds = z.infer<typeof builds>;

export type SuiteImages = Readonly<Record<keyof typeof images, Image>>;

/** Where the images of an instance come from. */
export interface ImageSources {
    readonly images: SuiteImages;
    /** Those that are built here, with absolute paths. */
    readonly builds: Builds;
}

/**
 * The images of an instance: published ones, and those that are built here.
 *
 * @param folder that relative paths begin at
 */
export function readImages(given: Builds, folder: string): ImageSources {
    const wanted = suiteImages.flatMap((name) => {
        const one = given[name];
        return one ? [[name, { ...one, context: contextOf(one.context, folder) }] as const] : [];
    });
    const built = wanted.map(([name, target]): [SuiteImage, Image] => [
        name,
        { name, reference: `${name}:${buildTag(target, folder)}`, built: true, target },
    ]);
    return { images: { ...images, ...Object.fromEntries(built) }, builds: Object.fromEntries(wanted) };
}

/** Refuses builds that cannot be done, or whose images no cluster can pull. */
export function checkBuilds(instance: Instance, wanted: Builds): void {
    for (const name of suiteImages) {
        const one = wanted[name];
        if (!one || instance.config.images[name] !== undefined) continue;
        const instead = `set images.${name} to an image of a registry`;
        checkBuild(one, instance.stack.config, instead, (keys, message) =>
            instance.problem(["builds", name, ...keys], message),
        );
    }
}

const contextOf = (written: string, folder: string): string =>
    /^([a-z][a-z0-9+.-]*:\/\/|git@)/.test(written) || isAbsolute(written) ? written : join(folder, written);

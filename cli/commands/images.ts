import { changesText, example, type Register } from "../command";
import { isMissing, refuseMissing } from "../../operations/engine/engine";
import { bake, builtImages, checkBuilt, checkUnlocked, findDocker, imagesOf } from "../../operations/images/images";
import { copyImages, mirrored } from "../../operations/images/mirror";
import { loaderFor } from "../../operations/images/localCluster";
import { type LockArgs, lockImages } from "../../operations/images/lock";
import { openSession, refuseSandbox } from "../../operations/launch/sandbox";
import { Session } from "../../operations/session";
import { setImages } from "../../operations/images/setImages";
import { count } from "../../operations/system/text";

interface BuildOptions {
    readonly platform?: string;
    readonly only?: readonly string[];
}

export const images: Register = (program) => {
    const group = program
        .command("images")
        .description("Build and load images, choose other ones, and lock them to digests.");
    example(
        group
            .command("build")
            .description("Build the images that a stack's instances need, in the local Docker.")
            .argument("[stack]", "stack to build for", "dev")
            .option("--platform <list>", "such as linux/arm64; separate several with commas (default: this machine's)")
            .option("--only <name...>", "only these images")
            .action((stack: string, options: BuildOptions) => build(stack, options)),
        "images build",
        "images build staging --platform linux/arm64 --only opencart-nginx",
    );
    example(
        group
            .command("push")
            .description("Build the images that a stack's instances need and push them to its registry.")
            .argument("[stack]", "stack to build for", "dev")
            .option(
                "--platform <list>",
                "such as linux/arm64; separate several with commas (default: all in images/docker-bake.hcl)",
            )
            .option("--only <name...>", "only these images")
            .action((stack: string, options: BuildOptions) => push(stack, options)),
        "images push production",
    );
    example(
        group
            .command("mirror")
            .description(
                "Copy the public images that a stack's pods run to its mirrors (plinth:images.mirror).\n\nFrom registry to registry, for all architectures.",
            )
            .argument("[stack]", "stack whose mirrors are filled", "dev")
            .action(mirror),
        "images mirror production",
    );
    example(
        group
            .command("load")
            .description("Load the built images from the local Docker into the stack's local cluster.")
            .argument("[stack]", "stack whose cluster needs them", "dev")
            .action(load),
        "images load",
    );
    example(
        group
            .command("lock")
            .description("Write the current digest of every image to the stack file.")
            .argument("[stack]", "stack to lock", "dev")
            .option("--update", "replace other tags of Plinth's default images with Plinth's own tags")
            .option("--only <name...>", "only these images")
            .option("--json", "for scripts")
            .action((stack: string, { json, ...options }: LockArgs & { json?: boolean }) =>
                lock(stack, options, json ?? false),
            ),
        "images lock production",
        "images lock staging --only opencart-php",
    );
    example(
        group
            .command("set")
            .description(
                "Set images of an instance in the stack file.\n\nThe file is only written if the whole stack is then valid. Nothing is deployed.",
            )
            .argument("<instance>", "instance whose pods run the images")
            .argument(
                "<image=reference...>",
                "image, or tier for its main container's image; then the stack (default: dev)",
            )
            .usage("<instance> <image=reference...> [stack]")
            .action(set),
        "images set shop caddy=docker.io/library/caddy:2.11.4-alpine production",
    );
};

/** The stack comes last, as in all commands, and contains no `=`. */
async function set(instance: string, words: readonly string[]): Promise<void> {
    const last = words.at(-1)!;
    const [stack, choices] = words.length > 1 && !last.includes("=") ? [last, words.slice(0, -1)] : ["dev", words];
    const { diff, tiers } = await setImages(new Session(stack), instance, choices);
    if (diff.length > 0) {
        console.log(changesText(stack, diff));
        return console.log(`\nNothing is deployed yet: ./plinth launch ${stack}`);
    }
    console.log(`Pulumi.${stack}.yaml is already up to date.`);
    const targets = (some: readonly { readonly component: string }[]) =>
        some.map(({ component }) => `${instance}/${component}`).join(",");
    const pulling = tiers.filter(({ pulls }) => pulls);
    const keeping = tiers.filter(({ pulls }) => !pulls);
    if (pulling.length > 0)
        console.log(`New pods pull the current image of the tag: ./plinth restart ${targets(pulling)} ${stack}`);
    if (keeping.length > 0)
        console.log(
            `New pods of ${targets(keeping)} use the image cached on their node. Set a different tag or the digest: ./plinth images lock ${stack}`,
        );
}

const listed = (platforms: string | undefined): string[] | undefined =>
    platforms?.split(",").map((platform) => platform.trim());

async function build(stack: string, { platform, only }: BuildOptions): Promise<void> {
    const needed = await imagesOf(await openSession(stack));
    const docker = await findDocker();
    if (Array.isArray(docker)) return refuseMissing("Nothing was built.", docker);
    const platforms = listed(platform) ?? [docker.platform];
    report(stack, "built", await bake(needed, { ...(only ? { only } : {}), platforms, push: false }));
}

async function push(stack: string, { platform, only }: BuildOptions): Promise<void> {
    const needed = await imagesOf(await openSession(stack));
    const docker = await findDocker();
    if (Array.isArray(docker)) return refuseMissing("Nothing was pushed.", docker);
    const platforms = listed(platform);
    const pushed = await bake(needed, {
        ...(only ? { only } : {}),
        ...(platforms ? { platforms } : {}),
        push: true,
    });
    report(stack, "pushed", pushed);
}

async function mirror(stack: string): Promise<void> {
    const copies = mirrored(await imagesOf(await openSession(stack)));
    const docker = await findDocker();
    if (Array.isArray(docker)) return refuseMissing("Nothing was copied.", docker);
    await copyImages(copies);
    report(
        stack,
        "mirrored",
        copies.map(({ to }) => ({ reference: to })),
    );
}

async function load(stack: string): Promise<void> {
    const session = await openSession(stack);
    refuseSandbox(session, "Nothing was loaded");
    const needed = await imagesOf(session);
    checkUnlocked(needed);
    const cluster = await session.cluster();
    if (isMissing(cluster)) return refuseMissing("Nothing was loaded.", [cluster]);
    const loader = loaderFor(cluster, session);
    const [docker, missing] = await Promise.all([findDocker(), loader.check()]);
    refuseMissing("Nothing was loaded.", [...(Array.isArray(docker) ? docker : []), ...missing]);
    const built = builtImages(needed);
    await checkBuilt(stack, built);
    if (built.length > 0) await loader.load(built);
    report(stack, "loaded", built);
}

function report(stack: string, done: string, images: readonly { readonly reference: string }[]): void {
    if (images.length === 0) console.log(`"${stack}" has no images to be ${done}: all come from elsewhere.`);
    for (const { reference } of images) console.log(`${done} ${reference}`);
}

async function lock(stack: string, options: LockArgs, json: boolean): Promise<void> {
    const result = await lockImages(await openSession(stack), options);
    if (json) return console.log(JSON.stringify(result, null, 2));
    for (const { path, from, to } of result.changed) console.log(`${path}\n  was ${from}\n  now ${to}`);
    for (const { path, reference, own } of result.behind)
        console.error(
            `${path} is ${reference}; Plinth's default is ${own}. To use it: ./plinth images lock ${stack} --update`,
        );
    console.log(
        result.changed.length > 0
            ? `${count(result.changed.length, "image")} locked in Pulumi.${stack}.yaml; ./plinth launch ${stack} deploys them.`
            : `${options.only ? options.only.join(", ") : `Every image of "${stack}"`} is already locked to its current digest.`,
    );
}

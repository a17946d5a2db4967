import { sharedName } from "../../components/loadBalancer/edgeNames";
import { type Image, images, resolveImage, usualReference } from "../../config/images";
import { imagesOf as all } from "../../platforms/platform";
import { proxyEnvironment } from "../../config/network";
import { suggest } from "../../config/problems";
import type { StackConfig } from "../../config/stack";
import type { Missing } from "../engine/engine";
import { type Definition, writeDefinitions } from "./definitions";
import { UserError } from "../system/errors";
import type { RenderedObject, Rendering } from "../render/rendering";
import type { Session } from "../session";
import { attempt, failureOf, findOnPath, read } from "../system/shell";

/** An image that pods of a stack run. */
export interface UsedImage {
    readonly name: string;
    /** Where the stack file can override it: the path of the map with the key `images`. */
    readonly owner: readonly string[];
    /** The reference that the pods pull. */
    readonly reference: string;
    /** The reference that they would pull without an override in the stack file. */
    readonly own: string;
    readonly image: Image;
}

/** The images of a stack, with its configuration and rendering. */
export interface StackImages {
    readonly config: StackConfig;
    readonly rendering: Rendering;
    readonly used: readonly UsedImage[];
}

/** An image that is built here. */
export interface BuiltImage {
    readonly name: string;
    readonly reference: string;
    /** Name of its target for `docker buildx bake`. */
    readonly target: string;
}

/**
 * Every image that the pods of a stack run, once for each instance; the shared load balancer counts as an instance.
 *
 * @throws ConfigError if the stack's configuration is invalid
 */
export async function imagesOf(session: Session): Promise<StackImages> {
    const config = session.config();
    const rendering = await session.rendering();
    const { outputs, objects } = rendering;
    const known = new Map(all(session.platforms()).map((image) => [image.name, image]));
    const used =
        (owner: readonly string[]) =>
        ([name, reference]: readonly [string, string]): UsedImage => {
            const image = config.facts[owner[1]!]?.images?.[name] ?? known.get(name)!;
            return { name, owner, reference, own: usualReference(image, config.images), image };
        };
    return {
        config,
        rendering,
        used: [
            ...Object.entries(outputs.instances).flatMap(([instance, { images: own }]) =>
                Object.entries(own).map(used(["plinth:instances", instance])),
            ),
            ...imagesOfSharedEdge(config, objects).map(used(["plinth:edge"])),
        ],
    };
}

/** The outputs do not list the shared load balancer as an instance, so its images are read from its pods. */
function imagesOfSharedEdge(config: StackConfig, objects: readonly RenderedObject[]): [string, string][] {
    const running = new Set(
        objects
            .filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/instance"] === sharedName)
            .flatMap(containerImages),
    );
    return Object.values<Image>(images)
        .map((image): [string, string] => [
            image.name,
            resolveImage(image, config.sharedEdge.images[image.name], config.images).reference,
        ])
        .filter(([, reference]) => running.has(reference));
}

function containerImages(object: RenderedObject): string[] {
    const template = (object as { spec?: { template?: { spec?: Record<string, unknown> } } }).spec?.template?.spec;
    return [template?.["containers"], template?.["initContainers"]]
        .flatMap((containers) => (containers ?? []) as { image: string }[])
        .map(({ image }) => image);
}

/**
 * The images that the stack's instances need built. An image that the stack file replaces with a different one comes
 * from elsewhere; one that it locks to a digest is still built here.
 */
export function builtImages({ used }: StackImages): BuiltImage[] {
    const all = used.filter(isBuilt).map((one) => ({ name: one.name, reference: one.own, target: targetOf(one) }));
    return [...new Map(all.map((image) => [image.reference, image])).values()];
}

const isBuilt = ({ image, own, reference }: UsedImage): boolean =>
    image.built === true && reference.split("@")[0] === own;

/** Targets of the bake file have their images' names. Names of targets have no dots or slashes. */
const targetOf = ({ image, name }: Pick<UsedImage, "image" | "name">): string =>
    image.target ? image.reference.replace(/[^A-Za-z0-9_-]/g, "-") : name;

/** @throws UserError if a built image is locked to a digest, which only a registry can resolve */
export function checkUnlocked({ config, used }: StackImages): void {
    const locked = used.filter((image) => isBuilt(image) && image.reference.includes("@"));
    if (locked.length > 0)
        throw new UserError(
            `Nothing was loaded. These images are locked to a digest, which only a registry can serve:\n${locked
                .map(({ owner, name, reference }) => `  ${[...owner, "images", name].join(".")}: ${reference}\n`)
                .join("")}Push them (./plinth images push ${config.stack}), or remove these lines.`,
        );
}

/**
 * The variables of the bake file, according to the stack's configuration.
 *
 * @throws UserError if two instances need different builds of the same image
 */
function bakeVariables({ config, used }: StackImages, targets: readonly BuiltImage[]): Record<string, string> {
    const decided = new Map<string, { value: string; path: string }>();
    const wanted = used.filter((one) => isBuilt(one) && targets.some(({ name }) => name === one.name));
    for (const { owner, image } of wanted)
        for (const [variable, key] of Object.entries(image.variables ?? {})) {
            const instance = config.instances.find((one) => one.name === owner[1]);
            const value = String(instance?.[key]);
            const path = [...owner, key].join(".");
            const other = decided.get(variable);
            if (other && other.value !== value)
                throw new UserError(
                    `Nothing was built. ${other.path} is "${other.value}" and ${path} is "${value}", but both instances use the same images, which are built with it.\n` +
                        `Set different images for one of them in ${[...owner, "images"].join(".")}.`,
                );
            decided.set(variable, { value, path });
        }
    return {
        REGISTRY: config.images.registry.replace(/\/$/, ""),
        ...(config.images.mirror["docker.io"] ? { HUB: config.images.mirror["docker.io"] } : {}),
        ...Object.fromEntries([...decided].map(([variable, { value }]) => [variable, value])),
    };
}

/** Images with targets of their own, each with those of its instance that it is made of. */
function definitionsOf({ used }: StackImages): Definition[] {
    const all = used.flatMap((one) => {
        if (!isBuilt(one) || !one.image.target) return [];
        const siblings = used.filter(({ owner }) => owner.join() === one.owner.join());
        const of = (name: string) => targetOf(siblings.find((other) => other.name === name) ?? one);
        return [{ name: targetOf(one), reference: one.own, target: one.image.target, targetOf: of }];
    });
    return [...new Map(all.map((definition) => [definition.name, definition])).values()];
}

export interface BakeArgs {
    /** Names of the images to build. @default all */
    readonly only?: readonly string[];
    /** @default those of the bake file */
    readonly platforms?: readonly string[];
    /** Whether to push to the registry instead of loading into the local Docker. */
    readonly push: boolean;
}

/**
 * Builds the images that the stack's instances need.
 *
 * @throws UserError if a name or a platform is not allowed, or the build fails
 */
export async function bake(stack: StackImages, { only, platforms = [], push }: BakeArgs): Promise<BuiltImage[]> {
    const built = builtImages(stack);
    const names: string[] = built.map(({ name }) => name);
    for (const name of only ?? [])
        if (!names.includes(name))
            throw new UserError(
                `"${name}" is not an image that is built for "${stack.config.stack}"${suggest(name, names)}; allowed: ${names.join(", ") || "none"}`,
            );
    for (const platform of platforms)
        if (!/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/.test(platform))
            throw new UserError(
                `"${platform}" is not a platform; allowed: OS/ARCHITECTURE, such as linux/amd64 or linux/arm64`,
            );
    const targets = built.filter(({ name }) => !only || only.includes(name));
    if (targets.length === 0) return [];
    const definition = writeDefinitions(stack.config.stack, definitionsOf(stack));
    const args = [
        ...["buildx", "bake", "--file", "images/docker-bake.hcl"],
        ...(definition === undefined ? [] : ["--file", definition]),
        // The local Docker drops attestations, and kind cannot load images that have them:
        // https://github.com/kubernetes-sigs/kind/issues/3795
        ...(push ? ["--push"] : ["--load", "--provenance=false", "--sbom=false"]),
        ...platforms.flatMap((platform) => ["--set", `*.platform=${platform}`]),
        // Known to every Dockerfile, and part of no image.
        ...Object.entries(stack.config.cluster.proxy ? proxyEnvironment(stack.config.cluster.proxy) : {}).flatMap(
            ([name, value]) => ["--set", `*.args.${name}=${value}`],
        ),
        ...targets.map(({ target }) => target),
    ];
    const { ok, output, code, why } = await attempt("docker", args, { env: bakeVariables(stack, targets) });
    if (!ok) throw new UserError(isPlainBuilder(output) ? plainBuilder : failureOf("docker", args, why), code);
    return targets;
}

/** Whether Docker's default builder has refused a feature that it does not support. */
const isPlainBuilder = (said: string): boolean => /(Multi-platform build|Attestation) is not supported/.test(said);

const plainBuilder =
    "Docker's current builder supports neither images for several architectures nor SBOMs. Create one that does:\n" +
    "  docker buildx create --use --driver docker-container --driver-opt network=host";

/** @throws UserError if an image is not in the local Docker */
export async function checkBuilt(stack: string, images: readonly BuiltImage[]): Promise<void> {
    const found = await Promise.all(
        images.map(({ reference }) => read("docker", ["image", "inspect", "--format", "{{.Id}}", reference])),
    );
    const missing = images.filter((_, index) => !found[index]!.ok).map(({ reference }) => `  ${reference}\n`);
    if (missing.length > 0)
        throw new UserError(
            `Nothing was loaded. These images are not in the local Docker:\n${missing.join("")}Build them first: ./plinth images build ${stack}`,
        );
}

/** The platform of Docker's daemon, or everything that is missing to build images. */
export async function findDocker(): Promise<{ platform: string } | Missing[]> {
    if (!findOnPath("docker"))
        return [{ what: "docker: it is not on the PATH", remedy: "https://docs.docker.com/get-started/get-docker/" }];
    const [daemon, buildx] = await Promise.all([
        read("docker", ["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]),
        read("docker", ["buildx", "version"]),
    ]);
    const missing: Missing[] = [
        ...(daemon.ok
            ? []
            : [{ what: `docker's daemon: ${daemon.stderr.trim().split("\n").at(-1)}`, remedy: "start it" }]),
        ...(buildx.ok
            ? []
            : [{ what: "docker's plugin buildx", remedy: "https://docs.docker.com/build/install-buildx/" }]),
    ];
    return missing.length > 0 ? missing : { platform: daemon.stdout.trim() };
}

/** What is missing if a program is not on the PATH; empty if it is. */
export const findTool = (name: string, remedy: string): Missing[] =>
    findOnPath(name) ? [] : [{ what: `${name}: it is not on the PATH`, remedy }];

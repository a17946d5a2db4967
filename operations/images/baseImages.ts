import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** An image that a file of this checkout refers to: in a Dockerfile, a pipeline, or as SBOM generator. */
export interface BaseImage {
    /** Path below the checkout. */
    readonly file: string;
    /** Image with tag, without digest. */
    readonly reference: string;
    readonly digest: string | undefined;
    /** Position in the file, from the tag to the end of the digest. */
    readonly start: number;
    readonly end: number;
    /** The text at that position, without the digest. */
    readonly tag: string;
}

const reference = String.raw`([\w.:/-]+:[\w.-]+)(?:@(sha256:[0-9a-f]{64}))?`;

const named = new RegExp(String.raw`^ *(?:IMAGE|image|container): +${reference} *$`, "gm");

/** All base images of a checkout, in the order of its files. */
export function baseImages(root: string): BaseImage[] {
    const below = (folder: string, name: RegExp) =>
        existsSync(join(root, folder))
            ? readdirSync(join(root, folder))
                  .filter((one) => name.test(one))
                  .sort()
                  .map((one) => join(folder, one))
            : [];
    const files = [
        ...[".gitlab-ci.yml", ...below(".github/workflows", /\.ya?ml$/)].map((file) => ({ file, find: inPipeline })),
        ...below("images", /\.hcl$/).map((file) => ({ file, find: inBakeFile })),
        ...below("images", /^[^.]*$/).map((folder) => ({ file: join(folder, "Dockerfile"), find: inDockerfile })),
    ];
    return files
        .filter(({ file }) => existsSync(join(root, file)))
        .flatMap(({ file, find }) => find(readFileSync(join(root, file), "utf8")).map((found) => ({ file, ...found })));
}

type Found = Omit<BaseImage, "file">;

/** References by variable are not matched: `image: $IMAGE`. */
const inPipeline = (text: string): Found[] =>
    [...text.matchAll(named)].map((match) => {
        const [whole, tag, digest] = match as unknown as [string, string, string | undefined];
        const start = match.index + whole.indexOf(tag);
        return { reference: tag, tag, digest, start, end: endOf(start, tag, digest) };
    });

const endOf = (start: number, tag: string, digest: string | undefined): number =>
    start + tag.length + (digest ? digest.length + 1 : 0);

/** `generator=${HUB}/docker/buildkit-syft-scanner:1.12.0`: the SBOM generator. */
function inBakeFile(text: string): Found[] {
    const defaults = new Map(
        [...text.matchAll(/^variable "(\w+)" \{\n *default = "(.*)"$/gm)].map(([, name, value]) => [name!, value!]),
    );
    const scanners = new RegExp(String.raw`generator=\$\{(\w+)\}${reference}`, "g");
    return [...text.matchAll(scanners)].map((match) => {
        const [whole, registry, tag, digest] = match as unknown as [string, string, string, string | undefined];
        const start = match.index + whole.indexOf(tag);
        return { reference: `${defaults.get(registry)!}${tag}`, tag, digest, start, end: endOf(start, tag, digest) };
    });
}

/** A Dockerfile's tags are the defaults of arguments, as in `FROM ${MIRROR}/php:${PHP}`; so is its mirror. */
function inDockerfile(text: string): Found[] {
    const args = new Map(
        [...text.matchAll(/^ARG (\w+)=([\w.:/-]+)(?:@(sha256:[0-9a-f]{64}))?$/gm)].map((match) => {
            const [whole, name, value, digest] = match as unknown as [string, string, string, string | undefined];
            return [
                name,
                { value, digest, start: match.index + whole.indexOf("=") + 1, end: match.index + whole.length },
            ];
        }),
    );
    const used = [...text.matchAll(/^FROM (?:--platform=\S+ )?\$\{(\w+)\}\/([\w./-]+):\$\{(\w+)\}/gm)];
    const found = used.map(([, mirror, name, tag]): [string, Found] => {
        const { value, digest, start, end } = args.get(tag!)!;
        return [tag!, { reference: `${args.get(mirror!)!.value}/${name}:${value}`, digest, start, end, tag: value }];
    });
    // Stages with the same base image share its argument.
    return [...new Map(found).values()];
}

/** A file's text with the digests of its images inserted. */
export function withDigests(text: string, images: readonly BaseImage[], digests: ReadonlyMap<string, string>): string {
    return [...images]
        .sort((a, b) => b.start - a.start)
        .reduce(
            (result, { start, end, tag, reference }) =>
                `${result.slice(0, start)}${tag}@${digests.get(reference)!}${result.slice(end)}`,
            text,
        );
}

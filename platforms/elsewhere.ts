import { createRequire } from "node:module";
import { isAbsolute, join } from "node:path";
import { dnsLabel } from "../config/fields";
import { Problems, show } from "../config/problems";
import { type Given, rawStack } from "../config/read";
import { platforms as registry } from ".";
import { apiVersion, imagesOf, type Platform, type Platforms } from "./platform";

/** The project's folder. */
const root = join(__dirname, "..");

/** ` in FILE`, with the line that threw if it is there; nothing for a platform that is built in. */
export function placeIn({ file }: Platform, error: unknown): string {
    if (file === undefined) return "";
    const trace = error instanceof Error ? (error.stack ?? "") : "";
    const line = parseInt(trace.split(`${file}:`)[1] ?? "", 10);
    return ` in ${file}${Number.isNaN(line) ? "" : `, line ${line}`}`;
}

/**
 * Does something with traces that are long enough for {@link placeIn}: the limit is one of the whole process, others
 * lower it, and what throws may lie deep below the platform's own line.
 */
export function traced<T>(action: () => T): T {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 100;
    try {
        return action();
    } finally {
        Error.stackTraceLimit = stackTraceLimit;
    }
}

/**
 * The platforms of a stack: those that are known, and those of `plinth:platforms`, which are loaded.
 *
 * @param known beside those. @default the built-in ones
 * @throws ConfigError with everything that cannot be loaded, or is not a platform
 */
export function platformsOf(given: Given, known: Platforms = registry): Platforms {
    const { project, stack, config, secretKeys = [], folder = root } = given;
    const listed = rawStack(project, stack, config, secretKeys).values["platforms"];
    // What else is wrong with the list is found with all other keys.
    if (!Array.isArray(listed) || secretKeys.includes("plinth:platforms")) return known;
    const problems = new Problems();
    const all: Record<string, Platform> = { ...known };
    for (const [index, source] of listed.entries()) {
        if (typeof source !== "string") continue;
        const problem = (message: string) => problems.add(`plinth:platforms.${index}`, `${show(source)} ${message}`);
        for (const platform of load(source, folder, problem)) {
            const { name } = platform.config;
            const isKnown = Object.hasOwn(all, name);
            if (isKnown && all[name]!.declare !== platform.declare)
                problem(`has a platform named "${name}", and there is another one with that name; rename one of them`);
            if (isKnown) continue;
            const names = new Set(imagesOf(all).map((image) => image.name));
            for (const image of Object.values(platform.config.images).filter((one) => names.has(one.name)))
                problem(`has an image named "${image.name}", and there is another one with that name; rename it`);
            all[name] = platform;
        }
    }
    problems.throwIfAny();
    return all;
}

function load(source: string, folder: string, problem: (message: string) => void): Platform[] {
    const require = createRequire(join(folder, "Pulumi.yaml"));
    const isPath = /^\.\.?\//.test(source) || isAbsolute(source);
    let file: string;
    try {
        file = require.resolve(source);
    } catch (error) {
        problem(
            isPath
                ? `was not found in ${folder}; allowed: the path of a file, from there, or the name of an npm package`
                : `was not found as an npm package in ${folder} (${firstLine(error)}); install it there; allowed: the name of a package, or the path of a file, which begins with ./ or ../`,
        );
        return [];
    }
    let exported: unknown;
    try {
        exported = require(file);
    } catch (error) {
        problem(`could not be loaded from ${file}: ${firstLine(error)}`);
        return [];
    }
    const found = platformsIn(exported);
    if (!found) {
        problem(
            "exports no platform; allowed: definePlatform({…}), or a list of these, as the default export or as `platform`",
        );
        return [];
    }
    return found.flatMap((platform) => {
        const wrong = problemWith(platform);
        if (wrong !== undefined) problem(wrong);
        return wrong === undefined ? [{ ...platform, file }] : [];
    });
}

/** The first line of what was thrown: the others are a stack, or say who asked for a module. */
export const firstLine = (error: unknown): string =>
    (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!;

/** What a module exports; undefined where that is anything but platforms. */
function platformsIn(exported: unknown): readonly Platform[] | undefined {
    const given = exportOf(exported, "default") ?? exportOf(exported, "platform") ?? exported;
    const all: readonly unknown[] = Array.isArray(given) ? given : [given];
    return all.length > 0 && all.every(isPlatform) ? all : undefined;
}

const exportOf = (exported: unknown, name: string): unknown =>
    isMap(exported) && Object.hasOwn(exported, name) ? exported[name] : undefined;

/** Whether it has the form of what `definePlatform` returns: also where another copy of it has done so. */
const isPlatform = (value: unknown): value is Platform =>
    isMap(value) &&
    typeof value["declare"] === "function" &&
    isMap(value["config"]) &&
    typeof value["config"]["name"] === "string";

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null;

function problemWith({ config: { name }, apiVersion: version }: Platform): string | undefined {
    if (!dnsLabel.safeParse(name).success)
        return `has a platform named ${show(name)}; allowed: lower-case letters, digits and '-', since namespaces are named after it`;
    if (version === apiVersion) return undefined;
    return version === undefined
        ? `has a platform "${name}" that does not say what it is written for; add apiVersion: ${apiVersion} to its definition`
        : `has a platform "${name}" for version ${show(version)} of Plinth's interfaces; this program has version ${apiVersion}`;
}

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../../config/problems";
import { readYaml } from "../../../config/yaml";
import { UserError } from "../../system/errors";
import { release, type Variant } from "./defaults";
import type { TutorRoot } from "./mapTutor";
import { pythonScalars } from "./pythonScalars";

type Map = Readonly<Record<string, unknown>>;

/**
 * Reads a Tutor root. Environment variables that override config.yml are not read.
 *
 * @throws UserError if it is none, or of another release; ConfigError with what cannot be read
 */
export function readRoot(folder: string): TutorRoot {
    const path = join(folder, "config.yml");
    if (!existsSync(path) || !statSync(path).isFile())
        throw new UserError(
            `Nothing was changed: ${folder} has no config.yml; allowed: the folder that \`tutor config printroot\` prints`,
        );
    const config = readMap(path);
    const version = versionOf(folder, config);
    if (!new RegExp(`^${release}(\\.|$)`).test(version))
        throw new UserError(
            `Nothing was changed: ${folder} is of Tutor ${version.slice(0, 20)}; allowed: ${release}. Upgrade the platform with Tutor first, up to release ${release}: https://docs.tutor.edly.io/install.html#upgrading-to-a-new-open-edx-release`,
        );
    const isLocal = ["mysql", "mongodb", "redis", "meilisearch"].some((name) => existsSync(join(folder, "data", name)));
    const env = (["lms", "cms"] as const).flatMap((variant): [Variant, Map][] => {
        const file = join(folder, "env", "apps", "openedx", "config", `${variant}.env.yml`);
        return existsSync(file) ? [[variant, readMap(file)]] : [];
    });
    return { version, config, isLocal, env: Object.fromEntries(env) };
}

/** Of the Tutor that rendered the environment; without one, what config.yml says. */
function versionOf(folder: string, config: Map): string {
    const path = join(folder, "env", "version");
    const version = existsSync(path) ? readFileSync(path, "utf8").trim() : config["TUTOR_VERSION"];
    if (typeof version === "string" || typeof version === "number") return String(version);
    throw new UserError(
        `Nothing was changed: ${path} does not exist, so the release of Tutor is not known; run \`tutor config save\` with Tutor ${release} first`,
    );
}

/** @throws ConfigError without the contents, which are secret */
function readMap(path: string): Map {
    const value = readYaml(readFileSync(path, "utf8"), path, pythonScalars) ?? {};
    if (typeof value !== "object" || Array.isArray(value))
        throw new ConfigError([{ path, message: "is not allowed; allowed: a map from variables to values" }]);
    return value as Map;
}

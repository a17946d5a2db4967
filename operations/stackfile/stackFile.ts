import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { plainProblems } from "../../config/plain";
import { ConfigError, type Problem, suggest } from "../../config/problems";
import { encryptedIn, isEncrypted, placeholder } from "../../config/secrets";
import { readYaml } from "../../config/yaml";
import { root } from "../system/root";

export interface StackFile {
    readonly project: string;
    readonly stack: string;
    /**
     * Configuration as the engine would pass it to the program; secrets are replaced by placeholders, encrypted or not.
     */
    readonly config: Readonly<Record<string, string>>;
    /** Keys with an encrypted value, as the engine would report them. */
    readonly secretKeys: readonly string[];
    /** Folder of the file that holds `plinth:platforms`. */
    readonly folder: string;
    /** Folder of the stack file, from which the paths in instances begin. */
    readonly stackFolder: string;
    /** Secret values in files of instances are replaced by placeholders, too. */
    readonly hidesSecrets: true;
}

/** Names of the stacks that have a file. */
export const stackNames = (folder = root): string[] =>
    readdirSync(folder).flatMap((file) => /^Pulumi\.([^.]+)\.yaml$/.exec(file)?.[1] ?? []);

/**
 * Reads a stack's configuration without the engine: Pulumi.<stack>.yaml with the defaults of Pulumi.yaml.
 *
 * @param folder folder of the files. @default the project's folder
 * @throws ConfigError if the stack does not exist or a file is not valid YAML
 */
export function readStackFile(stack: string, folder = root): StackFile {
    const path = join(folder, `Pulumi.${stack}.yaml`);
    if (!existsSync(path)) {
        const names = stackNames(folder);
        throw new ConfigError([
            {
                path: stack,
                message: `the stack file Pulumi.${stack}.yaml does not exist in ${folder}${suggest(stack, names)}; available: ${names.join(", ") || "none"}`,
            },
        ]);
    }
    // A folder with only stack files uses the project's own Pulumi.yaml.
    const projectPath = [join(folder, "Pulumi.yaml"), join(root, "Pulumi.yaml")].find(existsSync)!;
    const project = readFile(projectPath) as { name: string; config?: Record<string, { value?: unknown }> };
    const defaults = Object.entries(project.config ?? {}).map(([key, entry]) => [key, entry?.value ?? entry] as const);
    const written = readFile(path);
    const file = `Pulumi.${stack}.yaml`;
    if (!isMap(written) || !isMap(written["config"] ?? {})) throw new ConfigError([notAMap(written, file)]);
    checkKeys(written, file);
    const own = (written["config"] ?? {}) as Record<string, unknown>;
    const unreadable = Object.entries(own).flatMap(([key, value]) => plainProblems(value, key));
    if (unreadable.length > 0) throw new ConfigError(unreadable);
    const merged: Record<string, unknown> = { ...Object.fromEntries(defaults), ...own };
    const config = Object.entries(merged).map(
        ([key, value]) => [key, text(key === "plinth:secrets" ? withoutSecrets(value, []) : value)] as const,
    );
    const secretKeys = Object.keys(merged).filter((key) => encryptedIn(merged[key]).length > 0);
    const platformsFolder = "plinth:platforms" in own ? folder : dirname(projectPath);
    return {
        project: project.name,
        stack,
        config: Object.fromEntries(config),
        secretKeys,
        folder: platformsFolder,
        stackFolder: folder,
        hidesSecrets: true,
    };
}

const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** The values are not shown, because without their keys it is unknown which of them are secret. */
const notAMap = (written: unknown, file: string): Problem =>
    isMap(written)
        ? {
              path: `${file}: config`,
              message: "is not allowed; allowed: a map from keys such as plinth:instances to values",
          }
        : { path: file, message: `is not a map; allowed: ${engineKeys.join(", ")} as keys` };

/** The keys that the engine knows in a stack file: it silently ignores all others. */
const engineKeys = ["config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"];

/** @throws ConfigError if a key is in a place where it would be ignored */
function checkKeys(written: Record<string, unknown>, file: string): void {
    const unknown = Object.keys(written)
        .filter((key) => !engineKeys.includes(key))
        .map((key) => ({
            path: `${file}: ${key}`,
            message: key.includes(":")
                ? "is next to `config:`, where it is ignored; indent it below `config:`"
                : `unknown key${suggest(key, engineKeys)}; allowed: ${engineKeys.join(", ")}`,
        }));
    const bare = Object.keys((written["config"] ?? {}) as object)
        .filter((key) => !key.includes(":"))
        .map((key) => ({
            path: `${file}: config.${key}`,
            message: `has no namespace; did you mean "plinth:${key}"?`,
        }));
    if (unknown.length + bare.length > 0) throw new ConfigError([...unknown, ...bare]);
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Replaces secret values by placeholders, even unencrypted ones; invalid values are kept, to be reported. */
function withoutSecrets(value: unknown, path: readonly string[]): unknown {
    const inClear = (typeof value === "string" && value !== "") || typeof value === "number";
    if (inClear && path.length === 2) return placeholder(path.join("-"));
    if (isEncrypted(value)) return placeholder(path.join("-"));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner, [...path, key])]),
    );
}

const readFile = (path: string): Record<string, unknown> =>
    (readYaml(readFileSync(path, "utf8"), basename(path)) ?? {}) as Record<string, unknown>;

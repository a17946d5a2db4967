import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { Variant } from "../../../platforms/openedx/settings/facts";

/** Files that Tutor makes for the same hosts. */
export interface TutorFiles {
    readonly production: Readonly<Record<Variant, string>>;
    readonly env: Readonly<Record<Variant, string>>;
    readonly uwsgi: string;
    readonly caddyfile: string;
}

/** @param settings Tutor's, by name */
export async function tutorFiles(
    tutor: string,
    root: string,
    settings: Readonly<Record<string, unknown>>,
    plugins: readonly string[],
): Promise<TutorFiles> {
    mkdirSync(join(root, "plugins"), { recursive: true });
    // JSON is YAML.
    writeFileSync(join(root, "config.yml"), JSON.stringify({ ...settings, PLUGINS: plugins }));
    const env = { HOME: root, TUTOR_ROOT: root, TUTOR_PLUGINS_ROOT: join(root, "plugins") };
    await execa(tutor, ["config", "save"], { env });
    const read = (...names: string[]) => readFileSync(join(root, "env", ...names), "utf8");
    const both = (text: (variant: Variant) => string) => ({ lms: text("lms"), cms: text("cms") });
    return {
        production: both((variant) => read("apps", "openedx", "settings", variant, "production.py")),
        env: both((variant) => read("apps", "openedx", "config", `${variant}.env.yml`)),
        uwsgi: read("apps", "openedx", "uwsgi.ini"),
        caddyfile: read("plugins", "mfe", "apps", "mfe", "Caddyfile"),
    };
}

/** What two settings differ in, by the path of the value: `CACHES.default.LOCATION`. */
export function differences(theirs: unknown, ours: unknown, path = ""): string[] {
    if (!isMap(theirs) || !isMap(ours)) return JSON.stringify(theirs) === JSON.stringify(ours) ? [] : [path];
    return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])]
        .sort()
        .flatMap((key) => differences(theirs[key], ours[key], path === "" ? key : `${path}.${key}`));
}

const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { UserError } from "./errors";
import type { RenderedObject, Rendering } from "./rendering";

const header = "# Rendered by plinth; changes belong in the stack's configuration.\n";
const marker = "kustomization.yaml";

/**
 * One object as YAML, without line folding, so that scripts and config files stay readable in diffs.
 *
 * kubectl reads YAML 1.1, in which `yes` and `on` are booleans: such strings are quoted.
 */
export const objectYaml = (object: RenderedObject): string =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });

/**
 * Objects as one stream for `kubectl apply --server-side --filename -`.
 *
 * @param withSecrets whether the values of Secrets are real. Placeholders are left out: applied, they would replace the
 * passwords that are in use
 */
export const streamOf = ({ objects }: Rendering, withSecrets: boolean): string =>
    objects
        .map((object) => (isUsable(object, withSecrets) ? `---\n${objectYaml(object)}` : `# ${leftOut(object)}\n`))
        .join("");

const isUsable = ({ kind }: RenderedObject, withSecrets: boolean): boolean => withSecrets || kind !== "Secret";

const leftOut = ({ kind, metadata }: RenderedObject): string =>
    `${kind} ${metadata.namespace}/${metadata.name} is left out: its values are placeholders (see --show-secrets)`;

/** The file that an object goes to, below the output folder. */
export const fileOf = ({ kind, metadata }: RenderedObject): string =>
    `${kind === "Namespace" ? metadata.name : (metadata.namespace ?? "cluster")}/${kind.toLowerCase()}-${metadata.name}.yaml`;

/**
 * Writes one file an object and a `kustomization.yaml` that lists them in apply order. Secrets whose values are
 * placeholders are written for review but not listed.
 *
 * @throws UserError when the folder holds something that was not rendered: nothing of the user's is overwritten
 */
export function writeRendering(rendering: Rendering, folder: string, withSecrets: boolean): string[] {
    const kustomization = join(folder, marker);
    if (existsSync(kustomization)) removeRendered(folder, kustomization);
    else if (existsSync(folder) && readdirSync(folder).length > 0)
        throw new UserError(
            `${folder} is not empty and was not rendered by plinth; name an empty or new folder with --out`,
        );

    // Real passwords are for this user's eyes only.
    const mode = withSecrets ? { mode: 0o600 } : {};
    for (const object of rendering.objects) {
        const path = join(folder, fileOf(object));
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, header + objectYaml(object), mode);
    }
    const usable = rendering.objects.filter((object) => isUsable(object, withSecrets)).map(fileOf);
    const others = rendering.objects.filter((object) => !isUsable(object, withSecrets));
    const list = stringify({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: usable });
    mkdirSync(folder, { recursive: true });
    writeFileSync(
        kustomization,
        header + list + others.map((object) => `# ${fileOf(object)}: ${leftOut(object)}\n`).join(""),
    );
    return usable;
}

/** Takes away what the last rendering wrote, and nothing else. */
function removeRendered(folder: string, kustomization: string): void {
    const text = readFileSync(kustomization, "utf8");
    if (!text.startsWith(header))
        throw new UserError(`${kustomization} was not rendered by plinth; name another folder with --out`);
    const { resources } = parse(text) as { resources: string[] };
    const unlisted = [...text.matchAll(/^# (\S+\.yaml): Secret /gm)].map(([, file]) => file!);
    for (const file of [...resources, ...unlisted]) rmSync(join(folder, file), { force: true });
    rmSync(kustomization);
}

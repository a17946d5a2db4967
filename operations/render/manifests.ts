import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { readYaml } from "../../config/yaml";
import { UserError } from "../system/errors";
import { OutputFolder } from "./outputFolder";
import type { RenderedObject, Rendering } from "./rendering";

const header = "# Rendered by plinth; changes belong in the stack's configuration.\n";
const marker = "kustomization.yaml";

/**
 * One object as YAML, without line folding, so that scripts and config files remain readable in diffs.
 *
 * Strings such as `yes` and `on` are quoted, because they are booleans in YAML 1.1, which kubectl reads.
 */
export const objectYaml = (object: RenderedObject): string =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" });

/**
 * Objects as one stream for `kubectl apply --server-side --filename -`.
 *
 * @param withSecrets whether the values of Secrets are real. Secrets with placeholders are left out: applying them
 * would overwrite the passwords in use
 */
export const streamOf = ({ objects }: Rendering, withSecrets: boolean): string =>
    objects
        .map((object) => (isUsable(object, withSecrets) ? `---\n${objectYaml(object)}` : `# ${leftOut(object)}\n`))
        .join("");

const isUsable = ({ kind }: RenderedObject, withSecrets: boolean): boolean => withSecrets || kind !== "Secret";

const leftOut = ({ kind, metadata }: RenderedObject): string =>
    `${kind} ${metadata.namespace}/${metadata.name} is left out: its values are placeholders (see --show-secrets)`;

/** The path of an object's file below the output folder. */
export const fileOf = ({ kind, metadata }: RenderedObject): string =>
    `${kind === "Namespace" ? metadata.name : (metadata.namespace ?? "cluster")}/${kind.toLowerCase()}-${metadata.name}.yaml`;

/**
 * Writes one file per object and a `kustomization.yaml` that lists them in apply order. Secrets with placeholders are
 * written for review but not listed.
 *
 * @throws UserError if the folder contains files that were not rendered: files of the user are never overwritten
 */
export function writeRendering({ objects }: Rendering, folder: string, withSecrets: boolean): string[] {
    const out = new OutputFolder(folder, header);
    const last = out.read(marker);
    // Without a list, the folder is new, or a previous run was killed.
    const old = last === undefined ? out.ownFiles() : listedIn(last, join(folder, marker));
    if (!old)
        throw new UserError(
            `${folder} is not empty and was not rendered by Plinth; choose an empty or new folder with --out`,
        );
    const files = new Map<string, string>();
    for (const object of objects) {
        const file = fileOf(object);
        if (files.has(file)) throw new UserError(`Nothing was changed: two objects would be written to ${file}`);
        files.set(file, objectYaml(object));
    }
    const usable = objects.filter((object) => isUsable(object, withSecrets)).map(fileOf);
    const others = objects.filter((object) => !isUsable(object, withSecrets));
    const list = stringify({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: usable });
    // Last, because it marks the rendering as complete.
    files.set(marker, list + others.map((object) => `# ${fileOf(object)}: ${leftOut(object)}\n`).join(""));
    // Real passwords must only be readable by this user.
    out.replace(old, files, withSecrets ? 0o600 : undefined);
    return usable;
}

/**
 * The files listed by the last rendering.
 *
 * @throws UserError if the list was not written by Plinth
 */
function listedIn(kustomization: string, path: string): string[] {
    const written = readYaml(kustomization, path) as { readonly resources?: unknown } | null;
    const listed = z.array(z.string()).safeParse(written?.resources);
    if (!listed.success) throw new UserError(`${path} was not rendered by Plinth; choose another folder with --out`);
    const unlisted = [...kustomization.matchAll(/^# (\S+\.yaml): Secret /gm)].map(([, file]) => file!);
    return [...listed.data, ...unlisted];
}

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { UserError } from "./errors";
import type { RenderedObject, Rendering } from "./rendering";

const header = "# Rendered by plinth; changes belong in the stack's configuration.\n";
const marker = "kustomization.yaml";

/** One object as YAML, without line folding, so that scripts and config files stay readable in diffs. */
export const objectYaml = (object: RenderedObject): string =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });

/** All objects as one stream for `kubectl apply --filename -`. */
export const streamOf = (rendering: Rendering): string =>
    rendering.objects.map((object) => `---\n${objectYaml(object)}`).join("");

/** The file that an object goes to, below the output folder. */
export const fileOf = ({ kind, metadata }: RenderedObject): string =>
    `${kind === "Namespace" ? metadata.name : (metadata.namespace ?? "cluster")}/${kind.toLowerCase()}-${metadata.name}.yaml`;

/**
 * Writes one file an object and a `kustomization.yaml` that lists them in apply order.
 *
 * @throws UserError when the folder holds something that was not rendered: nothing of the user's is overwritten
 */
export function writeRendering(rendering: Rendering, folder: string): string[] {
    if (existsSync(folder)) {
        const kustomization = join(folder, marker);
        if (!existsSync(kustomization) || !readFileSync(kustomization, "utf8").startsWith(header))
            throw new UserError(
                `${folder} exists and was not rendered by plinth; name an empty or new folder with --out`,
            );
        rmSync(folder, { recursive: true });
    }
    const files = rendering.objects.map((object) => {
        const path = join(folder, fileOf(object));
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, header + objectYaml(object));
        return fileOf(object);
    });
    const kustomization = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: files };
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, marker), header + stringify(kustomization));
    return files;
}

import { basename, dirname, resolve } from "node:path";
import type { Given } from "../../config/read";
import { serviceLabel } from "../../platforms/compose/names";

export interface StandaloneArgs {
    /** From the working directory. */
    readonly files: readonly string[];
    /** @default the project folder's */
    readonly name?: string;
    /** @default NAME.localhost */
    readonly host?: string;
    /** Further keys of the instance. @default none */
    readonly settings?: Readonly<Record<string, unknown>>;
}

/** A configuration with one Compose project and nothing else: what a stack file would say of it. */
export function standalone({
    files,
    name,
    host,
    settings = {},
}: StandaloneArgs): Given & { readonly instance: string } {
    const paths = files.map((file) => resolve(file));
    const instance = (name ?? serviceLabel(basename(dirname(paths[0]!)))).slice(0, 40).replace(/-$/, "");
    const value = { platform: "compose", host: host ?? `${instance}.localhost`, file: paths, ...settings };
    return {
        project: "plinth",
        stack: "dev",
        config: { "plinth:instances": JSON.stringify({ [instance]: value }) },
        stackFolder: process.cwd(),
        hidesSecrets: true,
        instance,
    };
}

import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { BakeTarget } from "../../config/images";
import { ownState } from "../engine/engine";
import { root } from "../system/root";

/** An image with a target of its own. */
export interface Definition {
    /** Name of the target. */
    readonly name: string;
    readonly reference: string;
    readonly target: BakeTarget;
    /** The target of another image of the same instance. */
    readonly targetOf: (image: string) => string;
}

/**
 * Writes targets to a file for `docker buildx bake`, which stays, so that users can repeat the command. Only they can
 * read it: arguments of builds may be secret.
 *
 * @returns its path from the project's folder; undefined if there are none
 */
export function writeDefinitions(stack: string, definitions: readonly Definition[]): string | undefined {
    if (definitions.length === 0) return undefined;
    const folder = join(ownState, "bake");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${stack}.json`);
    const targets = definitions.map(({ name, reference, target: { tags = [], contexts, ...rest }, targetOf }) => [
        name,
        {
            ...rest,
            tags: [reference, ...tags],
            ...(contexts
                ? {
                      contexts: Object.fromEntries(
                          Object.entries(contexts).map(([key, from]) => {
                              const [, image] = /^target:(.*)$/.exec(from) ?? [];
                              return [key, image === undefined ? from : `target:${targetOf(image)}`];
                          }),
                      ),
                  }
                : {}),
        },
    ]);
    writeFileSync(file, `${JSON.stringify({ target: Object.fromEntries(targets) }, literally, 4)}\n`, { mode: 0o600 });
    return relative(root, file);
}

/** Bake reads strings in JSON as templates: https://github.com/hashicorp/hcl/blob/main/json/spec.md#string-expressions */
const literally = (_key: string, value: unknown): unknown =>
    typeof value === "string" ? value.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign) : value;

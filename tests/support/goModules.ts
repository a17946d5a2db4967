import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { parse } from "yaml";
import type { RenderedObject } from "../../operations/render/rendering";
import { program } from "./tools";

/** A release of a Go module, with its checksum as in a go.sum. */
export interface Release {
    readonly module: string;
    readonly checksum: string;
}

/** The folder of a module's files in the module cache. */
export function moduleFolder(test: Context, { module, checksum }: Release): string {
    const go = program(test, "go");
    const answer = execFileSync(go, ["mod", "download", "-json", module], { encoding: "utf8", stdio: "pipe" });
    const { Dir, Sum } = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string };
    if (Sum !== checksum) throw new Error(`${module} has the checksum ${Sum}`);
    return Dir;
}

/** CustomResourceDefinitions among a module's files. */
export const kindsIn = (folder: string, ...files: readonly string[]): RenderedObject[] =>
    files.map((file) => parse(readFileSync(join(folder, file), "utf8")) as RenderedObject);

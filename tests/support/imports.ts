import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import * as ts from "typescript";

/** Files by path from the root, each with the files of the project that it imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * The imports among the sources below some folders or files, including types.
 *
 * @throws RangeError for an import that leads to no file
 */
export function importsOf(root: string, places: readonly string[]): Imports {
    const files = places.flatMap((place) => sourcesBelow(root, place));
    return new Map(
        files.map((file) => {
            const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), "utf8"), true, true);
            const own = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith("."));
            return [file, own.map((name) => relative(root, resolve(join(root, dirname(file), name), file)))];
        }),
    );
}

function sourcesBelow(root: string, place: string): string[] {
    const path = join(root, place);
    if (!statSync(path).isDirectory()) return [place];
    return readdirSync(path).flatMap((name) =>
        statSync(join(path, name)).isDirectory() || name.endsWith(".ts") ? sourcesBelow(root, join(place, name)) : [],
    );
}

function resolve(path: string, from: string): string {
    const found = [path, `${path}.ts`, join(path, "index.ts")].find(
        (candidate) => existsSync(candidate) && statSync(candidate).isFile(),
    );
    if (!found) throw new RangeError(`${from} imports ${path}, which does not exist`);
    return found;
}

/**
 * What a module keeps from one call to the next: variables, and collections that can be filled. What is only read is
 * declared so: `ReadonlyMap`, `readonly string[]`.
 */
export function stateIn(path: string): string[] {
    const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    return file.statements
        .filter(ts.isVariableStatement)
        .flatMap(({ declarationList }) =>
            declarationList.declarations.filter(
                (declaration) => !(declarationList.flags & ts.NodeFlags.Const) || isCollection(declaration),
            ),
        )
        .map(({ name }) => name.getText());
}

function isCollection({ type, initializer }: ts.VariableDeclaration): boolean {
    if (type && /^(Readonly(Map|Set|Array)\b|readonly )/.test(type.getText())) return false;
    if (initializer && ts.isNewExpression(initializer))
        return /^(Weak)?(Map|Set)$/.test(initializer.expression.getText());
    return (
        initializer !== undefined &&
        ((ts.isArrayLiteralExpression(initializer) && initializer.elements.length === 0) ||
            (ts.isObjectLiteralExpression(initializer) && initializer.properties.length === 0))
    );
}

export const linesOf = (path: string): number => readFileSync(path, "utf8").split("\n").length - 1;
